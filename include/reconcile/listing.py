"""NetSuite's ids of an entity with their modified instants, into a staging table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.extract.plan import Plan, not_permitted
from include.extract.suiteql import WHENEVER, read_query
from include.netsuite.errors import NotPermittedOrMissing
from include.warehouse.staging import StagingTable, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    import pyarrow as pa
    from sqlalchemy import Engine

    from include.accounts.model import Account
    from include.extract.entities import Entity
    from include.extract.suiteql import Query
    from include.netsuite.client import NetSuiteClient

LISTED_COLUMNS = frozenset({"id", "last_modified_at"})
# Figures that NetSuite derives from other records: a payment may change them and leave the modified instant as it was.
DERIVED_FIGURES = frozenset({"unpaid_amount"})


def listing_table(account: str, run_id: str, entity: Entity) -> StagingTable:
    """Where a run stages the listing of an entity: ``id`` and, where NetSuite has them, the other listed columns."""
    return StagingTable(account, run_id, f"{entity.name}_listing")


def stage_listing(
    engine: Engine,
    client: NetSuiteClient,
    account: Account,
    run_id: str,
    entity: Entity,
    *,
    offered: Collection[str] = (),
    on_rows: Callable[[int], None] | None = None,
) -> int:
    """Read the ids of all records of an entity in parallel, straight into the warehouse; returns how many.

    They are the records that a sync reads, whenever they were modified, with the derived figures whose columns NetSuite
    has ``offered`` (as SuiteQL spells them). Memory holds the pages in flight.

    Raises:
        NotPermitted: the role may not read the record.
        NetSuiteError: NetSuite did not answer.
        WarehouseError: as for any use of the warehouse.
    """
    (name,) = entity.queries
    whole = read_query(name)
    derived = {item.alias for item in whole.items if item.alias in DERIVED_FIGURES and item.expression in offered}
    query = whole.only(LISTED_COLUMNS | derived)
    table = listing_table(account.name, run_id, entity)
    try:
        return stage(engine, table, query.columns, _pages(client, query), on_rows=on_rows)
    except NotPermittedOrMissing as error:
        raise not_permitted(account, query.table, error) from error


def _pages(client: NetSuiteClient, query: Query) -> Iterator[pa.Table]:
    for page in client.read_by_key(Plan(query, ()).keyset(WHENEVER)):
        yield page.table

"""Owner ids that are no employee: what does NetSuite say they are? Only those ids are asked for, nothing else."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from sqlalchemy import text

from include.netsuite.columns import Column
from include.netsuite.errors import UnknownColumn
from include.warehouse.database import run_sql_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Connection

    from include.netsuite.client import NetSuiteClient

FoundAs = Literal["employee", "other_entity", "deleted_employee", "nothing"]
SQL = Path(__file__).parent / "sql"
SUITEQL = Path(__file__).parent / "suiteql"
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('look up owners ' || :account, 0))"
COLUMNS = (Column("id", "id"), Column("netsuite_type", "text"))

# SuiteQL takes 1,000 values in an IN list (ORA:section_156257796125); an id may have been deleted as more than one
# type (a lead that became a customer), and all that is found must fit on one page of 1,000.
IDS_PER_QUERY = 400


class Found(NamedTuple):
    """What NetSuite says an owner id is, and the type in NetSuite's own spelling."""

    found_as: FoundAs
    netsuite_type: str | None


def owners_to_look_up(connection: Connection, account: str) -> list[int]:
    """Ids in owner fields of live invoices that are no employee in ``raw.employees``, ascending."""
    (owners,) = run_sql_file(connection, SQL / "owners_to_look_up.sql", account=account)
    return [row["owner_id"] for row in owners.rows]


def look_up_owners(client: NetSuiteClient, ids: Iterable[int]) -> dict[int, Found]:
    """Ask NetSuite what each id is: an entity, a deleted entity, or nothing. One answer per id.

    Raises the family of NetSuiteError; NotPermittedOrMissing where the role may not see entities or deleted records.
    """
    found: dict[int, Found] = {}
    for batch in _batches(sorted(set(ids))):
        found |= _present(client, batch)
        found |= _deleted(client, [owner_id for owner_id in batch if owner_id not in found])
        found |= {owner_id: Found("nothing", None) for owner_id in batch if owner_id not in found}
    return found


def check_lookups(client: NetSuiteClient) -> None:
    """See that NetSuite would answer look_up_owners; raises as that does."""
    _present(client, [0])
    _deleted(client, [0])


def known_lookups(connection: Connection, account: str) -> dict[int, Found]:
    """What ``raw.owner_lookups`` holds, by owner id."""
    statement = text("SELECT owner_id, found_as, netsuite_type FROM raw.owner_lookups WHERE account = :account")
    rows = connection.execute(statement, {"account": account})
    return {row.owner_id: Found(row.found_as, row.netsuite_type) for row in rows}


def record_lookups(connection: Connection, account: str, run_id: str, found: Mapping[int, Found]) -> int:
    """Bring ``raw.owner_lookups`` to these answers; returns how many changed.

    Ids that are not among them leave, save those that another run has looked up since, as an invoice names them now.
    Two recordings of one account wait for each other.
    """
    connection.execute(text(LOCK), {"account": account})
    _, deleted, upserted, _ = run_sql_file(
        connection,
        SQL / "record_lookups.sql",
        account=account,
        run_id=run_id,
        owner_ids=list(found),
        found_as=[answer.found_as for answer in found.values()],
        netsuite_types=[answer.netsuite_type for answer in found.values()],
        still_named=owners_to_look_up(connection, account),
    )
    return deleted.rowcount + upserted.rowcount


def _present(client: NetSuiteClient, ids: list[int]) -> dict[int, Found]:
    """No page of Oracle's names the columns of ``entity``, so its type is asked for, but not relied on."""
    try:
        answers = _ask(client, "entities", ids)
    except UnknownColumn:
        answers = _ask(client, "entities_without_type", ids)
    return {
        owner_id: Found("employee" if _is_employee(netsuite_type) else "other_entity", netsuite_type)
        for owner_id, netsuite_type in answers
    }


def _deleted(client: NetSuiteClient, ids: list[int]) -> dict[int, Found]:
    found: dict[int, Found] = {}
    for owner_id, netsuite_type in _ask(client, "deleted_entities", ids):
        if _is_employee(netsuite_type):
            found[owner_id] = Found("deleted_employee", netsuite_type)
        else:
            found.setdefault(owner_id, Found("other_entity", netsuite_type))
    return found


def _is_employee(netsuite_type: str | None) -> bool:
    return (netsuite_type or "").casefold() == "employee"


def _ask(client: NetSuiteClient, name: str, ids: list[int]) -> list[tuple[int, str | None]]:
    if not ids:
        return []
    sql, params = _question(name, ids)
    return cast(
        "list[tuple[int, str | None]]",
        [(row["id"], row["netsuite_type"]) for row in client.query(sql, params, columns=COLUMNS)],
    )


def _question(name: str, ids: list[int]) -> tuple[str, dict[str, int]]:
    params = {f"id{number}": owner_id for number, owner_id in enumerate(ids)}
    markers = ", ".join(f":{marker}" for marker in params)
    sql = (SUITEQL / f"{name}.suiteql").read_text(encoding="utf-8")
    return sql.replace("{ids}", markers), params


def _batches(ids: list[int]) -> Iterator[list[int]]:
    remaining = iter(ids)
    while batch := list(islice(remaining, IDS_PER_QUERY)):
        yield batch

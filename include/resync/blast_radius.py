"""Blast radius: what a run would change in users and recipients, found by a rehearsal that is rolled back (B5)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.types.json import Jsonb

from include.matching.owner_lookup import known_lookups, owners_to_look_up, record_lookups
from include.matching.publish import hold_users, publish_in, session_of_account
from include.resync.errors import NothingToRehearse
from include.warehouse.database import run_sql_file
from include.warehouse.load import CHANGED_TABLES, lock_against_loads, merge_staged
from include.warehouse.staging import StagingTable, is_validated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from include.accounts.model import Account
    from include.matching.owner_lookup import Found
    from include.warehouse.ledger import RunLedger

SQL = Path(__file__).parent / "sql"
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Change:
    """So many recipients or users that come, change or go in one way; a row of ``ops.blast_radius``.

    ``examples``: dicts of ``what`` (invoice number or address), ``before`` and ``after``.
    """

    subject: str
    change: str
    owner_field: str | None
    status_before: str | None
    status_after: str | None
    rows: int
    examples: list[dict[str, str | None]]


def rehearse(
    ledger: RunLedger, account: Account, entities: Sequence[str], ask: Callable[[list[int]], Mapping[int, Found]]
) -> list[Change]:
    """What loading and publishing the run's staged batches would change; nothing is changed, and staging stays.

    They are loaded, matched and published by the ordinary code, in one transaction that is rolled back. While it lasts,
    the account's loads and publishes wait, and nobody can write users from its last part on.

    Args:
        ledger: of the run, which has passed its fence.
        account: the account.
        entities: those that the run has staged and validated.
        ask: asks NetSuite what owner ids are; called outside any transaction.

    Raises:
        NothingToRehearse: an entity is not staged.
        NothingStaged: a staging table has lost its rows.
        UsersLocked: someone else kept the users locked for a minute.
        WarehouseError: as for any use of the warehouse.
    """
    rehearsal = _Rehearsal(ledger, account, entities)
    changes = rehearsal.perform({})
    answers = ask(rehearsal.owners) if rehearsal.owners else {}
    if any(rehearsal.known.get(owner) != found for owner, found in answers.items()):
        changes = rehearsal.perform(answers)
    return changes


def record(ledger: RunLedger, changes: Sequence[Change]) -> None:
    """Write the blast radius of the run to ``ops.blast_radius``, in the place of an earlier one."""
    rows = [
        {name: getattr(change, name) for name in Change.__dataclass_fields__ if name != "examples"}
        | {"examples": change.examples}
        for change in changes
    ]
    with ledger.engine.begin() as connection:
        run_sql_file(
            connection, SQL / "record_blast_radius.sql", account=ledger.account, run_id=ledger.run_id, rows=Jsonb(rows)
        )


def recorded(ledger: RunLedger) -> list[Change]:
    """The blast radius of the run, the most rows first."""
    with ledger.engine.begin() as connection:
        (found,) = run_sql_file(
            connection, SQL / "recorded_blast_radius.sql", account=ledger.account, run_id=ledger.run_id
        )
    return [Change(**row) for row in found.rows]


def counted(changes: Sequence[Change]) -> dict[str, dict[str, int]]:
    """How many recipients and users come, change and go in all."""
    return {
        subject: {
            kind: sum(each.rows for each in changes if (each.subject, each.change) == (subject, kind))
            for kind in ("comes", "changes", "goes")
        }
        for subject in ("recipients", "users")
    }


class _Rehearsal:
    """``owners`` and ``known``: after a performance, the owner ids to ask NetSuite about, and what is known of ids."""

    def __init__(self, ledger: RunLedger, account: Account, entities: Sequence[str]) -> None:
        self._ledger = ledger
        self._account = account
        # As the names go: deletions come after the tables that they change are locked, and see what was loaded.
        self._entities = sorted(entities, key=lambda name: (name in CHANGED_TABLES, name))
        self._cutoff_at = ledger.fence().cutoff_at
        self.owners: list[int] = []
        self.known: dict[int, Found] = {}

    def perform(self, answers: Mapping[int, Found]) -> list[Change]:
        with session_of_account(self._ledger.engine, self._account.name) as connection:
            transaction = connection.begin()
            try:
                return self._changes(connection, answers)
            finally:
                transaction.rollback()

    def _changes(self, connection: Connection, answers: Mapping[int, Found]) -> list[Change]:
        account, run_id = self._account.name, self._ledger.run_id
        self._load(connection)
        self.owners = owners_to_look_up(connection, account)
        self.known = known_lookups(connection, account)
        if answers:
            record_lookups(connection, account, run_id, answers)
        hold_users(connection)
        run_sql_file(connection, SQL / "before.sql", account=account)
        publish_in(connection, account, run_id, self._account.user_mode)
        *_, recipients, users = run_sql_file(connection, SQL / "changes.sql", account=account, examples=EXAMPLES)
        return [Change(**row) for row in (*recipients.rows, *users.rows)]

    def _load(self, connection: Connection) -> None:
        tables = {table for name in self._entities for table in CHANGED_TABLES.get(name, (name,))}
        lock_against_loads(connection, self._account.name, tables)
        for name in self._entities:
            table = StagingTable(self._account.name, self._ledger.run_id, name)
            if not is_validated(connection, table):
                raise NothingToRehearse(
                    f"{table.SCHEMA}.{table.name} is not there, or not validated. Clear the run's validate task of "
                    f"{name}, and the tasks after it."
                )
            merge_staged(
                connection,
                table,
                self._cutoff_at,
                owner_fields=self._account.owner_fields,
                custom_fields=self._account.custom_fields.get(name, ()),
                team_selling=self._account.team_selling,
            )

"""Compare NetSuite's listing of an entity with raw, in the database, and settle what differs."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from psycopg import sql
from sqlalchemy import text

from include.reconcile.errors import NeverSynced, NotCompared, StillDifferent, TooManyGone
from include.reconcile.listing import listing_table
from include.warehouse.database import run_composed, run_sql_file
from include.warehouse.staging import StagingTable, columns_of, drop

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Connection

    from include.extract.entities import Entity
    from include.warehouse.database import StatementResult
    from include.warehouse.ledger import RunLedger

SQL = Path(__file__).parent / "sql"
KINDS = ("lost", "changed", "deleted_silently")
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found of one entity, in records; ``examples`` are the least ids of each kind of difference.

    netsuite_rows: shown by NetSuite. raw_rows: live in raw. lost, changed, deleted_silently: the differences (see
    ``sql/compare.sql``). quarantined: no difference, their rows wait in quarantine.
    """

    netsuite_rows: int
    raw_rows: int
    lost: int
    changed: int
    deleted_silently: int
    quarantined: int
    examples: dict[str, list[int]] = field(default_factory=dict)

    @property
    def differences(self) -> int:
        """How many records differ."""
        return self.lost + self.changed + self.deleted_silently

    def sentences(self, entity: str) -> list[str]:
        """One sentence per kind of difference that was found."""
        found = ((_MEANING[kind], getattr(self, kind), self.examples.get(kind, [])) for kind in KINDS)
        return [f"{rows} {entity} {meaning}: {_listed(ids, rows)}" for meaning, rows, ids in found if rows]


_NO_TEXT = "CAST(NULL AS text) AS "
_MEANING = {
    "lost": "are in NetSuite, but not in raw",
    "changed": "changed in NetSuite, but not in raw",
    "deleted_silently": "are in raw, but no longer in NetSuite, which does not report them deleted",
}


class Settled(NamedTuple):
    """What a repair did: how many differences it settled, and the ids of the records that differ all the same."""

    repaired: int
    unsettled: list[int]


class Reconciliation:
    """One entity of one account in one run, whose fence has been passed."""

    def __init__(self, ledger: RunLedger, entity: Entity) -> None:
        self._ledger = ledger
        self._entity = entity
        self._listing = listing_table(ledger.account, ledger.run_id, entity)
        self._differences = StagingTable(ledger.account, ledger.run_id, f"{entity.name}_differences")
        self._cutoff_at = ledger.fence().cutoff_at

    def compare(self) -> Comparison:
        """Compare the listing with raw, and write the result to ``ops.reconciliations``.

        What a sync has yet to read, changes since the watermark, is no difference.

        Raises:
            NeverSynced: the entity has no watermark.
            WarehouseError: as for any use of the warehouse.
        """
        watermark = self._ledger.watermarks().get(self._entity.name)
        if watermark is None:
            raise never_synced(self._ledger.account, self._entity.name)
        create = (SQL / "create_differences.sql").read_text(encoding="utf-8")
        with self._ledger.engine.begin() as connection:
            run_composed(connection, sql.SQL(create).format(table=self._differences.identifier))
            with self._views(connection):
                due_up_to = min(watermark.read_up_to, self._cutoff_at)
                self._run(connection, "compare.sql", due_up_to=due_up_to)
                counted = self._run(connection, "count_differences.sql", examples=EXAMPLES).rows[0]
            examples = {kind: counted.pop(f"{kind}_examples") or [] for kind in KINDS}
            self._run(connection, "record_comparison.sql", **counted)
        return Comparison(**counted, examples={kind: ids for kind, ids in examples.items() if ids})

    def refuse_too_many_gone(self, found: Comparison, *, max_shrink: float) -> None:
        """Stop where the rows of raw that NetSuite no longer shows are too many to be deletions.

        Args:
            found: what the comparison found.
            max_shrink: the largest share of an entity that may be taken for deleted at once.

        Raises:
            TooManyGone: they are all, or more than that share.
        """
        name, account = self._entity.name, self._ledger.account
        if not found.deleted_silently:
            return
        if not found.netsuite_rows:
            raise TooManyGone(
                f"NetSuite shows no {name} of account {account} at all, but {found.raw_rows} are in raw. Nothing was "
                "taken for deleted. See whether the integration's role may still view these records; if NetSuite "
                f"really holds none any more, delete them from raw.{name} by hand."
            )
        if found.deleted_silently > math.floor(found.raw_rows * Decimal(str(max_shrink))):
            share = 100 * found.deleted_silently / found.raw_rows
            raise TooManyGone(
                f"NetSuite no longer shows {found.deleted_silently} of {found.raw_rows} {name} of account {account} "
                f"({share:.1f} %; at most {100 * max_shrink:.1f} % are taken for deleted at once), such as "
                f"{_listed(found.examples['deleted_silently'], found.deleted_silently)}. Nothing was repaired. See "
                "whether the role's restrictions changed; if so many were really deleted in NetSuite, raise "
                "validation.max_shrink in the account file for one run."
            )

    def ids_to_read_again(self) -> list[int]:
        """The records that differ, ascending: lost and changed ones, and those that NetSuite did not show.

        Raises:
            NotCompared: this run has not compared the entity, or has repaired it already.
        """
        if not self.is_compared:
            raise NotCompared(
                f"Run {self._ledger.run_id!r} of account {self._ledger.account!r} holds no comparison of "
                f"{self._entity.name}. Clear the run's compare task of {self._entity.name}, and the tasks after it."
            )
        with self._ledger.engine.begin() as connection, self._views(connection):
            found = connection.execute(text("SELECT id FROM differences WHERE kind <> 'quarantined' ORDER BY id"))
            return list(found.scalars())

    @property
    def is_compared(self) -> bool:
        """Whether the run has compared the entity, and not settled all of it since."""
        with self._ledger.engine.begin() as connection:
            return bool(columns_of(connection, self._differences.identifier))

    def settle(self, connection: Connection, read_again: Collection[int]) -> Settled:
        """After the differing records were read again and loaded: mark deletions, and write down what was repaired.

        A record that NetSuite did not show again is deleted as of the run's fence; one that it did is live. Once all
        are settled, the run's staging tables of the entity are gone.

        Args:
            connection: in whose transaction.
            read_again: ids of the records that NetSuite showed when asked for them by id.
        """
        ids = list(read_again)
        with self._views(connection):
            self._run(connection, "settle_deletions.sql", read_again=ids)
            unsettled = [row["id"] for row in self._run(connection, "unsettled.sql", read_again=ids).rows]
            all_of_them = text("SELECT count(*) FROM differences WHERE kind <> 'quarantined'")
            repaired: int = connection.execute(all_of_them).scalar_one() - len(unsettled)
        self._run(connection, "record_repair.sql", repaired=repaired)
        if not unsettled:
            for table in (self._listing, self._differences):
                drop(connection, table)
        return Settled(repaired, unsettled)

    def refuse_unsettled(self, settled: Settled) -> None:
        """Stop where reading again did not settle all differences.

        Raises:
            StillDifferent: names the records; what was settled is kept.
        """
        rows, name = len(settled.unsettled), self._entity.name
        if rows:
            raise StillDifferent(
                f"{rows} {name} of account {self._ledger.account} were read again and still differ from raw: "
                f"{_listed(settled.unsettled[:EXAMPLES], rows)}. NetSuite's version of them is older than the one in "
                f"raw.{name}, as after a restore or a refresh of the account; if NetSuite is right, delete these rows "
                "from raw and run the reconciliation again."
            )

    def _run(self, connection: Connection, file: str, **params: object) -> StatementResult:
        results = run_sql_file(
            connection,
            SQL / file,
            account=self._ledger.account,
            run_id=self._ledger.run_id,
            entity=self._entity.name,
            cutoff_at=self._cutoff_at,
            **params,
        )
        return results[-1]

    @contextmanager
    def _views(self, connection: Connection) -> Iterator[None]:
        """The names that the ``.sql`` files read: ``listed`` (NetSuite), ``loaded`` (raw) and ``differences``."""
        columns = columns_of(connection, self._listing.identifier)
        stamp = sql.SQL("last_modified_at" if "last_modified_at" in columns else _NO_TEXT + "last_modified_at")
        listed = sql.SQL("unpaid_amount" if "unpaid_amount" in columns else _NO_TEXT + "unpaid_amount")
        # Compared only where both sides have it.
        loaded = sql.SQL("unpaid_amount" if "unpaid_amount" in columns else "CAST(NULL AS numeric)")
        raw = sql.Identifier("raw", self._entity.name)
        views = {
            "listed": sql.SQL("SELECT id, {}, {} FROM {}").format(stamp, listed, self._listing.identifier),
            "loaded": sql.SQL("SELECT *, {} AS compared_amount FROM {}").format(loaded, raw),
            "differences": sql.SQL("SELECT * FROM {}").format(self._differences.identifier),
        }
        for name, rows in views.items():
            run_composed(connection, sql.SQL("CREATE TEMPORARY VIEW {} AS {}").format(sql.Identifier(name), rows))
        yield
        names = sql.SQL(", ").join(sql.Identifier("pg_temp", name) for name in views)
        run_composed(connection, sql.SQL("DROP VIEW {}").format(names))


def never_synced(account: str, entity: str) -> NeverSynced:
    """The error for an entity of which raw holds nothing yet."""
    return NeverSynced(
        f"{entity} of account {account} have never been synced, so there is nothing to compare. Run "
        f"netsuite_sync__{account} first."
    )


def _listed(ids: Collection[int], rows: int) -> str:
    return ", ".join(str(id_) for id_ in ids) + (", …" if rows > len(ids) else "")

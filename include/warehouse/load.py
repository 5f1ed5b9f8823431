"""Load: a validated batch from staging into ``raw`` and ``quarantine``, with its watermark, in one transaction."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Protocol

from psycopg import sql
from sqlalchemy import text

from include.warehouse.database import run_composed, run_sql_file
from include.warehouse.errors import NothingStaged, WrongColumns
from include.warehouse.ledger import SQL
from include.warehouse.staging import StagingTable, columns_of, drop, has_lost_rows, is_validated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from sqlalchemy import Connection

    from include.warehouse.database import StatementResult
    from include.warehouse.ledger import FencedEntity, RunLedger, StepCounts

DELETIONS = "deletions"
INVOICES = "invoices"

# With Team Selling (D6) the team is read instead of this owner field.
TEAM_FIELD = "salesrep"
SALES_TEAM = "sales_team"

# The tables of raw that a load changes: it locks them against other loads, in this order.
CHANGED_TABLES: Mapping[str, tuple[str, ...]] = {DELETIONS: ("customers", "employees", "invoices")}

# The run's next steps join these tables at once; without statistics of so many new rows, a join takes minutes.
ROWS_WORTH_ANALYZING = 1_000

# Made by the .sql files; another batch may follow in the same transaction.
WORKING_TABLES = ("accepted", "bad_records", "reported_deletions", "team_members", "team_owners")

VIEWS = {
    "staged": (
        "CREATE TEMPORARY VIEW staged AS SELECT staged.*, to_jsonb(staged) - 'row_number' AS payload, "
        "jsonb_object({custom_names}, {custom_values}) AS custom_fields{last_modified_at} FROM {table} AS staged"
    ),
    "staged_bad": "CREATE TEMPORARY VIEW staged_bad AS SELECT row_number, reason FROM {bad}",
    "staged_owners": "CREATE TEMPORARY VIEW staged_owners AS {owners}",
    "target": "CREATE TEMPORARY VIEW target AS {target}",
}


class TeamSelling(Protocol):
    """What the load needs to know of an account with Team Selling: who of a sales team owns the invoice (D6)."""

    @property
    def choice(self) -> str:
        """``primary``, ``all``, or ``contribution``: whoever has at least the least contribution."""

    @property
    def least_contribution(self) -> Decimal | float | None:
        """A share, 1 being the whole; None unless the choice is ``contribution``."""


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """What a load did with the rows of its batch: ``rows + quarantined`` is what was staged.

    rows: good rows; raw holds each of them now, or a newer version. They are the sum of the next four.
    inserted, updated, unchanged: what that meant for the entity's table; of deletions, ``updated`` are the records
    marked deleted and ``unchanged`` those that were so already, or never loaded.
    outdated: left out, since raw holds a newer version.
    quarantined: bad rows. resolved: records that left quarantine.
    """

    rows: int
    inserted: int
    updated: int
    unchanged: int
    outdated: int
    quarantined: int
    resolved: int


def load(
    ledger: RunLedger,
    *,
    entity: FencedEntity,
    counts: StepCounts,
    owner_fields: Sequence[str] = (),
    custom_fields: Sequence[str] = (),
    team_selling: TeamSelling | None = None,
    moves_watermark: bool = True,
) -> LoadCounts:
    """Load what this run staged and validated of an entity; then its staging tables are gone.

    One transaction: good rows are merged into raw (invoices with their owners), bad ones go into quarantine, records
    that are good now leave it, the window is recorded, the watermark moves to the cut-off, and the counts go to the
    ledger. Two loads of one account's table wait for each other. Loading the same batch again changes nothing; loading
    again after a load that succeeded, without staging again, gives that load's counts.

    Args:
        ledger: of the run, which has passed its fence.
        entity: what to load.
        counts: of the step, as ``ledger.step`` gives them.
        owner_fields: of the account file; only invoices have owners.
        custom_fields: of the account file, those of this entity.
        team_selling: of the account file; None: the account has none, and no sales teams either.
        moves_watermark: false where the batch is not all that changed up to the cut-off.

    Raises:
        NothingStaged: nothing was staged and validated, and nothing loaded before; or the staged rows were lost.
        WrongColumns: the staging table lacks a field of the account file.
        FenceNotPassed: the run has no cut-off.
        WarehouseError: as for any use of the warehouse; nothing is loaded then.
    """
    fence = ledger.fence()
    table = StagingTable(ledger.account, ledger.run_id, entity.name)
    with counts.transaction() as connection:
        lock_against_loads(connection, ledger.account, CHANGED_TABLES.get(entity.name, (entity.name,)))
        if is_validated(connection, table):
            loaded = merge_staged(
                connection,
                table,
                fence.cutoff_at,
                owner_fields=owner_fields,
                custom_fields=custom_fields,
                team_selling=team_selling,
            )
            drop(connection, table)
            if moves_watermark:
                # A field that joined the account file after the fence was not read over the whole of the window.
                named = {*(owner_fields if entity.name == INVOICES else ()), *custom_fields}
                fields = [field for field in fence.fields.get(entity.name, ()) if field in named]
                ledger.record_window(connection, entity.name, loaded.rows, loaded.quarantined)
                ledger.advance_watermark(
                    connection, entity.name, fence.cutoff_at, fields, fence.columns.get(entity.name, ())
                )
        else:
            loaded = _loaded_before(counts, table)
        counts.set(**asdict(loaded))
    return loaded


def merge_staged(
    connection: Connection,
    table: StagingTable,
    cutoff_at: datetime,
    *,
    owner_fields: Sequence[str] = (),
    custom_fields: Sequence[str] = (),
    team_selling: TeamSelling | None = None,
) -> LoadCounts:
    """Merge a staged and validated batch into raw and quarantine, in the connection's transaction; staging stays.

    The caller holds the tables' locks (``lock_against_loads``).

    Args:
        connection: in whose transaction.
        table: where the batch is staged.
        cutoff_at: the run's cut-off: what a run with a later one has written is newer than the batch.
        owner_fields: of the account file; only invoices have owners.
        custom_fields: of the account file, those of this entity.
        team_selling: of the account file; None: the account has none, and no sales teams either.

    Raises:
        NothingStaged: the staged rows were lost.
        WrongColumns: the staging table lacks a field of the account file.
    """
    owners = owner_fields if table.entity == INVOICES else ()
    team = team_selling if table.entity == INVOICES else None
    _see_that_rows_are_there(connection, table)
    _create_views(connection, table, _owners_read(owners, team), custom_fields)
    loaded = _Batch(connection, table.account, table.run_id, table.entity, cutoff_at, list(owners), team).load()
    _drop_views_and_tables(connection)
    return loaded


def _owners_read(owner_fields: Sequence[str], team_selling: TeamSelling | None) -> list[str]:
    """The columns that say who owns an invoice: a sales team stands in the place of its owner field."""
    return [SALES_TEAM if team_selling and field == TEAM_FIELD else field for field in owner_fields]


def lock_against_loads(connection: Connection, account: str, tables: Iterable[str]) -> None:
    """Keep the account's other loads from changing these tables of raw until the transaction ends; wait for theirs.

    Whoever needs several takes them in one call, in the order of their names.
    """
    for name in sorted(tables):
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))")
        connection.execute(lock, {"lock": f"netsuite-sync load {name} of {account}"})


def _see_that_rows_are_there(connection: Connection, table: StagingTable) -> None:
    if has_lost_rows(connection, table):
        raise NothingStaged(
            f"{table.SCHEMA}.{table.name} has lost its rows: PostgreSQL was not shut down in order since they were "
            f"staged. Clear the run's validate task of {table.entity}, and the tasks after it."
        )


def _loaded_before(counts: StepCounts, table: StagingTable) -> LoadCounts:
    """What an earlier attempt of this run loaded: it has dropped its staging tables."""
    before = counts.committed_before
    if before is None:
        raise NothingStaged(
            f"{table.SCHEMA}.{table.name} is not there, or not validated, and run {table.run_id!r} has not loaded "
            f"{table.entity} before. Clear the run's validate task of {table.entity}, and the tasks after it."
        )
    return LoadCounts(**{field.name: before[field.name] for field in fields(LoadCounts)})


@dataclass(frozen=True, slots=True)
class _Batch:
    """A staged batch behind its views, and the values that the ``.sql`` files take."""

    connection: Connection
    account: str
    run_id: str
    entity: str
    cutoff_at: datetime
    owner_fields: list[str]
    team_selling: TeamSelling | None

    def load(self) -> LoadCounts:
        self._run("accept.sql")
        changed = self._apply_deletions() if self.entity == DELETIONS else self._merge()
        self._run("quarantine.sql")
        resolved = self._run("resolve.sql")
        if self.entity == DELETIONS:
            resolved += self._run("resolve_deleted.sql")
        return self._count(changed, resolved)

    def _merge(self) -> int:
        tables = [self.entity]
        changed = self._run(f"merge_{self.entity}.sql")
        changed_owners = 0
        if self.entity == INVOICES:
            tables += ["invoice_owners", "sales_teams"] if self.team_selling else ["invoice_owners"]
            self._run("merge_invoice_owners.sql")
            changed_owners = self._choose_team_owners()
        if max(changed, changed_owners) >= ROWS_WORTH_ANALYZING:
            for table in tables:
                run_composed(self.connection, sql.SQL("ANALYZE {}").format(sql.Identifier("raw", table)))
        return changed

    def _choose_team_owners(self) -> int:
        """Who owns invoices by their sales team; returns how many owners changed, which a new choice may make many."""
        if self.team_selling is None:
            return self._run("forget_sales_teams.sql")
        self._run("merge_sales_teams.sql")
        self._run("choose_team_owners.sql")
        return self._run("merge_team_owners.sql")

    def _apply_deletions(self) -> int:
        self._run("reported_deletions.sql")
        return self._run("apply_deletions.sql")

    def _run(self, file: str) -> int:
        """Run a file; the number of rows that its statements touched."""
        return sum(result.rowcount for result in self._results(file))

    def _results(self, file: str) -> list[StatementResult]:
        return run_sql_file(
            self.connection,
            SQL / file,
            account=self.account,
            run_id=self.run_id,
            entity=self.entity,
            cutoff_at=self.cutoff_at,
            owner_fields=self.owner_fields,
            team_choice=self.team_selling and self.team_selling.choice,
            least_contribution=self.team_selling and self.team_selling.least_contribution,
        )

    def _count(self, changed: int, resolved: int) -> LoadCounts:
        batch = self._results("count_batch.sql")[0].rows[0]
        rows = batch["staged"] - batch["quarantined"]
        inserted = 0 if self.entity == DELETIONS else batch["new"]
        return LoadCounts(
            rows=rows,
            inserted=inserted,
            updated=changed - inserted,
            unchanged=batch["accepted"] - changed,
            outdated=rows - batch["accepted"],
            quarantined=batch["quarantined"],
            resolved=resolved,
        )


def _create_views(
    connection: Connection, table: StagingTable, owners_read: Sequence[str], custom_fields: Sequence[str]
) -> None:
    """The names that the ``.sql`` files read: temporary views over this run's staging tables.

    staged: the staging table; ``payload``, its row as it was sent; ``custom_fields`` by name; ``last_modified_at`` is
    null where NetSuite keeps none. staged_bad: the bad rows' numbers and reasons. staged_owners: one row per staged row
    and owner field that is read as one. target: what raw holds of the entity (deletions have no table of their own).
    """
    columns = columns_of(connection, table.identifier)
    missing = [field for field in (*owners_read, *custom_fields) if field not in columns]
    if missing:
        raise WrongColumns(
            f"{table.SCHEMA}.{table.name} lacks the fields {missing}, which the account file names now. "
            f"Clear the run's extract task of {table.entity}, and the tasks after it."
        )
    last_modified_at = sql.SQL("" if "last_modified_at" in columns else ", CAST(NULL AS text) AS last_modified_at")
    names = {
        "table": table.identifier,
        "bad": table.bad_identifier,
        "custom_names": _array(sql.Literal(field) for field in custom_fields),
        "custom_values": _array(sql.Identifier("staged", field) for field in custom_fields),
        "last_modified_at": last_modified_at,
        "owners": _owners(table, [field for field in owners_read if field != SALES_TEAM]),
        "target": _target(table.entity),
    }
    for view in VIEWS.values():
        run_composed(connection, sql.SQL(view).format(**names))


def _drop_views_and_tables(connection: Connection) -> None:
    names = sql.SQL(", ").join(sql.Identifier("pg_temp", name) for name in VIEWS)
    run_composed(connection, sql.SQL("DROP VIEW {}").format(names))
    tables = sql.SQL(", ").join(sql.Identifier("pg_temp", name) for name in WORKING_TABLES)
    run_composed(connection, sql.SQL("DROP TABLE IF EXISTS {}").format(tables))


def _array(items: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL("CAST(ARRAY[{}] AS text[])").format(sql.SQL(", ").join(items))


def _owners(table: StagingTable, owner_fields: Sequence[str]) -> sql.Composed:
    if not owner_fields:
        return sql.SQL("SELECT 0 AS row_number, '' AS owner_field, '' AS employee_id WHERE false").format()
    pairs = (sql.SQL("({}, {})").format(sql.Literal(field), sql.Identifier("staged", field)) for field in owner_fields)
    return sql.SQL(
        "SELECT row_number, owner_field, employee_id FROM {} AS staged "
        "CROSS JOIN LATERAL (VALUES {}) AS owner (owner_field, employee_id)"
    ).format(table.identifier, sql.SQL(", ").join(pairs))


def _target(entity: str) -> sql.Composed:
    if entity == DELETIONS:
        return sql.SQL("SELECT account, id, last_modified_at, run_id FROM raw.invoices WHERE false").format()
    return sql.SQL("SELECT account, id, last_modified_at, run_id FROM {}").format(sql.Identifier("raw", entity))

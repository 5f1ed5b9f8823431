"""Staging: what a run read of one entity, streamed into a table of its own, as text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from psycopg import sql
from sqlalchemy import text

from include.warehouse.database import psycopg_connection, psycopg_errors, run_composed, run_sql_file
from include.warehouse.errors import WrongColumns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa
    from sqlalchemy import Connection, Engine

SQL = Path(__file__).parent / "sql"
ROWS_PER_WRITE = 10_000
NUL = b"\0"
REPLACEMENT_CHARACTER = "\N{REPLACEMENT CHARACTER}".encode()


@dataclass(frozen=True, slots=True)
class StagingTable:
    """The staging table of one account, run and entity, and the table of its bad rows beside it.

    ``name``: ``row_number bigint`` (from 1, without gaps) and columns of text. ``bad_name``, written by validation:
    ``row_number bigint, reason text``, one row per broken rule.
    """

    account: str
    run_id: str
    entity: str

    SCHEMA = "staging"

    @property
    def name(self) -> str:
        """For example ``invoices__0a1b2c3d4e5f``: run ids hold characters, and lengths, that no table name can."""
        return f"{self.entity}__{_run_digest(self.account, self.run_id)}"

    @property
    def bad_name(self) -> str:
        """Name of the table of bad rows."""
        return f"{self.name}__bad"

    @property
    def identifier(self) -> sql.Identifier:
        """The table, quoted for ``psycopg.sql``."""
        return sql.Identifier(self.SCHEMA, self.name)

    @property
    def bad_identifier(self) -> sql.Identifier:
        """The table of bad rows, quoted for ``psycopg.sql``."""
        return sql.Identifier(self.SCHEMA, self.bad_name)


class Derivation(NamedTuple):
    """A column that is computed, value by value, from the column ``source`` on the way in."""

    source: str
    compute: Callable[[str | None], str | None]


def stage(
    engine: Engine,
    table: StagingTable,
    columns: Sequence[str],
    batches: Iterable[pa.Table],
    *,
    derive: Mapping[str, Derivation] | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> int:
    """Stream batches into a new staging table, in one transaction; one that was there before is replaced.

    Texts arrive exactly as they are, null and empty kept apart; only NUL, which PostgreSQL can't hold, becomes U+FFFD.
    Memory holds one batch at a time.

    Args:
        engine: the warehouse.
        table: where to.
        columns: the columns to stage, in this order; other columns of the batches are left out.
        batches: Arrow tables of text columns.
        derive: columns to compute and to put behind the others, by name.
        on_rows: called with the number of rows of each piece that was sent.

    Returns:
        The number of rows staged.

    Raises:
        WrongColumns: a batch lacks a column.
        WarehouseError: as for any use of the warehouse.
    """
    derivations = dict(derive or {})
    staged = 0
    with engine.begin() as connection:
        _create(connection, table, [*columns, *derivations])
        copy_in = sql.SQL("COPY {} FROM STDIN WITH (FORMAT csv, ENCODING 'UTF8')").format(table.identifier)
        with (
            psycopg_errors(connection, f"COPY into {table.name}"),
            psycopg_connection(connection).cursor() as cursor,
            cursor.copy(copy_in) as copy,
        ):
            for piece in _pieces(batches, columns, derivations):
                copy.write(_csv(piece, first_row_number=staged + 1))
                staged += piece.num_rows
                if on_rows:
                    on_rows(piece.num_rows)
        comment = sql.SQL("COMMENT ON TABLE {} IS {}")
        run_composed(connection, comment.format(table.identifier, sql.Literal(_meaning(table, staged))))
        # Validation and load join this table at once, before autovacuum would have looked at it.
        run_composed(connection, sql.SQL("ANALYZE {}").format(table.identifier))
    return staged


def drop(connection: Connection, table: StagingTable) -> None:
    """Drop the staging table and the table of its bad rows, in the connection's transaction; missing ones are fine."""
    run_composed(connection, sql.SQL("DROP TABLE IF EXISTS {}, {}").format(table.identifier, table.bad_identifier))


def drop_abandoned(connection: Connection, account: str, *, except_of: str) -> int:
    """Drop what the account's failed runs left in staging, save those of run ``except_of``; returns how many tables.

    Only what no retry can ask for any more: of earlier runs of the same DAG, or of runs that failed a day ago.
    """
    (failed,) = run_sql_file(connection, SQL / "abandoned_runs.sql", account=account, run_id=except_of)
    digests = {_run_digest(account, run_id) for run_id in (row["run_id"] for row in failed.rows)}
    tables = connection.execute(
        text("SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('staging') AND relkind = 'r'")
    )
    abandoned = [name for name in tables.scalars() if name.removesuffix("__bad").rpartition("__")[2] in digests]
    for name in abandoned:
        run_composed(connection, sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(StagingTable.SCHEMA, name)))
    return len(abandoned)


def is_validated(connection: Connection, table: StagingTable) -> bool:
    """Whether the table is there, and validation has written its bad rows beside it (maybe none)."""
    return bool(columns_of(connection, table.bad_identifier))


def has_lost_rows(connection: Connection, table: StagingTable) -> bool:
    """Whether the staging table held rows and is empty now.

    PostgreSQL empties unlogged tables when it starts after a crash, and a replica that takes over has none of their
    rows. Their comments, in which ``stage`` has written the number, survive both, and an ANALYZE after them.
    """
    question = sql.SQL("SELECT obj_description(to_regclass({}), 'pg_class') <> {} AND NOT EXISTS (SELECT FROM {})")
    name, empty = sql.Literal(table.identifier.as_string()), sql.Literal(_meaning(table, rows=0))
    return bool(run_composed(connection, question.format(name, empty, table.identifier)).scalar_one())


def columns_of(connection: Connection, identifier: sql.Identifier) -> frozenset[str]:
    """The columns of a staging table; none when it is not there."""
    question = sql.SQL(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass({}) AND attnum > 0 AND NOT attisdropped"
    )
    found = run_composed(connection, question.format(sql.Literal(identifier.as_string())))
    return frozenset(found.scalars())


def _run_digest(account: str, run_id: str) -> str:
    return hashlib.sha256(f"{account}|{run_id}".encode()).hexdigest()[:12]


def _create(connection: Connection, table: StagingTable, columns: Sequence[str]) -> None:
    # Held until the end: of two attempts at one task, the later one waits and then replaces the table.
    run_composed(
        connection, sql.SQL("SELECT pg_advisory_xact_lock(hashtextextended({}, 0))").format(sql.Literal(table.name))
    )
    drop(connection, table)
    text_columns = sql.SQL("").join(sql.SQL(", {} text").format(sql.Identifier(name)) for name in columns)
    run_composed(
        connection, sql.SQL("CREATE UNLOGGED TABLE {} (row_number bigint{})").format(table.identifier, text_columns)
    )


def _meaning(table: StagingTable, rows: int) -> str:
    """The table's comment."""
    read = f"What run {table.run_id} of account {table.account} read of {table.entity}: {rows} rows"
    return f"{read}; dropped when it is loaded."


def _pieces(
    batches: Iterable[pa.Table], columns: Sequence[str], derivations: Mapping[str, Derivation]
) -> Iterator[pa.Table]:
    """The batches' columns and the derived ones, in pieces of a size that is good to send."""
    for batch in batches:
        missing = [name for name in columns if name not in batch.column_names]
        if missing:
            raise WrongColumns(
                f"A batch lacks the columns {missing}; it has {batch.column_names}. "
                "It was landed under other settings: clear the entity's extract task, and the tasks after it."
            )
        for start in range(0, batch.num_rows, ROWS_PER_WRITE):
            yield _with_derived(batch.slice(start, ROWS_PER_WRITE).select(columns), derivations)


def _with_derived(piece: pa.Table, derivations: Mapping[str, Derivation]) -> pa.Table:
    import pyarrow as pa

    for name, derivation in derivations.items():
        values = [derivation.compute(value) for value in piece.column(derivation.source).to_pylist()]
        piece = piece.append_column(name, pa.array(values, pa.string()))
    return piece


def _csv(piece: pa.Table, *, first_row_number: int) -> bytes:
    """CSV in which a null is nothing and an empty text is ``""``: the two that COPY tells apart."""
    import pyarrow as pa
    from pyarrow import csv

    numbers = pa.array(range(first_row_number, first_row_number + piece.num_rows), pa.int64())
    text_only = piece.cast(pa.schema([(name, pa.string()) for name in piece.column_names]))
    lines = pa.BufferOutputStream()
    csv.write_csv(
        text_only.add_column(0, "row_number", numbers),
        lines,
        csv.WriteOptions(include_header=False, quoting_style="all_valid"),
    )
    written: bytes = lines.getvalue().to_pybytes()
    return written.replace(NUL, REPLACEMENT_CHARACTER)

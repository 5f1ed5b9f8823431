"""The connection to the warehouse, and the one way in which ``.sql`` files are executed."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg import errors as pg
from psycopg.rows import dict_row
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from include.warehouse.errors import (
    NotMigrated,
    NotPermitted,
    SqlFailed,
    WarehouseError,
    WarehouseUnreachable,
    WrongUrl,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from psycopg import sql
    from psycopg.rows import DictRow
    from sqlalchemy import URL, Connection, CursorResult, Engine
    from sqlalchemy.engine import ExceptionContext
    from sqlalchemy.engine.interfaces import DBAPIConnection

# Staging tables come and go with the runs: one that is missing is no missing migration.
MIGRATED_SCHEMAS = ("raw", "quarantine", "matching", "publish", "workflow", "ops")
MIGRATE_COMMAND = "python -m include.warehouse.migrate"
# What a sync may do and no more; see the migration that makes it.
WRITER = "netsuite_sync_writer"

log = logging.getLogger(__name__)


def open_warehouse(url: str) -> Engine:
    """An engine for the warehouse; sessions are in UTC and named ``netsuite-sync``. Connects when first used.

    Accepts any PostgreSQL URL (``postgres://``, ``postgresql://``, ``postgresql+psycopg2://``, …); psycopg 3 is used.

    Raises:
        WrongUrl: at once, when the URL can't be read or names another database system.
        WarehouseUnreachable, NotMigrated, NotPermitted: from any use of the engine.
    """
    engine = create_engine(
        psycopg_url(url),
        pool_size=2,
        max_overflow=3,
        pool_pre_ping=True,
        connect_args={"application_name": "netsuite-sync", "connect_timeout": 10},
    )
    event.listen(engine, "connect", _set_time_zone)
    event.listen(engine, "handle_error", partial(_translate, _address(engine.url)))
    return engine


def open_as_writer(url: str) -> Engine:
    """As ``open_warehouse``, with the sync's own rights; with those of the login where that lacks the role.

    The role stands in the engine's URL, so that whoever opens that has the same rights.

    Raises:
        WrongUrl: as ``open_warehouse``.
    """
    restricted = psycopg_url(url)
    options = f"{restricted.query.get('options', '')} -c role={WRITER}".strip()
    restricted = restricted.update_query_dict({"options": options})
    engine = open_warehouse(restricted.render_as_string(hide_password=False))
    try:
        engine.connect().close()
    except (SQLAlchemyError, WarehouseError) as error:
        engine.dispose()
        log.info("The sync writes with all rights of the warehouse's login, not as %s: %s", WRITER, error)
        return open_warehouse(url)
    return engine


def psycopg_url(url: str) -> URL:
    """The URL for SQLAlchemy with psycopg 3, whatever driver the given one names.

    Raises:
        WrongUrl: it can't be read, or names no PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise WrongUrl(
            "The warehouse's URL can't be read; write it as postgresql://user:password@host:5432/database, "
            "with special characters of the password percent-encoded."
        ) from None
    if parsed.drivername.partition("+")[0] not in {"postgres", "postgresql"}:
        raise WrongUrl(f"The warehouse must be PostgreSQL; its URL begins with {parsed.drivername}://.")
    # Airflow hands extras that libpq does not know on as __extra__.
    return parsed.set(drivername="postgresql+psycopg").difference_update_query(["__extra__"])


@dataclass(frozen=True, slots=True)
class StatementResult:
    """What one statement of a file did: how many rows it touched, and the rows it returned."""

    rowcount: int
    rows: list[dict[str, Any]]


def run_sql_file(connection: Connection, path: Path, **params: object) -> list[StatementResult]:
    """Execute a ``.sql`` file in the connection's transaction; one result per statement.

    The file may hold several statements. Values stand in it as ``:name`` and are quoted by psycopg; without any
    params the text is executed as it is. Rows returned are read whole: files are for work inside the database.

    Raises:
        SqlFailed: PostgreSQL refused a statement; names the file.
        WarehouseUnreachable, NotMigrated, NotPermitted: as for any use of the engine.
    """
    if not connection.in_transaction():
        connection.begin()
    statements = _read(path)
    if params:
        statements = str(text(statements).compile(dialect=connection.dialect))
    # Bound on the client, since PostgreSQL takes neither several statements nor DDL with bound parameters.
    with (
        psycopg_errors(connection, path.name),
        psycopg.ClientCursor(psycopg_connection(connection), row_factory=dict_row) as cursor,
    ):
        cursor.execute(statements.encode(), params or None)
        return [_result(cursor) for _ in cursor.results()]


def run_composed(connection: Connection, statement: sql.Composed) -> CursorResult[Any]:
    """Execute a statement about tables whose names are known only at run time, in the connection's transaction."""
    return connection.exec_driver_sql(statement.as_string(), execution_options={"no_parameters": True})


@contextmanager
def without_nested_loops(connection: Connection) -> Iterator[None]:
    """For statements that join an account's tables as a whole: they are joined by hash or by order.

    The planner knows nothing of rows that its own transaction has written, and little of those written a moment ago.
    Where it then expects one row and finds 3,000, it joins each of them with each, which takes minutes.
    """
    connection.execute(text("SET LOCAL enable_nestloop = off"))
    yield
    connection.execute(text("SET LOCAL enable_nestloop = on"))


def psycopg_connection(connection: Connection) -> psycopg.Connection[Any]:
    """The psycopg connection under a SQLAlchemy one, for what only psycopg offers (COPY, client-side binding)."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


@contextmanager
def psycopg_errors(connection: Connection, what: str) -> Iterator[None]:
    """Turn psycopg's errors into this room's; for work on ``psycopg_connection``, which SQLAlchemy does not see.

    Raises:
        SqlFailed: PostgreSQL refused it; names ``what``.
        WarehouseUnreachable, NotMigrated, NotPermitted: as for any use of the engine.
    """
    try:
        yield
    except psycopg.Error as error:
        known = _warehouse_error(error, _address(connection.engine.url))
        raise known or SqlFailed(f"{what} was refused by PostgreSQL: {error}") from error


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _result(cursor: psycopg.ClientCursor[DictRow]) -> StatementResult:
    return StatementResult(cursor.rowcount, cursor.fetchall() if cursor.description else [])


def _set_time_zone(connection: DBAPIConnection, _record: object) -> None:
    with connection.cursor() as cursor:  # type: ignore[attr-defined] # SQLAlchemy's protocol leaves out the context manager
        cursor.execute("SET TIME ZONE 'UTC'")
    connection.commit()


def _address(url: URL) -> str:
    return f"{url.host or 'the local socket'}{f':{url.port}' if url.port else ''}, database {url.database!r}"


def _translate(address: str, context: ExceptionContext) -> WarehouseError | None:
    """SQLAlchemy's hook on errors: puts an error of this room in the place of those that a person can mend."""
    if context.is_pre_ping:
        return None  # the pool itself replaces the connection
    return _warehouse_error(context.original_exception, address)


def _warehouse_error(error: BaseException, address: str) -> WarehouseError | None:
    if isinstance(error, pg.InvalidSchemaName | pg.UndefinedTable) and _names_migrated(str(error)):
        return NotMigrated(
            f"The warehouse ({address}) lacks a table of this project: {_first_line(error)}. "
            f"Run the migrations: {MIGRATE_COMMAND}"
        )
    if isinstance(error, pg.InsufficientPrivilege):
        return NotPermitted(
            f"The warehouse's user may not do this ({address}): {_first_line(error)}. "
            "Let the user own the project's schemas, or grant the right, then run the task again."
        )
    if isinstance(error, psycopg.OperationalError) and _says_unreachable(error):
        return WarehouseUnreachable(
            f"The warehouse can't be reached ({address}): {_first_line(error)}. Check that PostgreSQL runs there, and "
            "host, port, database, user and password of the Airflow connection 'warehouse'."
        )
    return None


def _names_migrated(message: str) -> bool:
    return any(f'"{schema}.' in message or f'"{schema}"' in message for schema in MIGRATED_SCHEMAS)


def _says_unreachable(error: psycopg.OperationalError) -> bool:
    """True for a lost or refused connection; other operational errors (a full disk, a lock time-out) are not that."""
    return error.sqlstate is None or error.sqlstate.startswith(("08", "28", "3D", "57P", "53300"))


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")

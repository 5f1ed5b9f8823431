"""Reads the warehouse for a page: one read-only snapshot, through the ``.sql`` files of this room."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.warehouse.database import open_warehouse, run_sql_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

SQL = Path(__file__).parent / "sql"
LONGEST_STATEMENT = "20s"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Read:
    """Runs one ``.sql`` file of this room by name and gives its rows; ``connection`` is for what other rooms ask."""

    connection: Connection

    def __call__(self, name: str, **params: object) -> list[Row]:
        """The rows; raises WarehouseError."""
        return run_sql_file(self.connection, SQL / f"{name}.sql", **params)[-1].rows


@contextmanager
def reading(url: str) -> Iterator[Read]:
    """Read from the warehouse at a URL.

    Raises:
        WarehouseError: it can't be reached, is not migrated, or may not be read by this user.
    """
    engine = open_warehouse(url)
    try:
        with engine.connect() as connection, connection.begin():
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            connection.execute(text(f"SET LOCAL statement_timeout = '{LONGEST_STATEMENT}'"))
            yield Read(connection)
    finally:
        engine.dispose()

"""The sandbox's rows: one SQLite file, a connection per thread, and the catalogue read from it."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from include.sandbox.suiteql import functions

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = Path(__file__).with_name("schema.sql")


class Kind(Enum):
    """What a column or an expression is, for comparing, converting and rendering."""

    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    INSTANT = "instant"


_KINDS = {
    "INTEGER": Kind.NUMBER,
    "NUMBER": Kind.NUMBER,
    "TEXT": Kind.TEXT,
    "FLAG": Kind.TEXT,
    "DATE": Kind.DATE,
    "INSTANT": Kind.INSTANT,
}


@dataclass(frozen=True)
class ColumnInfo:
    """One column of the catalogue."""

    name: str
    kind: Kind
    is_key: bool
    references: str | None


@dataclass(frozen=True)
class TableInfo:
    """One table of the catalogue."""

    name: str
    columns: dict[str, ColumnInfo]

    @property
    def key(self) -> str:
        """The column that tells its rows apart."""
        return next((column.name for column in self.columns.values() if column.is_key), "id")


@dataclass
class Database:
    """The database file and what is in it. Threads read side by side; writes take turns."""

    path: Path
    _local: threading.local = field(default_factory=threading.local)
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _opened: list[sqlite3.Connection] = field(default_factory=list)

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        existing = getattr(self._local, "connection", None)
        if isinstance(existing, sqlite3.Connection):
            return existing
        made = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, cached_statements=512)
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("PRAGMA synchronous = OFF")
        made.execute("PRAGMA case_sensitive_like = ON")
        made.execute("PRAGMA mmap_size = 1073741824")
        functions.register(made)
        self._local.connection = made
        self._opened.append(made)
        return made

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one transaction; roll back on any error."""
        with self._writing:
            connection = self.connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def create(self) -> None:
        """Make the empty tables."""
        self.connection().executescript(SCHEMA.read_text(encoding="utf-8"))

    def catalogue(self) -> dict[str, TableInfo]:
        """Read tables, columns, kinds and references from the schema itself."""
        connection = self.connection()
        names = connection.execute(
            "SELECT name FROM sqlite_master"
            " WHERE type = 'table' AND name NOT LIKE 'sandbox%' AND name NOT LIKE 'sqlite%'"
        )
        return {name: TableInfo(name, _columns(connection, name)) for (name,) in names.fetchall()}

    def close(self) -> None:
        """Close every thread's connection."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()


def _columns(connection: sqlite3.Connection, table: str) -> dict[str, ColumnInfo]:
    references = dict(connection.execute('SELECT "from", "table" FROM pragma_foreign_key_list(?)', (table,)))
    described = connection.execute("SELECT name, type, pk FROM pragma_table_info(?)", (table,))
    return {
        name: ColumnInfo(name, _KINDS[declared], bool(key), references.get(name)) for name, declared, key in described
    }

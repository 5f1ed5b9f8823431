"""Change single rows of the sandbox, as a person working in NetSuite would."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from include.sandbox.database import Kind
from include.sandbox.errors import SandboxError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from include.sandbox.database import ColumnInfo, Database, TableInfo

# How deletedrecord names what was deleted, and its record type id.
_RECORD_TYPES = {
    "employee": ("Employee", -4),
    "customer": ("Customer", -2),
    "vendor": ("Vendor", -3),
    "contact": ("Contact", -6),
    "term": ("Term", -199),
    "currency": ("Currency", -122),
}
_TRANSACTION_TYPES = {"CustInvc": "Invoice", "SalesOrd": "SalesOrder", "PurchOrd": "PurchaseOrder"}
_TRANSACTION_TYPE_ID = -30
_STAMPS = {"lastmodifieddate", "linelastmodifieddate"}
# Parts of a transaction: never reported as deleted (netsuite.md 6.3).
_PARTS = {"transactionline", "transactionsalesteam"}


class RowError(SandboxError):
    """A row that the sandbox cannot take."""


def upsert(database: Database, table: str, given: Sequence[dict[str, Any]], *, now: int | None) -> list[int]:
    """Insert rows, or change those columns of existing rows that are named; return the ids (of lines, the uniquekeys).

    Dates are YYYY-MM-DD, instants ISO 8601; any other text is stored as it is (a bad row). With `now`,
    lastmodifieddate (of lines, linelastmodifieddate) is set to it where the row does not say; a sales team is edited by
    saving its transaction, whose lastmodifieddate becomes `now`. Raises RowError.
    """
    info = _table(database, table)
    with database.writing() as connection:
        for row in given:
            stored = _stored(info, row)
            for stamp in _STAMPS & info.columns.keys() if now is not None else ():
                stored.setdefault(stamp, now)
            key = info.key
            found = connection.execute(f'SELECT * FROM "{table}" WHERE {key} = ?', (row[key],))  # noqa: S608 - a table of the catalogue
            existing = found.fetchone()
            names = [column[0] for column in found.description]
            merged = {**(dict(zip(names, existing, strict=True)) if existing else {}), **stored}
            columns = ", ".join(f'"{name}"' for name in merged)
            marks = ", ".join("?" for _ in merged)
            connection.execute(f'INSERT OR REPLACE INTO "{table}" ({columns}) VALUES ({marks})', list(merged.values()))  # noqa: S608
            if table == "transactionsalesteam" and now is not None:
                _save_transaction(connection, merged["transaction"], now)
    return [row[info.key] for row in given]


def read(database: Database, table: str, record_id: int) -> dict[str, Any]:
    """Return a stored row, dates as YYYY-MM-DD and instants in UTC. Raises RowError when there is none."""
    info = _table(database, table)
    found = database.connection().execute(f'SELECT * FROM "{table}" WHERE {info.key} = ?', (record_id,))  # noqa: S608
    row = found.fetchone()
    if row is None:
        raise RowError(f"{table} {record_id} does not exist")
    return {
        name: _shown(info.columns[name], value)
        for name, value in zip((column[0] for column in found.description), row, strict=True)
    }


def delete(database: Database, table: str, record_id: int, *, now: int) -> dict[str, Any]:
    """Delete a row and note it in deletedrecord; return the note. Raises RowError when there is none.

    Lines and members of sales teams are never reported there (netsuite.md 6.3).
    """
    info = _table(database, table)
    row = read(database, table, record_id)
    record_type, type_id = _RECORD_TYPES.get(table, ("", _TRANSACTION_TYPE_ID))
    note = {
        "deleteddate": now,
        "type": record_type or _TRANSACTION_TYPES.get(row.get("type", ""), "Transaction"),
        "recordid": record_id,
        "recordtypeid": type_id,
        "name": row.get("entityid") or row.get("tranid") or row.get("name"),
        "context": "UIF",
        "iscustomlist": "F",
        "iscustomrecord": "F",
    }
    with database.writing() as connection:
        connection.execute(f'DELETE FROM "{table}" WHERE {info.key} = ?', (record_id,))  # noqa: S608 - a table of the catalogue
        if table == "transactionsalesteam":
            _save_transaction(connection, row["transaction"], now)
        if table in _PARTS:
            return {}
        columns, marks = ", ".join(note), ", ".join(f":{name}" for name in note)
        connection.execute(f"INSERT INTO deletedrecord ({columns}) VALUES ({marks})", note)  # noqa: S608 - our own names
    return note


def _save_transaction(connection: sqlite3.Connection, record_id: int, now: int) -> None:
    connection.execute('UPDATE "transaction" SET lastmodifieddate = ? WHERE id = ?', (now, record_id))


def _table(database: Database, table: str) -> TableInfo:
    catalogue = database.catalogue().items()
    writable = {name: info for name, info in catalogue if info.key in info.columns and name != "entity"}
    if table not in writable:
        raise RowError(f"{table} cannot be written; there are {', '.join(sorted(writable))}")
    return writable[table]


def _stored(info: TableInfo, row: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(row) - set(info.columns))
    if unknown:
        raise RowError(f"{info.name} has no column {', '.join(unknown)}")
    if not isinstance(row.get(info.key), int):
        raise RowError(f"{info.key} must be a whole number")
    return {name: _value(info.columns[name], value) for name, value in row.items()}


def _value(column: ColumnInfo, value: Any) -> Any:
    if isinstance(value, bool):
        return "T" if value else "F"
    if value == "":
        return None
    if column.kind not in (Kind.DATE, Kind.INSTANT) or not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _shown(column: ColumnInfo, value: Any) -> Any:
    if column.kind not in (Kind.DATE, Kind.INSTANT) or not isinstance(value, int):
        return value
    moment = datetime.fromtimestamp(value, UTC)
    return moment.date().isoformat() if column.kind is Kind.DATE else moment.isoformat().replace("+00:00", "Z")

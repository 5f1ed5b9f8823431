"""Write down which rows of a staged batch are bad, by the very queries that the suite checked them with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from include.validate.suites import breaking_rows, quoted, read_sql

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

    from include.validate.rules import Rule


def write_bad_rows(engine: Engine, table: tuple[str, str], broken_rules: Iterable[Rule]) -> None:
    """Write ``<table>__bad (row_number, reason)``, one row per row and rule it breaks; an older one is replaced."""
    bad = _bad(table)
    with engine.begin() as connection:
        for statement in read_sql("new_bad_table.sql").format(bad=bad).split(";"):
            connection.execute(text(statement))
        for rule in broken_rules:
            rows = breaking_rows(rule).format(batch=_in_sql(table))
            insert = read_sql("quarantine.sql").format(bad=bad, breaking_rows=rows)
            connection.execute(text(insert), {"reason": rule.reason})


def all_rows_query(table: tuple[str, str]) -> str:
    """The query for a staging table ``(schema, name)`` as it is."""
    return read_sql("all_rows.sql").format(batch=_in_sql(table))


def bad_rows_query(table: tuple[str, str]) -> str:
    """The query for the bad rows of a staging table, each once."""
    return read_sql("bad_rows.sql").format(bad=_bad(table))


def _bad(table: tuple[str, str]) -> str:
    schema, name = table
    return _in_sql((schema, f"{name}__bad"))


def _in_sql(table: tuple[str, str]) -> str:
    return ".".join(map(quoted, table))

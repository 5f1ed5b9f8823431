"""The SQL of a validation: the files of ``sql/`` with the names of one batch's tables and columns put in."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.validate.rules import Rule

SQL = Path(__file__).parent / "sql"


class BatchQueries:
    """The queries on one staging table ``(schema, name)`` and its table of bad rows, ``<name>__bad``."""

    def __init__(self, table: tuple[str, str]) -> None:
        schema, name = table
        self._batch = f"{_quoted(schema)}.{_quoted(name)}"
        self._bad = f"{_quoted(schema)}.{_quoted(f'{name}__bad')}"

    def all_rows(self) -> str:
        """The batch as it is."""
        return self._filled("all_rows.sql")

    def no_rows(self) -> str:
        """The batch's columns, without its rows."""
        return self._filled("no_rows.sql")

    def bad_rows(self) -> str:
        """The numbers of the bad rows, each once."""
        return self._filled("bad_rows.sql")

    def drop_bad_table(self) -> str:
        """Remove what an earlier validation wrote down."""
        return self._filled("drop_bad_table.sql")

    def create_bad_table(self) -> str:
        """Make the table of bad rows."""
        return self._filled("create_bad_table.sql")

    def quarantine(self, rule: Rule) -> str:
        """Write down the rows that break a rule; takes the parameter ``reason``."""
        return self._filled("quarantine.sql", rule)

    def samples(self, rule: Rule) -> str:
        """The first rows that break a rule."""
        return self._filled("samples.sql", rule)

    def filled(self, rule: Rule) -> str:
        """How many rows hold the column of a rule."""
        return read_sql("checked.sql").replace("{column}", _quoted(rule.column)).format(batch=self._batch) + read_sql(
            "filled.sql"
        )

    def _filled(self, name: str, rule: Rule | None = None) -> str:
        rows = breaking_rows(rule).format(batch=self._batch) if rule else ""
        return read_sql(name).format(batch=self._batch, bad=self._bad, breaking_rows=rows)


def breaking_rows(rule: Rule) -> str:
    """The query for the rows that break a rule: columns ``row_number`` and ``checked_text``, from ``{batch}``."""
    return read_sql("checked.sql").replace("{column}", _quoted(rule.column)) + read_sql(rule.check.sql)


@cache
def read_sql(name: str) -> str:
    """A file of ``sql/``, without its leading comment: SQLAlchemy would read ``:word`` in it as a parameter."""
    lines = (SQL / name).read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("--"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

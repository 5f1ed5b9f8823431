"""The SuiteQL files, taken apart just enough to add fields, to try other spellings and to bound the rows.

A file is one SELECT with an item per line, ``expression AS alias``. A comment ``-- or: expression`` behind an item
names what to ask for where the account does not know the first. ``{column in window}`` stands for the predicate that
bounds the rows by their modified instant; a comment ``-- or key: SELECT …`` behind it names further rows, those that
changed in the window in another way. ``:after_id`` and ``:last_id`` bound the rows by the key.

``sales_team.suiteql`` holds one column more for some accounts: a SELECT of that column alone, with the table that it
joins, if any. Behind a line ``-- or: …`` stands the same column, for accounts that refuse the first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from include.extract.entities import Entity

FOLDER = Path(__file__).parent / "suiteql"

_QUERY = re.compile(r"SELECT\n(?P<items>.*?)\n(?P<rest>FROM .*)\n(?P<order>ORDER BY .*)", re.DOTALL)
_ITEM = re.compile(r"(?P<expression>.+) AS (?P<alias>[a-z0-9_]+),?\s*(?:-- or: (?P<fallback>.+))?")
_MORE = re.compile(r"SELECT\n +(?P<expression>.+?) AS (?P<alias>[a-z_]+)\nFROM \S+ \S+(?:\n(?P<join>.+))?", re.DOTALL)
_OR = re.compile(r"^-- or: .*\n", re.MULTILINE)
_WINDOW = re.compile(r"\{(?P<column>[a-z.]+) in window\}(?: -- or (?P<key>[a-z.]+): (?P<others>.+))?")
# What an account must offer to find invoices of which only a line was edited, as SuiteQL spells it.
LINE_EDITS = "transactionline.linelastmodifieddate"
# The record of the sales teams, which only accounts with Team Selling have.
SALES_TEAMS = "transactionsalesteam"

_UTC = "SYS_EXTRACT_UTC({column})"
_BOUND = "TO_TIMESTAMP(:{name}, 'YYYY-MM-DD HH24:MI:SS')"


@dataclass(frozen=True, slots=True)
class SelectItem:
    """One column of a query: what is asked for now, and what to ask for if that is refused.

    ``join``: the further table that it is read from, one row for each row of the query, or none.
    """

    alias: str
    expression: str
    fallbacks: tuple[str, ...] = ()
    join: str = ""

    def next_spelling(self) -> SelectItem | None:
        """The same column, asked for by its next spelling; None when there is none left."""
        if not self.fallbacks:
            return None
        return replace(self, expression=self.fallbacks[0], fallbacks=self.fallbacks[1:])


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span of modified instants that a run reads: ``since`` (None: the beginning) up to ``cutoff``."""

    since: datetime | None
    cutoff: datetime


# Every row, whenever it was modified, later than any cut-off too.
WHENEVER = Window(None, datetime(9999, 12, 31, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Query:
    """A SuiteQL query whose columns can still be changed."""

    name: str
    items: tuple[SelectItem, ...]
    rest: str
    order: str

    @property
    def table(self) -> str:
        """The record type that is read, as SuiteQL calls it."""
        return self.rest.split()[1]

    @property
    def reads_line_edits(self) -> bool:
        """Whether rows of which only a line was modified are read too."""
        match = _WINDOW.search(self.rest)
        return bool(match and match["others"])

    def without_line_edits(self) -> Query:
        """The same query for accounts that do not tell when a line was modified."""
        return replace(self, rest=_WINDOW.sub(r"{\g<column> in window}", self.rest))

    @property
    def row_alias(self) -> str:
        """The name that the query gives to a row of the record."""
        return self.rest.split()[2]

    @property
    def columns(self) -> tuple[str, ...]:
        """The aliases, in order."""
        return tuple(item.alias for item in self.items)

    def sql(self, window: Window) -> str:
        """The whole query, bounded by the window."""
        items = ",\n    ".join(f"{item.expression} AS {item.alias}" for item in self.items)
        source, where = self._bounded(window).split("\n", 1)
        joined = "\n".join((source, *(item.join for item in self.items if item.join), where))
        return f"SELECT\n    {items}\n{joined}\n{self.order}"

    def bounds_sql(self, window: Window) -> str:
        """The query that counts the same rows and finds their lowest and highest key."""
        return (
            f"SELECT\n    MIN({self._key}) AS first_id,\n    MAX({self._key}) AS last_id,\n    COUNT(*) AS row_count\n"
            f"{self._bounded(window)}"
        )

    def only(self, aliases: Collection[str]) -> Query:
        """The same rows with these of its columns; aliases that it does not have are passed over."""
        return replace(self, items=tuple(item for item in self.items if item.alias in aliases))

    def among(self, count: int) -> Query:
        """Of the same rows those whose key is one of ``count`` ids: the markers ``:among_0``, ``:among_1``, …"""
        markers = ", ".join(f":among_{number}" for number in range(count))
        return replace(self, rest=f"{self.rest}\n    AND {self._key} IN ({markers})")

    def params(self, window: Window) -> dict[str, str]:
        """The values of the markers that the window brings in; none where the record keeps no modified instant."""
        if not _WINDOW.search(self.rest):
            return {}
        params = {"cutoff": _text(window.cutoff)}
        if window.since:
            day_before = (window.since.astimezone(UTC) - timedelta(days=1)).strftime("%Y-%m-%d")
            params |= {"since": _text(window.since), "since_day": day_before}
        return params

    @property
    def _key(self) -> str:
        return next(item.expression for item in self.items if item.alias == "id")

    def _bounded(self, window: Window) -> str:
        return _WINDOW.sub(lambda match: _in_window(match, window), self.rest)


@cache
def read_query(name: str) -> Query:
    """The query of ``suiteql/<name>.suiteql``.

    Raises:
        ValueError: the file is not one SELECT with an item per line (a mistake of the project's).
    """
    text = (FOLDER / f"{name}.suiteql").read_text(encoding="utf-8")
    match = _QUERY.fullmatch(_without_comments(text))
    if not match:
        raise ValueError(f"{name}.suiteql: must be SELECT, one item per line, FROM, ORDER BY")
    items = tuple(_read_item(name, line) for line in match["items"].splitlines())
    return Query(name, items, match["rest"], match["order"])


@cache
def read_column(name: str) -> tuple[SelectItem, ...]:
    """The column of ``suiteql/<name>.suiteql``, by each of its spellings, the first to be tried first.

    Raises:
        ValueError: a spelling is not SELECT, one item, FROM and what it joins (a mistake of the project's).
    """
    spellings = _OR.split((FOLDER / f"{name}.suiteql").read_text(encoding="utf-8"))
    return tuple(_read_more(name, text) for text in spellings)


def _read_more(name: str, text: str) -> SelectItem:
    match = _MORE.fullmatch(_without_comments(text))
    if not match:
        raise ValueError(f"{name}.suiteql: must be SELECT, one item, FROM, and a JOIN or none")
    return SelectItem(match["alias"], match["expression"], join=match["join"] or "")


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()


def columns_that_differ(entity: Entity) -> frozenset[str]:
    """The declared columns that not every account has, or has under its first spelling."""
    items = (item for name in entity.queries for item in read_query(name).items)
    return entity.optional | {item.alias for item in items if item.fallbacks}


def _read_item(name: str, line: str) -> SelectItem:
    match = _ITEM.fullmatch(line.strip())
    if not match:
        raise ValueError(f"{name}.suiteql: {line.strip()!r} is not of the form: expression AS alias")
    return SelectItem(match["alias"], match["expression"], (match["fallback"],) if match["fallback"] else ())


def _in_window(match: re.Match[str], window: Window) -> str:
    """The predicate for a window.

    Day-only bounds lose rows at the account's local midnight and a bare comparison mixes time zones (netsuite.md 6.1),
    so the exact bound is taken in UTC; the plain comparison before it only lets NetSuite use its index. A record that
    was never stamped must not be lost: it belongs to the window that begins at the beginning.
    """
    column = match["column"]
    below = f"{_UTC.format(column=column)} < {_BOUND.format(name='cutoff')}"
    if window.since is None:
        return f"({column} IS NULL OR {below})"
    if match["others"] is None:
        return f"{_since(column)}\n    AND {below}"
    others = _WINDOW.sub(lambda inner: _in_window(inner, window), match["others"])
    return f"{below}\n    AND (({_since(column)}) OR {match['key']} IN ({others}))"


def _since(column: str) -> str:
    return (
        f"{column} >= TO_DATE(:since_day, 'YYYY-MM-DD')\n"
        f"    AND {_UTC.format(column=column)} >= {_BOUND.format(name='since')}"
    )


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

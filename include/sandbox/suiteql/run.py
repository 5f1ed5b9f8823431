"""Run a SuiteQL query: compile it once, evaluate its constants, fetch one page, and render values as NetSuite does."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from include.sandbox.database import Kind
from include.sandbox.errors import query_fault, unsupported
from include.sandbox.suiteql import masks
from include.sandbox.suiteql.compile import compile_query
from include.sandbox.suiteql.functions import OracleError, to_text
from include.sandbox.suiteql.parse import parse
from include.sandbox.suiteql.scope import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.sandbox.database import Database
    from include.sandbox.suiteql.compile import CompiledQuery, Output
    from include.sandbox.suiteql.values import Request
    from include.sandbox.switches import Switches


@dataclass(frozen=True)
class Page:
    """One page of a result: rows without their NULLs, all values text, and how many rows the whole query has."""

    rows: list[dict[str, str]]
    total: int


Role = tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]]
SALES_TEAMS = frozenset({"transactionsalesteam"})


class QueryService:
    """Runs SuiteQL on the sandbox's rows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tables = database.catalogue()
        self._compiled = lru_cache(maxsize=256)(self._compile)

    def _compile(self, sql: str, role: Role, allow_with: bool, allow_listagg: bool) -> CompiledQuery:
        catalogue = Catalogue(self._tables, *role)
        return compile_query(parse(sql, allow_with=allow_with, allow_listagg=allow_listagg), catalogue)

    def page(self, sql: str, request: Request, switches: Switches, *, limit: int, offset: int) -> Page:
        """Return the rows from `offset` on. Raises NetSuiteFault with NetSuite's words for what is wrong."""
        off = frozenset() if switches.team_selling else SALES_TEAMS
        role = (switches.hidden_tables, switches.hidden_columns, switches.empty_tables, off)
        query = self._compiled(sql, role, switches.allow_with, switches.allow_listagg)
        if len(request.binds) != query.binds:
            raise unsupported(f"{query.binds} placeholders, but {len(request.binds)} params")
        try:
            values = {name: evaluate(request) for name, evaluate in query.evaluators.items()}
            rows, total = self._fetch(query, {**values, "seed": request.seed}, limit=limit, offset=offset)
        except (OracleError, sqlite3.Error, OverflowError) as error:
            raise unsupported(str(error)) from error
        total, room = _capped(total, offset, switches)
        return Page(_rendered(rows[:room], query.outputs, request, switches), total)

    def _fetch(
        self, query: CompiledQuery, values: dict[str, Any], *, limit: int, offset: int
    ) -> tuple[list[tuple[Any, ...]], int]:
        connection = self._database.connection()
        page = {**values, "page_limit": limit, "page_offset": offset}
        rows = connection.execute(query.page_sql, page).fetchall()
        if len(rows) < limit and (rows or not offset):
            return rows, offset + len(rows)
        return rows, connection.execute(query.count_sql, values).fetchone()[0]


def _capped(total: int, offset: int, switches: Switches) -> tuple[int, int]:
    """Return the total that is told and how many rows of this page may be given (netsuite.md 1.2: sources disagree)."""
    if total <= switches.row_cap:
        return total, total
    if switches.cap_mode == "error":
        if offset >= switches.row_cap:
            raise query_fault(f"Search error occurred: the query gives more than {switches.row_cap} rows.")
        return total, switches.row_cap - offset
    return switches.row_cap, max(switches.row_cap - offset, 0)


def _rendered(
    rows: list[tuple[Any, ...]], outputs: Sequence[Output], request: Request, switches: Switches
) -> list[dict[str, str]]:
    """Write a page column by column, which is a good deal faster than value by value."""
    writers = _writers(request.zone, switches.date_format)
    columns = [
        [None if value is None else value if type(value) is str else writers[output.kind](value) for value in column]
        for output, column in zip(outputs, zip(*rows, strict=True), strict=False)
    ]
    names = [output.name for output in outputs]
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*columns, strict=True)
    ]


def _writers(zone: str, date_format: str) -> dict[Kind, Callable[[Any], str]]:
    """How each kind looks on the wire. A text where another kind belongs (a bad row) never comes here."""

    def number(value: float) -> str:
        return str(value) if type(value) is int else to_text(value) or ""

    def date(wall: int) -> str:
        return masks.display_date(wall, date_format)

    def instant(moment: int) -> str:
        return date(masks.instant_to_wall(moment, zone))

    return {Kind.NUMBER: number, Kind.TEXT: str, Kind.DATE: date, Kind.INSTANT: instant}

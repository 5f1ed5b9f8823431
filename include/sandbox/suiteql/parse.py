"""Read a SuiteQL text and refuse what NetSuite's SuiteQL refuses by its form (netsuite.md 1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.oracle import Oracle
from sqlglot.errors import SqlglotError
from sqlglot.parsers.oracle import OracleParser
from sqlglot.tokenizer_core import TokenType

from include.sandbox.errors import unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_IN_ARGUMENTS = 1000


class SuiteQL(Oracle):
    """Oracle's grammar, but a function keeps the name it was written with: SUBSTR and SUBSTRING stay two things."""

    class Parser(OracleParser):
        """The parser without sqlglot's notion of which functions are alike."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        NO_PAREN_FUNCTIONS: ClassVar[dict[TokenType, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: parser
            for name, parser in OracleParser.FUNCTION_PARSERS.items()
            if name in ("CAST", "EXTRACT", "TRIM")
        }
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CASE": OracleParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}
        PLACEHOLDER_PARSERS: ClassVar[dict[TokenType, Any]] = {
            **OracleParser.PLACEHOLDER_PARSERS,
            TokenType.PLACEHOLDER: lambda parser: exp.Placeholder(this=f"?{parser._prev.start}"),
        }


def parse(sql: str, *, allow_with: bool, allow_listagg: bool) -> exp.Query:
    """Return the parsed query with names in lower case. Raises NetSuiteFault for whatever SuiteQL does not accept."""
    if sql.rstrip().endswith(";"):
        raise unsupported("no semicolon at the end")
    try:
        statements = sqlglot.parse(sql, read=SuiteQL)
    except SqlglotError as error:
        raise unsupported(f"cannot be parsed: {str(error).splitlines()[0]}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise unsupported("one SELECT is expected")
    query = statements[0]
    for node in query.walk():
        _refuse_form(node, allow_with=allow_with, allow_listagg=allow_listagg)
        if isinstance(node, exp.Identifier):
            node.set("this", node.name.lower())
    _number_placeholders(query)
    return query


def _number_placeholders(query: exp.Query) -> None:
    """Name each `?` by its place in the text, counted from 0: the tree does not keep their order."""
    found = sorted(query.find_all(exp.Placeholder), key=lambda node: int(node.name[1:]))
    for place, node in enumerate(found):
        node.set("this", str(place))


def _refuse_form(node: exp.Expr, *, allow_with: bool, allow_listagg: bool) -> None:
    reason = _FORBIDDEN.get(type(node))
    if reason:
        raise unsupported(reason)
    if isinstance(node, exp.With) and not allow_with:
        raise unsupported("WITH is not allowed")
    if isinstance(node, exp.WithinGroup) and not allow_listagg:
        raise unsupported("function LISTAGG is not supported")
    for matches, why in _FORBIDDEN_WHEN:
        if matches(node):
            raise unsupported(why)


_FORBIDDEN: dict[type, str] = {
    exp.Limit: "no LIMIT; use FETCH FIRST n ROWS ONLY, or limit in the URL",
    exp.Offset: "no OFFSET; use offset in the URL",
    exp.Array: "no [ ]",
    exp.Bracket: "no [ ]",
    exp.DateStrToDate: "no date literals; use TO_DATE",
    exp.StrToTime: "no date literals; use TO_TIMESTAMP",
    exp.Interval: "no INTERVAL",
    exp.Parameter: "only ? placeholders",
    exp.Boolean: "no TRUE or FALSE; flags are 'T' and 'F'",
    exp.Into: "no INTO",
    exp.Lock: "no FOR UPDATE",
}


def _mixes_joins(node: exp.Expr) -> bool:
    joins = node.args.get("joins") or [] if isinstance(node, exp.Select) else []
    return len({_is_comma(join) for join in joins}) > 1


def _is_comma(join: exp.Expr) -> bool:
    return not any(join.args.get(part) for part in ("on", "using", "side", "kind", "method"))


_FORBIDDEN_WHEN: list[tuple[Callable[[exp.Expr], bool], str]] = [
    (lambda node: isinstance(node, exp.Column) and bool(node.args.get("join_mark")), "no (+); use ANSI joins"),
    (lambda node: isinstance(node, exp.Placeholder) and not node.name.startswith("?"), "only ? placeholders"),
    (
        lambda node: isinstance(node, exp.In) and len(node.expressions) > MOST_IN_ARGUMENTS,
        f"more than {MOST_IN_ARGUMENTS} arguments in an IN list",
    ),
    (lambda node: isinstance(node, exp.Identifier) and '"' in node.name, "no quotation marks inside a name"),
    (_mixes_joins, "SQL-92 and Oracle joins are mixed"),
    (lambda node: isinstance(node, exp.Join) and node.args.get("method") == "NATURAL", "no NATURAL JOIN"),
    (lambda node: isinstance(node, exp.Join) and bool(node.args.get("using")), "no USING; write ON"),
]

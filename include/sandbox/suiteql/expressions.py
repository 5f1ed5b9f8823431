"""Expressions and conditions of SuiteQL, with Oracle's types, conversions and functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp

from include.sandbox.database import Kind
from include.sandbox.errors import unsupported
from include.sandbox.suiteql import masks
from include.sandbox.suiteql.functions import to_number, to_text
from include.sandbox.suiteql.values import (
    NULL,
    ZONE,
    Parameters,
    Value,
    as_instant,
    as_number,
    as_text,
    as_wall,
    common_kind,
    convert,
    literal,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.suiteql.compile import Output
    from include.sandbox.suiteql.scope import Scope

AGGREGATES = frozenset({"COUNT", "MIN", "MAX", "SUM", "AVG"})
_RANKINGS = frozenset({"ROW_NUMBER", "RANK", "DENSE_RANK"})
_COMPARED = (Kind.INSTANT, Kind.DATE, Kind.NUMBER, Kind.TEXT)
_MIXED = (Kind.TEXT, Kind.INSTANT, Kind.DATE, Kind.NUMBER)
_SERVER_ZONE = "America/Los_Angeles"  # SYSDATE is the data centre's clock (netsuite.md 1.4)


class Expressions:
    """Compiles the expressions of one SELECT."""

    PSEUDO_COLUMNS: ClassVar = {
        "current_timestamp": Value(Kind.INSTANT, constant=lambda request: request.now),
        "current_date": Value(Kind.DATE, constant=lambda request: masks.instant_to_wall(request.now, request.zone)),
        "localtimestamp": Value(Kind.DATE, constant=lambda request: masks.instant_to_wall(request.now, request.zone)),
        "sysdate": Value(Kind.DATE, constant=lambda request: masks.instant_to_wall(request.now, _SERVER_ZONE)),
        "rownum": Value(Kind.NUMBER, "row_number() OVER ()"),
    }

    def __init__(
        self,
        scope: Scope,
        parameters: Parameters,
        subquery: Callable[[exp.Expr, Scope], tuple[str, list[Output]]],
    ) -> None:
        self.scope = scope
        self.parameters = parameters
        self._subquery = subquery

    def value(self, node: exp.Expr) -> Value:
        """Compile an expression. Raises NetSuiteFault for what SuiteQL does not know."""
        compile_node = _VALUES.get(type(node))
        if compile_node is None:
            raise unsupported(f"{node.key.upper()} is not supported here")
        return compile_node(self, node)

    def condition(self, node: exp.Expr) -> str:
        """Compile a condition to SQL."""
        compile_node = _CONDITIONS.get(type(node))
        if compile_node is None:
            raise unsupported("a condition is expected")
        return compile_node(self, node)

    def sql(self, value: Value) -> str:
        """Return the SQL of a value."""
        return self.parameters.sql(value)

    # Names, literals, binds

    def _column(self, node: exp.Column) -> Value:
        if node.args.get("db"):
            raise self.scope.unknown(str(node.args["db"]))
        if not node.table and node.name in self.PSEUDO_COLUMNS:
            return self.PSEUDO_COLUMNS[node.name]
        return self.scope.find(node.name, node.table)

    def _literal(self, node: exp.Literal) -> Value:
        if node.is_string:
            return literal(node.this) if node.this else NULL
        return literal(to_number(node.this))

    def _bind(self, node: exp.Placeholder) -> Value:
        place = int(node.name)
        return Value(Kind.TEXT, constant=lambda request: to_text(request.binds[place]) or None)

    def _parenthesis(self, node: exp.Paren) -> Value:
        inner = self.value(node.this)
        return inner if inner.constant or inner.is_null else Value(inner.kind, f"({inner.sql})", column=inner.column)

    # Operators

    def _negative(self, node: exp.Neg) -> Value:
        inner = as_number(self.parameters, self.value(node.this))
        if isinstance(node.this, exp.Literal):
            return literal(-to_number(node.this.this))  # type: ignore[operator]  # a literal number is never NULL
        return Value(Kind.NUMBER, f"(-{self.sql(inner)})")

    def _joined(self, node: exp.DPipe) -> Value:
        parts = [as_text(self.parameters, self.value(side)) for side in (node.left, node.right)]
        glued = " || ".join(f"coalesce({self.sql(part)}, '')" for part in parts)
        return Value(Kind.TEXT, f"nullif({glued}, '')")

    def _sum(self, node: exp.Add | exp.Sub) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        sign = "+" if isinstance(node, exp.Add) else "-"
        dated = [side for side in (left, right) if side.kind in (Kind.DATE, Kind.INSTANT)]
        if len(dated) == 2 and sign == "-":
            first, second = (as_instant(self.parameters, side) for side in (left, right))
            return Value(Kind.NUMBER, f"(({self.sql(first)} - {self.sql(second)}) / {masks.DAY}.0)")
        if len(dated) == 1 and (sign == "+" or dated[0] is left):
            days = as_number(self.parameters, right if dated[0] is left else left)
            moved = f"{self.sql(dated[0])} {sign} CAST(round({self.sql(days)} * {masks.DAY}) AS INTEGER)"
            return Value(dated[0].kind, f"({moved})")
        first, second = (as_number(self.parameters, side) for side in (left, right))
        return Value(Kind.NUMBER, f"({self.sql(first)} {sign} {self.sql(second)})")

    def _product(self, node: exp.Mul | exp.Div) -> Value:
        left, right = (self.sql(as_number(self.parameters, self.value(side))) for side in (node.left, node.right))
        return Value(Kind.NUMBER, f"({left} * {right})" if isinstance(node, exp.Mul) else f"({left} * 1.0 / {right})")

    def _case(self, node: exp.Case) -> Value:
        branches = node.args["ifs"]
        values = [self.value(branch.args["true"]) for branch in branches]
        otherwise = self.value(node.args["default"]) if node.args.get("default") else NULL
        kind = common_kind([*values, otherwise], prefer=_MIXED)
        conditions = [
            self._compare("=", self.value(node.this), self.value(branch.this))
            if node.this
            else self.condition(branch.this)
            for branch in branches
        ]
        whens = " ".join(
            f"WHEN {condition} THEN {self.sql(convert(self.parameters, value, kind))}"
            for condition, value in zip(conditions, values, strict=True)
        )
        return Value(kind, f"CASE {whens} ELSE {self.sql(convert(self.parameters, otherwise, kind))} END")

    def _cast(self, node: exp.Cast) -> Value:
        inner = self.value(node.this)
        target = node.to.this
        if target in exp.DataType.NUMERIC_TYPES:
            return as_number(self.parameters, inner)
        if target in exp.DataType.TEXT_TYPES:
            return as_text(self.parameters, inner)
        if target in (exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMP):
            return as_wall(self.parameters, inner)
        raise unsupported(f"CAST to {node.to} is not supported here")

    def _trim(self, node: exp.Trim) -> Value:
        function = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
        parts = [as_text(self.parameters, self.value(node.this))]
        if node.expression:
            parts.append(as_text(self.parameters, self.value(node.expression)))
        return Value(Kind.TEXT, f"nullif({function}({', '.join(map(self.sql, parts))}), '')")

    def _extract(self, node: exp.Extract) -> Value:
        part = node.name.upper()
        if part not in ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"):
            raise unsupported(f"EXTRACT({part}) is not supported here")
        wall = as_wall(self.parameters, self.value(node.expression))
        return self.parameters.call("part_of", Kind.NUMBER, wall, literal(part))

    def _scalar_subquery(self, node: exp.Subquery) -> Value:
        sql, outputs = self._subquery(node.this, self.scope)
        if len(outputs) != 1:
            raise unsupported("a subquery used as a value must give one column")
        return Value(outputs[0].kind, f"({sql})")

    # Functions

    def _function(self, node: exp.Anonymous) -> Value:
        name = node.name.upper()
        if name in AGGREGATES:
            return self._aggregate(name, node)
        compile_function = _FUNCTIONS.get(name)
        if compile_function is None:
            raise unsupported(f"function {name} is not supported")
        return compile_function(self, node.expressions)

    def _aggregate(self, name: str, node: exp.Anonymous) -> Value:
        if len(node.expressions) != 1:
            raise unsupported(f"{name} takes one argument")
        argument = node.expressions[0]
        if name == "COUNT" and isinstance(argument, exp.Star):
            return Value(Kind.NUMBER, "count(*)")
        distinct = isinstance(argument, exp.Distinct)
        inner = self.value(argument.expressions[0] if distinct else argument)
        kind = Kind.NUMBER if name in ("COUNT", "SUM", "AVG") else inner.kind
        operand = as_number(self.parameters, inner) if name in ("SUM", "AVG") else inner
        return Value(kind, f"{name.lower()}({'DISTINCT ' if distinct else ''}{self.sql(operand)})")

    def _listed(self, node: exp.WithinGroup) -> Value:
        """LISTAGG(value, separator) WITHIN GROUP (ORDER BY one term)."""
        function, terms = node.this, node.expression.expressions
        if not isinstance(function, exp.Anonymous) or function.name.upper() != "LISTAGG" or len(terms) != 1:
            raise unsupported("WITHIN GROUP belongs to LISTAGG, with one term in its ORDER BY")
        value, *separator = (self.value(argument) for argument in _exactly(function.expressions, 1, 2))
        operands = [as_text(self.parameters, each) for each in (value, *(separator or [NULL]))]
        operands += [self.value(terms[0].this), literal("DESC" if terms[0].args.get("desc") else "ASC")]
        return Value(Kind.TEXT, f"listagg({', '.join(self.sql(operand) for operand in operands)})")

    def _window(self, node: exp.Window) -> Value:
        function = node.this
        name = function.name.upper() if isinstance(function, exp.Anonymous) else ""
        if node.args.get("over") != "OVER" or name not in _RANKINGS | AGGREGATES:
            raise unsupported("this window is not supported")
        inner = Value(Kind.NUMBER, f"{name.lower()}()") if name in _RANKINGS else self._aggregate(name, function)
        parts = []
        if node.args.get("partition_by"):
            keys = ", ".join(self.sql(self.value(key)) for key in node.args["partition_by"])
            parts.append(f"PARTITION BY {keys}")
        if node.args.get("order"):
            terms = node.args["order"].expressions
            keys = ", ".join(
                f"{self.sql(self.value(term.this))} {'DESC NULLS FIRST' if term.args.get('desc') else 'ASC NULLS LAST'}"
                for term in terms
            )
            parts.append(f"ORDER BY {keys}")
        return Value(inner.kind, f"{inner.sql} OVER ({' '.join(parts)})")

    def _builtin(self, node: exp.Dot) -> Value:
        """BUILTIN.DF and BUILTIN.CF (ORA:article_161950565221)."""
        call = node.expression
        if node.this.name != "builtin" or not isinstance(call, exp.Anonymous) or len(call.expressions) != 1:
            raise unsupported("only BUILTIN.DF(column) and BUILTIN.CF(column) are known here")
        inner = self.value(call.expressions[0])
        if inner.column is None:
            raise unsupported("BUILTIN takes a column")
        if call.name.upper() == "CF":
            return self._compound(inner)
        if call.name.upper() == "DF":
            return self._display(inner)
        raise unsupported(f"BUILTIN.{call.name.upper()} is not supported here")

    def _compound(self, inner: Value) -> Value:
        if inner.column is None or inner.column.name != "status":
            return inner
        return Value(Kind.TEXT, f"{inner.sql.removesuffix('status' + chr(34))}type\" || ':' || {inner.sql}")

    def _display(self, inner: Value) -> Value:
        column = inner.column
        if column is None:
            return inner
        if column.references:
            shown = "name" if column.references in ("currency", "term") else "entityid"
            return Value(Kind.TEXT, f'(SELECT {shown} FROM "{column.references}" WHERE id = {inner.sql})')  # noqa: S608
        owner = inner.sql.rpartition(".")[0]
        if column.name == "status":
            found = f"SELECT name FROM sandbox_status AS s WHERE s.type = {owner}.type AND s.status = {inner.sql}"  # noqa: S608
            return Value(Kind.TEXT, f"({found})")
        if column.name == "type":
            named = f"SELECT type_name FROM sandbox_status AS s WHERE s.type = {inner.sql} LIMIT 1"  # noqa: S608
            return Value(Kind.TEXT, f"coalesce(({named}), {inner.sql})")
        return inner

    # Conditions

    def _compare(self, operator: str, left: Value, right: Value) -> str:
        kind = common_kind([left, right], prefer=_COMPARED)
        first, second = (self.sql(convert(self.parameters, side, kind)) for side in (left, right))
        return f"{first} {operator} {second}"

    def _comparison(self, node: exp.Binary) -> str:
        return self._compare(_OPERATORS[type(node)], self.value(node.left), self.value(node.right))

    def _connected(self, node: exp.And | exp.Or) -> str:
        word = " AND " if isinstance(node, exp.And) else " OR "
        return word.join(f"({self.condition(part)})" for part in node.flatten())

    def _negated(self, node: exp.Not) -> str:
        return f"NOT ({self.condition(node.this)})"

    def _in_parentheses(self, node: exp.Paren) -> str:
        return f"({self.condition(node.this)})"

    def _between(self, node: exp.Between) -> str:
        subject = self.value(node.this)
        low = self._compare(">=", subject, self.value(node.args["low"]))
        high = self._compare("<=", subject, self.value(node.args["high"]))
        return f"({low} AND {high})"

    def _in(self, node: exp.In) -> str:
        subject = self.value(node.this)
        if node.args.get("query"):
            sql, outputs = self._subquery(node.args["query"], self.scope)
            if len(outputs) != 1:
                raise unsupported("a subquery in IN must give one column")
            return f"{self.sql(subject)} IN ({sql})"
        values = [self.value(choice) for choice in node.expressions]
        kind = common_kind([subject, *values], prefer=_COMPARED)
        choices = ", ".join(self.sql(convert(self.parameters, value, kind)) for value in values)
        return f"{self.sql(convert(self.parameters, subject, kind))} IN ({choices})"

    def _like(self, node: exp.Like, escape: str = "") -> str:
        left, right = (self.sql(as_text(self.parameters, self.value(side))) for side in (node.left, node.right))
        return f"{left} LIKE {right}{escape}"

    def _escaped(self, node: exp.Escape) -> str:
        return self._like(node.this, f" ESCAPE {self.sql(self.value(node.expression))}")

    def _is_null(self, node: exp.Is) -> str:
        if not isinstance(node.expression, exp.Null):
            raise unsupported("IS is followed by NULL or NOT NULL")
        return f"{self.sql(self.value(node.this))} IS NULL"

    def _exists(self, node: exp.Exists) -> str:
        return f"EXISTS ({self._subquery(node.this, self.scope)[0]})"


_OPERATORS = {exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}

_CONDITIONS: dict[type, Callable[[Expressions, Any], str]] = {
    **dict.fromkeys(_OPERATORS, Expressions._comparison),
    exp.And: Expressions._connected,
    exp.Or: Expressions._connected,
    exp.Not: Expressions._negated,
    exp.Paren: Expressions._in_parentheses,
    exp.Between: Expressions._between,
    exp.In: Expressions._in,
    exp.Like: Expressions._like,
    exp.Escape: Expressions._escaped,
    exp.Is: Expressions._is_null,
    exp.Exists: Expressions._exists,
}

_VALUES: dict[type, Callable[[Expressions, Any], Value]] = {
    exp.Column: Expressions._column,
    exp.Literal: Expressions._literal,
    exp.Null: lambda _, __: NULL,
    exp.Placeholder: Expressions._bind,
    exp.Paren: Expressions._parenthesis,
    exp.Neg: Expressions._negative,
    exp.DPipe: Expressions._joined,
    exp.Add: Expressions._sum,
    exp.Sub: Expressions._sum,
    exp.Mul: Expressions._product,
    exp.Div: Expressions._product,
    exp.Case: Expressions._case,
    exp.Cast: Expressions._cast,
    exp.Trim: Expressions._trim,
    exp.Extract: Expressions._extract,
    exp.Subquery: Expressions._scalar_subquery,
    exp.Anonymous: Expressions._function,
    exp.Window: Expressions._window,
    exp.WithinGroup: Expressions._listed,
    exp.Dot: Expressions._builtin,
}


# The functions by name: each takes the compiler and the unparsed arguments.

_Arguments = list[exp.Expr]


def _mask(arguments: _Arguments) -> str:
    if len(arguments) != 2 or not isinstance(arguments[1], exp.Literal) or not arguments[1].is_string:
        raise unsupported("a date function needs a mask, written as a literal")
    return str(arguments[1].this)


def _date_mask(arguments: _Arguments) -> str:
    mask = _mask(arguments)
    try:
        masks.tokens(mask)
    except masks.MaskError as error:
        raise unsupported(str(error)) from error
    return mask


def _to_char(compiler: Expressions, arguments: _Arguments) -> Value:
    if not arguments:
        raise unsupported("TO_CHAR needs an argument")
    inner = compiler.value(arguments[0])
    if inner.kind in (Kind.DATE, Kind.INSTANT):
        return _date_to_char(compiler, inner, _date_mask(arguments))
    if len(arguments) == 1:
        return as_text(compiler.parameters, inner)
    if inner.kind is Kind.TEXT:
        raise unsupported("TO_CHAR with a mask takes a number or a date")
    return compiler.parameters.call("number_text", Kind.TEXT, inner, literal(_mask(arguments)))


def _date_to_char(compiler: Expressions, inner: Value, mask: str) -> Value:
    parameters = compiler.parameters
    if {"TZH", "TZM"} & set(masks.tokens(mask)):
        return parameters.call("instant_text", Kind.TEXT, as_instant(parameters, inner), literal(mask), ZONE)
    wall = as_wall(parameters, inner)
    pattern = masks.strftime_mask(mask)
    if wall.constant or pattern is None:
        return parameters.call("wall_text", Kind.TEXT, wall, literal(mask))
    shown = f"strftime({parameters.sql(literal(pattern))}, {wall.sql}, 'unixepoch')"
    return Value(Kind.TEXT, f"CASE typeof({wall.sql}) WHEN 'text' THEN {wall.sql} ELSE {shown} END")


def _reads_text(function: str, kind: Kind) -> Callable[[Expressions, _Arguments], Value]:
    def compile_function(compiler: Expressions, arguments: _Arguments) -> Value:
        mask = _date_mask(arguments)
        text = as_text(compiler.parameters, compiler.value(arguments[0]))
        return compiler.parameters.call(function, kind, text, literal(mask))

    return compile_function


def _sys_extract_utc(compiler: Expressions, arguments: _Arguments) -> Value:
    inner = _only(compiler, arguments)
    if inner.kind is not Kind.INSTANT:
        raise unsupported("SYS_EXTRACT_UTC takes a date and time with a zone")
    if inner.constant:
        return Value(Kind.DATE, constant=inner.constant)
    return Value(Kind.DATE, inner.sql)


def _only(compiler: Expressions, arguments: _Arguments) -> Value:
    if len(arguments) != 1:
        raise unsupported("one argument is expected")
    return compiler.value(arguments[0])


def _from_tz(compiler: Expressions, arguments: _Arguments) -> Value:
    wall, zone = (compiler.value(argument) for argument in _exactly(arguments, 2))
    return compiler.parameters.call("from_tz", Kind.INSTANT, as_wall(compiler.parameters, wall), zone)


def _exactly(arguments: _Arguments, *counts: int) -> _Arguments:
    if len(arguments) not in counts:
        raise unsupported(f"{' or '.join(map(str, counts))} arguments are expected")
    return arguments


def _coalesce(compiler: Expressions, arguments: _Arguments) -> Value:
    values = [compiler.value(argument) for argument in arguments]
    if len(values) < 2:
        raise unsupported("two arguments are expected")
    first = next((value for value in values if not value.is_null), NULL)
    converted = [compiler.sql(convert(compiler.parameters, value, first.kind)) for value in values]
    return Value(first.kind, f"coalesce({', '.join(converted)})")


def _nvl2(compiler: Expressions, arguments: _Arguments) -> Value:
    tested, present, absent = (compiler.value(argument) for argument in _exactly(arguments, 3))
    other = convert(compiler.parameters, absent, present.kind)
    parts = (compiler.sql(tested), compiler.sql(present), compiler.sql(other))
    return Value(present.kind, "CASE WHEN {} IS NOT NULL THEN {} ELSE {} END".format(*parts))


def _nullif(compiler: Expressions, arguments: _Arguments) -> Value:
    left, right = (compiler.value(argument) for argument in _exactly(arguments, 2))
    return Value(
        left.kind, f"nullif({compiler.sql(left)}, {compiler.sql(convert(compiler.parameters, right, left.kind))})"
    )


def _decode(compiler: Expressions, arguments: _Arguments) -> Value:
    if len(arguments) < 3:
        raise unsupported("DECODE needs at least three arguments")
    subject, *rest = arguments
    case = exp.Case(
        this=subject.copy(), ifs=[exp.If(this=a, true=b) for a, b in zip(rest[::2], rest[1::2], strict=False)]
    )
    if len(rest) % 2:
        case.set("default", rest[-1])
    return compiler.value(case)


def _truncate(compiler: Expressions, arguments: _Arguments) -> Value:
    first, *rest = (compiler.value(argument) for argument in _exactly(arguments, 1, 2))
    if first.kind is Kind.NUMBER:
        return compiler.parameters.call("truncate_number", Kind.NUMBER, first, *rest)
    return compiler.parameters.call("truncate_wall", Kind.DATE, as_wall(compiler.parameters, first), *rest)


def _date_function(function: str, *others: Kind) -> Callable[[Expressions, _Arguments], Value]:
    def compile_function(compiler: Expressions, arguments: _Arguments) -> Value:
        first, *rest = (compiler.value(argument) for argument in _exactly(arguments, 1 + len(others)))
        converted = [convert(compiler.parameters, value, kind) for value, kind in zip(rest, others, strict=True)]
        return compiler.parameters.call(function, Kind.DATE, as_wall(compiler.parameters, first), *converted)

    return compile_function


def _plain(sql: str, kind: Kind, *takes: Kind, least: int) -> Callable[[Expressions, _Arguments], Value]:
    """A function that SQLite has too, or one of ours that needs no more than its arguments converted."""

    def compile_function(compiler: Expressions, arguments: _Arguments) -> Value:
        if not least <= len(arguments) <= len(takes):
            raise unsupported(f"{sql.upper()} does not take {len(arguments)} arguments")
        values = [
            convert(compiler.parameters, compiler.value(argument), wanted)
            for argument, wanted in zip(arguments, takes, strict=False)
        ]
        return Value(kind, f"{sql}({', '.join(compiler.sql(value) for value in values)})")

    return compile_function


def _extreme(sql: str) -> Callable[[Expressions, _Arguments], Value]:
    def compile_function(compiler: Expressions, arguments: _Arguments) -> Value:
        values = [compiler.value(argument) for argument in arguments]
        kind = values[0].kind if values else Kind.NUMBER
        converted = [compiler.sql(convert(compiler.parameters, value, kind)) for value in values]
        return Value(kind, f"{sql}({', '.join(converted)})")

    return compile_function


def _concat(compiler: Expressions, arguments: _Arguments) -> Value:
    left, right = _exactly(arguments, 2)
    return compiler.value(exp.DPipe(this=left.copy(), expression=right.copy()))


_N, _T = Kind.NUMBER, Kind.TEXT
_FUNCTIONS: dict[str, Callable[[Expressions, _Arguments], Value]] = {
    "TO_CHAR": _to_char,
    "TO_DATE": _reads_text("parse_wall", Kind.DATE),
    "TO_TIMESTAMP": _reads_text("parse_wall", Kind.DATE),
    "TO_TIMESTAMP_TZ": _reads_text("parse_instant", Kind.INSTANT),
    "TO_NUMBER": lambda compiler, arguments: as_number(compiler.parameters, _only(compiler, arguments)),
    "SYS_EXTRACT_UTC": _sys_extract_utc,
    "FROM_TZ": _from_tz,
    "NVL": _coalesce,
    "COALESCE": _coalesce,
    "NVL2": _nvl2,
    "NULLIF": _nullif,
    "DECODE": _decode,
    "TRUNC": _truncate,
    "ADD_MONTHS": _date_function("add_months", _N),
    "LAST_DAY": _date_function("last_day"),
    "CONCAT": _concat,
    "GREATEST": _extreme("max"),
    "LEAST": _extreme("min"),
    "LOWER": _plain("fold_lower", _T, _T, least=1),
    "UPPER": _plain("fold_upper", _T, _T, least=1),
    "LTRIM": _plain("ltrim", _T, _T, _T, least=1),
    "RTRIM": _plain("rtrim", _T, _T, _T, least=1),
    "LPAD": _plain("pad_left", _T, _T, _N, _T, least=2),
    "RPAD": _plain("pad_right", _T, _T, _N, _T, least=2),
    "LENGTH": _plain("length", _N, _T, least=1),
    "SUBSTR": _plain("substr", _T, _T, _N, _N, least=2),
    "INSTR": _plain("instr", _N, _T, _T, least=2),
    "REPLACE": _plain("replace", _T, _T, _T, _T, least=3),
    "ROUND": _plain("round_number", _N, _N, _N, least=1),
    "ABS": _plain("abs", _N, _N, least=1),
    "SIGN": _plain("sign", _N, _N, least=1),
    "FLOOR": _plain("floor", _N, _N, least=1),
    "CEIL": _plain("ceil", _N, _N, least=1),
    "MOD": _plain("mod", _N, _N, _N, least=2),
    "ORA_HASH": _plain("ora_hash", _N, _T, _N, least=1),
}

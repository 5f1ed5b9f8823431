"""Typed SQL fragments: what the compiler builds expressions from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.sandbox.database import ColumnInfo, Kind
from include.sandbox.errors import unsupported
from include.sandbox.suiteql.functions import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Request:
    """What a query needs when it runs: bound values, NetSuite's time, the session's zone, a seed for unstable order."""

    binds: tuple[str | int | float | None, ...]
    now: int
    zone: str
    seed: int


@dataclass(frozen=True)
class Value:
    """An expression: its kind and SQL. One that needs no row is `constant`: computed once per request, and bound."""

    kind: Kind
    sql: str = ""
    constant: Callable[[Request], Any] | None = None
    column: ColumnInfo | None = None
    is_null: bool = False


@dataclass
class Parameters:
    """The constants of one compiled query, by the name under which SQLite sees them."""

    evaluators: dict[str, Callable[[Request], Any]] = field(default_factory=dict)

    def sql(self, value: Value) -> str:
        """Return the value's SQL, binding it first if it is a constant."""
        if value.constant is None:
            return value.sql
        name = f"p{len(self.evaluators)}"
        self.evaluators[name] = value.constant
        return f":{name}"

    def call(self, function: str, kind: Kind, *arguments: Value) -> Value:
        """Call one of the sandbox's functions: at once per request if all arguments are constants, else per row."""
        constants = [argument.constant for argument in arguments]
        if all(constant is not None for constant in constants):
            python = FUNCTIONS[function]
            return Value(
                kind, constant=lambda request: python(*[evaluate(request) for evaluate in constants if evaluate])
            )
        return Value(kind, f"{function}({', '.join(self.sql(argument) for argument in arguments)})")


def literal(value: Any) -> Value:
    """Return a constant that is the same in every request."""
    return Value(Kind.TEXT if isinstance(value, str) else Kind.NUMBER, constant=lambda _: value)


NULL = Value(Kind.TEXT, "NULL", is_null=True)
ZONE = Value(Kind.TEXT, constant=lambda request: request.zone)


def as_number(parameters: Parameters, value: Value) -> Value:
    """Convert to a number as Oracle does by itself. Raises NetSuiteFault for a date."""
    if value.kind is Kind.NUMBER or value.is_null:
        return value
    if value.kind is Kind.TEXT:
        return parameters.call("to_number", Kind.NUMBER, value)
    raise unsupported("inconsistent datatypes: expected NUMBER got DATE")


def as_text(parameters: Parameters, value: Value) -> Value:
    """Convert to text. Raises NetSuiteFault for a date: it must go through TO_CHAR with a mask."""
    if value.kind is Kind.TEXT:
        return value
    if value.kind is Kind.NUMBER:
        return parameters.call("number_as_text", Kind.TEXT, value)
    raise unsupported("a date needs TO_CHAR and a mask to become text")


def as_wall(parameters: Parameters, value: Value) -> Value:
    """Convert a date or instant to what the session's clock shows. Raises NetSuiteFault for a text."""
    if value.kind is Kind.DATE or value.is_null:
        return value
    if value.kind is Kind.INSTANT:
        return parameters.call("instant_to_wall", Kind.DATE, value, ZONE)
    raise unsupported("no date literals; use TO_DATE or TO_TIMESTAMP")


def as_instant(parameters: Parameters, value: Value) -> Value:
    """Convert a date to the instant at which the session's clock shows it."""
    if value.kind is Kind.INSTANT or value.is_null:
        return value
    return parameters.call("wall_to_instant", Kind.INSTANT, as_wall(parameters, value), ZONE)


_CONVERT = {Kind.NUMBER: as_number, Kind.TEXT: as_text, Kind.DATE: as_wall, Kind.INSTANT: as_instant}


def convert(parameters: Parameters, value: Value, kind: Kind) -> Value:
    """Convert to a kind, or raise NetSuiteFault."""
    return _CONVERT[kind](parameters, value)


def common_kind(values: Sequence[Value], *, prefer: Sequence[Kind]) -> Kind:
    """Return the first kind of `prefer` that any of the values has; NULL has no say."""
    present = {value.kind for value in values if not value.is_null}
    return next((kind for kind in prefer if kind in present), Kind.TEXT)

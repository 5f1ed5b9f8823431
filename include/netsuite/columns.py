"""The declared type of each column, and the reading of NetSuite's strings by it. Nothing is ever guessed.

SuiteQL answers every value as a string and leaves nulls out (ORA:section_157909186990).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from include.netsuite.errors import UnknownAnswer

ColumnType = Literal["id", "text", "number", "flag", "date", "instant"]

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_FLAGS = {"T": True, "F": False}
_MOST_DIGITS = 25


@dataclass(frozen=True)
class Column:
    """A column of an answer: its alias in lower case, and how its text is read.

    id: whole number -> int. text: str. number -> Decimal. flag: 'T' or 'F' -> bool.
    date: 'YYYY-MM-DD' -> date. instant: 'YYYY-MM-DDTHH24:MI:SSZ', in UTC -> datetime with time zone.
    Dates and instants must be rendered by an explicit TO_CHAR mask in the query: a bare date comes in the user's own
    display format, without its time (netsuite.md 1.2).
    """

    name: str
    type: ColumnType


def typed(row: Mapping[str, str | None], columns: Iterable[Column]) -> dict[str, object]:
    """Read one row by its declared columns: every column is there, None where NetSuite had null.

    Raises UnknownAnswer, naming the column and the value, where a text is not of its declared type.
    """
    return {column.name: _read(column, row.get(column.name)) for column in columns}


def _read(column: Column, text: str | None) -> object:
    if text is None or (text == "" and column.type != "text"):
        return None
    try:
        return _READERS[column.type](text)
    except (ValueError, KeyError):
        raise UnknownAnswer(
            f"NetSuite's column {column.name!r} should hold {_EXPECTED[column.type]}, but holds {text[:100]!r}."
            " Correct the record in NetSuite, or the column's declared type."
        ) from None


def whole_number(text: str) -> int:
    """Read a whole number, also as '12.0' or '1.1E7'. Raises ValueError for anything else."""
    if text.isascii() and text.isdigit():
        return int(text)
    number = _number(text)
    if number.adjusted() > _MOST_DIGITS or number != number.to_integral_value():
        raise ValueError(text)
    return int(number)


def _number(text: str) -> Decimal:
    return Decimal(_matching(_NUMBER, text))


def _date(text: str) -> date:
    return date.fromisoformat(_matching(_DATE, text))


def _instant(text: str) -> datetime:
    return datetime.strptime(_matching(_INSTANT, text), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _matching(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(text)
    return text


_READERS: dict[ColumnType, Callable[[str], object]] = {
    "id": whole_number,
    "text": str,
    "number": _number,
    "flag": _FLAGS.__getitem__,
    "date": _date,
    "instant": _instant,
}
_EXPECTED: dict[ColumnType, str] = {
    "id": "a whole number",
    "text": "text",
    "number": "a number",
    "flag": "T or F",
    "date": "a date as YYYY-MM-DD",
    "instant": "an instant as YYYY-MM-DDTHH:MM:SSZ",
}

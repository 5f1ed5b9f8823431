"""NetSuite's strings are read by the declared type of their column, and never guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.netsuite.columns import Column, typed
from include.netsuite.errors import UnknownAnswer

if TYPE_CHECKING:
    from decimal import Decimal

COLUMNS = (
    Column("id", "id"),
    Column("name", "text"),
    Column("total", "number"),
    Column("is_inactive", "flag"),
    Column("invoice_date", "date"),
    Column("last_modified_at", "instant"),
)


@settings(deadline=None)
@given(
    st.integers(-(10**20), 10**20),
    st.text(),
    st.decimals(allow_nan=False, allow_infinity=False, places=4),
    st.booleans(),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)).map(lambda instant: instant.replace(microsecond=0)),
)
def test_what_is_written_in_the_declared_form_is_read_back_exactly(
    number: int, text: str, total: Decimal, flag: bool, day: date, instant: datetime
) -> None:
    row = {
        "id": str(number),
        "name": text,
        "total": str(total),
        "is_inactive": "T" if flag else "F",
        "invoice_date": day.isoformat(),
        "last_modified_at": instant.isoformat().replace("+00:00", "Z"),
    }
    assert list(typed(row, COLUMNS).values()) == [number, text, total, flag, day, instant]


def test_columns_that_netsuite_left_out_are_none() -> None:
    assert typed({"id": "1"}, COLUMNS) == {
        "id": 1,
        "name": None,
        "total": None,
        "is_inactive": None,
        "invoice_date": None,
        "last_modified_at": None,
    }


def test_empty_text_stays_text_and_is_null_elsewhere() -> None:
    row = typed({"name": "", "total": "", "invoice_date": ""}, COLUMNS)
    assert (row["name"], row["total"], row["invoice_date"]) == ("", None, None)


def test_money_keeps_every_digit() -> None:
    assert str(typed({"total": "100000000000000000000.10"}, COLUMNS)["total"]) == "100000000000000000000.10"


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("-5", -5), ("12.0", 12), ("1.1E7", 11_000_000)])
def test_an_id_is_whole_however_it_is_written(text: str, number: int) -> None:
    assert typed({"id": text}, COLUMNS)["id"] == number


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("id", "12.5"),
        ("id", "1E999999999"),
        ("id", "12a"),
        ("id", "1_000"),
        ("total", "1,000.00"),
        ("total", "NaN"),
        ("total", "١٢"),
        ("is_inactive", "yes"),
        ("invoice_date", "3/2/2026"),
        ("invoice_date", "2026-02-30"),
        ("last_modified_at", "2026-03-02 10:00:00"),
        ("last_modified_at", "2026-03-02T25:00:00Z"),
    ],
)
def test_a_text_of_another_type_is_named_with_its_column(column: str, text: str) -> None:
    with pytest.raises(UnknownAnswer) as refused:
        typed({column: text}, COLUMNS)
    assert column in refused.value.message
    assert text in refused.value.message

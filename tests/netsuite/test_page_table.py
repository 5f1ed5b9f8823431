"""The fast and the slow way of reading a page give the same table; odd but clear forms are read, others are not."""

from __future__ import annotations

import json

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from include.netsuite import page_table
from include.netsuite.errors import NetSuiteDown, UnknownAnswer
from include.netsuite.page_table import read_table

COLUMNS = ("id", "name", "total", "last_modified_at")
VALUES = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["2026-03-02", "2026-03-02T10:00:00Z", "1.10", "T", "null", "", "{}"]),
)
ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, VALUES)), max_size=8)


def envelope(items: list[dict[str, object]], **other: object) -> dict[str, object]:
    return {"links": [], "count": len(items), "hasMore": False, "items": items, "offset": 0, "totalResults": 9} | other


def response(body: object, **how: object) -> requests.Response:
    made = requests.Response()
    made.status_code = 200
    made._content = body if isinstance(body, bytes) else json.dumps(body, **how).encode()
    return made


def as_sent(row: dict[str, str | None]) -> dict[str, object]:
    return {"links": [], **{name: value for name, value in row.items() if value is not None}}


@settings(deadline=None)
@given(ROWS, st.booleans(), st.sampled_from([None, 2]))
def test_both_ways_give_the_rows_that_were_sent(
    rows: list[dict[str, str | None]], ascii_only: bool, indent: int
) -> None:
    sent = response(envelope([as_sent(row) for row in rows]), ensure_ascii=ascii_only, indent=indent)
    fast, slow = page_table._documented_form(sent.content, COLUMNS), page_table._any_form(sent, COLUMNS)
    assert fast is not None, "the documented form must not fall back"
    assert fast.table.to_pylist() == slow.table.to_pylist() == rows
    assert (fast.has_more, fast.total) == (slow.has_more, slow.total) == (False, 9)


def test_a_column_that_is_null_in_the_whole_page_is_there() -> None:
    table = read_table(response(envelope([{"links": [], "id": "1"}])), COLUMNS).table
    assert table.to_pylist() == [{"id": "1", "name": None, "total": None, "last_modified_at": None}]


def test_names_in_any_case_numbers_and_booleans_are_read() -> None:
    body = b'{"items": [{"ID": 7, "Name": true, "TOTAL": 1.10}], "hasMore": "true"}'
    answer = read_table(response(body), COLUMNS)
    assert answer.table.to_pylist() == [{"id": "7", "name": "T", "total": "1.10", "last_modified_at": None}]
    assert (answer.has_more, answer.total) == (True, None)


def test_half_a_surrogate_pair_does_not_end_the_read() -> None:
    body = b'{"hasMore": false, "totalResults": 1, "items": [{"id": "1", "name": "a\\ud83db"}]}'
    assert read_table(response(body), COLUMNS).table["name"].to_pylist() == ["a\ufffdb"]


@pytest.mark.parametrize(
    "body",
    [
        {"rows": []},
        {"items": None},
        {"items": ["x"]},
        {"items": [None]},
        {"items": [{"id": {"refName": "x"}}]},
        {"items": [{"id": "1", "ID": "2"}]},
    ],
)
def test_what_is_no_page_is_not_guessed_at(body: dict[str, object]) -> None:
    with pytest.raises(UnknownAnswer):
        read_table(response({"hasMore": False, "totalResults": 1} | body), COLUMNS)


def test_a_page_that_is_cut_off_may_be_tried_again() -> None:
    whole = response(envelope([{"id": "1"}])).content
    with pytest.raises(NetSuiteDown):
        read_table(response(whole[:-5]), COLUMNS)

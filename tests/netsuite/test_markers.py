"""Named markers become `?` with their values in order; quoted text and values never mix with the query."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.netsuite.errors import BadQuery
from include.netsuite.markers import bind

NAMES = st.sampled_from(["after_id", "last_id", "since", "x1"])
PIECES = st.one_of(
    NAMES.map(lambda name: ("marker", name)),
    st.text(st.characters(exclude_characters="'", exclude_categories=["Cs"]), max_size=8).map(lambda t: ("quoted", t)),
    st.sampled_from(["SELECT id", "FROM transaction t", "AND t.id >", "a || b", "1:2"]).map(lambda t: ("sql", t)),
    st.text("abc:?'\"", max_size=6).map(lambda t: ("comment", t)),
)


def test_a_marker_may_occur_several_times_in_any_order() -> None:
    bound = bind("WHERE id > :after AND id <= :last AND x <> :after", {"after": 1, "last": "9"})
    assert bound.q == "WHERE id > ? AND id <= ? AND x <> ?"
    assert bound.params == ["1", "9", "1"]


def test_quoted_text_is_left_alone() -> None:
    sql = """SELECT TO_CHAR(d, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "a:b", 'it''s :x ?' AS y FROM DUAL"""
    assert bind(sql, {}) == (sql, [])


def test_comments_and_a_last_semicolon_are_not_sent() -> None:
    assert bind("-- who's :there?\nSELECT id /* :x ' */ FROM t;\n", {}).q == "SELECT id   FROM t"


@settings(deadline=None)
@given(st.lists(PIECES, max_size=20), st.dictionaries(NAMES, st.text(max_size=20)))
def test_every_marker_gets_one_placeholder_and_its_own_value(
    pieces: list[tuple[str, str]], values: dict[str, str]
) -> None:
    params = {"after_id": "1", "last_id": "2", "since": "3", "x1": "4"} | values
    written = {
        "marker": ":{}",
        "quoted": "'{}'",
        "sql": "{}",
        "comment": "--{}\n",
    }
    bound = bind(" ".join(written[kind].format(text) for kind, text in pieces), params)
    assert bound.params == [params[text] for kind, text in pieces if kind == "marker"]
    outside = "".join(part for number, part in enumerate(bound.q.split("'")) if number % 2 == 0)
    assert outside.count("?") == len(bound.params)


def test_numbers_are_sent_as_plain_text() -> None:
    assert bind(":a :b", {"a": 12, "b": Decimal("1E+3")}).params == ["12", "1000"]


@pytest.mark.parametrize("value", [None, True, 1.5, b"x", ["1"]])
def test_a_value_whose_text_would_be_a_guess_is_refused(value: object) -> None:
    with pytest.raises(BadQuery, match=":a"):
        bind("x = :a", {"a": value})


def test_a_marker_without_a_value_is_named() -> None:
    with pytest.raises(BadQuery, match=r":since has no value.*after_id"):
        bind("x = :since", {"after_id": 1})


def test_a_placeholder_without_a_name_is_refused() -> None:
    with pytest.raises(BadQuery, match=r"'\?'"):
        bind("x = ?", {})

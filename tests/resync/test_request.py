"""What a re-sync is asked for, from the parameters of its run (O9)."""

from datetime import UTC, datetime

import pytest

from include.resync.errors import WrongRequest
from include.resync.request import RESYNCED, read_request
from include.warehouse.ledger import Span

FORM = {"entities": list(RESYNCED), "modified_from": None, "modified_to": None, "ids": [], "all": False}
NEW_YORK = "America/New_York"


def test_all_records_of_all_entities():
    request = read_request(FORM | {"all": True}, "UTC")
    assert (request.entities, request.span, request.ids) == (RESYNCED, Span(None, None), ())
    assert request.is_whole


def test_a_range_may_be_open_at_either_end():
    ends = {"modified_from": "2026-11-01T00:00:00+00:00", "modified_to": "2026-11-02T00:00:00Z"}
    first, last = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    assert read_request(FORM | ends, "UTC").span == Span(first, last)
    assert read_request(FORM | ends | {"modified_to": None}, "UTC").span == Span(first, None)
    request = read_request(FORM | ends | {"modified_from": ""}, "UTC")
    assert request.spans() == dict.fromkeys(RESYNCED, Span(None, last))
    assert not request.is_whole


def test_an_instant_without_time_zone_is_one_of_the_accounts():
    request = read_request(FORM | {"modified_from": "2026-07-01T00:00:00"}, NEW_YORK)
    assert request.span.since == datetime(2026, 7, 1, 4, tzinfo=UTC)


def test_ids_are_taken_once_each_as_numbers_or_as_lines_of_the_form():
    request = read_request(FORM | {"entities": ["employees"], "ids": ["12", " 7 ", "", 12]}, "UTC")
    assert (request.entities, request.ids) == (("employees",), (7, 12))
    assert not request.is_whole


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "nothing was given"),
        ({"all": True, "ids": ["1"]}, "ids and all were given"),
        ({"all": True, "modified_to": "2026-01-01"}, "modified_from/modified_to and all were given"),
        ({"ids": ["1"]}, "Choose one of them"),
        ({"entities": ["invoices"], "ids": ["1", "two"]}, "'two'"),
        ({"entities": ["invoices"], "ids": ["9" * 30]}, "one per line"),
        ({"entities": ["invoices"], "ids": ["0"]}, "'0'"),
        ({"entities": ["deletions"], "all": True}, "'deletions' is none; allowed: invoices, employees"),
        ({"entities": [], "all": True}, "none is named"),
        ({"modified_from": "yesterday"}, "modified_from must be a date and time"),
        ({"modified_from": "2026-01-02", "modified_to": "2026-01-02"}, "must be before modified_to"),
    ],
)
def test_what_does_not_say_what_to_read_is_refused_with_what_is_allowed(params, said):
    with pytest.raises(WrongRequest) as refused:
        read_request(FORM | params, "UTC")
    assert said in str(refused.value)

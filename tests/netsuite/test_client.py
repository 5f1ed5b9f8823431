"""Small questions to NetSuite: what is sent, what comes back, and what is tried again."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from include.netsuite.client import SERVER_TIME_PATH, NetSuiteClient
from include.netsuite.columns import Column
from include.netsuite.errors import (
    BadQuery,
    NetSuiteDown,
    NotPermittedOrMissing,
    TooManyRequests,
    UnknownAnswer,
    UnknownColumn,
)
from tests.netsuite.connections import tba
from tests.netsuite.scripted_netsuite import Asked, Reply, ScriptedNetSuite, page, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.netsuite.retries import RetryBudget

COLUMNS = (Column("id", "id"), Column("name", "text"), Column("total", "number"), Column("is_inactive", "flag"))
FULL = refusal(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked.")


def scripted(*replies: Reply) -> ScriptedNetSuite:
    """A NetSuite that gives these replies in turn."""
    turn: Iterator[Reply] = iter(replies)
    return ScriptedNetSuite(lambda _: next(turn))


def test_a_query_is_sent_in_oracles_documented_form() -> None:
    with scripted(page([])) as netsuite:
        sql = "-- grain\nSELECT e.id FROM employee e WHERE e.id = :id AND e.email = :email"
        NetSuiteClient(tba(netsuite.url)).query(sql, {"id": 7, "email": "a'b?:c"}, columns=COLUMNS)
    (asked,) = netsuite.asked
    assert (asked.method, asked.path) == ("POST", "/services/rest/query/v1/suiteql")
    assert asked.query == {"limit": "1000", "offset": "0"}
    assert asked.headers["prefer"] == "transient"
    assert asked.headers["content-type"] == "application/json"
    assert asked.body == {
        "q": "SELECT e.id FROM employee e WHERE e.id = ? AND e.email = ?",
        "params": ["7", "a'b?:c"],
    }


def test_a_query_without_values_has_no_params() -> None:
    with scripted(page([])) as netsuite:
        NetSuiteClient(tba(netsuite.url)).query("SELECT 1 AS id FROM DUAL", columns=COLUMNS)
    assert netsuite.asked[0].body == {"q": "SELECT 1 AS id FROM DUAL"}


def test_rows_come_typed_with_every_declared_column() -> None:
    with scripted(page([{"ID": "7", "Name": "Zoë", "total": "1.10", "is_inactive": "T"}, {"id": "8"}])) as netsuite:
        rows = NetSuiteClient(tba(netsuite.url)).query("SELECT …", columns=COLUMNS)
    assert rows == [
        {"id": 7, "name": "Zoë", "total": Decimal("1.10"), "is_inactive": True},
        {"id": 8, "name": None, "total": None, "is_inactive": None},
    ]


def test_more_rows_than_a_page_are_never_lost_in_silence() -> None:
    with scripted(page([{"id": "1"}], has_more=True), page([{"id": "1"}], total=2)) as netsuite:
        client = NetSuiteClient(tba(netsuite.url))
        for _ in range(2):
            with pytest.raises(BadQuery, match="read_by_key"):
                client.query("SELECT …", columns=COLUMNS)


def test_a_limit_asks_for_the_first_rows_only() -> None:
    with scripted(page([{"id": "1"}, {"id": "2"}], has_more=True, total=9)) as netsuite:
        assert len(NetSuiteClient(tba(netsuite.url)).query("SELECT …", columns=COLUMNS, limit=2)) == 2
    assert netsuite.asked[0].query == {"limit": "2", "offset": "0"}


@pytest.mark.parametrize("limit", [0, 1001])
def test_a_limit_that_netsuite_does_not_take_is_refused_before_sending(limit: int) -> None:
    with scripted() as netsuite, pytest.raises(BadQuery, match="1 to 1000"):
        NetSuiteClient(tba(netsuite.url)).query("SELECT …", columns=COLUMNS, limit=limit)
    assert netsuite.asked == []


def test_a_probe_asks_for_one_row_and_names_the_column_that_is_not_there() -> None:
    unknown = refusal(400, "INVALID_PARAMETER", "Search error occurred: Unknown identifier 'salesrep'.")
    with scripted(page([{"id": "1"}], has_more=True), unknown) as netsuite:
        client = NetSuiteClient(tba(netsuite.url))
        client.probe("SELECT t.id FROM transaction t")
        with pytest.raises(UnknownColumn) as refused:
            client.probe("SELECT t.salesrep FROM transaction t")
    assert refused.value.column == "salesrep"
    assert netsuite.asked[0].query == {"limit": "1", "offset": "0"}


@pytest.mark.parametrize(
    "passing",
    [
        FULL,
        refusal(400, "SSS_REQUEST_LIMIT_EXCEEDED", "Request limit exceeded"),
        refusal(500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: 1"),
        Reply(502, "<html>Bad gateway</html>"),
        Reply(200, "<html>Maintenance</html>"),
        Reply(200, '{"items": [{"id"'),
        Reply(200, '{"items": []}', cut_off=True),
        Reply(hang_up=True),
    ],
)
def test_what_passes_by_itself_is_tried_again(passing: Reply, quick: RetryBudget) -> None:
    with scripted(passing, passing, page([{"id": "7"}])) as netsuite:
        client = NetSuiteClient(tba(netsuite.url), retry_budget=quick)
        assert client.query("SELECT …", columns=[Column("id", "id")]) == [{"id": 7}]
    assert len(netsuite.asked) == 3
    assert sum(client.stats.retries.values()) == 2


@pytest.mark.parametrize(
    ("final", "error"),
    [
        (refusal(400, "INVALID_PARAMETER", "Invalid or unsupported search."), BadQuery),
        (refusal(400, "INVALID_PARAMETER", "Record 'customer' was not found."), NotPermittedOrMissing),
        (refusal(403, "INSUFFICIENT_PERMISSION", "You need permission."), NotPermittedOrMissing),
        (Reply(200, {"rows": []}), UnknownAnswer),
        (Reply(302, "", {"Location": "http://127.0.0.1:1/"}), UnknownAnswer),
    ],
)
def test_what_a_retry_cannot_help_is_not_tried_again(final: Reply, error: type[Exception], quick: RetryBudget) -> None:
    with scripted(final) as netsuite, pytest.raises(error):
        NetSuiteClient(tba(netsuite.url), retry_budget=quick).probe("SELECT …")
    assert len(netsuite.asked) == 1


@pytest.mark.parametrize(("passing", "error"), [(FULL, TooManyRequests), (Reply(503), NetSuiteDown)])
def test_the_retry_budget_ends_and_says_what_netsuite_said(
    passing: Reply, error: type[Exception], quick: RetryBudget
) -> None:
    with ScriptedNetSuite(lambda _: passing) as netsuite, pytest.raises(error):
        NetSuiteClient(tba(netsuite.url), retry_budget=quick).probe("SELECT …")
    assert len(netsuite.asked) == quick.attempts


def test_retry_after_is_honoured_where_netsuite_sends_it(quick: RetryBudget) -> None:
    with scripted(Reply(429, "", {"Retry-After": "1"}), page([])) as netsuite:
        started = time.monotonic()
        NetSuiteClient(tba(netsuite.url), retry_budget=quick).probe("SELECT …")
    assert time.monotonic() - started >= 1


def test_a_wait_longer_than_the_budget_is_not_begun(quick: RetryBudget) -> None:
    with scripted(Reply(429, "", {"Retry-After": "3600"})) as netsuite, pytest.raises(TooManyRequests):
        NetSuiteClient(tba(netsuite.url), retry_budget=quick).probe("SELECT …")
    assert len(netsuite.asked) == 1


def test_an_answer_that_takes_too_long_is_named_with_the_field_to_change(quick: RetryBudget) -> None:
    with ScriptedNetSuite(lambda _: Reply(delay=1.0)) as netsuite:
        client = NetSuiteClient(tba(netsuite.url, timeout=0.1), retry_budget=quick)
        with pytest.raises(NetSuiteDown, match=r"0\.1 s .*'timeout'"):
            client.probe("SELECT …")


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "advice"),
    [
        (lambda: f"http://127.0.0.1:{free_port()}", "Nothing answers"),
        (lambda: "https://no-such-host.invalid", "account 1234567_SB1, was not found"),
    ],
)
def test_a_host_that_cannot_be_reached_fails_within_seconds_and_says_so(
    host: Callable[[], str], advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    started = time.monotonic()
    with pytest.raises(NetSuiteDown, match=advice):
        NetSuiteClient(tba(host())).probe("SELECT …")
    assert time.monotonic() - started < 60


def test_loopback_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch, quick: RetryBudget) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with scripted(page([])) as netsuite:
        NetSuiteClient(tba(netsuite.url), retry_budget=quick).probe("SELECT …")
    assert len(netsuite.asked) == 1


def test_the_counts_for_the_ledger_say_what_was_done(quick: RetryBudget) -> None:
    with scripted(FULL, page([{"id": "1"}, {"id": "2"}])) as netsuite:
        client = NetSuiteClient(tba(netsuite.url), retry_budget=quick)
        client.query("SELECT …", columns=COLUMNS)
    counts = client.stats.as_dict()
    assert (counts["requests"], counts["rows"], counts["highest_in_flight"]) == (2, 2, 1)
    assert counts["retries"] == {"TooManyRequests": 1}
    assert int(str(counts["bytes"])) > 100
    assert float(str(counts["seconds_waiting_for_netsuite"])) > 0


NOON = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
REFUSED = refusal(400, "INVALID_PARAMETER", "Invalid or unsupported search.")


def clock(answers: Callable[[str], bool], *, server_time: Reply) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        if asked.path == SERVER_TIME_PATH:
            return server_time
        return page([{"now_utc": "2026-03-02T12:00:00Z"}]) if answers(asked.body["q"]) else REFUSED

    return answer


@pytest.mark.parametrize(
    ("netsuite_takes", "server_time", "questions"),
    [
        (lambda q: "CURRENT_TIMESTAMP" in q, REFUSED, 1),
        (lambda q: "SYSTIMESTAMP" in q, REFUSED, 2),
        (lambda q: False, Reply(body={"serverTime": "2026-03-02T12:00:00.000Z"}), 3),
        (lambda q: False, Reply(body={"serverTime": "2026-03-02T12:00:00"}), 3),
        (lambda q: False, Reply(404, "", {"Date": "Mon, 02 Mar 2026 12:00:00 GMT"}), 3),
    ],
)
def test_netsuites_own_clock_is_found_in_whatever_way_the_account_allows(
    netsuite_takes: Callable[[str], bool], server_time: Reply, questions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.netsuite.scripted_netsuite.OWN_DATE", False)
    with ScriptedNetSuite(clock(netsuite_takes, server_time=server_time)) as netsuite:
        assert NetSuiteClient(tba(netsuite.url)).server_clock() == NOON
    assert len(netsuite.asked) == questions


def test_without_any_clock_there_is_no_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.netsuite.scripted_netsuite.OWN_DATE", False)
    silent = clock(lambda q: False, server_time=Reply(404))
    with ScriptedNetSuite(silent) as netsuite, pytest.raises(UnknownAnswer, match="clock"):
        NetSuiteClient(tba(netsuite.url)).server_clock()


def test_who_am_i_says_who_and_where_it_is() -> None:
    def answer(asked: Asked) -> Reply:
        if "COUNT" in asked.body["q"]:
            return page([{"employees": "42"}])
        return page([{"now_utc": "2026-03-02T12:00:00Z"}])

    with ScriptedNetSuite(answer) as netsuite:
        text = NetSuiteClient(tba(netsuite.url)).who_am_i()
    for part in ("1234567_SB1", netsuite.url, "TBA", "2026-03-02 12:00:00 UTC", "42 employees"):
        assert part in text


def test_who_am_i_says_so_when_the_role_cannot_read_employees() -> None:
    def answer(asked: Asked) -> Reply:
        if "COUNT" in asked.body["q"]:
            return refusal(400, "INVALID_PARAMETER", "Record 'employee' was not found.")
        return page([{"now_utc": "2026-03-02T12:00:00Z"}])

    with ScriptedNetSuite(answer) as netsuite:
        assert "may not read employees" in NetSuiteClient(tba(netsuite.url)).who_am_i()

"""Large reads: in parallel, every row once, memory bounded, and a prompt end."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from itertools import chain
from typing import TYPE_CHECKING

import pytest

from include.netsuite import slices
from include.netsuite.client import NetSuiteClient
from include.netsuite.errors import BadQuery, NetSuiteDown, UnknownAnswer
from include.netsuite.keyset import KeysetQuery
from include.netsuite.retries import RetryBudget
from tests.netsuite.connections import tba
from tests.netsuite.scripted_netsuite import Asked, Reply, ScriptedNetSuite, page, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

RANGE = "FROM transaction t WHERE t.type = :type AND t.id > :after_id AND t.id <= :last_id"
QUERY = KeysetQuery(
    sql=f"SELECT t.id AS id, t.memo AS memo {RANGE} ORDER BY t.id",
    bounds_sql=f"SELECT MIN(t.id) AS first_id, MAX(t.id) AS last_id, COUNT(*) AS row_count {RANGE}",
    params={"type": "CustInvc"},
    columns=("id", "memo"),
)
FULL = refusal(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked.")


def table_with(ids: list[int], before: Callable[[Asked], Reply | None] = lambda _: None) -> Callable[[Asked], Reply]:
    """A NetSuite whose table holds rows with these ids; `before` may answer first."""

    def answer(asked: Asked) -> Reply:
        if reply := before(asked):
            return reply
        _, after_id, last_id = asked.body["params"]
        found = ids[bisect_right(ids, int(after_id)) : bisect_right(ids, int(last_id))]
        if is_count(asked):
            bounds = {"first_id": str(found[0]), "last_id": str(found[-1])} if found else {}
            return page([{**bounds, "row_count": str(len(found))}])
        limit = int(asked.query["limit"])
        rows = [{"id": str(number), "memo": f"memo {number}" if number % 3 else None} for number in found[:limit]]
        return page(rows, has_more=len(found) > limit, total=len(found))

    return answer


def is_count(asked: Asked) -> bool:
    return "COUNT" in asked.body["q"]


def client(netsuite: ScriptedNetSuite, budget: RetryBudget, concurrency: int = 4) -> NetSuiteClient:
    return NetSuiteClient(tba(netsuite.url, concurrency=concurrency), retry_budget=budget)


def reading_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("netsuite-read")]


def wait_for_the_end_of_threads() -> None:
    deadline = time.monotonic() + 60
    while reading_threads() and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.parametrize(
    "ids",
    [
        list(range(1, 2001)),
        [1],
        [-5, -1, 7],
        [*range(1, 1500), 10**9],
        [1, *range(10**9, 10**9 + 1500)],
        [number**3 for number in range(1, 1200)],
    ],
)
def test_every_row_comes_once_however_the_ids_lie(ids: list[int], quick: RetryBudget) -> None:
    with ScriptedNetSuite(table_with(ids)) as netsuite:
        pages = list(client(netsuite, quick).read_by_key(QUERY, page_size=100))
    read = sorted(int(text) for each in pages for text in each.table["id"].to_pylist())
    assert read == ids
    assert [each.number for each in pages] == list(range(1, len(pages) + 1))
    for each in pages:
        assert each.table.column_names == ["id", "memo"]
        assert all(each.slice.after_id < int(text) <= each.slice.last_id for text in each.table["id"].to_pylist())


def test_nulls_are_restored(quick: RetryBudget) -> None:
    with ScriptedNetSuite(table_with([1, 2, 3])) as netsuite:
        (only,) = client(netsuite, quick).read_by_key(QUERY)
    assert only.table.to_pylist() == [
        {"id": "1", "memo": "memo 1"},
        {"id": "2", "memo": "memo 2"},
        {"id": "3", "memo": None},
    ]


def test_no_rows_give_no_pages_and_one_request(quick: RetryBudget) -> None:
    with ScriptedNetSuite(table_with([])) as netsuite:
        assert list(client(netsuite, quick).read_by_key(QUERY)) == []
    assert len(netsuite.asked) == 1


def test_pages_are_asked_for_by_key_never_by_offset(quick: RetryBudget) -> None:
    with ScriptedNetSuite(table_with(list(range(1, 501)))) as netsuite:
        list(client(netsuite, quick).read_by_key(QUERY, page_size=100))
    assert {asked.query["offset"] for asked in netsuite.asked} == {"0"}
    assert {asked.query["limit"] for asked in netsuite.asked if not is_count(asked)} == {"100"}
    assert all("?" in asked.body["q"] and isinstance(asked.body["params"][1], str) for asked in netsuite.asked)


def test_pages_are_read_side_by_side_up_to_the_limit(quick: RetryBudget) -> None:
    slow = table_with(list(range(1, 1201)), before=lambda _: time.sleep(0.02))
    with ScriptedNetSuite(slow) as netsuite:
        reader = client(netsuite, quick, concurrency=3)
        list(reader.read_by_key(QUERY, page_size=100))
    assert netsuite.highest_in_flight == 3
    assert reader.stats.highest_in_flight == 3


def test_max_in_flight_lowers_the_connections_limit(quick: RetryBudget) -> None:
    slow = table_with(list(range(1, 1201)), before=lambda _: time.sleep(0.02))
    with ScriptedNetSuite(slow) as netsuite:
        reader = NetSuiteClient(tba(netsuite.url, concurrency=5), max_in_flight=2, retry_budget=quick)
        list(reader.read_by_key(QUERY, page_size=100))
    assert netsuite.highest_in_flight == 2


def test_ids_in_one_small_corner_are_still_read_side_by_side(quick: RetryBudget) -> None:
    """One row far away, so that cutting the ids evenly leaves all work in one slice."""
    ids = [1, *range(10**9, 10**9 + 3000)]
    with ScriptedNetSuite(table_with(ids, before=lambda _: time.sleep(0.01))) as netsuite:
        list(client(netsuite, quick).read_by_key(QUERY, page_size=100))
    spans = {asked.body["params"][2] for asked in netsuite.asked if not is_count(asked)}
    assert netsuite.highest_in_flight == 4
    assert len(spans) > 4
    assert len(netsuite.asked) < 90


def test_a_full_account_lowers_the_requests_at_once_and_loses_no_row(quick: RetryBudget) -> None:
    busy = threading.Semaphore(2)

    def gate(asked: Asked) -> Reply | None:
        if not busy.acquire(blocking=False):
            return FULL
        time.sleep(0.01)
        busy.release()
        return None

    budget = RetryBudget(attempts=20, seconds=20, first_wait=0.01, longest_wait=0.05)
    ids = list(range(1, 3001))
    with ScriptedNetSuite(table_with(ids, before=gate)) as netsuite:
        reader = client(netsuite, budget, concurrency=8)
        rows = sum(each.table.num_rows for each in reader.read_by_key(QUERY, page_size=100))
    assert rows == len(ids)
    refused = reader.stats.retries["TooManyRequests"]
    assert 1 <= refused < len(netsuite.asked) / 2


def test_no_query_matches_as_many_rows_as_netsuites_cap(quick: RetryBudget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SAFE_ROWS", 200)
    ids = [*range(1, 50), *range(10**6, 10**6 + 1500)]
    answer, totals = table_with(ids), []

    def watched(asked: Asked) -> Reply:
        reply = answer(asked)
        if not is_count(asked):
            totals.append(reply.body["totalResults"])
        return reply

    with ScriptedNetSuite(watched) as netsuite:
        rows = sum(each.table.num_rows for each in client(netsuite, quick).read_by_key(QUERY, page_size=100))
    assert rows == len(ids)
    assert max(totals) <= 200


def test_short_pages_and_a_wrong_has_more_lose_nothing(quick: RetryBudget) -> None:
    """A server that gives fewer rows than asked for, and says that this was all."""
    ids = list(range(1, 301))
    answer = table_with(ids)

    def stingy(asked: Asked) -> Reply:
        asked.query["limit"] = str(min(30, int(asked.query["limit"])))
        reply = answer(asked)
        return Reply(body={**reply.body, "hasMore": False})

    with ScriptedNetSuite(stingy) as netsuite:
        rows = sum(each.table.num_rows for each in client(netsuite, quick).read_by_key(QUERY, page_size=100))
    assert rows == len(ids)


def test_an_empty_page_that_promises_more_ends_the_read(quick: RetryBudget) -> None:
    def answer(asked: Asked) -> Reply | None:
        return None if is_count(asked) else page([], has_more=True)

    with ScriptedNetSuite(table_with([1, 2], before=answer)) as netsuite, pytest.raises(UnknownAnswer, match="empty"):
        list(client(netsuite, quick).read_by_key(QUERY))


def test_a_page_that_is_delivered_twice_never_gives_its_rows_twice(quick: RetryBudget) -> None:
    first = page([{"id": str(number)} for number in range(1, 101)], has_more=True, total=300)

    def stuck(asked: Asked) -> Reply | None:
        return None if is_count(asked) else first

    seen: list[str] = []
    with ScriptedNetSuite(table_with(list(range(1, 301)), before=stuck)) as netsuite:
        pages = client(netsuite, quick, concurrency=1).read_by_key(QUERY, page_size=100)
        with pytest.raises(UnknownAnswer, match="does not advance"):
            seen.extend(text for each in pages for text in each.table["id"].to_pylist())
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("rows", [[{"memo": "no id"}], [{"id": "abc"}], [{"id": "1"}, {"id": "1"}], [{"id": "9"}]])
def test_a_key_that_cannot_be_trusted_ends_the_read(rows: list[dict[str, str]], quick: RetryBudget) -> None:
    def answer(asked: Asked) -> Reply | None:
        return None if is_count(asked) else page(rows)

    with ScriptedNetSuite(table_with([1, 2], before=answer)) as netsuite, pytest.raises(UnknownAnswer):
        list(client(netsuite, quick).read_by_key(QUERY))


def test_an_error_in_one_slice_ends_the_whole_read_promptly(quick: RetryBudget) -> None:
    def answer(asked: Asked) -> Reply | None:
        if is_count(asked):
            return None
        if int(asked.body["params"][1]) >= 1000:
            return refusal(400, "INVALID_PARAMETER", "Invalid or unsupported search.")
        time.sleep(0.05)
        return None

    with ScriptedNetSuite(table_with(list(range(1, 5001)), before=answer)) as netsuite:
        with pytest.raises(BadQuery):
            list(client(netsuite, quick).read_by_key(QUERY, page_size=10))
        wait_for_the_end_of_threads()
        asked = len(netsuite.asked)
        time.sleep(0.1)
        assert len(netsuite.asked) == asked < 250
    assert reading_threads() == []


def test_a_read_that_waits_for_its_next_try_ends_promptly_too() -> None:
    patient = RetryBudget(attempts=10, seconds=600, first_wait=300, longest_wait=300)

    def answer(asked: Asked) -> Reply | None:
        if is_count(asked):
            return None
        if int(asked.body["params"][1]) == 0:
            time.sleep(0.3)
            return refusal(400, "INVALID_PARAMETER", "Invalid or unsupported search.")
        return Reply(503)

    started = time.monotonic()
    with ScriptedNetSuite(table_with(list(range(1, 41)), before=answer)) as netsuite:
        with pytest.raises(BadQuery):
            list(client(netsuite, patient).read_by_key(QUERY, page_size=10))
        wait_for_the_end_of_threads()
    assert time.monotonic() - started < 100
    assert reading_threads() == []


def test_leaving_the_loop_early_ends_the_threads(quick: RetryBudget) -> None:
    with ScriptedNetSuite(table_with(list(range(1, 5001)))) as netsuite:
        pages = client(netsuite, quick).read_by_key(QUERY, page_size=10)
        next(pages)
        pages.close()
        wait_for_the_end_of_threads()
        assert reading_threads() == []
        assert len(netsuite.asked) < 50


def test_a_slow_consumer_makes_the_threads_wait(quick: RetryBudget) -> None:
    with ScriptedNetSuite(table_with(list(range(1, 5001)))) as netsuite:
        pages = client(netsuite, quick, concurrency=3).read_by_key(QUERY, page_size=10)
        first = next(pages)
        time.sleep(0.3)
        held = len([asked for asked in netsuite.asked if not is_count(asked)]) - 1
        assert held <= 2 * 3
        assert sum(each.table.num_rows for each in chain([first], pages)) == 5000


def test_a_netsuite_that_goes_down_in_the_middle_ends_the_read(quick: RetryBudget) -> None:
    left = iter(range(5))

    def answer(asked: Asked) -> Reply | None:
        return None if next(left, None) is not None else Reply(503)

    with ScriptedNetSuite(table_with(list(range(1, 1001)), before=answer)) as netsuite, pytest.raises(NetSuiteDown):
        list(client(netsuite, quick).read_by_key(QUERY, page_size=10))


def test_rows_that_leave_while_they_are_read_are_told_of(quick: RetryBudget, caplog: pytest.LogCaptureFixture) -> None:
    counted = iter([page([{"first_id": "1", "last_id": "3", "row_count": "3"}])])
    answer = table_with([1, 3], before=lambda asked: next(counted, None) if is_count(asked) else None)
    with ScriptedNetSuite(answer) as netsuite:
        assert sum(each.table.num_rows for each in client(netsuite, quick).read_by_key(QUERY)) == 2
    assert "counted 3 rows before the read and sent 2" in caplog.text


def test_an_empty_page_in_the_place_of_rows_that_are_still_counted_is_no_end_of_the_read(quick: RetryBudget) -> None:
    """D9: an empty page that came twice would lose its rows in silence."""
    empty = table_with([1, 2, 3], before=lambda asked: None if is_count(asked) else page([]))
    with ScriptedNetSuite(empty) as netsuite, pytest.raises(NetSuiteDown, match="counts 3 rows and sent 0"):
        list(client(netsuite, quick).read_by_key(QUERY))


@pytest.mark.parametrize("page_size", [0, 1001])
def test_a_page_size_that_netsuite_does_not_take_is_refused(page_size: int, quick: RetryBudget) -> None:
    with ScriptedNetSuite(table_with([1])) as netsuite, pytest.raises(BadQuery, match="1 to 1000"):
        list(client(netsuite, quick).read_by_key(QUERY, page_size=page_size))


@pytest.mark.parametrize(
    ("sql", "bounds_sql", "columns", "missing"),
    [
        ("SELECT id WHERE id > :after_id", QUERY.bounds_sql, ("id",), ":last_id"),
        (QUERY.sql, "SELECT COUNT(*) AS row_count", ("id",), ":after_id"),
        (QUERY.sql, QUERY.bounds_sql, ("memo",), "'id'"),
    ],
)
def test_a_keyset_query_that_cannot_be_cut_is_refused_when_it_is_made(
    sql: str, bounds_sql: str, columns: tuple[str, ...], missing: str
) -> None:
    with pytest.raises(ValueError, match=missing):
        KeysetQuery(sql=sql, bounds_sql=bounds_sql, columns=columns)

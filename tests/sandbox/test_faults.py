"""Faults on order: each goes wrong on the wire as it is named, so often and no more."""

from __future__ import annotations

import time

import pytest
import requests

from tests.sandbox.caller import Caller

QUERY = "SELECT id FROM currency ORDER BY id"


def order(netsuite, *faults):
    netsuite.sandbox.control("POST", "/faults", list(faults))


def statuses(netsuite, requests_sent):
    return [netsuite.ask(QUERY).status_code for _ in range(requests_sent)]


def test_a_fault_hits_after_so_many_requests_so_often_and_the_next_one_follows(netsuite):
    order(
        netsuite,
        {"kind": "too_many_requests", "after": 1, "times": 2},
        {"kind": "html_error", "status": 502, "after": 1},
    )
    assert statuses(netsuite, 6) == [200, 429, 429, 200, 502, 200]
    assert netsuite.sandbox.control("GET", "/faults") == {
        "waiting": [],
        "struck": {"too_many_requests": 2, "html_error": 1},
    }


def test_a_refusal_for_concurrency_looks_like_a_real_one(netsuite):
    order(netsuite, {"kind": "too_many_requests"})
    answer = netsuite.ask(QUERY)
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "CONCURRENCY_LIMIT_EXCEEDED"
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_host_answers_with_a_page_of_html(netsuite, status):
    order(netsuite, {"kind": "html_error", "status": status})
    answer = netsuite.ask(QUERY)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_reset_comes_before_any_answer(netsuite):
    order(netsuite, {"kind": "reset"})
    with pytest.raises(requests.ConnectionError, match=r"reset|abort"):
        netsuite.ask(QUERY)
    assert statuses(netsuite, 1) == [200]


def test_a_reset_in_the_body_comes_after_the_good_status(netsuite):
    order(netsuite, {"kind": "reset_in_body"})
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        netsuite.ask(QUERY)
    order(netsuite, {"kind": "reset_in_body"})
    answer = netsuite.session.post(
        netsuite.sandbox.base_url + "/services/rest/query/v1/suiteql", json={"q": QUERY}, stream=True, timeout=30
    )
    assert answer.status_code == 200
    assert answer.raw.read1(10)


def test_a_truncated_answer_is_whole_for_http_but_not_for_json(netsuite):
    order(netsuite, {"kind": "truncated"})
    answer = netsuite.ask(QUERY)
    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["Content-Length"])
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_slow_body_takes_its_time_and_is_right(netsuite):
    order(netsuite, {"kind": "slow_body", "seconds": 0.6})
    started = time.monotonic()
    slow = netsuite.ask(QUERY)
    assert time.monotonic() - started >= 0.6
    assert slow.json()["items"] == netsuite.ask(QUERY).json()["items"]


def test_a_hang_says_nothing(netsuite):
    order(netsuite, {"kind": "hang"})
    with pytest.raises(requests.ReadTimeout):
        netsuite.session.post(
            netsuite.sandbox.base_url + "/services/rest/query/v1/suiteql", json={"q": QUERY}, timeout=0.3
        )
    assert statuses(netsuite, 1) == [200]


def test_tokens_are_revoked_in_front_of_a_request(netsuite):
    order(netsuite, {"kind": "revoke_tokens", "after": 1})
    assert statuses(netsuite, 2) == [200, 401]
    assert netsuite.sign_in().ask(QUERY).status_code == 200


def test_a_page_comes_again_only_for_the_query_that_it_answered(netsuite):
    order(netsuite, {"kind": "page_again"})
    first = netsuite.rows("SELECT id FROM employee WHERE id > ? ORDER BY id", ["0"], limit=5)
    netsuite.rows(QUERY, limit=5)
    netsuite.rows("SELECT id FROM employee WHERE id > ? ORDER BY id", ["0"], limit=5)
    again = netsuite.rows("SELECT id FROM employee WHERE id > ? ORDER BY id", [first[-1]["id"]], limit=5)
    assert again == first
    right = netsuite.rows("SELECT id FROM employee WHERE id > ? ORDER BY id", [first[-1]["id"]], limit=5)
    assert int(right[0]["id"]) > int(first[-1]["id"])


def test_a_fault_at_the_token_endpoint_leaves_queries_alone(netsuite):
    order(netsuite, {"kind": "html_error", "at": "token"})
    assert statuses(netsuite, 2) == [200, 200]
    caller = Caller(netsuite.sandbox)
    assert [caller.token(caller.assertion()).status_code for _ in range(2)] == [503, 200]


def test_ordered_faults_can_be_forgotten(netsuite):
    order(netsuite, {"kind": "reset"})
    assert netsuite.sandbox.control("DELETE", "/faults") == {"waiting": [], "struck": {}}
    assert statuses(netsuite, 1) == [200]


@pytest.mark.parametrize(
    "wrong", [{"kind": "fire"}, {"kind": "html_error", "status": 400}, {"kind": "reset", "times": 0}]
)
def test_a_fault_that_is_none_is_refused_and_nothing_waits(netsuite, wrong):
    with pytest.raises(RuntimeError, match="422"):
        order(netsuite, {"kind": "reset"}, wrong)
    assert netsuite.sandbox.control("GET", "/faults")["waiting"] == []

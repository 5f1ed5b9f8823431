"""The control surface: rows, switches, what was asked."""

from __future__ import annotations

import pytest
import requests

from include.sandbox.switches import Switches


def test_a_changed_row_is_seen_by_the_next_query_with_a_new_modification_instant(netsuite):
    stamp = """SELECT email, TO_CHAR(SYS_EXTRACT_UTC(lastmodifieddate), 'YYYY-MM-DD HH24:MI:SS') AS at
        FROM employee WHERE id = 11"""
    before = netsuite.rows(stamp)[0]
    netsuite.sandbox.control("POST", "/rows/employee", {"id": 11, "email": "ada@example.com"})
    after = netsuite.rows(stamp)[0]
    assert after["email"] == "ada@example.com"
    assert after["at"] > before["at"]
    netsuite.sandbox.control("POST", "/rows/employee?touch=false", {"id": 11, "email": before["email"]})
    assert netsuite.rows(stamp) == [{"email": before["email"], "at": after["at"]}]


def test_a_new_employee_is_an_entity_too_and_leaves_a_note_when_deleted(netsuite):
    """D9."""
    netsuite.sandbox.control("POST", "/rows/employee", {"id": 8001, "entityid": "New Person", "isinactive": False})
    assert netsuite.rows("SELECT type, entityid FROM entity WHERE id = 8001") == [
        {"type": "Employee", "entityid": "New Person"}
    ]
    note = netsuite.sandbox.control("DELETE", "/rows/employee/8001")
    assert (note["type"], note["name"]) == ("Employee", "New Person")
    assert netsuite.rows("SELECT id FROM entity WHERE id = 8001") == []
    deleted = "SELECT type, name FROM deletedrecord WHERE recordid = 8001 AND deleteddate >= CURRENT_TIMESTAMP - 1"
    assert netsuite.rows(deleted) == [{"type": "Employee", "name": "New Person"}]


def test_a_new_invoice_takes_dates_and_instants_as_texts(netsuite):
    row = {"id": 8002, "type": "CustInvc", "trandate": "2026-03-04", "lastmodifieddate": "2026-03-05T06:07:08Z"}
    netsuite.sandbox.control("POST", "/rows/transaction", [row])
    assert netsuite.sandbox.control("GET", "/rows/transaction/8002")["lastmodifieddate"] == "2026-03-05T06:07:08Z"
    found = "SELECT TO_CHAR(trandate, 'YYYY-MM-DD') AS day FROM transaction WHERE id = 8002"
    assert netsuite.rows(found) == [{"day": "2026-03-04"}]
    assert netsuite.sandbox.control("DELETE", "/rows/transaction/8002")["type"] == "Invoice"


def test_who_edits_a_sales_team_saves_its_transaction(netsuite):
    netsuite.sandbox.control("POST", "/settings", {"team_selling": True})
    stamp = "SELECT TO_CHAR(SYS_EXTRACT_UTC(lastmodifieddate), 'YYYY-MM-DD') AS day FROM transaction WHERE id = 101"
    team = "SELECT employee, isprimary, contribution FROM transactionsalesteam WHERE transaction = 101"
    netsuite.sandbox.control("POST", "/rows/transaction", {"id": 101, "lastmodifieddate": "2026-01-02T03:04:05Z"})
    member = {"sandbox_key": 10101, "transaction": 101, "employee": 11, "isprimary": "T", "contribution": 0.6}
    netsuite.sandbox.control("POST", "/rows/transactionsalesteam?touch=false", member)
    assert netsuite.rows(team) == [{"employee": "11", "isprimary": "T", "contribution": "0.6"}]
    assert netsuite.rows(stamp) == [{"day": "2026-01-02"}]
    netsuite.sandbox.control("POST", "/rows/transactionsalesteam", {**member, "contribution": 1})
    assert netsuite.rows(stamp)[0]["day"] > "2026-01-02"
    netsuite.sandbox.control("POST", "/rows/transaction", {"id": 101, "lastmodifieddate": "2026-01-02T03:04:05Z"})
    assert netsuite.sandbox.control("DELETE", "/rows/transactionsalesteam/10101") == {}
    assert netsuite.rows(team) == []
    assert netsuite.rows(stamp)[0]["day"] > "2026-01-02"


def test_a_bad_row_is_stored_and_served_as_it_is(netsuite):
    bad = {"id": 8003, "type": "CustInvc", "trandate": "yesterday", "foreigntotal": "much"}
    netsuite.sandbox.control("POST", "/rows/transaction", bad)
    sql = "SELECT foreigntotal, TO_CHAR(trandate, 'YYYY-MM-DD') AS day FROM transaction WHERE id = 8003"
    assert netsuite.rows(sql) == [{"foreigntotal": "much", "day": "yesterday"}]
    netsuite.sandbox.control("DELETE", "/rows/transaction/8003")


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("POST", "/rows/employee", {"id": 11, "salary": 1}),
        ("POST", "/rows/employee", {"email": "x"}),
        ("POST", "/rows/entity", {"id": 11}),
        ("POST", "/rows/sandbox_origin", {"id": 11}),
        ("DELETE", "/rows/employee/999999999", None),
        ("POST", "/settings", {"concurrency": 0}),
        ("POST", "/settings", {"speed": 1}),
        ("POST", "/settings", {"date_format": "whatever"}),
        ("POST", "/settings", {"session_timezone": "Mars/Olympus"}),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(sandbox, method, path, content):
    with pytest.raises(RuntimeError, match="422"):
        sandbox.control(method, path, content)
    assert sandbox.control("GET", "/settings") == Switches().model_dump(mode="json")


def test_requests_are_counted_by_path_and_status_and_queries_kept(netsuite):
    netsuite.rows("SELECT id FROM currency WHERE id = ?", ["1"], limit=10)
    netsuite.refusal("SELECT nope FROM currency")
    seen = netsuite.sandbox.control("GET", "/requests")
    suiteql = {row["status"]: row["count"] for row in seen["answers"] if row["path"].endswith("/suiteql")}
    assert suiteql == {200: 1, 400: 1}
    assert seen["queries"][0] == {
        "q": "SELECT id FROM currency WHERE id = ?",
        "params": ["1"],
        "limit": 10,
        "offset": 0,
    }
    assert seen["highest_in_flight"] == 1


@pytest.mark.parametrize("headers", [{"Origin": "https://example.com"}, {"Host": "evil.example.com"}])
def test_a_page_in_a_browser_cannot_reach_the_control_surface(sandbox, headers):
    assert requests.get(f"{sandbox.base_url}/sandbox/settings", headers=headers, timeout=30).status_code == 403

"""The SuiteQL endpoint: request rules, envelope, paging, caps, concurrency (netsuite.md 1.1 to 1.3, 5)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox.caller import SUITEQL_PATH, Caller
from tests.sandbox.conftest import INVOICES

ALL_IDS = "SELECT id FROM transaction WHERE type = 'CustInvc' ORDER BY id"


def problem(answer):
    detail = answer.json()["o:errorDetails"][0]
    return answer.status_code, detail["o:errorCode"], detail.get("o:errorQueryParam") or detail.get("o:errorHeader")


class TestRequest:
    def test_prefer_transient_is_required(self, netsuite):
        assert problem(netsuite.ask(ALL_IDS, headers={"Prefer": None})) == (400, "INVALID_HEADER", "Prefer")

    def test_the_body_must_be_json(self, netsuite):
        answer = netsuite.session.post(netsuite.sandbox.base_url + SUITEQL_PATH, data=b"{", timeout=30)
        assert problem(answer) == (400, "INVALID_HEADER", "Content-Type")

    @pytest.mark.parametrize(
        "body", [b"{", b"[]", b'{"q": 1}', b'{"q": "SELECT 1 FROM DUAL", "limit": 5}', b'{"params": []}']
    )
    def test_a_body_of_another_shape_is_invalid_content(self, netsuite, body):
        headers = {"Content-Type": "application/json"}
        answer = netsuite.session.post(netsuite.sandbox.base_url + SUITEQL_PATH, data=body, headers=headers, timeout=30)
        assert problem(answer)[:2] == (400, "INVALID_CONTENT")

    @pytest.mark.parametrize(
        ("query", "parameter"),
        [
            ({"limit": 0}, "limit"),
            ({"limit": 1001}, "limit"),
            ({"limit": "ten"}, "limit"),
            ({"offset": -1}, "offset"),
            ({"limit": 10, "offset": 15}, "offset"),
            ({"page": 2}, "page"),
        ],
    )
    def test_paging_parameters_are_checked(self, netsuite, query, parameter):
        assert problem(netsuite.ask(ALL_IDS, **query)) == (400, "INVALID_PARAMETER", parameter)

    def test_only_post_is_allowed(self, netsuite):
        answer = netsuite.session.get(netsuite.sandbox.base_url + SUITEQL_PATH, timeout=30)
        assert answer.status_code == 405

    def test_a_path_that_is_not_there_is_a_404_in_netsuites_shape(self, netsuite):
        answer = netsuite.session.get(netsuite.sandbox.base_url + "/services/rest/nothing", timeout=30)
        assert problem(answer)[:2] == (404, "NONEXISTENT_ID")


class TestEnvelope:
    def test_a_middle_page_links_to_all_its_neighbours(self, netsuite):
        answer = netsuite.ask(ALL_IDS, limit=100, offset=100).json()
        here = netsuite.sandbox.base_url + SUITEQL_PATH
        assert {link["rel"]: link["href"] for link in answer["links"]} == {
            "first": f"{here}?limit=100&offset=0",
            "prev": f"{here}?limit=100&offset=0",
            "self": f"{here}?limit=100&offset=100",
            "next": f"{here}?limit=100&offset=200",
            "last": f"{here}?limit=100&offset=200",
        }
        assert (answer["count"], answer["offset"], answer["totalResults"]) == (100, 100, INVOICES)
        assert answer["hasMore"] is True

    def test_the_last_page_has_no_next(self, netsuite):
        answer = netsuite.ask(ALL_IDS, limit=100, offset=200).json()
        assert answer["hasMore"] is False
        assert "next" not in {link["rel"] for link in answer["links"]}

    def test_a_page_past_the_end_is_empty(self, netsuite):
        answer = netsuite.ask(ALL_IDS, limit=100, offset=900).json()
        assert (answer["count"], answer["items"], answer["totalResults"], answer["hasMore"]) == (0, [], INVOICES, False)

    def test_every_value_is_a_text_nulls_are_left_out_and_each_item_has_links(self, netsuite):
        answer = netsuite.ask("SELECT id, tranid, employee, posting, foreigntotal FROM transaction WHERE id = 102")
        item = answer.json()["items"][0]
        assert item["links"] == []
        assert item["id"] == "102"
        assert item["posting"] == "T"
        assert "employee" not in item
        assert all(isinstance(value, str) for name, value in item.items() if name != "links")

    def test_keys_are_lower_case_whatever_the_query_wrote(self, netsuite):
        assert netsuite.rows("SELECT ID, TranId AS Number FROM Transaction WHERE id = 102") == [
            {"id": "102", "number": "INV102"}
        ]

    def test_keys_come_in_any_casing_when_switched_on(self, netsuite):
        netsuite.sandbox.control("POST", "/settings", {"random_casing": True})
        rows = netsuite.rows("SELECT lastmodifieddate FROM transaction")
        assert len({name for row in rows for name in row}) > 10
        assert {name.lower() for row in rows for name in row} == {"lastmodifieddate"}

    def test_the_default_page_is_one_thousand(self, netsuite):
        netsuite.sandbox.control(
            "POST", "/rows/term", [{"id": number, "name": f"Net {number}"} for number in range(2_000, 3_200)]
        )
        answer = netsuite.ask("SELECT id FROM term ORDER BY id").json()
        assert (answer["count"], answer["hasMore"]) == (1000, True)


class TestOrder:
    def test_without_order_by_two_requests_come_in_two_orders(self, netsuite):
        sql = "SELECT id FROM transaction"
        assert netsuite.rows(sql) != netsuite.rows(sql)

    def test_offset_pages_without_a_unique_order_lose_and_repeat_rows(self, netsuite):
        sql = "SELECT id FROM transaction WHERE type = 'CustInvc' ORDER BY type"
        seen = [row["id"] for offset in (0, 100, 200) for row in netsuite.rows(sql, limit=100, offset=offset)]
        assert len(seen) == INVOICES
        assert len(set(seen)) < INVOICES

    @pytest.mark.parametrize(
        "sql",
        [
            ALL_IDS,
            "SELECT t.id FROM transaction t LEFT JOIN term m ON m.id = t.terms WHERE t.type = 'CustInvc' ORDER BY t.id",
            "SELECT id FROM transaction WHERE type = 'CustInvc' ORDER BY lastmodifieddate, id",
        ],
    )
    def test_with_a_unique_order_offset_pages_are_complete(self, netsuite, sql):
        seen = [row["id"] for offset in (0, 100, 200) for row in netsuite.rows(sql, limit=100, offset=offset)]
        assert len(set(seen)) == INVOICES


class TestCap:
    def test_silent_mode_simply_stops_at_the_cap(self, netsuite):
        netsuite.sandbox.control("POST", "/settings", {"row_cap": 150})
        first, second = (netsuite.ask(ALL_IDS, limit=100, offset=offset).json() for offset in (0, 100))
        assert (first["count"], first["totalResults"], first["hasMore"]) == (100, 150, True)
        assert (second["count"], second["totalResults"], second["hasMore"]) == (50, 150, False)

    def test_error_mode_refuses_the_page_past_the_cap(self, netsuite):
        netsuite.sandbox.control("POST", "/settings", {"row_cap": 100, "cap_mode": "error"})
        assert netsuite.ask(ALL_IDS, limit=100).json()["totalResults"] == INVOICES
        assert "more than 100 rows" in netsuite.refusal(ALL_IDS, limit=100, offset=100)


class TestConcurrency:
    def test_one_request_above_the_limit_is_refused_at_once_with_the_odd_title(self, netsuite):
        netsuite.sandbox.control("POST", "/settings", {"concurrency": 2, "latency_ms": 400})
        callers = [Caller(netsuite.sandbox).sign_in() for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda caller: caller.ask(ALL_IDS, limit=1), callers))
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) == 2
        assert refused[0].json()["title"] == "Bad Request"
        assert refused[0].json()["o:errorDetails"][0]["o:errorCode"] == "CONCURRENCY_LIMIT_EXCEEDED"
        assert "Retry-After" not in refused[0].headers
        assert refused[0].elapsed.total_seconds() < 0.3
        assert netsuite.sandbox.control("GET", "/requests")["highest_in_flight"] == 3


class TestRole:
    def test_a_hidden_table_looks_as_if_it_were_not_there(self, netsuite):
        netsuite.sandbox.control("POST", "/settings", {"hidden_tables": ["customer"]})
        assert "Search error occurred: Record 'customer' was not found." in netsuite.refusal("SELECT id FROM customer")

    def test_a_hidden_column_is_an_unknown_identifier_and_not_in_the_star(self, netsuite):
        netsuite.sandbox.control("POST", "/settings", {"hidden_columns": ["transaction.total"]})
        assert "Unknown identifier 'total'" in netsuite.refusal("SELECT total FROM transaction")
        assert "total" not in netsuite.rows("SELECT * FROM transaction WHERE id = 101")[0]

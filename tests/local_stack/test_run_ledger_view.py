"""The summary of a run, and whether its numbers add up."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from include.local_stack.airflow_api import last_words
from include.local_stack.run_ledger_view import RunView, Summary, what_does_not_add_up
from include.local_stack.terminal import freshness_line

COUNTS: dict[str, dict[str, dict[str, Any]]] = {
    "run": {
        "fence": {"state": "success", "started_at": "2026-01-01T00:00:00", "rows": 0},
        "publish": {"state": "success", "started_at": "2026-01-01T00:00:09", "rows": 6, "users_created": 2},
    },
    "invoices": {
        "extract": {"state": "success", "started_at": "2026-01-01T00:00:01", "rows": 3},
        "validate": {
            "state": "success",
            "started_at": "2026-01-01T00:00:02",
            "rows": 3,
            "bad_rows": 1,
            "reasons": {"total is not a number": 1},
            "warnings": {"memo is long": 2},
        },
        "load": {"state": "running", "started_at": "2026-01-01T00:00:03", "rows": 2, "inserted": 2},
    },
}


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Engine]:
    engine = create_engine(warehouse_url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ops.sync_runs (account, run_id, dag_id, cutoff_at, counts) "
                "VALUES ('acme', 'run-1', 'netsuite_sync__acme', now(), :counts)"
            ),
            {"counts": json.dumps(COUNTS)},
        )
    yield engine
    engine.dispose()


def adds_up(**changes: list[dict[str, Any]]) -> Summary:
    numbers: dict[str, list[dict[str, Any]]] = {
        "entities": [{"entity": "invoices", "rows_read": 3, "rows_loaded": 2, "quarantined": 1}],
        "findings": [],
        "open_quarantine": [],
        "recipients": [],
        "users_and_credit": [{"users_created": 2}],
        "live_invoices": [{"invoices": 2, "recipients": 6}],
        "freshness": [],
    }
    return Summary(**(numbers | changes))


def test_progress_shows_the_steps_in_the_order_in_which_they_began(warehouse: Engine) -> None:
    steps = RunView(warehouse, "acme", "run-1").steps_so_far()
    assert [(step["entity"], step["step"]) for step in steps] == [
        ("run", "fence"),
        ("invoices", "extract"),
        ("invoices", "validate"),
        ("invoices", "load"),
        ("run", "publish"),
    ]
    assert steps[3] == {"entity": "invoices", "step": "load", "state": "running", "rows": 2}


def test_the_summary_counts_what_was_read_loaded_and_quarantined_and_why(warehouse: Engine) -> None:
    summary = RunView(warehouse, "acme", "run-1").summary()
    assert summary.entities == [
        {
            "entity": "invoices",
            "rows_read": 3,
            "rows_loaded": 2,
            "inserted": 2,
            "updated": 0,
            "unchanged": 0,
            "outdated": 0,
            "quarantined": 1,
        }
    ]
    assert summary.findings == [
        {"entity": "invoices", "kind": "quarantined", "rule": "total is not a number", "rows": 1},
        {"entity": "invoices", "kind": "warning", "rule": "memo is long", "rows": 2},
    ]
    assert summary.users_and_credit == [{"users_created": 2, "users_updated": 0, "users": 0, "credit_rows": 0}]


def test_another_accounts_run_is_not_in_the_summary(warehouse: Engine) -> None:
    assert RunView(warehouse, "other", "run-1").summary().entities == []


def test_numbers_that_add_up_are_no_fault() -> None:
    assert what_does_not_add_up(adds_up(), ["salesrep", "custbody_a", "custbody_b"]) == []


def test_a_row_that_was_read_but_neither_loaded_nor_quarantined_is_a_fault() -> None:
    lost = [{"entity": "invoices", "rows_read": 4, "rows_loaded": 2, "quarantined": 1}]
    faults = what_does_not_add_up(adds_up(entities=lost), ["a", "b", "c"])
    assert faults == ["invoices: read 4, but loaded 2 and quarantined 1"]


def test_an_entity_that_was_never_loaded_is_a_fault() -> None:
    unloaded = [{"entity": "terms", "rows_read": 4, "rows_loaded": None, "quarantined": 0}]
    assert what_does_not_add_up(adds_up(entities=unloaded), ["a", "b", "c"])


def test_recipients_that_are_not_one_per_invoice_and_owner_field_are_a_fault() -> None:
    (fault,) = what_does_not_add_up(adds_up(), ["salesrep", "custbody_a"])
    assert "holds 6 rows" in fault
    assert "make 4" in fault


def test_a_run_that_published_nothing_is_a_fault() -> None:
    assert what_does_not_add_up(adds_up(users_and_credit=[]), ["a", "b", "c"])


def test_the_last_words_of_a_failed_task_are_its_errors_message() -> None:
    log = [
        {"event": "starting"},
        {"event": "Task failed", "error_detail": [{"exc_type": "BadQuery", "exc_value": "Unknown identifier"}]},
        {"event": "::endgroup::"},
    ]
    assert last_words(log) == "Unknown identifier"
    assert last_words([{"event": "killed by signal 9"}]) == "killed by signal 9"


def test_the_summary_says_of_each_published_table_how_complete_it_is(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ops.publications (account, entity, complete_up_to, run_id) "
                "VALUES ('acme', 'customers', '2026-03-01 12:00+00', 'run-1')"
            )
        )
    (row,) = RunView(warehouse, "acme", "run-1").summary().freshness
    assert freshness_line(row) == (
        "publish.customer_credit: complete up to 2026-03-01 12:00:00 UTC, but for 0 records in quarantine; "
        "never reconciled"
    )


def test_differences_that_a_reconciliation_left_open_are_in_the_line() -> None:
    row = {
        "table_name": "publish.recipients",
        "complete_up_to": "2026-03-01 12:00:00 UTC",
        "last_reconciled_at": "2026-03-01 03:45:00 UTC",
        "open_differences": 2,
        "open_quarantine": 1,
    }
    assert freshness_line(row).endswith("last reconciled 2026-03-01 03:45:00 UTC, 2 differences open")

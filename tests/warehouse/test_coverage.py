"""The coverage ledger, and what publish.coverage makes of it (B4)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from include.extract.entities import CUSTOMERS, DELETIONS, EMPLOYEES, ENTITIES, INVOICES
from include.warehouse import migrate
from include.warehouse.errors import SqlFailed
from include.warehouse.ledger import RunLedger
from tests.warehouse.runs import ACCOUNT, CUTOFF_AT, Run, invoice, query

HOUR = timedelta(hours=1)
WINDOW = "window_from, window_to, read_from, rows_read, rows_loaded, rows_quarantined"


def windows(engine, entity: str = "invoices") -> list[tuple]:
    return query(
        engine,
        f"SELECT run_id, {WINDOW} FROM ops.extraction_windows WHERE entity = :entity ORDER BY window_to",
        entity=entity,
    )


def coverage(engine, columns: str, entity: str = "invoices") -> tuple:
    found = query(engine, f"SELECT {columns} FROM publish.coverage WHERE entity = :entity", entity=entity)
    assert len(found) == 1
    return found[0]


def run_at(engine, number: int) -> Run:
    return Run(engine, f"run {number}", cutoff_at=CUTOFF_AT + number * HOUR)


class TestTheLedger:
    def test_windows_follow_each_other_from_the_beginning_and_say_what_was_read_twice(self, warehouse):
        run_at(warehouse, 0).stage_and_load(INVOICES, [invoice(1), invoice(2), invoice(None)], [(3, "id is missing")])
        run_at(warehouse, 1).stage_and_load(INVOICES, [invoice(2)])
        assert windows(warehouse) == [
            ("run 0", None, CUTOFF_AT, None, 3, 2, 1),
            ("run 1", CUTOFF_AT, CUTOFF_AT + HOUR, CUTOFF_AT - INVOICES.overlap, 1, 1, 0),
        ]

    def test_a_full_read_is_a_window_from_the_beginning(self, warehouse):
        for number in range(2):
            run_at(warehouse, number).stage_and_load(EMPLOYEES, [])
        assert [(start, read_from) for _, start, _, read_from, *_ in windows(warehouse, "employees")] == [
            (None, None),
            (None, None),
        ]

    def test_a_load_that_fails_leaves_neither_window_nor_watermark(self, warehouse):
        run = run_at(warehouse, 0)
        run.stage(INVOICES, [invoice("no number")])
        with pytest.raises(SqlFailed):
            run.load(INVOICES)
        assert windows(warehouse) == []
        assert run.ledger.watermarks() == {}

    def test_a_run_that_loads_again_keeps_its_window(self, warehouse):
        run = run_at(warehouse, 0)
        run.stage_and_load(INVOICES, [invoice(1)])
        run_at(warehouse, 1).stage_and_load(INVOICES, [])
        run.load(INVOICES)
        run.stage_and_load(INVOICES, [invoice(1), invoice(2)])
        assert windows(warehouse) == [
            ("run 0", None, CUTOFF_AT, None, 2, 2, 0),
            ("run 1", CUTOFF_AT, CUTOFF_AT + HOUR, CUTOFF_AT - INVOICES.overlap, 0, 0, 0),
        ]

    def test_the_overlap_is_the_accounts(self, warehouse):
        run_at(warehouse, 0).stage_and_load(INVOICES, [])
        ledger = RunLedger(warehouse, ACCOUNT, "wide", "netsuite_sync__acme")
        fence = ledger.pass_fence(CUTOFF_AT + HOUR, [replace(INVOICES, overlap=5 * HOUR)])
        assert fence.windows == {"invoices": CUTOFF_AT - 5 * HOUR}

    def test_a_clock_that_went_back_covers_nothing_new(self, warehouse):
        run_at(warehouse, 0).stage_and_load(INVOICES, [])
        run_at(warehouse, -2).stage_and_load(INVOICES, [])
        back = CUTOFF_AT - 2 * HOUR
        assert windows(warehouse)[0] == ("run -2", back, back, back - INVOICES.overlap, 0, 0, 0)
        assert coverage(warehouse, "fresh_up_to, without_gap") == (CUTOFF_AT, True)


class TestCoverage:
    def test_it_says_how_fresh_and_how_complete_each_entity_is(self, warehouse):
        run = run_at(warehouse, 0)
        run.stage_and_load(INVOICES, [invoice(1), invoice(2), invoice(3)], [(3, "total is not a number")])
        run.stage_and_load(DELETIONS, [{"id": "2", "record_type": "invoice", "deleted_at": "2026-03-01T00:00:00Z"}])
        run.ledger.finish("success")
        assert coverage(
            warehouse,
            "account, fresh_up_to, covered_from, without_gap, live_rows, open_quarantine, last_run_id, last_run_state, "
            "last_reconciled_at",
        ) == (ACCOUNT, CUTOFF_AT, None, True, 1, 1, "run 0", "success", None)
        assert coverage(warehouse, "covered_from, without_gap, live_rows", "deletions") == (
            CUTOFF_AT - DELETIONS.overlap,
            True,
            None,
        )

    def test_its_age_is_counted_from_the_watermark(self, warehouse):
        run_at(warehouse, 0).stage_and_load(INVOICES, [])
        assert coverage(warehouse, "now() - age") == (CUTOFF_AT,)

    def test_what_was_never_loaded_is_shown_as_such(self, warehouse):
        run_at(warehouse, 0)
        columns = "fresh_up_to, age, without_gap, live_rows, open_quarantine, last_run_state"
        assert coverage(warehouse, columns) == (None, None, False, 0, 0, "running")
        assert len(query(warehouse, "SELECT entity FROM publish.coverage")) == len(ENTITIES)

    def test_it_shows_a_gap_and_is_complete_only_after_it(self, warehouse):
        for number in range(4):
            run_at(warehouse, number).stage_and_load(INVOICES, [])
        query(warehouse, "DELETE FROM ops.extraction_windows WHERE run_id = 'run 2'")
        assert coverage(warehouse, "without_gap, covered_from") == (False, CUTOFF_AT + 2 * HOUR)

    def test_windows_that_end_before_the_watermark_are_not_without_a_gap(self, warehouse):
        for number in range(2):
            run_at(warehouse, number).stage_and_load(INVOICES, [])
        query(warehouse, "DELETE FROM ops.extraction_windows WHERE run_id = 'run 1'")
        assert coverage(warehouse, "without_gap") == (False,)

    def test_a_skipped_and_a_failed_run_leave_no_gap(self, warehouse):
        """P3: the next run that succeeds makes up for them."""
        run_at(warehouse, 0).stage_and_load(INVOICES, [])
        run_at(warehouse, 1).ledger.finish("failed", "NetSuite is down")
        run_at(warehouse, 30).stage_and_load(INVOICES, [])
        assert coverage(warehouse, "without_gap, fresh_up_to, last_run_id") == (True, CUTOFF_AT + 30 * HOUR, "run 30")

    def test_the_last_run_is_a_sync(self, warehouse):
        run_at(warehouse, 0).stage_and_load(INVOICES, [])
        RunLedger(warehouse, ACCOUNT, "daily", "netsuite_reconcile__acme").pass_fence(CUTOFF_AT, [])
        assert coverage(warehouse, "last_run_id") == ("run 0",)

    def test_accounts_are_told_apart(self, warehouse):
        run_at(warehouse, 0).stage_and_load(INVOICES, [invoice(1)])
        Run(warehouse, "run 0", "globex").stage_and_load(INVOICES, [invoice(1), invoice(2)])
        found = query(warehouse, "SELECT account, live_rows FROM publish.coverage WHERE entity = 'invoices' ORDER BY 1")
        assert found == [("acme", 1), ("globex", 2)]


def test_runs_from_before_the_coverage_ledger_are_in_it(warehouse, warehouse_url):
    first = run_at(warehouse, 0)
    for entity in (INVOICES, CUSTOMERS, DELETIONS):
        first.stage_and_load(entity, [])
    run_at(warehouse, 1).stage_and_load(INVOICES, [])
    migrate.downgrade(warehouse_url, "0001")
    migrate.upgrade(warehouse_url)
    assert coverage(warehouse, "covered_from, without_gap") == (None, True)
    assert coverage(warehouse, "covered_from, without_gap", "customers") == (None, True)
    assert coverage(warehouse, "covered_from, without_gap", "deletions") == (CUTOFF_AT - DELETIONS.overlap, True)
    run_at(warehouse, 2).stage_and_load(INVOICES, [])
    assert coverage(warehouse, "without_gap, fresh_up_to") == (True, CUTOFF_AT + 2 * HOUR)

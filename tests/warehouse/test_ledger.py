"""The run ledger: the fence of a run, what its steps count, and the watermarks."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from include.extract.entities import DELETIONS, EMPLOYEES, ENTITIES, INVOICES
from include.warehouse.errors import FenceNotPassed, SqlFailed
from include.warehouse.ledger import RunLedger
from tests.warehouse.runs import query

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def ledger(warehouse):
    return RunLedger(warehouse, "acme", "run 1", "netsuite_sync__acme")


def run_row(engine, column: str):
    return query(engine, f"SELECT {column} FROM ops.sync_runs WHERE run_id = 'run 1'")[0][0]


def step_record(engine, entity: str, step: str) -> dict:
    return run_row(engine, f"counts -> '{entity}' -> '{step}'")


def set_watermark(
    ledger: RunLedger,
    entity: str,
    read_up_to: datetime,
    fields: list[str] | None = None,
    columns: list[str] | None = None,
) -> None:
    with ledger.engine.begin() as connection:
        ledger.advance_watermark(connection, entity, read_up_to, fields or [], columns or [])


class TestTheFence:
    def test_the_first_run_reads_everything(self, ledger):
        fence = ledger.pass_fence(NOON, ENTITIES)
        assert fence.cutoff_at == NOON
        from_beginning = dict.fromkeys(["invoices", "employees", "customers", "terms"])
        assert fence.windows == {**from_beginning, "deletions": NOON - DELETIONS.overlap}

    def test_deletions_are_read_from_the_first_run_on_though_that_run_failed_there(self, ledger, warehouse):
        """D9: the first run may have loaded an invoice that is deleted before the second."""
        ledger.pass_fence(NOON, ENTITIES)
        later = RunLedger(warehouse, "acme", "run 2", "netsuite_sync__acme")
        fence = later.pass_fence(NOON + timedelta(days=3), ENTITIES)
        assert fence.windows["deletions"] == NOON - DELETIONS.overlap

    def test_a_clock_that_went_back_makes_the_next_run_read_the_overlap_before_it(self, ledger):
        set_watermark(ledger, "invoices", NOON)
        back = NOON - timedelta(hours=3)
        assert ledger.pass_fence(back, [INVOICES]).windows == {"invoices": back - INVOICES.overlap}

    def test_a_column_that_the_account_has_now_makes_it_read_everything_and_one_that_is_gone_does_not(self, ledger):
        """P3: rows that were read without the column would lack it for as long as no one touches them."""
        set_watermark(ledger, "invoices", NOON - timedelta(hours=9), columns=["t.memo"])
        both = ledger.pass_fence(NOON, [INVOICES], columns={"invoices": ["t.memo", "t.terms"]})
        assert both.windows == {"invoices": None}
        assert both.columns == {"invoices": ["t.memo", "t.terms"]}
        later = RunLedger(ledger.engine, "acme", "run 2", "netsuite_sync__acme")
        assert later.pass_fence(NOON, [INVOICES], columns={}).windows["invoices"] is not None

    def test_the_overlap_is_a_span_of_time_though_the_clocks_change_in_it(self, ledger):
        """Noon of the day on which New York's clocks went forward, less a day, is eleven o'clock there."""
        noon = datetime(2026, 3, 8, 12, tzinfo=ZoneInfo("America/New_York"))
        assert ledger.pass_fence(noon, [DELETIONS]).windows == {"deletions": datetime(2026, 3, 7, 16, tzinfo=UTC)}

    def test_incremental_entities_are_read_from_the_watermark_less_the_overlap_and_others_in_full(self, ledger):
        for entity in ("invoices", "employees", "deletions"):
            set_watermark(ledger, entity, NOON)
        windows = ledger.pass_fence(NOON + timedelta(hours=6), ENTITIES).windows
        assert windows["invoices"] == NOON - INVOICES.overlap
        assert windows["deletions"] == NOON - DELETIONS.overlap
        assert windows["employees"] is None

    def test_a_field_that_joins_the_account_file_makes_the_next_run_read_everything(self, ledger):
        """O1, O9: rows that are there already lack the new owner."""
        set_watermark(ledger, "invoices", NOON, ["salesrep"])
        fence = ledger.pass_fence(NOON, [INVOICES], {"invoices": ["salesrep", "custbody_collector"]})
        assert fence.windows == {"invoices": None}
        assert fence.fields == {"invoices": ["salesrep", "custbody_collector"]}

    def test_a_field_that_left_the_account_file_changes_nothing(self, ledger):
        set_watermark(ledger, "invoices", NOON, ["salesrep", "custbody_collector"])
        fence = ledger.pass_fence(NOON, [INVOICES], {"invoices": ["salesrep"]})
        assert fence.windows == {"invoices": NOON - INVOICES.overlap}

    def test_a_run_that_begins_again_keeps_its_first_fence(self, ledger):
        first = ledger.pass_fence(NOON, ENTITIES)
        set_watermark(ledger, "invoices", NOON)
        assert ledger.pass_fence(NOON + timedelta(hours=1), [INVOICES]) == first
        assert ledger.fence() == first

    def test_a_failed_run_that_begins_again_is_running(self, ledger, warehouse):
        ledger.pass_fence(NOON, ENTITIES)
        ledger.finish("failed", "NetSuite is down")
        assert query(warehouse, "SELECT state, error, finished_at IS NULL FROM ops.sync_runs") == [
            ("failed", "NetSuite is down", False)
        ]
        ledger.pass_fence(NOON, ENTITIES)
        assert query(warehouse, "SELECT state, error, finished_at FROM ops.sync_runs") == [("running", None, None)]

    def test_without_a_fence_there_is_a_clear_error(self, ledger):
        with pytest.raises(FenceNotPassed, match=r"'run 1' of account 'acme'.*Clear the DAG's first task"):
            ledger.fence()

    def test_a_fence_step_that_failed_is_in_the_ledger_but_is_no_fence(self, ledger, warehouse):
        with pytest.raises(RuntimeError), ledger.step("run", "fence"):
            raise RuntimeError("wrong key")
        assert step_record(warehouse, "run", "fence")["error"] == "wrong key"
        with pytest.raises(FenceNotPassed):
            ledger.fence()
        assert ledger.pass_fence(NOON, [EMPLOYEES]).windows == {"employees": None}

    def test_a_cut_off_without_time_zone_is_refused(self, ledger):
        with pytest.raises(ValueError, match="time zone"):
            ledger.pass_fence(datetime(2026, 3, 1, 12), ENTITIES)  # noqa: DTZ001 (the very point)

    def test_runs_of_other_accounts_with_the_same_id_have_their_own_fence(self, ledger, warehouse):
        ledger.pass_fence(NOON, ENTITIES)
        other = RunLedger(warehouse, "globex", "run 1", "netsuite_sync__globex")
        with pytest.raises(FenceNotPassed):
            other.fence()


class TestSteps:
    def test_a_step_ends_as_success_with_its_counts_and_times(self, ledger, warehouse):
        with ledger.step("invoices", "extract") as counts:
            counts.add(rows=1000, pages=1)
            counts.add(rows=500, pages=1)
            counts.set(missing_columns=["memo"])
        assert counts.as_dict() == {"rows": 1500, "pages": 2, "missing_columns": ["memo"]}
        record = step_record(warehouse, "invoices", "extract")
        assert record.items() >= {"state": "success", "rows": 1500, "pages": 2, "missing_columns": ["memo"]}.items()
        assert record["started_at"] <= record["finished_at"]
        assert query(warehouse, "SELECT entity, step, state, rows FROM ops.sync_steps") == [
            ("invoices", "extract", "success", 1500)
        ]

    def test_people_see_the_rows_so_far_at_most_twice_a_second(self, ledger, warehouse):
        with ledger.step("invoices", "extract") as counts:
            assert step_record(warehouse, "invoices", "extract")["state"] == "running"
            counts.add(rows=1)
            assert step_record(warehouse, "invoices", "extract")["rows"] == 1
            counts.add(rows=1)
            assert step_record(warehouse, "invoices", "extract")["rows"] == 1
            time.sleep(0.6)
            counts.add(rows=1)
            assert step_record(warehouse, "invoices", "extract")["rows"] == 3

    def test_a_step_that_fails_is_written_with_its_error_which_goes_on(self, ledger, warehouse):
        with pytest.raises(RuntimeError, match="no way"), ledger.step("invoices", "extract") as counts:
            counts.add(rows=7)
            counts.add(rows=1)
            raise RuntimeError("no way\0 \ud800")
        record = step_record(warehouse, "invoices", "extract")
        assert (record["state"], record["rows"], record["error"]) == ("failed", 8, "no way ?")

    def test_a_warehouse_error_in_a_step_is_not_hidden_by_writing_it(self, ledger, warehouse):
        with pytest.raises(RuntimeError, match="first"), ledger.step("invoices", "extract"):
            query(warehouse, "ALTER TABLE ops.sync_runs RENAME TO elsewhere")
            raise RuntimeError("first")

    def test_a_step_that_runs_again_begins_with_no_counts(self, ledger, warehouse):
        with pytest.raises(RuntimeError), ledger.step("invoices", "extract") as counts:
            counts.add(rows=7, pages=3)
            raise RuntimeError("no way")
        with ledger.step("invoices", "extract"):
            pass
        record = step_record(warehouse, "invoices", "extract")
        assert "pages" not in record
        assert "error" not in record
        assert record["rows"] == 0

    def test_steps_side_by_side_never_lose_each_others_counts(self, ledger, warehouse):
        steps = [(f"entity {number}", step) for number in range(3) for step in ("extract", "load")]

        def work(entity: str, step: str) -> None:
            with ledger.step(entity, step) as counts:
                for _ in range(20):
                    counts.add(rows=1)
                    counts.write()

        with ThreadPoolExecutor(len(steps)) as threads:
            for done in [threads.submit(work, *step) for step in steps]:
                done.result()
        assert set(query(warehouse, "SELECT entity, step, state, rows FROM ops.sync_steps")) == {
            (entity, step, "success", 20) for entity, step in steps
        }

    def test_counts_of_several_threads_add_up(self, ledger):
        with ledger.step("invoices", "extract") as counts, ThreadPoolExecutor(4) as threads:
            for done in [threads.submit(counts.add, rows=1) for _ in range(200)]:
                done.result()
        assert counts.as_dict()["rows"] == 200

    def test_rows_and_counts_are_committed_together_or_not_at_all(self, ledger, warehouse):
        query(warehouse, "CREATE TABLE ops.t (id bigint)")
        with (
            pytest.raises(RuntimeError),
            ledger.step("invoices", "load") as counts,
            counts.transaction() as connection,
        ):
            connection.exec_driver_sql("INSERT INTO ops.t VALUES (1)")
            raise RuntimeError("killed")
        assert query(warehouse, "SELECT * FROM ops.t") == []
        with ledger.step("invoices", "load") as counts:
            assert counts.committed_before is None
            with counts.transaction() as connection:
                connection.exec_driver_sql("INSERT INTO ops.t VALUES (2)")
                counts.set(rows=1)
        assert query(warehouse, "SELECT * FROM ops.t") == [(2,)]
        assert step_record(warehouse, "invoices", "load")["state"] == "success"

    def test_what_was_committed_is_known_to_every_later_attempt(self, ledger):
        with ledger.step("invoices", "load") as counts, counts.transaction():
            counts.set(rows=5, inserted=5)
        for _ in range(2):
            with pytest.raises(RuntimeError), ledger.step("invoices", "load") as counts:
                assert counts.committed_before == {"rows": 5, "inserted": 5}
                raise RuntimeError("killed")


class TestWatermarks:
    def test_a_watermark_moves_forward_only(self, ledger):
        assert ledger.watermarks() == {}
        set_watermark(ledger, "invoices", NOON)
        set_watermark(ledger, "invoices", NOON - timedelta(hours=1))
        assert ledger.watermarks() == {"invoices": (NOON, [], [])}
        set_watermark(ledger, "invoices", NOON + timedelta(hours=1))
        assert ledger.watermarks() == {"invoices": (NOON + timedelta(hours=1), [], [])}

    def test_each_account_has_its_own(self, ledger, warehouse):
        set_watermark(ledger, "invoices", NOON)
        assert RunLedger(warehouse, "globex", "run 1", "dag").watermarks() == {}

    def test_a_state_that_no_run_has_is_refused(self, ledger):
        ledger.pass_fence(NOON, [])
        with pytest.raises(SqlFailed, match=r"finish_run\.sql"):
            ledger.finish("done")

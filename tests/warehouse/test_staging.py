"""Staging: texts arrive in PostgreSQL exactly as they were read, and the table is whole or not there."""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.warehouse.errors import WrongColumns
from include.warehouse.ledger import RunLedger, Span
from include.warehouse.staging import Derivation, StagingTable, drop, drop_abandoned, stage
from tests.warehouse.runs import as_table, query

TABLE = StagingTable("acme", "scheduled__2026-03-01T12:00:00+00:00", "invoices")

awkward = st.sampled_from(
    ["", '"', '""', "\\N", "\\.", "\n", "\r\n", "\r", "a\n\\.\nb", ",", "'", "\0", "\ufeff", "NULL"]
)
texts = st.none() | awkward | st.text(st.characters(exclude_categories=["Cs"]))


def staged(engine, columns: str = "*", table: StagingTable = TABLE) -> list[tuple]:
    return query(engine, f"SELECT {columns} FROM staging.{table.name} ORDER BY row_number")


def exists(engine, name: str) -> bool:
    return query(engine, "SELECT to_regclass(:name) IS NOT NULL", name=f"staging.{name}")[0][0]


@given(rows=st.lists(st.tuples(texts, texts), max_size=30))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_text_arrives_exactly_with_null_and_empty_kept_apart_and_only_nul_replaced(warehouse, rows):
    batch = as_table([{"memo": first, "Odd name": second} for first, second in rows], ["memo", "Odd name"])
    assert stage(warehouse, TABLE, ["memo", "Odd name"], [batch]) == len(rows)
    expected = [
        (number, *(value and value.replace("\0", "\ufffd") for value in row)) for number, row in enumerate(rows, 1)
    ]
    assert staged(warehouse, 'row_number, memo, "Odd name"') == expected


def test_rows_are_numbered_over_all_batches_in_the_order_given(warehouse):
    batches = [as_table([{"id": str(number)} for number in range(start, start + 3)], ["id"]) for start in (0, 3, 6)]
    assert stage(warehouse, TABLE, ["id"], batches) == 9
    assert staged(warehouse) == [(number + 1, str(number)) for number in range(9)]


def test_columns_come_in_the_order_asked_for_and_others_are_left_out(warehouse):
    batch = as_table([{"a": "1", "b": "2", "c": "3"}], ["a", "b", "c"])
    stage(warehouse, TABLE, ["c", "a"], [batch])
    assert staged(warehouse) == [(1, "3", "1")]


def test_a_column_without_any_value_is_text_too(warehouse):
    batch = pa.table({"id": pa.array(["1", "2"]), "memo": pa.nulls(2)})
    stage(warehouse, TABLE, ["id", "memo"], [batch])
    assert staged(warehouse) == [(1, "1", None), (2, "2", None)]


def test_derived_columns_are_computed_from_their_source_null_included(warehouse):
    derive = {
        "loud": Derivation("memo", lambda value: value and value.upper()),
        "known": Derivation("memo", lambda value: None if value is None else "yes"),
    }
    batch = as_table([{"memo": "straße"}, {"memo": None}, {"memo": ""}], ["memo"])
    stage(warehouse, TABLE, ["memo"], [batch], derive=derive)
    assert staged(warehouse, "memo, loud, known") == [("straße", "STRASSE", "yes"), (None, None, None), ("", "", "yes")]


def test_staging_again_replaces_the_table_and_forgets_its_bad_rows(warehouse):
    stage(warehouse, TABLE, ["id"], [as_table([{"id": "1"}, {"id": "2"}], ["id"])])
    query(warehouse, f"CREATE TABLE staging.{TABLE.bad_name} (row_number bigint, reason text)")
    stage(warehouse, TABLE, ["memo"], [as_table([{"memo": "new"}], ["memo"])])
    assert staged(warehouse) == [(1, "new")]
    assert not exists(warehouse, TABLE.bad_name)


def test_nothing_read_gives_an_empty_table(warehouse):
    assert stage(warehouse, TABLE, ["id"], []) == 0
    assert staged(warehouse) == []


def test_a_reading_that_breaks_off_leaves_the_table_as_it_was(warehouse):
    def breaking() -> Iterator[pa.Table]:
        yield as_table([{"id": "2"}] * 3, ["id"])
        raise RuntimeError("landing area is gone")

    stage(warehouse, TABLE, ["id"], [as_table([{"id": "1"}], ["id"])])
    with pytest.raises(RuntimeError, match="landing area"):
        stage(warehouse, TABLE, ["id"], breaking())
    assert staged(warehouse) == [(1, "1")]


def test_a_batch_without_a_column_is_refused_with_what_to_do(warehouse):
    with pytest.raises(WrongColumns, match=r"\['custbody_x'\].*clear the entity's extract task"):
        stage(warehouse, TABLE, ["id", "custbody_x"], [as_table([{"id": "1"}], ["id"])])
    assert not exists(warehouse, TABLE.name)


def test_rows_are_reported_as_they_are_sent(warehouse):
    reported: list[int] = []
    stage(warehouse, TABLE, ["id"], [as_table([{"id": "1"}] * 25_000, ["id"])], on_rows=reported.append)
    assert sum(reported) == 25_000
    assert len(reported) > 1


def test_memory_does_not_grow_with_the_number_of_rows(warehouse):
    batch = as_table([{"memo": "x" * 200}] * 1000, ["memo"])

    def peak_of(batches: int) -> int:
        tracemalloc.start()
        arrow_before = pa.total_allocated_bytes()
        peaks: list[int] = []
        stage(
            warehouse,
            TABLE,
            ["memo"],
            (batch for _ in range(batches)),
            on_rows=lambda _: peaks.append(pa.total_allocated_bytes() - arrow_before),
        )
        python_peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return python_peak + max(peaks)

    assert peak_of(100) < 2 * peak_of(5)


def test_names_of_tables_are_lower_case_and_short_whatever_the_run_is_called():
    long = StagingTable("acme", "manual__" + "Ü" * 500 + "'\"", "customers")
    assert long.name.startswith("customers__")
    assert len(long.bad_name) < 63
    assert long.bad_name == f"{long.name}__bad"
    assert long.name.isascii()
    assert long.name == long.name.lower()
    assert TABLE.name != StagingTable("acme2", TABLE.run_id, "invoices").name


def test_the_table_is_unlogged_and_says_whose_it_is_and_how_many_rows_it_was_given(warehouse):
    stage(warehouse, TABLE, ["id"], [as_table([{"id": "1"}, {"id": "2"}], ["id"])])
    said = query(
        warehouse,
        "SELECT relpersistence, obj_description(oid) FROM pg_class WHERE oid = to_regclass(:name)",
        name=f"staging.{TABLE.name}",
    )
    assert said[0][0] in {"u", b"u"}
    assert TABLE.run_id in said[0][1]
    assert "acme" in said[0][1]
    assert ": 2 rows;" in said[0][1]


def test_dropping_takes_the_bad_rows_along_and_may_be_done_twice(warehouse):
    stage(warehouse, TABLE, ["id"], [])
    query(warehouse, f"CREATE TABLE staging.{TABLE.bad_name} (row_number bigint, reason text)")
    for _ in range(2):
        with warehouse.begin() as connection:
            drop(connection, TABLE)
    assert not exists(warehouse, TABLE.name)
    assert not exists(warehouse, TABLE.bad_name)


def test_failed_runs_that_may_be_tried_again_beside_this_one_keep_their_staging_for_a_day(warehouse):
    """Of this DAG a backfill, and of the account's other DAGs any run; and whatever waits for approval (B5)."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    runs = {"backfill": "sync", "re-sync": "resync", "earlier": "sync", "waiting": "resync", "this run": "sync"}
    for run_id, dag_id in runs.items():
        ledger = RunLedger(warehouse, "acme", run_id, dag_id)
        if run_id in {"backfill", "waiting"}:
            ledger.pass_fence_beside(at, {"terms": Span(None, None)}, {})
        else:
            ledger.pass_fence(at, [])
        stage(warehouse, StagingTable("acme", run_id, "terms"), ["id"], [])
        ledger.finish("failed", "gone") if run_id != "waiting" else ledger.wait()

    def left() -> set[str]:
        with warehouse.begin() as connection:
            drop_abandoned(connection, "acme", except_of="this run")
        return {run_id for run_id in runs if exists(warehouse, StagingTable("acme", run_id, "terms").name)}

    assert left() == {"backfill", "re-sync", "waiting", "this run"}
    query(warehouse, "UPDATE ops.sync_runs SET finished_at = now() - interval '25 hours' WHERE state = 'failed'")
    assert left() == {"waiting", "this run"}


def test_what_failed_runs_left_behind_is_dropped_and_nothing_else(warehouse):
    batch = as_table([{"id": "1"}], ["id"])
    states = {"failed": "failed", "still running": "running", "this run": "failed"}
    for run_id, state in states.items():
        ledger = RunLedger(warehouse, "acme", run_id, "dag")
        ledger.pass_fence(datetime(2026, 3, 1, tzinfo=UTC), [])
        stage(warehouse, StagingTable("acme", run_id, "invoices"), ["id"], [batch])
        if state == "failed":
            ledger.finish("failed", "bad batch")
    stage(warehouse, StagingTable("globex", "failed", "invoices"), ["id"], [batch])
    with warehouse.begin() as connection:
        assert drop_abandoned(connection, "acme", except_of="this run") == 1
    assert not exists(warehouse, StagingTable("acme", "failed", "invoices").name)
    for account, run_id in (("acme", "still running"), ("acme", "this run"), ("globex", "failed")):
        assert exists(warehouse, StagingTable(account, run_id, "invoices").name)

"""What holds for whatever NetSuite sends: loading twice, in parts or in another order gives the same tables (P3)."""

import itertools
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.extract.entities import INVOICES
from tests.warehouse.runs import CUTOFF_AT, Row, Run, query

accounts = (f"account {number}" for number in itertools.count())
quick = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Version(NamedTuple):
    """An invoice as it was at one time; bad ones break a rule of validation."""

    id: int
    number: int
    is_bad: bool


versions = st.builds(Version, st.integers(1, 6), st.integers(0, 4), st.booleans())
batches_of = st.lists(st.lists(versions, max_size=6, unique_by=lambda version: version.id), min_size=1, max_size=4)


def as_row(version: Version) -> Row:
    return {
        "id": f"{version.id}.0" if version.number % 2 else str(version.id),
        "total": "x" if version.is_bad else f"{version.number}.5",
        "memo": None if version.number == 1 else f"version {version.number}",
        "last_modified_at": f"2026-02-01T00:00:0{version.number}Z",
        "salesrep": None if version.number == 3 else str(version.number + 1),
    }


def load_all(engine, batches: Iterable[Sequence[Version]]) -> str:
    """Load the batches one run after the other, for an account of its own."""
    account = next(accounts)
    for number, batch in enumerate(batches):
        run = Run(engine, f"run {number}", account, CUTOFF_AT + timedelta(hours=number))
        bad = [(place, "total is not a number") for place, version in enumerate(batch, 1) if version.is_bad]
        run.stage_and_load(INVOICES, [as_row(version) for version in batch], bad)
    return account


def loaded(engine, account: str, *, of_quarantine: bool = True) -> list[list[tuple]]:
    statements = [
        "SELECT to_jsonb(t) - 'run_id' - 'account' FROM raw.invoices AS t WHERE account = :account ORDER BY id",
        "SELECT to_jsonb(t) - 'run_id' - 'account' FROM raw.invoice_owners AS t WHERE account = :account "
        "ORDER BY invoice_id",
        "SELECT record_id, reasons, payload FROM quarantine.rows WHERE account = :account AND resolved_at IS NULL "
        "ORDER BY record_id",
    ]
    return [query(engine, statement, account=account) for statement in statements[: 3 if of_quarantine else 2]]


def row_versions(engine, account: str) -> list[list[tuple]]:
    tables = ("raw.invoices", "raw.invoice_owners", "quarantine.rows")
    statement = "SELECT xmin::text, t::text FROM {} AS t WHERE account = :account ORDER BY 2"
    return [query(engine, statement.format(table), account=account) for table in tables]


@given(batches=batches_of)
@quick
def test_the_last_batch_loaded_again_touches_no_row(shared_warehouse, batches):
    account = load_all(shared_warehouse, batches)
    before = row_versions(shared_warehouse, account)
    again = Run(shared_warehouse, "again", account, CUTOFF_AT + timedelta(hours=9))
    bad = [(place, "total is not a number") for place, version in enumerate(batches[-1], 1) if version.is_bad]
    counts = again.stage_and_load(INVOICES, [as_row(version) for version in batches[-1]], bad)
    assert (counts.inserted, counts.updated, counts.resolved) == (0, 0, 0)
    assert row_versions(shared_warehouse, account) == before


@given(batches=batches_of, cuts=st.lists(st.integers(0, 6), min_size=4, max_size=4))
@quick
def test_however_a_batch_is_split_the_tables_are_the_same(shared_warehouse, batches, cuts):
    parts = [part for batch, cut in zip(batches, cuts, strict=False) for part in (batch[:cut], batch[cut:])]
    whole, split = load_all(shared_warehouse, batches), load_all(shared_warehouse, parts)
    assert loaded(shared_warehouse, split) == loaded(shared_warehouse, whole)


@given(batches=batches_of, data=st.data())
@quick
def test_in_whatever_order_batches_arrive_the_newest_good_version_of_each_row_stays(shared_warehouse, batches, data):
    shuffled = data.draw(st.permutations(batches))
    in_order, out_of_order = load_all(shared_warehouse, batches), load_all(shared_warehouse, shuffled)
    assert loaded(shared_warehouse, out_of_order, of_quarantine=False) == loaded(
        shared_warehouse, in_order, of_quarantine=False
    )
    good = [version for batch in batches for version in batch if not version.is_bad]
    newest = {id: max(version.number for version in good if version.id == id) for id in {row.id for row in good}}
    found = query(shared_warehouse, "SELECT id, total FROM raw.invoices WHERE account = :account", account=in_order)
    assert {id: float(total) for id, total in found} == {id: number + 0.5 for id, number in newest.items()}


@given(batches=batches_of)
@quick
def test_every_row_of_a_batch_is_counted_once(shared_warehouse, batches):
    account = next(accounts)
    for number, batch in enumerate(batches):
        run = Run(shared_warehouse, f"run {number}", account)
        bad = [(place, "odd") for place, version in enumerate(batch, 1) if version.is_bad]
        counts = run.stage_and_load(INVOICES, [as_row(version) for version in batch], bad)
        assert counts.rows + counts.quarantined == len(batch)
        assert counts.quarantined == len(bad)
        assert counts.rows == counts.inserted + counts.updated + counts.unchanged + counts.outdated

"""What counts as a difference between NetSuite's listing and raw, and what is done about it (B4)."""

from datetime import timedelta

import pytest

from include.extract.entities import INVOICES, TERMS
from include.reconcile.errors import NeverSynced, NotCompared, StillDifferent, TooManyGone
from include.reconcile.listing import listing_table
from include.reconcile.reconcile import Comparison, Reconciliation
from include.warehouse.ledger import RunLedger
from include.warehouse.staging import stage
from tests.warehouse.runs import ACCOUNT, CUTOFF_AT, Run, as_table, invoice, query

RUN_ID = "reconcile__1"
FENCE = CUTOFF_AT + timedelta(hours=1)
LONG_AGO, LATER = "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"
AT_WATERMARK, JUST_BEFORE = "2026-03-01T12:00:00Z", "2026-03-01T11:59:59Z"
AFTER_FENCE = "2026-03-01T13:00:01Z"


def compared(warehouse, listed, *, entity=INVOICES, columns=()) -> tuple[Reconciliation, Comparison]:
    """A comparison with a listing of ids, modified instants and more; the sync's watermark is CUTOFF_AT."""
    ledger = RunLedger(warehouse, ACCOUNT, RUN_ID, "netsuite_reconcile__acme")
    ledger.pass_fence(FENCE, ())
    columns = ["id"] if entity is TERMS else ["id", "last_modified_at", *columns]
    rows = [dict(zip(columns, row, strict=False)) for row in listed]
    stage(warehouse, listing_table(ACCOUNT, RUN_ID, entity), columns, [as_table(rows, columns)])
    reconciliation = Reconciliation(ledger, entity)
    return reconciliation, reconciliation.compare()


@pytest.fixture
def synced(warehouse):
    """Invoices 1 to 10 in raw, as a sync left them; 11 waits in quarantine."""
    rows = [invoice(number) for number in range(1, 11)]
    Run(warehouse).stage_and_load(INVOICES, [*rows, invoice(11, total="x")], bad=[(11, "total is not a number")])
    return warehouse


SAME = [(str(number), "2026-02-01T00:00:00Z") for number in range(1, 11)]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (SAME, {}),
        ([*SAME, ("12", LONG_AGO)], {"lost": [12]}),
        ([*SAME, ("12", None)], {"lost": [12]}),
        ([*SAME, ("12", JUST_BEFORE)], {"lost": [12]}),
        ([*SAME, ("12", AT_WATERMARK)], {}),
        ([*SAME, ("12", AFTER_FENCE)], {}),
        ([*SAME, ("11", LONG_AGO)], {}),
        ([*SAME[1:], ("1", LATER)], {"changed": [1]}),
        ([*SAME[1:], ("1", LONG_AGO)], {"changed": [1]}),
        ([*SAME[1:], ("1", AT_WATERMARK)], {}),
        (SAME[1:], {"deleted_silently": [1]}),
        ([*SAME[2:], ("2", LATER), ("1.2E1", LONG_AGO)], {"lost": [12], "changed": [2], "deleted_silently": [1]}),
    ],
)
def test_a_record_differs_only_if_a_sync_should_have_brought_it(synced, listed, expected):
    _, found = compared(synced, listed)
    assert found.examples == expected
    assert (found.netsuite_rows, found.raw_rows) == (len(listed), 10)
    assert found.quarantined == (1 if ("11", LONG_AGO) in listed else 0)


def test_an_older_version_beside_one_in_quarantine_is_no_difference(synced):
    Run(synced, "run 2", cutoff_at=CUTOFF_AT + timedelta(minutes=1)).stage_and_load(
        INVOICES, [invoice(1, last_modified_at=LATER, total="x")], bad=[(1, "total is not a number")]
    )
    _, found = compared(synced, [*SAME[1:], ("1", LATER)])
    assert (found.examples, found.quarantined) == ({}, 1)


def test_what_a_sync_brought_after_the_fence_is_newer_than_the_listing(synced):
    late = Run(synced, "run 2", cutoff_at=FENCE + timedelta(hours=1))
    late.stage_and_load(INVOICES, [invoice(1, last_modified_at=AFTER_FENCE), invoice(12, last_modified_at=AFTER_FENCE)])
    _, found = compared(synced, SAME)
    assert found.examples == {}


def test_terms_are_compared_by_id_alone(warehouse):
    """NetSuite keeps no modified instant for them."""
    Run(warehouse).stage_and_load(TERMS, [{"id": "1", "name": "Net 30"}, {"id": "2", "name": "Net 60"}])
    _, found = compared(warehouse, [("2",), ("3",)], entity=TERMS)
    assert found.examples == {"lost": [3], "deleted_silently": [1]}


def test_the_ledger_keeps_what_was_found(synced):
    compared(synced, [*SAME[1:], ("12", LONG_AGO)])
    found = "SELECT netsuite_rows, raw_rows, lost, changed, deleted_silently, quarantined, repaired "
    assert query(synced, found + "FROM ops.reconciliations") == [(10, 10, 1, 0, 1, 0, 0)]
    compared(synced, SAME)
    assert query(synced, found + "FROM ops.reconciliations") == [(10, 10, 0, 0, 0, 0, 0)]


def test_one_sentence_per_kind_names_examples(synced):
    _, found = compared(synced, [*SAME[7:], ("12", LONG_AGO)])
    lost, deleted = found.sentences("invoices")
    assert lost == "1 invoices are in NetSuite, but not in raw: 12"
    assert deleted.endswith("1, 2, 3, 4, 5, …")


@pytest.mark.parametrize(("shown", "max_shrink"), [(10, 0), (7, 0.3), (1, 1)])
def test_a_share_of_an_entity_may_be_gone(synced, shown, max_shrink):
    reconciliation, found = compared(synced, SAME[:shown])
    reconciliation.refuse_too_many_gone(found, max_shrink=max_shrink)
    assert found.deleted_silently == 10 - shown


@pytest.mark.parametrize(
    ("shown", "max_shrink", "message"),
    [(6, 0.3, "4 of 10"), (9, 0, "1 of 10"), (0, 0.3, "no invoices"), (0, 1, "no invoices")],
)
def test_more_than_that_share_is_refused_and_nothing_at_all_always(synced, shown, max_shrink, message):
    reconciliation, found = compared(synced, SAME[:shown])
    with pytest.raises(TooManyGone, match=message):
        reconciliation.refuse_too_many_gone(found, max_shrink=max_shrink)


def test_only_what_netsuite_does_not_show_again_by_id_is_deleted_as_of_the_fence(synced):
    reconciliation, _ = compared(synced, SAME[2:])
    assert reconciliation.ids_to_read_again() == [1, 2]
    with synced.begin() as connection:
        assert reconciliation.settle(connection, {2}) == (2, [])
    assert query(synced, "SELECT id, deleted_at, run_id FROM raw.invoices WHERE deleted_at IS NOT NULL") == [
        (1, FENCE, RUN_ID)
    ]
    assert query(synced, "SELECT repaired FROM ops.reconciliations") == [(2,)]
    with pytest.raises(NotCompared, match="Clear the run's compare task of invoices"):
        reconciliation.ids_to_read_again()


def test_what_was_read_again_and_still_differs_is_not_called_repaired(synced):
    reconciliation, _ = compared(synced, [*SAME[1:], ("1", LONG_AGO)])
    with synced.begin() as connection:
        settled = reconciliation.settle(connection, {1})
    assert settled == (0, [1])
    with pytest.raises(StillDifferent, match=r"older than the one in raw\.invoices"):
        reconciliation.refuse_unsettled(settled)
    assert reconciliation.ids_to_read_again() == [1]


def test_there_is_nothing_to_compare_before_the_first_sync(warehouse):
    with pytest.raises(NeverSynced, match="Run netsuite_sync__acme first"):
        compared(warehouse, SAME)


def test_other_accounts_are_not_looked_at(synced):
    Run(synced, account="other").stage_and_load(INVOICES, [invoice(77)])
    _, found = compared(synced, SAME)
    assert found.examples == {}


@pytest.mark.parametrize(
    ("listed", "changed"),
    [("20.50", False), ("20.5", False), ("0", True), ("2.05E1", False), (None, False), ("n/a", False), ("", False)],
)
def test_another_unpaid_amount_is_a_change_though_the_modified_instant_is_the_same(warehouse, listed, changed):
    """B4: a payment may leave the invoice's own instant as it was."""
    Run(warehouse).stage_and_load(INVOICES, [invoice(1, unpaid_amount="20.5")])
    _, found = compared(warehouse, [("1", "2026-02-01T00:00:00Z", listed)], columns=["unpaid_amount"])
    assert found.examples == ({"changed": [1]} if changed else {})

"""The ledger holds the runs of all of an account's DAGs side by side."""

from include.operators.sync_steps import ledger_run_id

SCHEDULED = "scheduled__2026-11-21T00:00:00+00:00"


def test_a_sync_and_a_reconciliation_of_the_same_instant_are_two_runs():
    sync = ledger_run_id("netsuite_sync__acme", SCHEDULED)
    reconciliation = ledger_run_id("netsuite_reconcile__acme", SCHEDULED)
    assert (sync, reconciliation) == (SCHEDULED, f"reconcile__{SCHEDULED}")

"""The ledger holds the runs of all of an account's DAGs side by side."""

from include.operators.sync_steps import ledger_run_id

SCHEDULED = "scheduled__2026-11-21T00:00:00+00:00"


def test_a_backfill_of_a_run_that_was_scheduled_is_another_run():
    """It would get that one's fence, and so its cut-off, else."""
    assert ledger_run_id("netsuite_sync__acme", SCHEDULED, is_backfill=True) == f"backfill__{SCHEDULED}"
    made = "backfill__2026-11-21T00:00:00+00:00"
    assert ledger_run_id("netsuite_sync__acme", made, is_backfill=True) == made


def test_a_sync_and_a_reconciliation_of_the_same_instant_are_two_runs():
    sync = ledger_run_id("netsuite_sync__acme", SCHEDULED)
    reconciliation = ledger_run_id("netsuite_reconcile__acme", SCHEDULED)
    assert (sync, reconciliation) == (SCHEDULED, f"reconcile__{SCHEDULED}")

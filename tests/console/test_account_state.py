"""What the page makes of ages, schedules and run ids."""

from datetime import UTC, datetime, timedelta

import pytest

from include.console.account_state import airflow_id, ledger_id, overdue_since
from include.console.pages import in_words
from include.operators.sync_steps import ledger_run_id


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (None, "never"),
        (timedelta(seconds=-5), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=119), "1 minute"),
        (timedelta(hours=23, minutes=59), "23 hours"),
        (timedelta(days=40), "40 days"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(age, said):
    assert in_words(age) == said


@pytest.mark.parametrize("kind", ["netsuite_sync", "netsuite_reconcile", "netsuite_resync", "push_fields"])
def test_a_run_has_the_same_name_in_the_ledger_as_its_steps_give_it_and_back(kind):
    dag_id, run_id = f"{kind}__acme", "manual__2026-03-01T12:00:00+00:00"
    assert ledger_id(dag_id, run_id) == ledger_run_id(dag_id, run_id)
    assert airflow_id(dag_id, ledger_id(dag_id, run_id)) == run_id


def test_data_is_overdue_when_a_whole_interval_of_the_schedule_has_passed():
    now = datetime(2026, 3, 1, 12, 20, tzinfo=UTC)
    assert overdue_since("15 * * * *", "UTC", now) == datetime(2026, 3, 1, 11, 15, tzinfo=UTC)
    assert overdue_since("0 6 * * *", "America/New_York", now) == datetime(2026, 2, 28, 11, 0, tzinfo=UTC)

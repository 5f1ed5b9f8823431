"""What is published may become so old, and no older: then the people who must act are mailed (P7, B4)."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import structlog
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.models.dagbag import DBDagBag
from airflow.models.dagrun import DagRun
from airflow.models.deadline import Deadline
from airflow.sdk.execution_time.callback_supervisor import execute_callback
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select, text

from tests.smtp_sink import words

FRESH = {"alerts": {"email_to": ["data@corp.test"], "fresh_within_minutes": 90}, "schedule": "@hourly"}
FRESH_WITHIN = timedelta(minutes=90)

_numbers = count(1)


@pytest.fixture
def account(installation, sink):
    """The name of an account of this test's own, whose DAGs Airflow knows and whose published data has a deadline."""
    name = f"fresh_{next(_numbers)}"
    installation.write_account(name, **FRESH)
    DagBundlesManager().sync_bundles_to_db()
    (bundle,) = DagBundlesManager().get_all_dag_bundles()
    sync_bag_to_db(
        BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name), bundle.name, None
    )
    return name


def queue_run(account, kind="netsuite_sync"):
    """What the scheduler does when a run is due; returns the run's id in Airflow's database."""
    now = datetime.now(UTC)
    with create_session() as session:
        dag = DBDagBag().get_latest_version_of_dag(f"{kind}__{account}", session=session)
        run = dag.create_dagrun(
            run_id=f"scheduled__{next(_numbers)}",
            run_after=now,
            run_type=DagRunType.SCHEDULED,
            triggered_by=DagRunTriggeredByType.TIMETABLE,
            state="queued",
            session=session,
        )
        session.flush()
        return run.id


def end_run(run_id, state):
    """What the scheduler does when all tasks of a run have ended."""
    with create_session() as session:
        run = session.get(DagRun, run_id)
        run.state, run.start_date = "running", datetime.now(UTC)
        run.dag = DBDagBag().get_latest_version_of_dag(run.dag_id, session=session)
        for task_instance in run.get_task_instances(session=session):
            task_instance.set_state(state, session=session)
        session.flush()
        run.update_state(session=session, execute_callbacks=False)
        assert run.state == state


def run(account, state, kind="netsuite_sync"):
    """A whole run of one of the account's DAGs that ends in that state."""
    run_id = queue_run(account, kind)
    end_run(run_id, state)
    return run_id


def deadlines_of(account):
    return select(Deadline).join(DagRun).where(DagRun.dag_id.like(f"netsuite%{account}")).order_by(Deadline.created_at)


def deadlines(account):
    """The instants of the deadlines that runs of the account's DAGs carry, in the order in which they were made."""
    with create_session() as session:
        return [deadline.deadline_time for deadline in session.scalars(deadlines_of(account))]


def miss(account):
    """What the scheduler does with a deadline that has passed, and what the executor does then."""
    with create_session() as session:
        (deadline,) = session.scalars(deadlines_of(account).where(~Deadline.missed))
        deadline.handle_miss(session)
        data = dict(deadline.callback.data)
    assert execute_callback(data["path"], data["kwargs"], "", None, structlog.get_logger()) == (True, None)


def ledger(installation, account, state, *, ended=None, cutoff_at=None, run_id="scheduled", error=None):
    """A sync in the run ledger."""
    started_at = (ended or datetime.now(UTC)) - timedelta(minutes=5)
    with installation.warehouse.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ops.sync_runs (account, run_id, dag_id, cutoff_at, state, error, started_at, finished_at) "
                "VALUES (:account, :run_id, :dag_id, :cutoff_at, :state, :error, :started_at, :finished_at)"
            ),
            {
                "account": account,
                "run_id": run_id,
                "dag_id": f"netsuite_sync__{account}",
                "cutoff_at": cutoff_at,
                "state": state,
                "error": error,
                "started_at": started_at,
                "finished_at": ended,
            },
        )


def ago(**age):
    return datetime.now(UTC) - timedelta(**age)


def test_the_deadline_counts_from_the_last_sync_that_succeeded(account):
    """It is one instant, whatever fails after that sync, and one run carries it."""
    success = run(account, "success")
    assert deadlines(account) == []  # kept, and so dropped
    run(account, "failed")
    run(account, "failed")
    with create_session() as session:
        assert deadlines(account) == [session.get(DagRun, success).start_date + FRESH_WITHIN]


def test_where_nothing_was_ever_published_it_counts_from_the_first_run(account):
    before = datetime.now(UTC)
    run(account, "failed")
    (deadline,) = deadlines(account)
    assert before <= deadline - FRESH_WITHIN <= datetime.now(UTC)


def test_a_run_that_hangs_carries_a_deadline_though_an_earlier_one_was_kept(account):
    run(account, "success")
    queue_run(account)
    assert len(deadlines(account)) == 1


def test_a_missed_deadline_is_mailed_once_until_a_sync_succeeds_again(account, sink):
    run(account, "failed")
    miss(account)
    (mail,) = sink.mails
    assert mail["To"] == "data@corp.test"
    assert mail["Subject"] == f"[{account}] Nothing was published within 1 h 30 min"
    run(account, "failed")
    run(account, "failed", "netsuite_reconcile")
    assert len(deadlines(account)) == 1
    run(account, "success")
    run(account, "failed")
    assert len(deadlines(account)) == 2


def test_a_paused_sync_is_noticed_by_the_next_reconciliation(account, sink, installation):
    """The deadline has passed when that run is created: however well the run goes, it is missed."""
    success = run(account, "success")
    with create_session() as session:
        last = session.get(DagRun, success)
        last.start_date, last.end_date = ago(hours=5), ago(hours=4)
    ledger(installation, account, "success", ended=ago(hours=4), cutoff_at=ago(hours=5))
    run(account, "success", "netsuite_reconcile")
    (deadline,) = deadlines(account)
    assert deadline < datetime.now(UTC)
    miss(account)
    (mail,) = sink.mails
    assert mail["Subject"] == f"[{account}] What is published is 5 h old, more than 1 h 30 min"
    assert "none has begun since" in words(mail)
    assert "whether its DAG is paused" in words(mail)


def test_a_run_that_hangs_is_named(account, sink, installation):
    ledger(installation, account, "success", run_id="earlier", ended=ago(hours=27), cutoff_at=ago(hours=28))
    ledger(installation, account, "running", run_id="scheduled__<b>x</b>")
    queue_run(account)
    miss(account)
    (mail,) = sink.mails
    assert mail["Subject"] == f"[{account}] What is published is 1 d 4 h old, more than 1 h 30 min"
    for part in (
        "Last sync:        scheduled__<b>x</b> of ",
        "has not ended",
        "mark it failed and clear it",
        f"/dags/netsuite_sync__{account}\n",
    ):
        assert part in words(mail)


def test_a_run_that_failed_is_shown_with_its_error(account, sink, installation):
    ledger(installation, account, "failed", error="fence: no permission Lists > Customers")
    queue_run(account)
    miss(account)
    (mail,) = sink.mails
    assert "failed: fence: no permission Lists > Customers\n" in words(mail)
    assert "Published up to:  nothing has been published yet\n" in words(mail)


def test_nothing_is_mailed_where_another_sync_has_published_meanwhile(account, sink, installation):
    queue_run(account)
    ledger(installation, account, "success", ended=datetime.now(UTC), cutoff_at=ago(minutes=1))
    miss(account)
    assert sink.mails == []


def test_a_warehouse_that_cannot_be_asked_is_no_reason_to_be_silent(account, sink, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", "postgres://nobody@127.0.0.1:9/nowhere")
    queue_run(account)
    miss(account)
    (mail,) = sink.mails
    assert "the run ledger can't be read" in words(mail)
    assert "127.0.0.1:9" in words(mail)


def test_a_run_in_the_foreground_ends_well_though_its_dag_has_a_deadline(installation, account, sink):
    """`make sync` runs without a scheduler, who alone could miss the deadline."""
    assert installation.sync(account)["failures"].keys() == {"fence"}
    assert deadlines(account) == []

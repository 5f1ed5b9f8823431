"""Alerts are Airflow's own (P7): who must act is mailed when a step has failed for good, not when it is tried again."""

import socket
from contextlib import suppress
from datetime import timedelta

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.accounts.files import load_account
from include.operators.account_tasks import account_dag
from include.operators.alerts import MailKilled
from include.warehouse.ledger import RunLedger, StepCounts
from tests.smtp_sink import smtp_connection, words

ALERTS = {"email_to": ["data@corp.test", "erp@corp.test"]}
NOWHERE = "<b>nowhere</b> & co"


@pytest.fixture
def logged(caplog, capsys):
    """All that was logged, wherever Airflow writes it in this process."""
    return lambda: caplog.text + "".join(capsys.readouterr())


class Step(BaseOperator):
    """Fails as often as it holds errors, then succeeds."""

    def __init__(self, *, errors=(), **kwargs):
        super().__init__(**kwargs)
        self.errors = list(errors)

    def execute(self, context):
        if len(self.errors) >= context["ti"].try_number:
            raise self.errors[context["ti"].try_number - 1]


def run_steps(name, *steps, **keys):
    """A DAG of the account with these steps one after the other, run once; returns its state."""
    account = load_account(name)
    with account_dag(
        "netsuite_sync", account, description="of a test", doc_md=None, schedule=account.schedule, tags=[]
    ) as dag:
        before = None
        for task_id, errors in steps:
            step = Step(task_id=task_id, errors=errors, retry_delay=timedelta(0))
            if before:
                before >> step
            before = step
    return dag.test(**keys).state


def test_one_mail_tells_who_must_act_what_failed_and_what_to_do(installation, sink):
    """The steps after the failed one send nothing; names that hold HTML are shown as they are."""
    installation.write_account(connection=NOWHERE, alerts=ALERTS)
    assert installation.sync()["failures"].keys() == {"fence"}
    (mail,) = sink.mails
    assert mail["To"] == "data@corp.test, erp@corp.test"
    assert mail["From"] == "airflow@corp.test"
    assert mail["Subject"] == "[acme] netsuite_sync__acme failed at fence"
    for part in (
        "will not be tried again",
        "Account:          acme\n",
        "DAG:              netsuite_sync__acme\n",
        "Step:             fence (attempt 1 of 1, and another attempt would not help)\n",
        f"Error:            There is no Airflow connection {NOWHERE!r}",
        "Published tables: as before this run",
        "clear the failed task",
        "/dags/netsuite_sync__acme/runs/manual__",
        "/tasks/fence?try_number=1\n",
    ):
        assert part in words(mail)


def test_without_alerts_in_its_file_an_account_mails_nothing(installation, sink):
    installation.write_account()
    assert run_steps("acme", ("extract", [AirflowFailException("no")])) == "failed"
    assert sink.mails == []


def test_a_step_that_succeeds_when_tried_again_is_logged_and_not_mailed(installation, sink, logged):
    installation.write_account(alerts=ALERTS)
    assert run_steps("acme", ("extract", [AirflowException("NetSuite is down (503)")])) == "success"
    assert sink.mails == []
    (line,) = [line for line in logged().splitlines() if "attempt 1 of 3 of extract failed" in line]
    assert "will be tried again after" in line
    assert "NetSuite is down (503)" in line


def test_retries_are_told_apart_from_the_failure_where_the_account_asks_for_both(installation, sink):
    installation.write_account(alerts={**ALERTS, "on_retry": True})
    errors = [AirflowException(f"NetSuite is down ({number})") for number in range(3)]
    assert run_steps("acme", ("extract", errors), ("publish", [])) == "failed"
    first, second, last = sink.mails
    begin = "[acme] netsuite_sync__acme at extract: attempt"
    assert first["Subject"] == f"{begin} 1 of 3 failed, will be tried again"
    assert second["Subject"] == f"{begin} 2 of 3 failed, will be tried again"
    assert "NetSuite is down (1)" in words(second)
    assert "What to do:       nothing yet" in words(second)
    assert last["Subject"] == "[acme] netsuite_sync__acme failed at extract"
    assert "attempt 3 of 3)" in words(last)
    assert "NetSuite is down (2)" in words(last)


def test_a_publish_that_fails_says_that_the_tables_are_never_between(installation, sink):
    installation.write_account(alerts=ALERTS)
    assert run_steps("acme", ("publish", [AirflowFailException("The warehouse is full.")])) == "failed"
    (mail,) = sink.mails
    assert "as before this run or as after it, never between" in words(mail)


def test_a_step_whose_process_was_killed_is_mailed_once_by_its_run(installation, sink):
    """Airflow calls back for the run alone then; what fails by itself beside it has its own mail."""
    installation.write_account(alerts=ALERTS)
    account = load_account("acme")
    ledger = RunLedger(installation.warehouse, "acme", "scheduled__1", "netsuite_sync__acme")
    with suppress(ValueError), ledger.step("customers", "extract"):
        raise ValueError("NetSuite is down")
    StepCounts(ledger, "invoices", "extract").write()  # as a step does when it begins
    MailKilled(account)(
        {"dag": DAG("netsuite_sync__acme", schedule=None), "run_id": "scheduled__1", "reason": "task_failure"}
    )
    (mail,) = sink.mails
    assert mail["Subject"] == "[acme] netsuite_sync__acme failed: killed at invoices.extract"
    assert "ran out of memory" in words(mail)
    assert "/dags/netsuite_sync__acme/runs/scheduled__1\n" in words(mail)


def test_secrets_are_masked_and_a_subject_stays_one_line(installation, sink):
    from airflow.sdk.log import mask_secret

    mask_secret("pa55word-of-mine")
    installation.write_account(alerts=ALERTS)
    error = AirflowFailException("refused: pa55word-of-mine\0 \ud800 Ärger\r\nBcc: all@corp.test")
    assert run_steps("acme", ("extract", [error])) == "failed"
    (mail,) = sink.mails
    assert "refused: ***" in words(mail)
    assert "Ärger" in words(mail)
    assert "pa55word" not in mail.as_string() + words(mail)
    assert mail["Bcc"] is None


def test_a_mail_server_that_cannot_be_reached_hides_no_failure(installation, monkeypatch, logged):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", smtp_connection(port))
    installation.write_account(alerts=ALERTS)
    assert run_steps("acme", ("extract", [AirflowFailException("its own words")])) == "failed"
    text = logged()
    assert "its own words" in text
    assert "could not be mailed to data@corp.test, erp@corp.test" in text
    assert "'smtp_default'" in text


def test_an_smtp_connection_that_is_not_there_hides_no_failure(installation, logged):
    installation.write_account(alerts={**ALERTS, "smtp_connection": "mail_nowhere"})
    assert run_steps("acme", ("extract", [AirflowFailException("its own words")])) == "failed"
    text = logged()
    assert "its own words" in text
    assert "'mail_nowhere'" in text

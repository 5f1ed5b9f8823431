"""What a person hears of a step that fails: a mail when it has failed for good, a line in its log before a retry."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import BaseNotifier
from airflow.sdk.exceptions import AirflowFailException

from include.operators.connections import NoConnection, warehouse_engine
from include.operators.mail import airflow_address, mail
from include.operators.sync_steps import ledger_run_id
from include.warehouse.database import run_sql_file
from include.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.accounts.model import Account

SQL = Path(__file__).parent / "sql"
KILLED = (
    "none: the task's process was killed, ran out of memory, or its machine went away; the last lines of the log say "
    "how far it had come"
)
AS_BEFORE = "as before this run: they change together in its last step, which it has not reached"
AS_BEFORE_OR_COMPLETE = "as before this run or as after it, never between: they change together or not at all"


class MailFailure(BaseNotifier):
    """Mail a step that has failed for good; the steps after it, which then can't run, send nothing.

    :param account: the account, as its file says
    """

    def __init__(self, account: Account) -> None:
        super().__init__()
        self.account = account

    def notify(self, context: Context) -> None:
        """Mail it, if the account file names somebody."""
        if self.account.alerts is None:
            return
        step = FailedStep(self.account, context)
        text = step.text(
            f"A step of {step.dag_id} has failed and will not be tried again.",
            todo="mend what the error names, then clear the failed task in the run. The next run makes up for it too.",
        )
        mail(self.account.alerts, f"[{self.account.name}] {step.dag_id} failed at {step.task_id}", text)


class ReportRetry(BaseNotifier):
    """Log that a step will be tried again, and mail it only where the account file asks for that.

    :param account: the account, as its file says
    """

    def __init__(self, account: Account) -> None:
        super().__init__()
        self.account = account

    def notify(self, context: Context) -> None:
        """Say which attempt failed, why, and when the next one begins."""
        step = FailedStep(self.account, context)
        again_at = f"{datetime.now(UTC) + step.retry_delay:%Y-%m-%d %H:%M:%S} UTC"
        self.log.warning(
            "%s of %s failed and will be tried again after %s: %s", step.attempt, step.task_id, again_at, step.error
        )
        if self.account.alerts is None or not self.account.alerts.on_retry:
            return
        text = step.text(
            f"A step of {step.dag_id} has failed and will be tried again after {again_at}.",
            todo="nothing yet. If the last attempt fails too, another mail says so.",
        )
        subject = f"[{self.account.name}] {step.dag_id} at {step.task_id}: {step.attempt} failed, will be tried again"
        mail(self.account.alerts, subject, text)


class MailKilled(BaseNotifier):
    """Mail the steps of a failed run whose process was killed: of these Airflow tells the run alone, not the step.

    A step that failed by itself has said so in the run ledger, and has been mailed.

    :param account: the account, as its file says
    """

    def __init__(self, account: Account) -> None:
        super().__init__()
        self.account = account

    def notify(self, context: Context) -> None:
        """Mail them, if the account file names somebody."""
        if self.account.alerts is None:
            return
        dag_id, run_id = context["dag"].dag_id, context["run_id"]
        try:
            steps = unended_steps(self.account, ledger_run_id(dag_id, run_id))
        except (WarehouseError, NoConnection) as error:
            self.log.warning("Whether a step of %s was killed can't be told: %s", dag_id, error)
            return
        if steps:
            subject = f"[{self.account.name}] {dag_id} failed: killed at {', '.join(steps)}"
            mail(self.account.alerts, subject, _text_of_killed(self.account, dag_id, run_id, steps))


def unended_steps(account: Account, run_id: str) -> list[str]:
    """The steps of a run that began and never said how they ended.

    Raises:
        NoConnection: there is no Airflow connection to the warehouse.
        WarehouseError: it can't be used.
    """
    warehouse = warehouse_engine()
    try:
        with warehouse.connect() as connection:
            (result,) = run_sql_file(connection, SQL / "unended_steps.sql", account=account.name, run_id=run_id)
    finally:
        warehouse.dispose()
    return [row["task_id"] for row in result.rows]


def _text_of_killed(account: Account, dag_id: str, run_id: str, steps: list[str]) -> str:
    return "\n".join(
        (
            f"A run of {dag_id} has failed, and the process of a step ended without a word.",
            "",
            f"Account:          {account.name}",
            f"DAG:              {dag_id}",
            f"Run:              {run_id}",
            f"Step:             {', '.join(steps)}",
            f"Error:            {KILLED}.",
            "",
            f"Published tables: {AS_BEFORE_OR_COMPLETE}.",
            "What to do:       give it more memory, or see what kills it; then clear the failed task in the run.",
            "",
            f"Run:  {airflow_address()}/dags/{dag_id}/runs/{quote(run_id)}",
            "",
        )
    )


class FailedStep:
    """A step that has failed, in the words of the person who must act."""

    def __init__(self, account: Account, context: Context) -> None:
        task_instance: Any = context["ti"]
        exception = context.get("exception")
        self.account = account
        self.dag_id: str = task_instance.dag_id
        self.task_id: str = task_instance.task_id
        self.run_id: str = task_instance.run_id
        self.retry_delay = context["task"].retry_delay
        self.error = (str(exception).strip() or type(exception).__name__) if exception else KILLED
        self.attempt = f"attempt {task_instance.try_number} of {task_instance.max_tries + 1}"
        self.can_pass = not isinstance(exception, AirflowFailException)
        self.log_url: str = task_instance.log_url

    def text(self, opening: str, *, todo: str) -> str:
        """The mail's text."""
        lasting = "" if self.can_pass else ", and another attempt would not help"
        published = AS_BEFORE_OR_COMPLETE if self.task_id == "publish" else AS_BEFORE
        return "\n".join(
            (
                opening,
                "",
                f"Account:          {self.account.name}",
                f"DAG:              {self.dag_id}",
                f"Run:              {self.run_id}",
                f"Step:             {self.task_id} ({self.attempt}{lasting})",
                f"Error:            {self.error}",
                "",
                f"Published tables: {published}.",
                f"What to do:       {todo}",
                "",
                f"Run:  {self.log_url.partition('/tasks/')[0]}",
                f"Log:  {self.log_url}",
                "",
            )
        )

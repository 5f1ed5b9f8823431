"""The steps that switch an account to match only: show what it would do, and write down who approved it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.matching.user_mode import check_not_switched, preview_match_only, switch_to_match_only
from include.operators.connections import warehouse_engine
from include.operators.sync_steps import LASTING, PASSING

if TYPE_CHECKING:
    from airflow.sdk import Context
    from sqlalchemy import Connection

    from include.accounts.model import Account

PREVIEW = "preview"
APPROVE = "approve"

BODY = """Every existing user, and every new one, will be matched with existing employees by the same e-mail address.
No user is created any more, and no address or name is changed. **This can't be undone.**

| users now | |
| --- | --- |
| would match | {match} |
| would not match | {no_match} |
| are in conflict | {conflict} |

{examples}

Where nothing has been synced yet, no employee is known, and nobody would match so far."""


class PeopleStep(BaseOperator):
    """A step that a person started, about the people of one account.

    :param account: the account, as its file says
    """

    ui_color = "#fef7e0"

    def __init__(self, *, account: Account, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.account = account

    def execute(self, context: Context) -> dict[str, Any]:
        """Work in one transaction; what no retry can mend fails the task at once."""
        try:
            engine = warehouse_engine()
            try:
                with engine.begin() as connection:
                    return self.work(connection, context)
            finally:
                engine.dispose()
        except PASSING as error:
            raise AirflowException(str(error)) from None
        except LASTING as error:
            raise AirflowFailException(str(error)) from None

    def work(self, connection: Connection, context: Context) -> dict[str, Any]:
        """Do the step's work."""
        raise NotImplementedError


class PreviewMatchOnly(PeopleStep):
    """Show how many users would match, would not, or are in conflict."""

    def work(self, connection: Connection, context: Context) -> dict[str, Any]:
        """Match and keep nothing."""
        check_not_switched(connection, self.account.name, self.account.user_mode)
        preview = preview_match_only(connection, self.account.name, context["run_id"])
        shown = preview._asdict()
        self.log.info("Match only: %s", shown)
        return {"shown": shown, "body": BODY.format(**shown | {"examples": _listed(preview.examples)})}


class SwitchToMatchOnly(PeopleStep):
    """Write down who approved, and what they were shown."""

    def work(self, connection: Connection, context: Context) -> dict[str, Any]:
        """From here on the account file's match_only is in force."""
        task = context["task_instance"]
        person = task.xcom_pull(task_ids=APPROVE)["responded_by_user"]
        confirmed_by = person["name"] or person["id"]
        switch_to_match_only(
            connection,
            self.account.name,
            confirmed_by=confirmed_by,
            run_id=context["run_id"],
            shown=task.xcom_pull(task_ids=PREVIEW)["shown"],
        )
        return {"confirmed_by": confirmed_by}


def _listed(examples: dict[str, list[str]]) -> str:
    """Examples as Markdown; an address stands as code, so that nothing in it is taken for markup."""
    words = {"match": "Would match", "no_match": "Would not match", "conflict": "In conflict"}
    lines = [
        f"- {words[outcome]}, for example: " + ", ".join(f"`{email.replace('`', '')}`" for email in emails)
        for outcome, emails in sorted(examples.items())
    ]
    return "\n".join(lines) or "There are no users yet."

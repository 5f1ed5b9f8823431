"""Give a verdict about a conflict, as the person who started the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from airflow.sdk.exceptions import AirflowFailException

from include.matching.verdicts import give_verdict
from include.operators.user_mode_steps import PeopleStep

if TYPE_CHECKING:
    from airflow.sdk import Context
    from sqlalchemy import Connection

NONE_OF_THEM = "none"


class GiveVerdict(PeopleStep):
    """Decide the conflict that the run's params name; a run that nobody started decides nothing."""

    def work(self, connection: Connection, context: Context) -> dict[str, Any]:
        """Write the verdict; the next sync puts it into effect."""
        given_by = getattr(context["dag_run"], "triggering_user_name", None)
        if not given_by:
            raise AirflowFailException(
                "A verdict names its author, and Airflow does not say who started this run. Sign in, and trigger the "
                "DAG in the UI or over REST."
            )
        params = context["params"]
        user_id = None if params["user_id"] == NONE_OF_THEM else UUID(params["user_id"])
        verdict_id = give_verdict(
            connection,
            account=self.account.name,
            employee_id=params["employee_id"],
            user_id=user_id,
            evidence_hash=params["evidence_hash"],
            given_by=given_by,
            note=params["note"] or None,
        )
        self.log.info("Verdict %d of %s: employee %s is %s", verdict_id, given_by, params["employee_id"], user_id)
        return {"verdict_id": verdict_id, "given_by": given_by}

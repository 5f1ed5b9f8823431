"""From when what is published dates, as Airflow's deadlines ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.deadline import REFERENCE_TYPE_FIELD, BaseDeadlineReference

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.orm import Session

SYNC = "netsuite_sync"
CARRIERS = (SYNC, "netsuite_reconcile")


@dataclass(eq=False)
class LastSuccessfulSync(BaseDeadlineReference):
    """The begin of an account's last sync that succeeded: what is published is as old as that.

    Evaluated when a run is created, in the scheduler, which knows Airflow's database only. A deadline counted from
    here is the same instant for every run since that sync, and is dropped by Airflow when its run succeeds in time. Its
    time may have come already when a run is created: then it is missed at once.

    :param account: name of the account file
    """

    account: str = ""

    def serialize_reference(self) -> dict[str, Any]:
        """As it is stored with the DAG."""
        return {REFERENCE_TYPE_FIELD: self.reference_name, "account": self.account}

    @classmethod
    def deserialize_reference(cls, reference_data: dict[str, Any]) -> LastSuccessfulSync:
        """From what is stored with the DAG."""
        return cls(reference_data["account"])

    def _evaluate_with(self, *, session: Session) -> datetime | None:
        """That instant, or now where no sync has succeeded yet; None where another run has seen to the alert."""
        from airflow.models.dagrun import DagRun
        from airflow.utils.state import DagRunState
        from sqlalchemy import select

        last: Row[datetime | None, datetime | None] | None = session.execute(
            select(DagRun.start_date, DagRun.end_date)
            .where(DagRun.dag_id == f"{SYNC}__{self.account}", DagRun.state == DagRunState.SUCCESS)
            .order_by(DagRun.start_date.desc())
            .limit(1)
        ).one_or_none()
        if self._is_seen_to(session, since=last.end_date if last else None):
            return None
        begun: datetime | None = last.start_date if last else None
        return begun or datetime.now(UTC)

    def _is_seen_to(self, session: Session, since: datetime | None) -> bool:
        """Whether a deadline from then on was missed, or waits at a run that has failed: one alert is enough."""
        from airflow.models.dagrun import DagRun
        from airflow.models.deadline import Deadline
        from airflow.utils.state import DagRunState
        from sqlalchemy import or_, select

        query = (
            select(Deadline.id)
            .join(DagRun, DagRun.id == Deadline.dagrun_id)
            .where(DagRun.dag_id.in_([f"{kind}__{self.account}" for kind in CARRIERS]))
            .where(or_(Deadline.missed, DagRun.state == DagRunState.FAILED))
            .limit(1)
        )
        if since is not None:
            query = query.where(Deadline.created_at > since)
        return session.execute(query).first() is not None

"""A backfill without a scheduler: made by Airflow itself, its one run executed in this process."""

from datetime import datetime
from typing import Any
from unittest.mock import patch

from include.local_stack.run_dag import run_dag


def run_backfill(dag_id: str, start: datetime, end: datetime, conf: dict[str, Any]) -> dict[str, Any]:
    """Run the one run that a backfill of these logical dates has; its DAG has been run before."""
    from airflow.models.backfill import Backfill, ReprocessBehavior, _create_backfill
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from sqlalchemy import select, update

    backfill = _create_backfill(
        dag_id=dag_id,
        from_date=start,
        to_date=end,
        max_active_runs=1,
        reverse=False,
        dag_run_conf=conf,
        triggering_user_name="admin",
        reprocess_behavior=ReprocessBehavior.COMPLETED,
    )

    def made_already(*, dag: Any, session: Any, **_: object) -> DagRun:
        run: DagRun = session.scalars(select(DagRun).where(DagRun.backfill_id == backfill.id)).one()
        run.dag = dag
        run.state = DagRunState.RUNNING
        session.commit()
        return run

    with create_session() as session:
        logical_date = session.scalars(select(DagRun.logical_date).where(DagRun.backfill_id == backfill.id)).one()
    try:
        with patch("airflow.models.dagrun.get_or_create_dagrun", made_already):
            return run_dag(dag_id, logical_date)
    finally:
        with create_session() as session:
            session.execute(
                update(Backfill).where(Backfill.id == backfill.id).values(completed_at=datetime.now().astimezone())
            )

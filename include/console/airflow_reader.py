"""Reads Airflow's own database for a page: DAGs, runs, tasks that failed, and what waits for a person's answer.

Airflow is imported when a page is asked for: every Airflow process loads the plugin.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

RUN_ENDED = ("success", "failed")


class NoWarehouseConnection(Exception):
    """This process has no Airflow connection to the warehouse."""


class DagState(NamedTuple):
    """A DAG's switch, and when its schedule starts it next."""

    is_paused: bool
    next_run_at: datetime | None


class FailedTask(NamedTuple):
    """A task whose last try failed; Airflow tries it again or not."""

    task_id: str
    try_number: int


class Question(NamedTuple):
    """What a task asks a person, and waits for."""

    dag_id: str
    run_id: str
    task_id: str
    subject: str
    asked_at: datetime


@dataclass(frozen=True)
class AirflowRun:
    """A DAG run as Airflow knows it."""

    state: str
    started_at: datetime | None
    failed_tasks: list[FailedTask] = field(default_factory=list)


def warehouse_url() -> str:
    """The URL of the Airflow connection ``warehouse``.

    Raises:
        NoWarehouseConnection: this process, the API server, doesn't have it.
    """
    from airflow.models.connection import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return str(Connection.get_connection_from_secrets("warehouse").get_uri())
    except AirflowNotFoundException:
        raise NoWarehouseConnection(
            "The API server has no Airflow connection 'warehouse', so there is little to show. Create it under Admin "
            "> Connections (type Postgres, the warehouse's host, database and user); a connection that comes from the "
            "environment (AIRFLOW_CONN_WAREHOUSE) must be set for the API server, too."
        ) from None


def dag_states(dag_ids: Collection[str]) -> dict[str, DagState]:
    """The DAGs among these that Airflow knows."""
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    wanted = select(DagModel.dag_id, DagModel.is_paused, DagModel.next_dagrun_create_after)
    with create_session() as session:
        found = session.execute(wanted.where(DagModel.dag_id.in_(dag_ids), DagModel.is_stale.is_(False)))
        return {dag_id: DagState(is_paused, next_run_at) for dag_id, is_paused, next_run_at in found}


def last_runs(dag_ids: Collection[str], most: int, run_id: str | None = None) -> dict[tuple[str, str], AirflowRun]:
    """By DAG and run id: the last runs of each DAG, no more than ``most``; or only the one of that id."""
    from airflow.utils.session import create_session

    with create_session() as session:
        return {
            (dag_id, found_id): run
            for dag_id in dag_ids
            for found_id, run in _last_runs_of(session, dag_id, most, run_id).items()
        }


def open_questions(dag_ids: Collection[str]) -> list[Question]:
    """What tasks of these DAGs wait for, oldest first."""
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from airflow.utils.state import TaskInstanceState
    from sqlalchemy import select

    wanted = (
        select(
            TaskInstance.dag_id, TaskInstance.run_id, TaskInstance.task_id, HITLDetail.subject, HITLDetail.created_at
        )
        .join(TaskInstance, TaskInstance.id == HITLDetail.ti_id)
        # A question whose task was marked as something else stays unanswered for ever.
        .where(HITLDetail.responded_at.is_(None), TaskInstance.state == TaskInstanceState.AWAITING_INPUT)
        .where(TaskInstance.dag_id.in_(dag_ids))
        .order_by(HITLDetail.created_at)
    )
    with create_session() as session:
        return [Question(*row) for row in session.execute(wanted)]


def _last_runs_of(session: Session, dag_id: str, most: int, run_id: str | None) -> dict[str, AirflowRun]:
    from airflow.models.dagrun import DagRun
    from sqlalchemy import select

    wanted = select(DagRun.run_id, DagRun.state, DagRun.start_date).where(DagRun.dag_id == dag_id)
    if run_id is not None:
        wanted = wanted.where(DagRun.run_id == run_id)
    runs = session.execute(wanted.order_by(DagRun.run_after.desc(), DagRun.id.desc()).limit(most)).all()
    failed = _failed_tasks(session, dag_id, [run.run_id for run in runs])
    return {run.run_id: AirflowRun(str(run.state), run.start_date, failed[run.run_id]) for run in runs}


def _failed_tasks(session: Session, dag_id: str, run_ids: Collection[str]) -> dict[str, list[FailedTask]]:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.state import TaskInstanceState
    from sqlalchemy import select

    wanted = (
        select(TaskInstance.run_id, TaskInstance.task_id, TaskInstance.try_number)
        .where(TaskInstance.dag_id == dag_id, TaskInstance.run_id.in_(run_ids))
        .where(TaskInstance.state.in_([TaskInstanceState.FAILED, TaskInstanceState.UP_FOR_RETRY]))
        .order_by(TaskInstance.end_date)
    )
    failed: defaultdict[str, list[FailedTask]] = defaultdict(list)
    for run_id, task_id, try_number in session.execute(wanted):
        failed[run_id].append(FailedTask(task_id, try_number))
    return failed

"""Asks a real Airflow for pages: ``python -m tests.console.airflow_visitor`` with visits on stdin, answers on stdout.

A program of its own, since Airflow reads its settings once per process and other tests have theirs.
"""

import json
import os
import sys
from datetime import datetime


def main() -> None:
    from airflow.api_fastapi.app import create_app
    from airflow.utils.db import initdb
    from fastapi.testclient import TestClient

    asked = json.load(sys.stdin)
    initdb()
    fill(**asked["airflow"])
    with TestClient(create_app(apps="core"), base_url="http://localhost") as client:
        answers = [answer(client, **visit) for visit in asked["visits"]]
    sys.__stdout__.write("\nANSWERS " + json.dumps(answers))


def fill(dags: list[str], runs: list[dict], tasks: list[dict]) -> None:
    """Put DAGs, their runs, and tasks of those into Airflow's database; a task may ask a person a question."""
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.dagrun import DagRun
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.utils.session import create_session

    with create_session() as session:
        session.add(DagBundleModel(name="tests"))
        session.flush()
        for dag_id in dags:
            session.add(DagModel(dag_id=dag_id, bundle_name="tests", is_stale=False, max_active_tasks=1))
        for run in runs:
            at = datetime.fromisoformat(run.pop("at"))
            session.add(DagRun(run_type="manual", run_after=at, start_date=at, **run))
        session.flush()
        for task in tasks:
            operator = EmptyOperator(task_id=task["task_id"])
            found = TaskInstance(operator, None, run_id=task["run_id"], state=task["state"])
            found.dag_id, found.try_number = task["dag_id"], task.get("try_number", 1)
            session.add(found)
            session.flush()
            if subject := task.get("question"):
                session.add(HITLDetail(ti_id=found.id, options=["Approve", "Reject"], subject=subject))


def answer(client, path: str, user: str | None, method: str, cookie: bool, environment: dict[str, str]) -> dict:
    os.environ |= environment
    client.cookies.clear()
    headers = {}
    if user:
        signed_in = client.post("/auth/token", json={"username": user, "password": user})
        token = signed_in.json()["access_token"]
        if cookie:
            client.cookies.set("_token", token)
        else:
            headers["Authorization"] = f"Bearer {token}"
    response = client.request(method, path, headers=headers)
    for name in environment:
        del os.environ[name]
    return {"status": response.status_code, "text": response.text, "headers": dict(response.headers)}


if __name__ == "__main__":
    main()

"""The process in which `sync` runs a DAG: real Airflow, without a scheduler. Called with Airflow's environment set."""

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import DAG


def main(dag_id: str, run_after: str, result_file: Path) -> None:
    """Runs the DAG once and writes what came of it, as JSON: `state`, and `failures` (error by task id)."""
    result = run_dag(dag_id, datetime.fromisoformat(run_after))
    result_file.write_text(json.dumps(result))


def run_dag(dag_id: str, run_after: datetime, conf: dict[str, Any] | None = None) -> dict[str, Any]:
    """Runs the DAG once, with `conf` in the place of its params; its run id is `manual__<run_after>`."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag()
    dag = bag.dags.get(dag_id)
    if dag is None:
        errors = "\n".join(f"{file}:\n{error}" for file, error in bag.import_errors.items())
        return {"state": "failed", "failures": {dag_id: errors or "There is no such DAG, and no import error."}}
    failures = collect_failures(dag)
    dag.deadline = None  # only a scheduler could miss it, and Airflow's dag.test fails over it
    run = dag.test(run_after=run_after, logical_date=run_after, run_conf=conf)
    return {"state": str(run.state.value), "failures": failures}


def collect_failures(dag: "DAG") -> dict[str, str]:
    """A dict that fills with the error of each task that fails for good."""
    failures: dict[str, str] = {}

    def keep(context: Mapping[str, Any]) -> None:
        failures[context["task_instance"].task_id] = str(context.get("exception"))

    for task in dag.tasks:
        task.on_failure_callback = [*_as_list(task.on_failure_callback), keep]
    return failures


def _as_list(callbacks: object) -> list[Any]:
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))

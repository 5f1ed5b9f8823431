"""A DAG run in a process, and an Airflow, of its own: ``python -m tests.end_to_end.one_run <dag id>``."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

from tests import airflow_home


def run_beside(dag_id: str) -> dict[str, Any]:
    """Run the DAG once, with the connections and folders of this process's environment."""
    command = [sys.executable, "-m", __name__, dag_id]
    done = subprocess.run(command, cwd=airflow_home.PROJECT, capture_output=True, text=True, check=True)
    ended: dict[str, Any] = json.loads(done.stdout.rpartition("ENDED ")[2])
    return ended


def main(dag_id: str) -> None:
    from airflow.utils.db import initdb

    from include.local_stack.run_dag import run_dag

    initdb()
    ended = run_dag(dag_id, datetime.now(UTC))
    sys.__stdout__.write("\nENDED " + json.dumps(ended))


if __name__ == "__main__":
    main(sys.argv[1])

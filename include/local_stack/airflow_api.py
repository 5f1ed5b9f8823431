"""What the local stack asks of Airflow, through its public REST API."""

import time
from collections.abc import Mapping
from typing import Any

import requests

from include.local_stack.errors import AirflowApiError

HEALTHY = "healthy"
COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")


def is_healthy(address: str) -> bool:
    """Whether the API server and the components behind it all say that they are well."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            health = session.get(f"{address}/api/v2/monitor/health", timeout=5).json()
            # The API that tasks talk to is built by the first call to it, which would otherwise be a task's.
            if not session.get(f"{address}/execution/health/ping", timeout=20).ok:
                return False
    except (requests.RequestException, ValueError):
        return False
    return all((health.get(component) or {}).get("status") == HEALTHY for component in COMPONENTS)


class AirflowApi:
    """A signed-in client of Airflow's REST API on loopback.

    Args:
        address: such as `http://127.0.0.1:8080`.
        username: who signs in.
        password: theirs.
    """

    def __init__(self, address: str, username: str, password: str) -> None:
        self._address = address
        self._session = requests.Session()
        self._session.trust_env = False
        answer = self._call("POST", "/auth/token", json={"username": username, "password": password})
        self._session.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def wait_for_dag(self, dag_id: str, *, seconds: float = 60) -> None:
        """Waits until the DAG processor has read the DAG.

        Raises:
            AirflowApiError: it hasn't in time; the message holds the import errors, if there are any.
        """
        deadline = time.monotonic() + seconds
        while self._call("GET", "/api/v2/dags", params={"dag_ids": dag_id})["total_entries"] == 0:
            errors = self.import_errors()
            if errors or time.monotonic() > deadline:
                raise AirflowApiError(
                    f"Airflow doesn't know the DAG {dag_id}.\n{errors or 'No import error is reported.'}"
                )
            time.sleep(0.3)

    def import_errors(self) -> str:
        """The import errors of all DAG files; empty when there are none."""
        errors = self._call("GET", "/api/v2/importErrors")["import_errors"]
        return "\n".join(f"{error['filename']}:\n{error['stack_trace']}" for error in errors)

    def set_pools(self, pools: Mapping[str, Mapping[str, Any]]) -> None:
        """Makes these pools, or gives them these slots."""
        for name, pool in pools.items():
            known = self._call("GET", "/api/v2/pools", params={"pool_name_pattern": name})["pools"]
            if any(one["name"] == name for one in known):
                self._call("PATCH", f"/api/v2/pools/{name}", json={"pool": name, **pool})
            else:
                self._call("POST", "/api/v2/pools", json={"name": name, **pool})

    def trigger(self, dag_id: str) -> str:
        """Starts one run by hand; gives its run id."""
        return str(self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None})["dag_run_id"])

    def set_paused(self, dag_id: str, *, is_paused: bool) -> None:
        """Pauses the DAG, or lets it run."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": is_paused})

    def run_state(self, dag_id: str, run_id: str) -> str:
        """`queued`, `running`, `success` or `failed`."""
        return str(self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def end_active_runs(self, dag_id: str) -> None:
        """Marks every run of the DAG that is queued or running as failed."""
        path = f"/api/v2/dags/{dag_id}/dagRuns"
        for run in self._call("GET", path, params={"state": ["queued", "running"]})["dag_runs"]:
            self._call("PATCH", f"{path}/{run['dag_run_id']}", json={"state": "failed"})

    def failures(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Why, by task id, for each task that failed: the error's message, or the end of the task's log."""
        return {
            task["task_id"]: self._last_words(dag_id, run_id, task)
            for task in self._tasks(dag_id, run_id)
            if task["state"] == "failed"
        }

    def _tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        return list(self._call("GET", path, params={"limit": 1000})["task_instances"])

    def _last_words(self, dag_id: str, run_id: str, task: Mapping[str, Any]) -> str:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
        log = self._call("GET", path, params={"full_content": True})["content"]
        return last_words(log if isinstance(log, list) else [])

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer = self._session.request(method, f"{self._address}{path}", timeout=60, **arguments)
            if not answer.ok:
                raise AirflowApiError(f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:500]}")
            return dict(answer.json())
        except (requests.RequestException, ValueError) as error:
            raise AirflowApiError(f"Airflow at {self._address} gave no answer to {method} {path}: {error}") from None


def last_words(log: list[dict[str, Any]]) -> str:
    """What a failed task's log (Airflow's structured events) says of the failure, in the words of the error itself."""
    for event in reversed(log):
        details = event.get("error_detail")
        if isinstance(details, list) and details:
            return str(details[0].get("exc_value") or details[0].get("exc_type"))
    return "\n".join(str(event.get("event", "")) for event in log[-10:])

"""A person who answers what waits for approval, through Airflow's own API."""

import os
import threading
from collections.abc import Callable
from typing import Any, Self

PENDING = "/api/v2/dags/~/dagRuns/~/hitlDetails"
SECONDS_BETWEEN_LOOKS = 0.1


class Approver:
    """While it is entered, answers each question with ``answer``, after calling ``before`` where that is given.

    ``asked`` holds the questions as the UI shows them (``subject`` and ``body``).
    """

    def __init__(self, client: Any, answer: str, before: Callable[[], None] | None = None) -> None:
        self._client = client
        self._answer = answer
        self._before = before
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._error: Exception | None = None
        self.asked: list[dict[str, str]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        assert self._error is None, self._error

    def _work(self) -> None:
        try:
            while not self._done.wait(SECONDS_BETWEEN_LOOKS):
                found = self._client.get(PENDING, params={"response_received": "false"})
                found.raise_for_status()
                for question in found.json()["hitl_details"]:
                    self._respond(question)
        except Exception as error:  # noqa: BLE001 - raised again when the person leaves
            self._error = error

    def _respond(self, question: dict[str, Any]) -> None:
        instance = question["task_instance"]
        self.asked.append({"subject": question["subject"], "body": question["body"]})
        answer = self._answer
        try:
            if self._before:
                self._before()
        except Exception as error:  # noqa: BLE001 - raised again when the person leaves
            # The run must end all the same.
            self._error, answer = error, "Reject"
        where = (
            f"/api/v2/dags/{instance['dag_id']}/dagRuns/{instance['dag_run_id']}/taskInstances/{instance['task_id']}"
            f"/{instance['map_index']}/hitlDetails"
        )
        self._client.patch(where, json={"chosen_options": [answer], "params_input": {}}).raise_for_status()


def airflow_client() -> Any:
    """A signed-in client of Airflow's API in this process, whose database it shares."""
    os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "True"
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    client = TestClient(create_app(apps="core"), base_url="http://localhost")
    token = client.get("/auth/token").raise_for_status().json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client

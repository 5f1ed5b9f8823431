"""Match only is switched on by a person in Airflow: rows E1, E2. A real DAG run that waits for an answer over REST."""

import threading
import time
from datetime import UTC, datetime

from fastapi.testclient import TestClient

from include.local_stack.run_dag import run_dag

DAG = "netsuite_match_only__acme"
LONGEST_WAIT = 300


class Person(threading.Thread):
    """Waits until Airflow asks, and answers."""

    def __init__(self, answer: str) -> None:
        super().__init__(daemon=True)
        self.answer = answer
        self.asked: dict = {}

    def run(self) -> None:
        from airflow.api_fastapi.app import create_app, get_auth_manager
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

        with TestClient(create_app(apps="core"), base_url="http://localhost") as client:
            token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="kim", role="op"))
            client.headers["Authorization"] = f"Bearer {token}"
            path = f"/api/v2/dags/{DAG}/dagRuns"
            until = time.monotonic() + LONGEST_WAIT
            while not self.asked and time.monotonic() < until:
                waiting = client.get(f"{path}/~/hitlDetails", params={"response_received": False}).json()
                for self.asked in waiting.get("hitl_details", []):
                    task = self.asked["task_instance"]
                    answered = client.patch(
                        f"{path}/{task['dag_run_id']}/taskInstances/approve/-1/hitlDetails",
                        json={"chosen_options": [self.answer], "params_input": {}},
                    )
                    assert answered.status_code == 200, answered.text
                time.sleep(0.2)


def answered(answer: str) -> tuple[dict, Person]:
    person = Person(answer)
    person.start()
    ended = run_dag(DAG, datetime.now(UTC))
    person.join(60)
    return ended, person


def test_a_person_sees_what_match_only_means_and_switches_it_on(installation):
    installation.execute("INSERT INTO workflow.users (account, email) VALUES ('acme', 'ann@corp.test')")
    installation.write_account()
    assert "Write user_mode: match_only there first" in run_dag(DAG, datetime.now(UTC))["failures"]["preview"]
    installation.write_account(user_mode="match_only")

    rejected, person = answered("Reject")
    assert rejected["state"] == "success"
    assert "can't be undone" in person.asked["subject"]
    assert "| would not match | 1 |" in person.asked["body"]
    assert "`ann@corp.test`" in person.asked["body"]
    assert installation.rows("SELECT * FROM ops.user_mode_switches") == []

    approved, _ = answered("Approve")
    assert approved["state"] == "success"
    (switch,) = installation.rows(
        "SELECT account, confirmed_by, shown ->> 'no_match' AS seen FROM ops.user_mode_switches"
    )
    assert switch == {"account": "acme", "confirmed_by": "kim", "seen": "1"}
    assert "nothing left to confirm" in run_dag(DAG, datetime.now(UTC))["failures"]["preview"]

"""Verdicts and roles over HTTP, with Airflow's own sign-in and permissions: rows B8, O14."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from include.console.api import warehouse_of_airflow
from tests.matching.conftest import warehouse  # noqa: F401 # a fixture
from tests.matching.world import World

Ask = Callable[..., Any]
DAGS = ("netsuite_sync__acme", "netsuite_verdict__acme", "netsuite_sync__other", "netsuite_verdict__other")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """A real Airflow with the project's plugin."""
    from airflow.api_fastapi.app import create_app
    from airflow.utils.db import initdb

    initdb()
    with TestClient(create_app(apps="core"), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def world(warehouse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:  # noqa: F811
    """One account with its file; the API server has the warehouse's connection."""
    (tmp_path / "acme.yml").write_text("connection: c\nowner_fields: [salesrep]\n")
    monkeypatch.setenv("NETSUITE_ACCOUNTS_DIR", str(tmp_path))
    url = warehouse.url.set(drivername="postgres").render_as_string(hide_password=False)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", url)
    yield World(warehouse).emptied()
    warehouse_of_airflow().dispose()


@pytest.fixture(scope="module")
def teams(client: TestClient) -> Iterator[None]:
    """The DAGs of two accounts, each of a team of its own that has the DAG's name: who is in it may use that DAG."""
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.team import Team
    from airflow.utils.session import create_session

    with create_session() as session:
        for dag_id in DAGS:
            bundle = DagBundleModel(name=dag_id)
            bundle.teams.append(Team(name=dag_id))
            session.add(bundle)
            session.flush()
            session.add(DagModel(dag_id=dag_id, bundle_name=dag_id, is_stale=False, max_active_tasks=1))
    yield
    with create_session() as session:
        for dag_id in DAGS:
            for model in (DagModel, DagBundleModel, Team):
                session.delete(session.get(model, dag_id))
                session.flush()


@pytest.fixture
def ask(client: TestClient, world: World, teams: None) -> Ask:
    """Sends a request as a person with a role of Airflow's, or as nobody; such a person may use all DAGs, or some."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    def send(method: str, path: str, role: str | None, body: Any = None, dags: Iterable[str] = DAGS) -> Any:
        headers = {}
        if role:
            user = SimpleAuthManagerUser(username=f"the {role}", role=role, teams=list(dags))
            headers["Authorization"] = f"Bearer {get_auth_manager().generate_jwt(user)}"
        return client.request(method, f"/netsuite/api{path}", json=body, headers=headers)

    return send


@pytest.fixture
def conflict(world: World, ask: Ask) -> dict[str, Any]:
    for email in ("ann@corp.test", "Ann@corp.test"):
        world.user(email)
    world.employee(7, "ann@corp.test")
    world.invoice(1, salesrep=7)
    world.sync()
    (found,) = ask("GET", "/accounts/acme/conflicts", "viewer").json()
    return found


def test_a_person_who_may_run_the_dag_of_verdicts_decides_and_takes_it_back(
    world: World, ask: Ask, conflict: dict[str, Any]
) -> None:
    chosen = conflict["evidence"]["candidates"][0]["user_id"]
    verdict = {"user_id": chosen, "evidence_hash": conflict["evidence_hash"], "note": "asked her"}
    assert ask("POST", "/accounts/acme/conflicts/7/verdict", "user", verdict).status_code == 201
    world.sync()
    assert ask("GET", "/accounts/acme/conflicts", "viewer").json() == []
    assert str(world.recipient(1)[2]) == chosen
    assert ask("DELETE", "/accounts/acme/conflicts/7/verdict", "user").status_code == 200
    assert world.rows("SELECT decision, given_by, note FROM matching.verdicts ORDER BY verdict_id") == [
        ("user", "the user", "asked her"),
        ("withdrawn", "the user", None),
    ]


def test_what_can_not_be_decided_is_told_in_words(ask: Ask, conflict: dict[str, Any]) -> None:
    seen = {"user_id": None, "evidence_hash": conflict["evidence_hash"]}
    unknown = ask("POST", "/accounts/acme/conflicts/99/verdict", "user", seen)
    changed = ask("POST", "/accounts/acme/conflicts/7/verdict", "user", seen | {"evidence_hash": "other"})
    nobody = ask("POST", "/accounts/acme/conflicts/7/verdict", "user", seen | {"user_id": str(uuid4())})
    assert [answer.status_code for answer in (unknown, changed, nobody)] == [404, 409, 422]
    assert "changed since you saw it" in changed.json()["detail"]
    assert ask("DELETE", "/accounts/acme/conflicts/7/verdict", "user").status_code == 404


def test_a_person_who_may_edit_connections_and_read_the_account_gives_roles(world: World, ask: Ask) -> None:
    user = world.user("ann@corp.test", role="viewer")
    answer = ask("PUT", f"/accounts/acme/users/{user}/role", "op", {"role": "admin"})
    assert (answer.status_code, answer.json()["role"], answer.json()["changed_by"]) == (200, "admin", "the op")
    assert ask("PUT", f"/accounts/acme/users/{uuid4()}/role", "op", {"role": "admin"}).status_code == 404
    assert ask("PUT", f"/accounts/acme/users/{user}/role", "op", {"role": "king"}).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body", "too_few_rights"),
    [
        ("GET", "/accounts/acme/conflicts", None, [None]),
        ("POST", "/accounts/acme/conflicts/7/verdict", {"user_id": None, "evidence_hash": ""}, [None, "viewer"]),
        ("DELETE", "/accounts/acme/conflicts/7/verdict", None, [None, "viewer"]),
        (
            "PUT",
            f"/accounts/acme/users/{'0' * 8}-0000-0000-0000-{'0' * 12}/role",
            {"role": "admin"},
            [None, "viewer", "user"],
        ),
    ],
)
def test_nobody_does_what_they_may_not(ask: Ask, method: str, path: str, body: Any, too_few_rights: list[Any]) -> None:
    assert {ask(method, path, role, body).status_code for role in too_few_rights} <= {401, 403}


def test_who_may_run_the_verdicts_of_one_account_decides_nothing_in_another(
    world: World, ask: Ask, conflict: Any
) -> None:
    """B8. Neither the right to run another account's DAG does, nor that to run the account's sync."""
    verdict = {"user_id": None, "evidence_hash": conflict["evidence_hash"]}
    path = "/accounts/acme/conflicts/7/verdict"
    others = [dag_id for dag_id in DAGS if dag_id != "netsuite_verdict__acme"]
    for method, address in (("POST", path), ("POST", f"{path}?dag_id=netsuite_verdict__other"), ("DELETE", path)):
        answer = ask(method, address, "user", verdict, others)
        assert answer.status_code == 403
        assert "you may not decide conflicts of account 'acme'" in answer.json()["detail"]
    assert world.rows("SELECT * FROM matching.verdicts") == []
    assert ask("POST", path, "user", verdict, ["netsuite_verdict__acme"]).status_code == 201
    assert ask("DELETE", path, "user", None, ["netsuite_verdict__acme"]).status_code == 200


def test_who_may_not_read_an_account_sees_no_conflicts_of_it_and_gives_no_roles(world: World, ask: Ask) -> None:
    user = world.user("ann@corp.test", role="viewer")
    of_acme, of_other = ["netsuite_sync__acme"], ["netsuite_sync__other", "netsuite_verdict__acme"]
    role = f"/accounts/acme/users/{user}/role"
    for refused in (
        ask("GET", "/accounts/acme/conflicts", "op", None, of_other),
        ask("PUT", role, "op", {"role": "admin"}, of_other),
    ):
        assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
        assert "you may not read account 'acme'" in refused.json()["detail"]
    assert world.rows("SELECT role FROM workflow.users") == [("viewer",)]
    assert ask("GET", "/accounts/acme/conflicts", "viewer", None, of_acme).status_code == 200
    assert ask("PUT", role, "op", {"role": "admin"}, of_acme).status_code == 200


def test_the_routes_of_people_ask_the_same_warehouse_as_those_of_recipients(world: World, ask: Ask) -> None:
    """One after another, over the same pool: one that only reads leaves no connection that can't write."""
    user = world.user("ann@corp.test", role="viewer")
    engine = warehouse_of_airflow()
    body = {"account": "acme", "template": "a@corp.test", "invoices": [1]}
    assert ask("POST", "/recipients/resolve", "viewer", body).status_code == 200
    assert ask("PUT", f"/accounts/acme/users/{user}/role", "op", {"role": "admin"}).status_code == 200
    assert warehouse_of_airflow() is engine
    assert engine.pool.checkedin() == 1


def test_without_a_connection_to_the_warehouse_all_say_the_same(
    world: World, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.delenv("AIRFLOW_CONN_WAREHOUSE")
        answers = [
            ask("GET", "/recipients/INV1?account=acme", "admin"),
            ask("GET", "/accounts/acme/conflicts", "admin"),
            ask("POST", "/accounts/acme/conflicts/7/verdict", "admin", {"user_id": None, "evidence_hash": ""}),
            ask("DELETE", "/accounts/acme/conflicts/7/verdict", "admin"),
            ask("PUT", f"/accounts/acme/users/{uuid4()}/role", "admin", {"role": "admin"}),
        ]
    assert {answer.status_code for answer in answers} == {503}
    (detail,) = {answer.json()["detail"] for answer in answers}
    assert detail.startswith("warehouse: The API server has no Airflow connection 'warehouse'. Create it")

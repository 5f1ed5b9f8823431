"""Users, verdicts and roles over HTTP, with Airflow's own sign-in and permissions: rows B8, E5, E6, O14."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance, unsupported_method
from starlette.applications import Starlette
from starlette.routing import Mount

from include.console.api import api, warehouse_of_airflow
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


def signed_in(role: str, dags: Iterable[str] = DAGS) -> dict[str, str]:
    """The headers of a person with a role of Airflow's, who may use these DAGs."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    user = SimpleAuthManagerUser(username=f"the {role}", role=role, teams=list(dags))
    return {"Authorization": f"Bearer {get_auth_manager().generate_jwt(user)}"}


@pytest.fixture
def ask(client: TestClient, world: World, teams: None) -> Ask:
    """Sends a request as a person with a role of Airflow's, or as nobody; such a person may use all DAGs, or some."""

    def send(method: str, path: str, role: str | None, body: Any = None, dags: Iterable[str] = DAGS) -> Any:
        headers = signed_in(role, dags) if role else {}
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


@pytest.fixture
def four_users(world: World) -> World:
    """Ann and Bob are owners of invoices, Cid is none, and Dan came after the last sync."""
    world.employee(7, "ann@corp.test", first="Ann")
    world.employee(8, "bob@corp.test", first="Bob")
    world.invoice(1, salesrep=7)
    world.invoice(2, salesrep=8)
    world.user("bob@corp.test")
    world.user("cid@corp.test")
    world.sync()
    world.user("dan@corp.test")
    return world


def test_users_are_listed_with_role_and_employee_or_the_reason_why_there_is_none(four_users: World, ask: Ask) -> None:
    """E6, O14."""
    ann = next(user for user, employee in four_users.links().items() if employee == 7)
    ask("PUT", f"/accounts/acme/users/{ann}/role", "op", {"role": "admin"})
    listed = ask("GET", "/accounts/acme/users", "viewer").json()
    shown = ("email", "origin", "role", "role_changed_by", "netsuite_integrated", "employee_id", "rule", "reason")
    assert [tuple(user[name] for name in shown) for user in listed] == [
        ("ann@corp.test", "netsuite_import", "admin", "the op", True, 7, "linked_id", None),
        ("bob@corp.test", "workflow", "member", None, True, 8, "same_email", None),
        ("cid@corp.test", "workflow", "member", None, False, None, None, "no_employee"),
        ("dan@corp.test", "workflow", "member", None, False, None, None, "not_published"),
    ]
    assert [user["role_changed_at"] is not None for user in listed] == [True, False, False, False]
    assert listed[0]["user_id"] == str(ann)


def test_users_are_filtered_and_paged(four_users: World, ask: Ask) -> None:
    """E6."""

    def found(query: str) -> list[str]:
        return [user["email"][:3] for user in ask("GET", f"/accounts/acme/users?{query}", "viewer").json()]

    assert found("netsuite_integrated=true") == ["ann", "bob"]
    assert found("netsuite_integrated=false") == ["cid", "dan"]
    assert found("limit=3") == ["ann", "bob", "cid"]
    assert found("limit=3&offset=3") == ["dan"]
    assert found("netsuite_integrated=false&limit=1&offset=1") == ["dan"]
    assert found("offset=1000000") == []
    for wrong in ("limit=0", "limit=1001", "offset=-1", "offset=1000001", "netsuite_integrated=perhaps"):
        assert ask("GET", f"/accounts/acme/users?{wrong}", "viewer").status_code == 422, wrong


def test_the_users_who_are_not_mapped_are_counted(four_users: World, ask: Ask) -> None:
    """E5: as many as the list of them holds."""
    four_users.account = "other"
    four_users.user("eve@corp.test")
    assert ask("GET", "/accounts/acme/users/summary", "viewer").json() == {
        "users": 4, "mapped": 2, "not_mapped": 2, "in_conflict": 0,
    }  # fmt: skip


def test_where_nobody_is_the_summary_says_none(world: World, ask: Ask, conflict: Any) -> None:
    assert ask("GET", "/accounts/acme/users/summary", "viewer").json()["in_conflict"] == 2
    world.emptied()
    assert set(ask("GET", "/accounts/acme/users/summary", "viewer").json().values()) == {0}


# Left out as for the routes of recipients; and that nobody else may, which schemathesis can't ask of an app.
EXCLUDED = [positive_data_acceptance, unsupported_method, ignored_auth]
USER = f"{'0' * 8}-0000-0000-0000-{'0' * 12}"
ROUTES = (
    ("GET", "/accounts/{account}/users", None),
    ("GET", "/accounts/{account}/users/summary", None),
    ("GET", "/accounts/{account}/conflicts", None),
    ("POST", "/accounts/{account}/conflicts/{employee_id}/verdict", {"user_id": None, "evidence_hash": ""}),
    ("DELETE", "/accounts/{account}/conflicts/{employee_id}/verdict", None),
    ("PUT", "/accounts/{account}/users/{user_id}/role", {"role": "admin"}),
)


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_an_account_that_is_not_there_is_not_found_and_one_that_is_no_text_refused(
    ask: Ask, method: str, path: str, body: Any
) -> None:
    of_nobody = {"employee_id": 7, "user_id": USER}
    unknown = ask(method, path.format(account="nosuch", **of_nobody), "admin", body)
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/problem+json")
    (error,) = unknown.json()["errors"]
    assert error == {"what": "there is no account 'nosuch'", "where": "account", "allowed": ["acme"]}
    no_text = ask(method, path.format(account="%00", **of_nobody), "admin", body)
    assert no_text.status_code == 422
    (error,) = no_text.json()["errors"]
    assert (error["where"], error["what"]) == (
        "path.account", "holds the character NUL, which is no text",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body", "where", "words"),
    [
        ("POST", "conflicts/7/verdict", {"user_id": None, "evidence_hash": "", "note": "a\0"}, "body.note", "NUL"),
        ("POST", "conflicts/7/verdict", {"user_id": None, "evidence_hash": "\0"}, "body.evidence_hash", "NUL"),
        ("POST", "conflicts/7/verdict", {"evidence_hash": ""}, "body.user_id", "required"),
        ("POST", "conflicts/7/verdict", {"user_id": None, "evidence_hash": "", "by": "x"}, "body.by", "not permitted"),
        ("POST", f"conflicts/{2**63}/verdict", {"user_id": None, "evidence_hash": ""}, "path.employee_id", "less than"),
        ("DELETE", "conflicts/0/verdict", None, "path.employee_id", "greater than"),
        ("PUT", f"users/{USER}/role", {"role": "admin", "by": "x"}, "body.by", "not permitted"),
        ("PUT", "users/ann/role", {"role": "admin"}, "path.user_id", "UUID"),
    ],
)
def test_what_is_wrong_in_a_request_is_told_in_words(
    ask: Ask, method: str, path: str, body: Any, where: str, words: str
) -> None:
    answer = ask(method, f"/accounts/acme/{path}", "admin", body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["where"] == where
    assert words in error["what"]


@pytest.mark.parametrize(("method", "path", "_body"), ROUTES)
def test_whatever_is_sent_the_answer_is_as_described(
    ask: Ask, conflict: dict[str, Any], world: World, method: str, path: str, _body: Any
) -> None:
    """schemathesis, as for the routes of recipients; here with Airflow's own sign-in, as an admin."""
    description = json.loads(ask("GET", "/openapi.json", "admin").text) | {"servers": [{"url": "/"}]}
    there = {"account": "acme", "employee_id": "7", "user_id": str(next(iter(world.links())))}
    for parameter in description["paths"][path][method.lower()]["parameters"]:
        if parameter["name"] in there:
            parameter["schema"] = {"enum": [there[parameter["name"]]]}
    hashes = description["components"]["schemas"]["Verdict"]["properties"]["evidence_hash"]
    hashes |= {"enum": [conflict["evidence_hash"], "another"]}
    operation = schemathesis.openapi.from_dict(description)[path][method]
    app = Starlette(routes=[Mount("/", api)])
    statuses = set()

    @given(case=operation.as_strategy())
    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: schemathesis.Case) -> None:
        answer = case.call_and_validate(app=app, headers=signed_in("admin"), excluded_checks=EXCLUDED)
        statuses.add(answer.status_code)

    send()
    assert statuses & {200, 201, 404, 409}
    assert statuses <= {200, 201, 404, 409, 422}


@pytest.mark.parametrize(
    ("method", "path", "body", "too_few_rights"),
    [
        ("GET", "/accounts/acme/users", None, [None]),
        ("GET", "/accounts/acme/users/summary", None, [None]),
        ("GET", "/accounts/acme/conflicts", None, [None]),
        ("POST", "/accounts/acme/conflicts/7/verdict", {"user_id": None, "evidence_hash": ""}, [None, "viewer"]),
        ("DELETE", "/accounts/acme/conflicts/7/verdict", None, [None, "viewer"]),
        (
            "PUT",
            f"/accounts/acme/users/{USER}/role",
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
        ask("GET", "/accounts/acme/users", "op", None, of_other),
        ask("GET", "/accounts/acme/users/summary", "op", None, of_other),
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
            ask("GET", "/accounts/acme/users", "admin"),
            ask("GET", "/accounts/acme/users/summary", "admin"),
            ask("GET", "/accounts/acme/conflicts", "admin"),
            ask("POST", "/accounts/acme/conflicts/7/verdict", "admin", {"user_id": None, "evidence_hash": ""}),
            ask("DELETE", "/accounts/acme/conflicts/7/verdict", "admin"),
            ask("PUT", f"/accounts/acme/users/{uuid4()}/role", "admin", {"role": "admin"}),
        ]
    assert {answer.status_code for answer in answers} == {503}
    (detail,) = {answer.json()["detail"] for answer in answers}
    assert detail.startswith("warehouse: The API server has no Airflow connection 'warehouse'. Create it")

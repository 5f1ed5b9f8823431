"""The API for the workflow engine: answers, problems, permissions (O10 to O13, B1, B7, D7)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from fastapi import HTTPException
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method

from include.console.api import make_app
from include.console.api_access import Access
from include.console.api_description import api_description
from include.warehouse.database import open_warehouse
from include.warehouse.errors import WarehouseUnreachable
from tests.recipients.world import RecipientsWorld

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from sqlalchemy import Engine

    from include.local_stack.postgres import EmbeddedPostgres

PROJECT = Path(__file__).parents[2]
SALESREP = "{{user_from_source_id:salesrep}}"
COLLECTOR = "{{user_from_source_id:custbody_collector}}"


@pytest.fixture(scope="module")
def warehouse(postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[Engine]:
    """Invoice 101 is Ann's alone, 102 hers and the collector's; 103 was deleted; one template is wrong."""
    name = "warehouse_of_api"
    postgres.ensure_database(name, template=migrated_template)
    engine = open_warehouse(postgres.url(name))
    world = RecipientsWorld(engine)
    world.employee(1, "Ann@corp.test")
    world.invoice(101, salesrep=1, custbody_collector=None)
    world.invoice(102, salesrep=1, custbody_collector=1)
    world.invoice(103, salesrep=1, deleted=True)
    world.read_all_up_to_now()
    world.template("a", "{{user_from_source_id:SALESREP}}")
    world.sync()
    yield engine
    engine.dispose()
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("accounts")
    content = "connection: c\nowner_fields: [salesrep, custbody_collector]\n"
    for name in ("acme", "secret"):
        (folder / f"{name}.yml").write_text(content)
    (folder / "broken.yml").write_text("connection: c\n")
    return folder


def signed_in() -> str:
    return "ann"


def may_read(user: str, account: str) -> bool:
    return user == "ann" and account != "secret"


@pytest.fixture
def app(warehouse: Engine, accounts: Path, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setenv("NETSUITE_ACCOUNTS_DIR", str(accounts))
    return make_app(Access(guard=signed_in, visitor=signed_in, may_read=may_read), lambda: warehouse)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False)


def resolved(client: TestClient, template: str, *invoices: int | str, account: str = "acme") -> Any:
    return client.post(
        "/recipients/resolve", json={"account": account, "template": template, "invoices": list(invoices)}
    )


def test_a_template_is_resolved_for_numbers_and_ids_with_the_union(client: TestClient) -> None:
    """O10, O11, D7."""
    answer = resolved(client, f"{SALESREP}, {COLLECTOR}, desk@corp.test", "INV101", 102, "INV103", 999)
    assert answer.status_code == 200
    first, *others = answer.json()["invoices"]
    assert first == {
        "asked": "INV101", "state": "ok", "why": None, "invoice_id": 101, "invoice_number": "INV101",
        "recipients": [
            {"email": "Ann@corp.test", "owner_fields": ["salesrep"], "in_template": False},
            {"email": "desk@corp.test", "owner_fields": [], "in_template": True},
        ],
        "unresolved": [
            {
                "owner_field": "custbody_collector", "status": "owner_empty", "employee_id": None,
                "why": "the field is empty on the invoice", "who_can_mend": "NetSuite administrator",
            }
        ],
    }  # fmt: skip
    assert [each["state"] for each in others] == ["ok", "invoice_deleted", "unknown_invoice"]
    assert answer.json()["union"] == [
        {"email": "Ann@corp.test", "invoice_ids": [101, 102]},
        {"email": "desk@corp.test", "invoice_ids": [101, 102]},
    ]


def test_a_thousand_invoices_are_one_call_and_more_are_refused(client: TestClient) -> None:
    assert len(resolved(client, SALESREP, *range(1, 1001)).json()["invoices"]) == 1000
    refused = resolved(client, SALESREP, *range(1, 1002))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["where"] == "body.invoices"


def test_a_wrong_template_is_a_problem_that_names_every_place(client: TestClient) -> None:
    """O10, O13."""
    answer = resolved(client, "ann@corp.test\n{{user_from_source_id:SalesRep}}, {{nope", 101)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    wrong_case, unbalanced = answer.json()["errors"]
    assert wrong_case == {
        "what": "the field 'SalesRep' is written salesrep; names are exact",
        "where": "template, line 2, column 23", "allowed": ["salesrep"], "code": "wrong_case_field",
        "found": "SalesRep", "suggestion": "salesrep", "line": 2, "column": 23, "offset": 36,
    }  # fmt: skip
    assert (unbalanced["code"], unbalanced["line"], unbalanced["column"]) == ("unbalanced_braces", 2, 35)


def test_one_invoice_is_asked_for_by_number_or_by_id(client: TestClient) -> None:
    by_number = client.get("/recipients/INV102", params={"account": "acme"}).json()
    by_id = client.get("/recipients/102", params={"account": "acme", "by": "id"}).json()
    assert {**by_number, "asked": 102} == by_id
    assert by_id["recipients"] == [
        {"email": "Ann@corp.test", "owner_fields": ["salesrep", "custbody_collector"], "in_template": False}
    ]
    assert client.get("/recipients/INV103", params={"account": "acme"}).json()["state"] == "invoice_deleted"


def test_an_invoice_number_may_hold_a_slash(client: TestClient, warehouse: Engine) -> None:
    RecipientsWorld(warehouse).execute("UPDATE raw.invoices SET invoice_number = 'INV/102' WHERE id = 102")
    try:
        assert client.get("/recipients/INV%2F102", params={"account": "acme"}).json()["invoice_id"] == 102
    finally:
        RecipientsWorld(warehouse).execute("UPDATE raw.invoices SET invoice_number = 'INV102' WHERE id = 102")


def test_templates_are_linted_those_of_the_table_or_those_sent(client: TestClient) -> None:
    """B7."""
    of_the_table = client.post("/templates/lint", json={"account": "acme"}).json()
    assert (of_the_table["templates"], of_the_table["errors"]) == (1, 1)
    assert of_the_table["findings"][0]["source"] == "workflow.templates/a"
    sent = client.post(
        "/templates/lint",
        json={"account": "acme", "templates": [{"name": "n", "recipients": SALESREP}, {"name": "m", "recipients": ""}]},
    ).json()
    assert [(each["source"], each["code"]) for each in sent["findings"]] == [("templates.1", "no_recipient")]


def test_an_invoice_is_explained_check_by_check(client: TestClient) -> None:
    """B1, O12, O13."""
    answer = client.get("/explain", params={"account": "acme", "invoice": "INV101"}).json()
    assert {field["subject"]: field["blocker"] for field in answer["fields"]} == {
        "salesrep": None, "custbody_collector": "owner_filled",
    }  # fmt: skip
    template = {"account": "acme", "invoice": "INV101", "template": "{{user_from_source_id:SALESREP}}"}
    (field,) = client.get("/explain", params=template).json()["fields"]
    assert (field["blocker"], field["checks"][0]["who_can_mend"]) == ("field_name_exact", "author of the template")


def test_an_employee_is_explained(client: TestClient) -> None:
    """O12."""
    for employee in ("1", "ann@CORP.test"):
        (found,) = client.get("/explain-employee", params={"account": "acme", "employee": employee}).json()["employees"]
        assert found["blocker"] is None
    (missing,) = client.get("/explain-employee", params={"account": "acme", "employee": "77"}).json()["employees"]
    assert missing["blocker"] == "employee_exists"


@pytest.mark.parametrize(
    ("path", "status", "where", "words"),
    [
        ("/recipients/INV999?account=acme", 404, "invoice", "no such invoice has been synced"),
        ("/recipients/INV101?account=nope", 404, "account", "there is no account 'nope'"),
        ("/recipients/INV101?account=%00", 422, "query.account", "holds the character NUL"),
        ("/recipients/INV101?account=secret", 403, "account", "you may not read account 'secret'"),
        ("/recipients/INV101?account=broken", 409, "account file", "'owner_fields' is missing"),
        ("/recipients/INV101", 422, "query.account", "Field required"),
        ("/recipients/INV101?account=acme&by=id", 422, "invoice", "whole number"),
        ("/recipients/INV101?account=acme&by=mood", 422, "query.by", "'number' or 'id'"),
        ("/nothing", 404, "GET /nothing", "Not Found"),
        ("/templates/lint", 405, "GET /templates/lint", "Method Not Allowed"),
    ],
)
def test_a_problem_says_what_where_and_what_is_allowed(
    client: TestClient, path: str, status: int, where: str, words: str
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    (error,) = answer.json()["errors"]
    assert error["where"] == where
    assert words in error["what"]


def test_the_accounts_that_the_person_may_read_are_named_where_one_is_not_known(client: TestClient) -> None:
    error = client.get("/explain", params={"account": "nope", "invoice": "x"}).json()["errors"][0]
    assert error["allowed"] == ["acme", "broken"]


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "\\u0000{{"])
def test_no_text_breaks_it(client: TestClient, text: str) -> None:
    """NUL and half characters can't be stored by PostgreSQL, nor be sent back."""
    body = f'{{"account": "acme", "template": "{text}", "invoices": ["{text}"]}}'
    assert client.post("/recipients/resolve", content=body).status_code == 422
    body = f'{{"account": "acme", "template": "a@corp.test", "invoices": ["{text}"]}}'
    assert client.post("/recipients/resolve", content=body).status_code in {200, 422}
    assert client.get("/recipients/%00?account=acme").status_code == 404


def test_a_warehouse_that_cant_be_asked_is_a_problem(accounts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETSUITE_ACCOUNTS_DIR", str(accounts))

    def gone() -> Engine:
        raise WarehouseUnreachable("The warehouse can't be reached.")

    client = TestClient(make_app(Access(signed_in, signed_in, may_read), gone))
    answer = resolved(client, SALESREP, 101)
    assert (answer.status_code, answer.json()["detail"]) == (503, "warehouse: The warehouse can't be reached.")


def test_whoever_the_guard_refuses_gets_nothing_not_even_the_description(accounts: Path) -> None:
    def refuse() -> None:
        raise HTTPException(401, "Not authenticated", {"WWW-Authenticate": "Bearer"})

    def no_warehouse() -> Engine:
        raise AssertionError("asked before the guard")

    app = make_app(Access(refuse, refuse, may_read), no_warehouse)
    client = TestClient(app)
    routes = [(method, path) for path, methods in app.openapi()["paths"].items() for method in methods]
    assert len(routes) == 5
    for method, path in [*routes, ("get", "/openapi.json"), ("get", "/")]:
        answer = client.request(method, path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path
        assert answer.json()["errors"][0]["what"] == "Not authenticated"


def test_the_description_has_a_page_for_people(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    for part in ("POST /recipients/resolve", "GET /explain", "Resolve a template for up to 1,000", "openapi.json"):
        assert part in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def valid_requests(description: dict[str, Any]) -> dict[str, Any]:
    """The description, with an account and templates that there are, so that requests come through to the database."""
    for path in description["paths"].values():
        for route in path.values():
            for parameter in route.get("parameters", ()):
                if parameter["name"] == "account":
                    parameter["schema"] = {"type": "string", "enum": ["acme"]}
    schemas = description["components"]["schemas"]
    for name in ("ResolveRequest", "LintRequest"):
        schemas[name]["properties"]["account"] = {"type": "string", "enum": ["acme"]}
    templates = [SALESREP, f"{COLLECTOR}; desk@corp.test", "{{nope"]
    schemas["ResolveRequest"]["properties"]["template"] = {"type": "string", "enum": templates}
    return description


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/recipients/resolve"),
        ("POST", "/templates/lint"),
        ("GET", "/recipients/{invoice}"),
        ("GET", "/explain"),
        ("GET", "/explain-employee"),
    ],
)
def test_whatever_is_sent_the_answer_is_as_described(app: FastAPI, method: str, path: str) -> None:
    """schemathesis: no error of the server, and every answer has a status, type and shape of the description.

    Left out: that what fits the schema is accepted (a template may fit and be wrong), and 405 for other methods
    (GET /recipients/resolve asks for an invoice called resolve).
    """
    description = valid_requests(json.loads(json.dumps(api_description(app, ""))))
    operation = schemathesis.openapi.from_dict(description)[path][method]
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
    def ask(case: schemathesis.Case) -> None:
        answer = case.call_and_validate(app=app, excluded_checks=[positive_data_acceptance, unsupported_method])
        statuses.add(answer.status_code)

    ask()
    assert statuses & {200, 404}
    assert statuses <= {200, 404, 422}


REQUESTS = [
    {"user": user, "method": method, "path": f"/netsuite/api{path}", "body": body}
    for user in (None, "ann", "vic")
    for method, path, body in (
        ("GET", "/openapi.json", None),
        ("GET", "/", None),
        ("GET", "/recipients/INV101?account=acme", None),
        ("POST", "/recipients/resolve", {"account": "acme", "template": SALESREP, "invoices": [101]}),
        ("GET", "/accounts/acme/conflicts", None),
    )
]


def test_inside_a_real_airflow_it_takes_airflows_own_sign_in(warehouse: Engine, accounts: Path, tmp_path: Path) -> None:
    """An admin and a viewer with a bearer token; nobody without one sees anything."""
    (tmp_path / "passwords.json").write_text(json.dumps({"ann": "ann", "vic": "vic"}))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    environment |= {
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "ann:admin,vic:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(tmp_path / "passwords.json"),
        "AIRFLOW_CONN_WAREHOUSE": warehouse.url.set(drivername="postgres").render_as_string(hide_password=False),
        "NETSUITE_ACCOUNTS_DIR": str(accounts),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.console.api_visitor"],
        input=json.dumps(REQUESTS),
        env=environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answers = json.loads(done.stdout.partition("\nANSWERS ")[2])
    assert [answer["status"] for answer in answers] == [401] * 5 + [200] * 10
    assert {answer["type"] for answer in answers[:5]} == {"application/problem+json"}
    assert not any("corp.test" in answer["text"] for answer in answers[:5])
    for description, page, invoice, resolution, conflicts in (answers[5:10], answers[10:]):
        assert json.loads(conflicts["text"]) == []
        assert "/accounts/{account}/users/{user_id}/role" in json.loads(description["text"])["paths"]
        assert json.loads(description["text"])["servers"] == [{"url": "/netsuite/api"}]
        assert "POST /recipients/resolve" in page["text"]
        assert json.loads(invoice["text"])["recipients"][0]["email"] == "Ann@corp.test"
        assert json.loads(resolution["text"])["union"] == [{"email": "Ann@corp.test", "invoice_ids": [101]}]

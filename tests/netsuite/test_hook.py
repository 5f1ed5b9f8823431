"""The connection type `netsuite` in Airflow: the form, the hook and the Test button."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from airflow.models.connection import Connection

from include.netsuite.hook import NetSuiteHook
from include.netsuite.provider_info import get_provider_info
from tests.netsuite.scripted_netsuite import Asked, Reply, ScriptedNetSuite, page, refusal

EXTRA = {"account": "1234567_SB1", "auth": "tba", "token_id": "t", "token_secret": "ts", "concurrency": 3}


def given_connection(monkeypatch: pytest.MonkeyPatch, host: str, extra: dict[str, object]) -> None:
    fields = {"conn_type": "netsuite", "host": host, "login": "key", "password": "secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_NETSUITE_TEST", json.dumps(fields))


def answers(asked: Asked) -> Reply:
    row = {"employees": "42"} if "COUNT" in asked.body["q"] else {"now_utc": "2026-03-02T12:00:00Z"}
    return page([row])


def test_the_hook_makes_a_client_from_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    given_connection(monkeypatch, "http://127.0.0.1:8080", EXTRA)
    connection = NetSuiteHook("netsuite_test").get_conn().connection
    assert connection.base_url == "http://127.0.0.1:8080"
    assert connection.account == "1234567_SB1"
    assert connection.concurrency == 3


def test_the_test_button_says_who_and_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedNetSuite(answers) as netsuite:
        given_connection(monkeypatch, netsuite.url, EXTRA)
        worked, message = NetSuiteHook("netsuite_test").test_connection()
    assert worked
    assert "1234567_SB1" in message
    assert netsuite.url in message


def test_the_test_button_works_through_the_uri_that_airflows_api_makes_of_a_connection(
    monkeypatch: pytest.MonkeyPatch, ec_pem: str
) -> None:
    with ScriptedNetSuite(answers) as netsuite:
        made = Connection("x", "netsuite", host=netsuite.url, login="key", password="sec/ret+", extra=json.dumps(EXTRA))
        monkeypatch.setenv("AIRFLOW_CONN_NETSUITE_TEST", made.get_uri())
        worked, message = NetSuiteHook("netsuite_test").test_connection()
    assert worked, message
    extra = {"account": "1234567", "certificate_id": "certificate-1"}
    made = Connection("x", "netsuite", login="client", password=ec_pem, extra=json.dumps(extra))
    monkeypatch.setenv("AIRFLOW_CONN_NETSUITE_TEST", made.get_uri())
    connection = NetSuiteHook("netsuite_test").get_conn().connection
    assert connection.base_url == "https://1234567.suitetalk.api.netsuite.com"


@pytest.mark.parametrize(
    ("extra", "says"), [(EXTRA, "NetSuite refused the sign-in"), ({**EXTRA, "account": "../evil"}, "'account'")]
)
def test_the_test_button_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, extra: dict[str, object], says: str
) -> None:
    with ScriptedNetSuite(lambda _: refusal(401, "INVALID_LOGIN", "Invalid login attempt.")) as netsuite:
        given_connection(monkeypatch, netsuite.url, extra)
        worked, message = NetSuiteHook("netsuite_test").test_connection()
    assert not worked
    assert says in message


def test_airflow_takes_the_form_as_it_is_declared() -> None:
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    (form,) = [meta for meta in HookMetaService.hook_meta_data() if meta.connection_type == "netsuite"]
    assert form.hook_class_name == f"{NetSuiteHook.__module__}.{NetSuiteHook.__name__}"
    assert form.hook_name == NetSuiteHook.hook_name
    assert form.standard_fields is not None
    assert form.standard_fields.port.hidden
    assert form.standard_fields.url_schema.hidden
    assert form.standard_fields.login.title == "Client ID or consumer key"
    assert form.extra_fields is not None
    assert set(form.extra_fields) == {
        "account",
        "auth",
        "certificate_id",
        "token_id",
        "token_secret",
        "concurrency",
        "timeout",
    }
    assert form.extra_fields["auth"]["schema"]["enum"] == ["oauth2", "tba"]
    assert form.extra_fields["token_secret"]["schema"]["format"] == "password"


def test_the_declaration_names_the_hook_that_there_is() -> None:
    (declared,) = get_provider_info()["connection-types"]
    assert declared["hook-class-name"] == f"{NetSuiteHook.__module__}.{NetSuiteHook.__name__}"
    assert declared["connection-type"] == NetSuiteHook.conn_type


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("include.netsuite.provider_info", ("pydantic", "requests", "airflow", "cryptography")),
        ("include.netsuite.client", ("airflow", "pyarrow", "pandas", "jwt", "cryptography", "oauthlib")),
    ],
)
def test_importing_stays_light(module: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(sorted(set({heavy!r}) & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"

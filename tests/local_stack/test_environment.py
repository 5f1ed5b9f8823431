"""The environment of Airflow's processes: ours where it must be, the caller's where it may be."""

import json
from pathlib import Path

import pytest

from include.local_stack.environment import admin_password, airflow_environment, warehouse_url
from include.local_stack.postgres import EmbeddedPostgres
from include.local_stack.private_files import kept_secret, write_private
from include.local_stack.run_folder import PROJECT, RunFolder


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def environment(folder: RunFolder, postgres: EmbeddedPostgres, **caller: str) -> dict[str, str]:
    return airflow_environment(folder, postgres, caller, ui_port=8099)


def test_everything_lies_in_the_run_folder(folder: RunFolder, postgres: EmbeddedPostgres) -> None:
    made = environment(folder, postgres)
    for name in ("AIRFLOW_HOME", "AIRFLOW__LOGGING__BASE_LOG_FOLDER", "NETSUITE_DATA_DOCS"):
        assert Path(made[name]).is_relative_to(folder.root), name
    assert made["NETSUITE_LANDING"] == folder.landing.as_uri()
    assert made["AIRFLOW_CONFIG"] == str(PROJECT / "airflow.cfg")


def test_airflow_talks_to_itself_on_loopback_at_the_port_it_was_given(
    folder: RunFolder, postgres: EmbeddedPostgres
) -> None:
    made = environment(folder, postgres)
    assert made["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert made["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8099/execution/"


@pytest.mark.parametrize("name", ["AIRFLOW_CONN_WAREHOUSE", "NETSUITE_ACCOUNTS_DIR", "NETSUITE_LANDING"])
def test_the_callers_connections_accounts_and_landing_area_win(
    folder: RunFolder, postgres: EmbeddedPostgres, name: str
) -> None:
    assert environment(folder, postgres, **{name: "the caller's"})[name] == "the caller's"
    assert environment(folder, postgres, **{name: ""})[name] != ""


def test_the_callers_connections_reach_airflow(folder: RunFolder, postgres: EmbeddedPostgres) -> None:
    assert environment(folder, postgres, AIRFLOW_CONN_ACME="{}")["AIRFLOW_CONN_ACME"] == "{}"


def test_another_airflow_of_the_caller_does_not_leak_in(folder: RunFolder, postgres: EmbeddedPostgres) -> None:
    made = environment(folder, postgres, AIRFLOW_HOME="/elsewhere", AIRFLOW__CORE__DAGS_FOLDER="/elsewhere/dags")
    assert "/elsewhere" not in made["AIRFLOW_HOME"] + made["AIRFLOW__CORE__DAGS_FOLDER"]


def test_the_demos_connection_is_the_sandboxs_unless_the_caller_has_one(
    folder: RunFolder, postgres: EmbeddedPostgres
) -> None:
    assert "AIRFLOW_CONN_NETSUITE_DEMO" not in environment(folder, postgres)
    write_private(folder.sandbox_connections("demo"), json.dumps({"oauth2": {"conn_type": "netsuite"}, "tba": {}}))
    assert json.loads(environment(folder, postgres)["AIRFLOW_CONN_NETSUITE_DEMO"]) == {"conn_type": "netsuite"}
    assert environment(folder, postgres, AIRFLOW_CONN_NETSUITE_DEMO="mine")["AIRFLOW_CONN_NETSUITE_DEMO"] == "mine"


def test_loopback_never_goes_through_the_callers_proxy(folder: RunFolder, postgres: EmbeddedPostgres) -> None:
    made = environment(folder, postgres, NO_PROXY="intranet")
    assert made["NO_PROXY"] == made["no_proxy"] == "intranet,127.0.0.1,localhost"


def test_secrets_are_generated_once_and_only_their_owner_may_read_them(
    folder: RunFolder, postgres: EmbeddedPostgres
) -> None:
    first, second = environment(folder, postgres), environment(folder, postgres)
    names = ["AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET"]
    assert [first[name] for name in names] == [second[name] for name in names]
    assert len({first[name] for name in names}) == len(names)
    assert len(first["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64
    passwords = Path(first["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    assert json.loads(passwords.read_text()) == {"admin": admin_password(folder)}
    assert [file for file in (passwords, *folder.secrets.iterdir()) if file.stat().st_mode & 0o077] == []


def test_a_kept_secret_is_not_generated_again(tmp_path: Path) -> None:
    assert kept_secret(tmp_path / "key", lambda: "first") == "first"
    assert kept_secret(tmp_path / "key", lambda: "second") == "first"


@pytest.mark.parametrize(
    "connection",
    [
        "postgresql://ann:p%40ss@db.example:5433/dw",
        '{"conn_type": "postgres", "login": "ann", "password": "p@ss", "host": "db.example", "port": 5433, '
        '"schema": "dw"}',
    ],
)
def test_the_callers_warehouse_is_understood_as_url_and_as_json(postgres: EmbeddedPostgres, connection: str) -> None:
    caller = {"AIRFLOW_CONN_WAREHOUSE": connection}
    assert warehouse_url(postgres, caller) == "postgresql://ann:p%40ss@db.example:5433/dw"


def test_without_the_callers_warehouse_it_is_the_embedded_one(postgres: EmbeddedPostgres) -> None:
    assert warehouse_url(postgres, {}) == postgres.url("warehouse", driver="")

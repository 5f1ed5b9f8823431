"""The environment of every Airflow process of the local stack, made in this one place."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from include.local_stack.demo import DEMO_ACCOUNTS
from include.local_stack.ports import LOOPBACK
from include.local_stack.postgres import EmbeddedPostgres
from include.local_stack.private_files import kept_secret, write_private
from include.local_stack.run_folder import PROJECT, RunFolder

AIRFLOW_DATABASE = "airflow"
WAREHOUSE_DATABASE = "warehouse"
WAREHOUSE_VARIABLE = "AIRFLOW_CONN_WAREHOUSE"
ACCOUNTS_VARIABLE = "NETSUITE_ACCOUNTS_DIR"
ADMIN = "admin"
# A process that has read a large entity gives its memory back; by default, glibc and Arrow keep it for themselves.
FRUGAL_MEMORY = {"MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}


def airflow_environment(
    folder: RunFolder,
    postgres: EmbeddedPostgres,
    caller: Mapping[str, str],
    *,
    ui_port: int,
    database: str = AIRFLOW_DATABASE,
) -> dict[str, str]:
    """The whole environment of an Airflow process.

    Connections, the accounts' folder, the landing area and the data docs are the caller's where the caller's
    environment has them; how Airflow itself runs is ours.

    Args:
        folder: where state lies.
        postgres: the running embedded server.
        caller: the environment of whoever called us.
        ui_port: the port of Airflow's API server.
        database: Airflow's own database in the embedded server.
    """
    address = f"http://{LOOPBACK}:{ui_port}"
    return {
        **FRUGAL_MEMORY,
        **caller,
        **{name: caller.get(name) or value for name, value in _defaults(folder, postgres).items()},
        "AIRFLOW_HOME": str(folder.airflow_home),
        "AIRFLOW_CONFIG": str(PROJECT / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__FERNET_KEY": kept_secret(folder.secrets / "fernet-key", _fernet_key),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(_passwords_file(folder)),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.url(database, driver="psycopg2"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": postgres.url(database, driver="asyncpg"),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(folder.airflow_home / "logs"),
        "AIRFLOW__API__HOST": LOOPBACK,
        "AIRFLOW__API__PORT": str(ui_port),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__SECRET_KEY": kept_secret(folder.secrets / "api-secret-key", _long_secret),
        "AIRFLOW__API_AUTH__JWT_SECRET": kept_secret(folder.secrets / "jwt-secret", _long_secret),
        **_never_by_proxy(caller),
    }


def warehouse_url(postgres: EmbeddedPostgres, caller: Mapping[str, str]) -> str:
    """URL of the warehouse: the caller's connection `warehouse`, or the embedded one."""
    connection = caller.get(WAREHOUSE_VARIABLE)
    if not connection:
        return postgres.url(WAREHOUSE_DATABASE, driver="")
    return _url_of_json(json.loads(connection)) if connection.lstrip().startswith("{") else connection


def admin_password(folder: RunFolder) -> str:
    """The password of the user `admin` in Airflow's UI, generated once."""
    return kept_secret(folder.secrets / "airflow-password", lambda: secrets.token_urlsafe(12))


def _defaults(folder: RunFolder, postgres: EmbeddedPostgres) -> dict[str, str]:
    defaults = {
        WAREHOUSE_VARIABLE: postgres.url(WAREHOUSE_DATABASE, driver=""),
        ACCOUNTS_VARIABLE: str(PROJECT / "include" / "accounts"),
        "NETSUITE_LANDING": folder.landing.as_uri(),
        "NETSUITE_DATA_DOCS": str(folder.data_docs),
    }
    return defaults | _sandbox_connections(folder)


def _sandbox_connections(folder: RunFolder) -> dict[str, str]:
    """The connections of those of the demo's accounts whose sandboxes run, by environment variable."""
    files = {demo.variable: folder.sandbox_connections(demo.name) for demo in DEMO_ACCOUNTS}
    running = {variable: file for variable, file in files.items() if file.exists()}
    return {variable: json.dumps(json.loads(file.read_text())["oauth2"]) for variable, file in running.items()}


def _never_by_proxy(caller: Mapping[str, str]) -> dict[str, str]:
    """Adds loopback to the hosts that a proxy must not see, in both spellings that libraries look for."""
    hosts = [caller.get("NO_PROXY") or caller.get("no_proxy"), LOOPBACK, "localhost"]
    value = ",".join(host for host in hosts if host)
    return {"NO_PROXY": value, "no_proxy": value}


def _url_of_json(connection: Mapping[str, object]) -> str:
    from sqlalchemy import URL

    port = connection.get("port")
    url = URL.create(
        "postgresql",
        username=_text_or_none(connection.get("login")),
        password=_text_or_none(connection.get("password")),
        host=_text_or_none(connection.get("host")),
        port=int(str(port)) if port else None,
        database=_text_or_none(connection.get("schema")),
    )
    return url.render_as_string(hide_password=False)


def _text_or_none(value: object) -> str | None:
    return str(value) if value else None


def _passwords_file(folder: RunFolder) -> Path:
    path = folder.airflow_home / "passwords.json"
    write_private(path, json.dumps({ADMIN: admin_password(folder)}))
    return path


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def _long_secret() -> str:
    return secrets.token_urlsafe(64)

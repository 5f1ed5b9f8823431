"""A connection that was made in Airflow's UI serves a foreground sync too."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.local_stack.environment import AIRFLOW_DATABASE, airflow_environment
from include.local_stack.postgres import EmbeddedPostgres
from include.local_stack.run_folder import RunFolder
from include.local_stack.stored_connections import stored_connection

FIELDS = {
    "conn_type": "netsuite",
    "host": "https://netsuite.test",
    "login": "client",
    "password": "-----BEGIN X-----\na+b/c%=\n-----END X-----\n",
    "extra": {"account": "1234567_SB1", "certificate_id": "c&d=é"},
}


@pytest.fixture
def folder(tmp_path: Path, postgres: EmbeddedPostgres) -> Iterator[RunFolder]:
    yield RunFolder(tmp_path)
    postgres.drop_database(AIRFLOW_DATABASE)


def test_it_is_given_on_as_it_was_entered_unless_the_process_has_one(
    folder: RunFolder, postgres: EmbeddedPostgres
) -> None:
    from airflow.sdk import Connection

    assert stored_connection(folder, postgres, {}, "netsuite_acme") == {}
    postgres.ensure_database(AIRFLOW_DATABASE)
    caller = {"PATH": os.environ["PATH"]}
    airflow = airflow_environment(folder, postgres, caller, ui_port=0)
    for arguments in (["db", "migrate"], ["connections", "add", "netsuite_acme", "--conn-json", json.dumps(FIELDS)]):
        subprocess.run([sys.executable, "-m", "airflow", *arguments], env=airflow, check=True, capture_output=True)

    given_on = stored_connection(folder, postgres, caller, "netsuite_acme")["AIRFLOW_CONN_NETSUITE_ACME"]
    stored = Connection.from_uri(given_on, conn_id="netsuite_acme")
    assert (stored.conn_type, stored.login, stored.password) == ("netsuite", "client", FIELDS["password"])
    assert stored.extra_dejson == FIELDS["extra"]
    assert "netsuite.test" in stored.host
    assert stored_connection(folder, postgres, caller, "netsuite_other") == {}
    assert stored_connection(folder, postgres, {"AIRFLOW_CONN_NETSUITE_ACME": "mine"}, "netsuite_acme") == {}

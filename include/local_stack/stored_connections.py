"""Connections that were made in Airflow's UI: the foreground sync has a database of its own and would not see them."""

import json
import subprocess
import sys
from collections.abc import Mapping

from include.local_stack.environment import AIRFLOW_DATABASE, airflow_environment
from include.local_stack.postgres import EmbeddedPostgres
from include.local_stack.run_folder import RunFolder


def stored_connection(
    folder: RunFolder, postgres: EmbeddedPostgres, environment: Mapping[str, str], connection: str
) -> dict[str, str]:
    """The environment variable that gives a process the connection; empty where it has one, or none is stored.

    Args:
        folder: where state lies.
        postgres: the running embedded server.
        environment: of the process; what it says of the connection wins.
        connection: the connection's id.
    """
    variable = f"AIRFLOW_CONN_{connection.upper()}"
    if variable in environment or not postgres.has_database(AIRFLOW_DATABASE):
        return {}
    command = [sys.executable, "-m", "airflow", "connections", "get", connection, "--output", "json"]
    with_database = airflow_environment(folder, postgres, environment, ui_port=0)
    done = subprocess.run(command, env=with_database, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {}
    (stored,) = json.loads(done.stdout[done.stdout.index("[{") :])
    return {variable: stored["get_uri"]}

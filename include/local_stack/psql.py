"""psql on the warehouse."""

import signal
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack

from include.local_stack.environment import WAREHOUSE_DATABASE, WAREHOUSE_VARIABLE, warehouse_url
from include.local_stack.postgres import EmbeddedPostgres, psql_command
from include.local_stack.preparation import migrate_warehouse
from include.local_stack.run_folder import RunFolder

# Only the result: no column heads, no row count, no padding; the first error ends it.
RESULT_ONLY = ["--tuples-only", "--no-align", "--quiet", "--pset", "pager=off", "--set", "ON_ERROR_STOP=1"]


def run_psql(folder: RunFolder, caller: Mapping[str, str], sql: str) -> int:
    """Opens the warehouse in psql, or runs `sql` and prints only its result; gives psql's exit code.

    The embedded server is started if need be, and stopped again unless someone else uses it.
    """
    with ExitStack() as ends:
        postgres = EmbeddedPostgres(folder.postgres_data)
        if not caller.get(WAREHOUSE_VARIABLE):
            ends.enter_context(postgres)
            if not postgres.has_database(WAREHOUSE_DATABASE):
                migrate_warehouse(postgres, caller)
        return _psql(warehouse_url(postgres, caller), caller, sql)


def _psql(url: str, caller: Mapping[str, str], sql: str) -> int:
    from include.warehouse.database import psycopg_url

    parsed = psycopg_url(url).set(drivername="postgresql")
    # The password goes by the environment: everyone on the machine can read a command line.
    environment = {**caller, "PGPASSWORD": parsed.password or ""}
    address = parsed.set(password=None).render_as_string(hide_password=False)
    command = [str(psql_command()), "--no-psqlrc", "--dbname", address]
    if sql:
        return subprocess.run([*command, *RESULT_ONLY, "--command", sql], env=environment, check=False).returncode
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is psql's: it cancels a statement
    return subprocess.run(command, env=environment, check=False).returncode

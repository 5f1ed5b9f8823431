"""What must be there before Airflow starts: both databases at their newest version, and the sandbox."""

import contextlib
import json
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from include.local_stack.environment import (
    AIRFLOW_DATABASE,
    SANDBOX_VARIABLE,
    WAREHOUSE_DATABASE,
    WAREHOUSE_VARIABLE,
    airflow_environment,
    warehouse_url,
)
from include.local_stack.errors import ProcessError
from include.local_stack.parts import Parts
from include.local_stack.ports import free_port
from include.local_stack.postgres import EmbeddedPostgres
from include.local_stack.run_folder import RunFolder

DEMO_ACCOUNT = "demo"
SANDBOX_PORT = 8181
# So that the demo shows what quarantine is for.
BAD_ROWS_OF_THE_DEMO = 3
SECONDS_FOR_THE_SANDBOX = 60


def prepare(
    folder: RunFolder,
    postgres: EmbeddedPostgres,
    parts: Parts,
    caller: Mapping[str, str],
    *,
    invoices: int | None,
    database: str = AIRFLOW_DATABASE,
) -> None:
    """Migrates both databases and starts the sandbox, all at once.

    Args:
        folder: where state lies.
        postgres: the running embedded server.
        parts: takes the sandbox's process.
        caller: the environment of whoever called us.
        invoices: size of the sandbox's data; None when no sandbox is wanted.
        database: Airflow's own database in the embedded server.

    Raises:
        LocalStackError: one of them failed.
        WarehouseError: the warehouse can't be migrated.
    """
    with ThreadPoolExecutor(max_workers=3) as at_once:
        steps = [
            at_once.submit(migrate_airflow, folder, postgres, parts, caller, database),
            at_once.submit(migrate_warehouse, postgres, caller),
        ]
        if invoices is not None:
            steps.append(at_once.submit(start_sandbox, folder, parts, caller, invoices))
    for step in steps:
        step.result()


def migrate_airflow(
    folder: RunFolder, postgres: EmbeddedPostgres, parts: Parts, caller: Mapping[str, str], database: str
) -> None:
    """Makes Airflow's database, or brings it to this Airflow's version; at that version already, it costs nothing.

    A new one is made under another name and then renamed, so that an interrupted start leaves no half-made one.
    """
    migrated_by = folder.airflow_home / f"{database}.version"
    wanted = version("apache-airflow-core")
    is_new = not postgres.has_database(database)
    if not is_new and migrated_by.exists() and migrated_by.read_text() == wanted:
        return
    unfinished = f"{database}_unfinished" if is_new else database
    if is_new:
        postgres.drop_database(unfinished)
        postgres.ensure_database(unfinished)
    folder.airflow_home.mkdir(parents=True, exist_ok=True)
    environment = airflow_environment(folder, postgres, caller, ui_port=0, database=unfinished)
    parts.run("airflow-migrate", [sys.executable, "-m", "airflow", "db", "migrate"], environment)
    if is_new:
        postgres.rename_database(unfinished, database)
    migrated_by.write_text(wanted)


def migrate_warehouse(postgres: EmbeddedPostgres, caller: Mapping[str, str]) -> None:
    """Brings the warehouse to its newest version, making the embedded one if need be."""
    from include.warehouse.migrate import is_at_head, upgrade

    if not caller.get(WAREHOUSE_VARIABLE):
        postgres.ensure_database(WAREHOUSE_DATABASE)
    url = warehouse_url(postgres, caller)
    if not is_at_head(url):
        upgrade(url)


def wants_sandbox(caller: Mapping[str, str], account: str = DEMO_ACCOUNT) -> bool:
    """Whether this account talks to the sandbox: the demo's does, unless the caller brings a connection for it."""
    return account == DEMO_ACCOUNT and not caller.get(SANDBOX_VARIABLE)


def start_sandbox(folder: RunFolder, parts: Parts, caller: Mapping[str, str], invoices: int) -> None:
    """Starts the sandbox and waits until its connections can be read.

    Raises:
        ProcessError: it ended, or wasn't ready in time.
    """
    connections = folder.sandbox_connections
    connections.parent.mkdir(parents=True, exist_ok=True)
    connections.unlink(missing_ok=True)
    options = {
        "--port": free_port(SANDBOX_PORT),
        "--invoices": invoices,
        "--bad-rows": BAD_ROWS_OF_THE_DEMO,
        "--state-dir": folder.sandbox_state,
        "--connection-file": connections,
    }
    arguments = [str(part) for option in options.items() for part in option]
    parts.start("sandbox", [sys.executable, "-m", "include.sandbox", *arguments], caller)
    deadline = time.monotonic() + SECONDS_FOR_THE_SANDBOX
    while not _is_json(connections):
        parts.see_that_all_live()
        if time.monotonic() > deadline:
            raise ProcessError(
                f"The sandbox wasn't ready within {SECONDS_FOR_THE_SANDBOX} s; see {folder.log('sandbox')}"
            )
        time.sleep(0.05)


def _is_json(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
        return bool(json.loads(path.read_text()))
    return False

"""What must be there before Airflow starts: both databases at their newest version, and the sandbox."""

import contextlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from include.local_stack.demo import DemoAccount
from include.local_stack.environment import (
    AIRFLOW_DATABASE,
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

SECONDS_FOR_THE_SANDBOX = 60


def prepare(
    folder: RunFolder,
    postgres: EmbeddedPostgres,
    parts: Parts,
    caller: Mapping[str, str],
    *,
    sandboxes: Sequence[DemoAccount],
    invoices: int,
    database: str = AIRFLOW_DATABASE,
) -> None:
    """Migrates both databases and starts the sandboxes, all at once.

    Args:
        folder: where state lies.
        postgres: the running embedded server.
        parts: takes the sandboxes' processes.
        caller: the environment of whoever called us.
        sandboxes: the demo's accounts that need one.
        invoices: how many were asked for.
        database: Airflow's own database in the embedded server.

    Raises:
        LocalStackError: one of them failed.
        WarehouseError: the warehouse can't be migrated.
    """
    with ThreadPoolExecutor(max_workers=2 + len(sandboxes)) as at_once:
        steps = [
            at_once.submit(migrate_airflow, folder, postgres, parts, caller, database),
            at_once.submit(migrate_warehouse, postgres, caller),
            *(at_once.submit(start_sandbox, demo, folder, parts, caller, invoices) for demo in sandboxes),
        ]
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


def start_sandbox(demo: DemoAccount, folder: RunFolder, parts: Parts, caller: Mapping[str, str], invoices: int) -> None:
    """Starts an account's sandbox and waits until its connections can be read.

    Raises:
        ProcessError: it ended, or wasn't ready in time.
    """
    connections, part = folder.sandbox_connections(demo.name), f"sandbox-{demo.name}"
    connections.parent.mkdir(parents=True, exist_ok=True)
    connections.unlink(missing_ok=True)
    options = {
        **demo.sandbox_options(invoices),
        "--port": free_port(demo.port),
        "--state-dir": folder.sandbox_state(demo.name),
        "--connection-file": connections,
    }
    arguments = [str(part) for option in options.items() for part in option]
    parts.start(part, [sys.executable, "-m", "include.sandbox", *arguments], caller)
    deadline = time.monotonic() + SECONDS_FOR_THE_SANDBOX
    while not _is_json(connections):
        parts.see_that_all_live()
        if time.monotonic() > deadline:
            raise ProcessError(f"The {part} wasn't ready within {SECONDS_FOR_THE_SANDBOX} s; see {folder.log(part)}")
        time.sleep(0.05)


def _is_json(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
        return bool(json.loads(path.read_text()))
    return False

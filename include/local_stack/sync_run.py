"""One run of an account's sync: through the running Airflow, or in the foreground; watched, summed up and judged."""

import json
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from include.local_stack.airflow_api import AirflowApi
from include.local_stack.environment import ADMIN, admin_password, airflow_environment, warehouse_url
from include.local_stack.errors import AccountError
from include.local_stack.parts import Parts, end_orphans
from include.local_stack.postgres import EmbeddedPostgres
from include.local_stack.preparation import prepare, wants_sandbox
from include.local_stack.run_folder import RunFolder
from include.local_stack.run_ledger_view import RunView, what_does_not_add_up
from include.local_stack.stored_connections import stored_connection
from include.local_stack.supervisor import SupervisorState, is_supervised
from include.local_stack.terminal import console, show_error, show_failures, show_progress, show_summary

if TYPE_CHECKING:
    from include.accounts.model import Account

# Apart from the database of a running Airflow, whose scheduler would take the run for its own.
FOREGROUND_DATABASE = "airflow_foreground"
ENDED = ("success", "failed")


def checked_account(name: str) -> "Account":
    """The account, before anything is started for it.

    Raises:
        AccountError: there is no such account (the message lists those there are), or its file is wrong.
    """
    from include.accounts.files import WrongAccountFile, account_files, load_account

    try:
        if not name:
            raise AccountError(f"Which account? make sync ACCOUNT=…; accounts there: {', '.join(account_files())}")
        return load_account(name)
    except WrongAccountFile as error:
        raise AccountError(str(error)) from None


def sync_through_airflow(
    folder: RunFolder, caller: Mapping[str, str], stack: SupervisorState, account: "Account", *, is_fresh: bool
) -> bool:
    """Triggers one run in the running stack and shows it. True when it succeeded and its numbers add up.

    Args:
        folder: where state lies.
        caller: the environment of whoever called us.
        stack: the running stack.
        account: whose sync.
        is_fresh: the stack was started just now; a run that is active all the same was interrupted, and is given up.
    """
    from include.accounts.pools import pools

    dag_id = f"netsuite_sync__{account.name}"
    airflow = AirflowApi(stack.address, ADMIN, admin_password(folder))
    airflow.set_pools(pools())
    airflow.wait_for_dag(dag_id)
    if is_fresh:
        airflow.end_active_runs(dag_id)
    airflow.set_paused(dag_id, is_paused=False)
    run_id = airflow.trigger(dag_id)
    console.print(
        f"Run {run_id} of {dag_id}: {stack.address}/dags/{dag_id}/runs/{run_id}", markup=False, soft_wrap=True
    )
    view = _view(folder, caller, account.name, run_id)
    show_progress(view, lambda: airflow.run_state(dag_id, run_id) in ENDED)
    show_failures(airflow.failures(dag_id, run_id))
    return _judge(view, airflow.run_state(dag_id, run_id), account)


def sync_in_foreground(folder: RunFolder, caller: Mapping[str, str], account: "Account", *, invoices: int) -> bool:
    """Runs the account's DAG in one process of its own, without a scheduler. True when all is well (as above).

    PostgreSQL, and for the demo account the sandbox, are started unless they run, and stopped again.
    """
    with ExitStack() as ends:
        end_orphans(folder)
        postgres = ends.enter_context(EmbeddedPostgres(folder.postgres_data))
        parts = Parts(folder)
        ends.callback(parts.stop)
        starts_sandbox = wants_sandbox(caller, account.name) and not is_supervised(folder)
        console.print("preparing databases …")
        sandbox_size = invoices if starts_sandbox else None
        prepare(folder, postgres, parts, caller, database=FOREGROUND_DATABASE, invoices=sandbox_size)
        environment = airflow_environment(folder, postgres, caller, ui_port=0, database=FOREGROUND_DATABASE)
        environment |= stored_connection(folder, postgres, environment, account.connection)
        return _run_and_judge(folder, caller, account, parts, environment)


def _run_and_judge(
    folder: RunFolder, caller: Mapping[str, str], account: "Account", parts: Parts, environment: Mapping[str, str]
) -> bool:
    name = f"sync-{account.name}"
    run_after = datetime.now(UTC).isoformat()
    result_file = folder.root / f"{name}.json"
    result_file.unlink(missing_ok=True)
    arguments = [f"netsuite_sync__{account.name}", run_after, str(result_file)]
    runner = parts.start(name, [sys.executable, "-m", "include.local_stack.run_dag", *arguments], environment)
    console.print(f"Run manual__{run_after}; its log: {folder.log(name)}", markup=False, soft_wrap=True)
    view = _view(folder, caller, account.name, f"manual__{run_after}")
    show_progress(view, lambda: runner.poll() is not None)
    if runner.returncode != 0:
        parts.see_that_all_live()
    result = json.loads(result_file.read_text())
    show_failures(result["failures"])
    return _judge(view, result["state"], account)


def _view(folder: RunFolder, caller: Mapping[str, str], account: str, run_id: str) -> RunView:
    from include.warehouse.database import open_warehouse

    return RunView(open_warehouse(warehouse_url(EmbeddedPostgres(folder.postgres_data), caller)), account, run_id)


def _judge(view: RunView, state: str, account: "Account") -> bool:
    if state != "success":
        show_error(f"The run ended as {state}. What is published stays as it was before.")
        return False
    summary = view.summary()
    show_summary(summary)
    faults = what_does_not_add_up(summary, account.owner_fields)
    for fault in faults:
        show_error(f"The numbers don't add up: {fault}.")
    if not faults:
        console.print("\n[green]The run succeeded and its numbers add up.[/green]")
    return not faults

"""One run of an account's sync: through the running Airflow, or in the foreground; watched, summed up and judged."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from include.local_stack.airflow_api import AirflowApi
from include.local_stack.demo import DEMO, demo_accounts, wanted_sandboxes
from include.local_stack.environment import ADMIN, admin_password, airflow_environment, warehouse_url
from include.local_stack.errors import AccountError
from include.local_stack.locks import held, held_if_free
from include.local_stack.parts import Parts, end_orphans
from include.local_stack.postgres import EmbeddedPostgres
from include.local_stack.preparation import prepare
from include.local_stack.run_folder import RunFolder
from include.local_stack.run_ledger_view import RunView, what_does_not_add_up
from include.local_stack.stored_connections import stored_connection
from include.local_stack.supervisor import SupervisorState
from include.local_stack.terminal import console, show_account, show_error, show_failures, show_progress, show_summary

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


def demo_accounts_checked() -> "list[Account]":
    """The demo's accounts, before anything is started for them; the first must be there, others may be missing.

    Raises:
        AccountError: as for `checked_account`.
    """
    others = [demo for demo in demo_accounts() if demo is not DEMO]
    return [checked_account(demo.name) for demo in (DEMO, *others)]


def sync_through_airflow(
    folder: RunFolder,
    caller: Mapping[str, str],
    stack: SupervisorState,
    accounts: "Sequence[Account]",
    *,
    is_fresh: bool,
) -> bool:
    """Triggers one run of each account in the running stack and shows them, beside each other.

    Args:
        folder: where state lies.
        caller: the environment of whoever called us.
        stack: the running stack.
        accounts: whose syncs.
        is_fresh: the stack was started just now; a run that is active all the same was interrupted, and is given up.

    Returns:
        True when all succeeded and their numbers add up.
    """
    airflow = AirflowApi(stack.address, ADMIN, admin_password(folder))
    views = [_view(folder, caller, account.name, _start(airflow, stack, account, is_fresh)) for account in accounts]
    show_progress(views, lambda: all(_state(airflow, view) in ENDED for view in views))
    judged = [_show_and_judge(airflow, view, account) for view, account in zip(views, accounts, strict=True)]
    return all(judged)


def _start(airflow: AirflowApi, stack: SupervisorState, account: "Account", is_fresh: bool) -> str:
    dag_id = _dag_id(account.name)
    airflow.wait_for_dag(dag_id)
    if is_fresh:
        airflow.end_active_runs(dag_id)
    airflow.set_paused(dag_id, is_paused=False)
    run_id = airflow.trigger(dag_id)
    console.print(
        f"Run {run_id} of {dag_id}: {stack.address}/dags/{dag_id}/runs/{run_id}", markup=False, soft_wrap=True
    )
    return run_id


def _show_and_judge(airflow: AirflowApi, view: RunView, account: "Account") -> bool:
    show_account(account.name)
    show_failures(airflow.failures(_dag_id(account.name), view.run_id))
    return _judge(view, _state(airflow, view), account)


def _state(airflow: AirflowApi, view: RunView) -> str:
    return airflow.run_state(_dag_id(view.account), view.run_id)


def _dag_id(account: str) -> str:
    return f"netsuite_sync__{account}"


def sync_in_foreground(folder: RunFolder, caller: Mapping[str, str], account: "Account", *, invoices: int) -> bool:
    """Runs the account's DAG in one process of its own, without a scheduler. True when all is well (as above).

    PostgreSQL, and for an account of the demo its sandbox, are started unless they run, and stopped again. Syncs in the
    foreground wait for each other: they share Airflow's database and the sandboxes.
    """
    with ExitStack() as ends:
        ends.enter_context(held(folder.sync_lock, lambda: console.print("waiting for another `make sync` to end …")))
        starts_sandbox = ends.enter_context(held_if_free(folder.sandbox_lock))
        end_orphans(folder)
        postgres = ends.enter_context(EmbeddedPostgres(folder.postgres_data))
        parts = Parts(folder)
        ends.callback(parts.stop)
        console.print("preparing databases …")
        sandboxes = [demo for demo in wanted_sandboxes(caller) if starts_sandbox and demo.name == account.name]
        prepare(folder, postgres, parts, caller, database=FOREGROUND_DATABASE, sandboxes=sandboxes, invoices=invoices)
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
    arguments = [_dag_id(account.name), run_after, str(result_file)]
    runner = parts.start(name, [sys.executable, "-m", "include.local_stack.run_dag", *arguments], environment)
    console.print(f"Run manual__{run_after}; its log: {folder.log(name)}", markup=False, soft_wrap=True)
    view = _view(folder, caller, account.name, f"manual__{run_after}")
    show_progress([view], lambda: runner.poll() is not None)
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

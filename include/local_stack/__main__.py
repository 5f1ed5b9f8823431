"""`python -m include.local_stack`: what the Makefile's targets call."""

import os
import select
import sys
from pathlib import Path
from typing import Annotated

import typer

from include.local_stack.environment import ADMIN, admin_password
from include.local_stack.errors import LocalStackError
from include.local_stack.run_folder import RunFolder
from include.local_stack.supervisor import (
    Stopped,
    SupervisorState,
    is_supervised,
    let_schedules_start_runs,
    stop_on_signals,
)
from include.local_stack.terminal import console, show_error

INTERRUPTED = 130
DEFAULT_ROOT = RunFolder().root
Invoices = Annotated[int, typer.Option(envvar="INVOICES", min=1, help="invoices in the sandbox NetSuite")]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.callback()
def _choose_folder(
    context: typer.Context,
    run_dir: Annotated[Path, typer.Option(help="folder of everything that a run leaves behind")] = DEFAULT_ROOT,
) -> None:
    context.obj = RunFolder(run_dir.absolute())


@app.command()
def demo(context: typer.Context, invoices: Invoices = 2000) -> None:
    """Start everything, sync the demo's accounts once, sum it up, and stop everything."""
    from include.local_stack.stack import attached_stack
    from include.local_stack.sync_run import demo_accounts_checked, sync_through_airflow

    accounts = demo_accounts_checked()
    is_fresh = not is_supervised(context.obj)
    with attached_stack(context.obj, os.environ, invoices) as stack:
        went_well = sync_through_airflow(context.obj, os.environ, stack, accounts, is_fresh=is_fresh)
    raise typer.Exit(0 if went_well else 1)


@app.command()
def up(context: typer.Context, invoices: Invoices = 2000) -> None:
    """Start everything, sync the demo's accounts once, and leave it running."""
    from include.local_stack.stack import attached_stack, start_detached_stack, stop_stack
    from include.local_stack.sync_run import demo_accounts_checked, sync_through_airflow

    if is_supervised(context.obj):
        with attached_stack(context.obj, os.environ, invoices) as stack:
            console.print("The stack is running already.")
            _say_how_to_sign_in(context.obj, stack)
        return
    accounts = demo_accounts_checked()
    stack = start_detached_stack(context.obj, os.environ, invoices)
    try:
        went_well = sync_through_airflow(context.obj, os.environ, stack, accounts, is_fresh=True)
    except Stopped:
        stop_stack(context.obj)
        raise
    let_schedules_start_runs(context.obj)
    _say_how_to_sign_in(context.obj, stack)
    raise typer.Exit(0 if went_well else 1)


@app.command()
def down(context: typer.Context) -> None:
    """Stop what `up` has left running."""
    from include.local_stack.stack import stop_stack

    console.print("Stopped." if stop_stack(context.obj) else "Nothing was running.")


@app.command()
def sync(
    context: typer.Context,
    account: Annotated[str, typer.Option(help="name of the account's file")] = "",
    invoices: Invoices = 2000,
) -> None:
    """Run one account's sync in the foreground."""
    from include.local_stack.sync_run import checked_account, sync_in_foreground

    went_well = sync_in_foreground(context.obj, os.environ, checked_account(account), invoices=invoices)
    raise typer.Exit(0 if went_well else 1)


@app.command()
def psql(context: typer.Context, sql: Annotated[str, typer.Option(envvar="SQL_TEXT")] = "") -> None:
    """Open the warehouse, or run one statement and print only its result."""
    from include.local_stack.psql import run_psql

    raise typer.Exit(run_psql(context.obj, os.environ, sql))


@app.command(hidden=True)
def supervise(context: typer.Context, invoices: Invoices = 2000, while_stdin_is_open: bool = False) -> None:
    """Run the stack until told to stop (what `demo` and `up` start)."""
    from include.local_stack.supervisor import supervise as run_stack

    def is_wanted() -> bool:
        if not while_stdin_is_open:
            return True
        readable, _, _ = select.select([sys.stdin], [], [], 0)
        return not readable

    run_stack(context.obj, os.environ, invoices=invoices, is_wanted=is_wanted)


def _say_how_to_sign_in(folder: RunFolder, stack: SupervisorState) -> None:
    console.print(f"\nAirflow: {stack.address}  user: {ADMIN}  password: {admin_password(folder)}", markup=False)
    console.print("`make down` stops it.")


def main() -> None:
    """Runs the command line; errors are said without a traceback, for the person at the terminal."""
    from include.warehouse.errors import WarehouseError

    stop_on_signals()
    try:
        app()
    except Stopped:
        console.print("Interrupted.")
        sys.exit(INTERRUPTED)
    except (LocalStackError, WarehouseError) as error:
        show_error(str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()

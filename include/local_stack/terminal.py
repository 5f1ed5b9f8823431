"""What the person at the terminal sees: progress while a run is going on, its summary, and errors."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table

from include.local_stack.run_ledger_view import Row, RunView, Summary

SECONDS_BETWEEN_LOOKS = 0.5
COLOURS = {"success": "green", "running": "yellow", "failed": "red"}
WIDTH_WITHOUT_TERMINAL = 120
console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)


def show_progress(views: Sequence[RunView], has_ended: Callable[[], bool]) -> None:
    """Shows which steps are at work and how many rows they have seen, until the runs have ended."""
    if not console.is_terminal:
        _print_changes(views, has_ended)
        return
    with Live(console=console, refresh_per_second=4) as live:
        while not has_ended():
            live.update(_progress_table(views))
            time.sleep(SECONDS_BETWEEN_LOOKS)
        live.update(_progress_table(views))


def show_account(name: str) -> None:
    """Prints whose run comes next."""
    console.print()
    console.rule(name, align="left")


def show_summary(summary: Summary) -> None:
    """Prints the run in numbers."""
    _print_table(
        "Entities",
        ["entity", "rows_read", "rows_loaded", "inserted", "updated", "unchanged", "outdated", "quarantined"],
        summary.entities,
    )
    _print_table("Found by validation in this run", ["entity", "kind", "rule", "rows"], summary.findings)
    _print_table("In quarantine now", ["entity", "reason", "rows"], summary.open_quarantine)
    _print_table("Recipients", ["owner_field", "status", "rows"], summary.recipients)
    _print_table(
        "Users and credit", ["users_created", "users_updated", "users", "credit_rows"], summary.users_and_credit
    )
    console.print()
    for row in summary.freshness:
        console.print(freshness_line(row), markup=False, soft_wrap=True)


def freshness_line(row: Row) -> str:
    """How fresh and complete one published table is, in one line."""
    reconciled = "never reconciled"
    if row["last_reconciled_at"]:
        reconciled = f"last reconciled {row['last_reconciled_at']}, {row['open_differences']:,} differences open"
    return (
        f"{row['table_name']}: complete up to {row['complete_up_to']}, but for {row['open_quarantine']:,} records in "
        f"quarantine; {reconciled}"
    )


def show_failures(failures: dict[str, str]) -> None:
    """Prints why each failed task failed."""
    for task, message in failures.items():
        console.print(f"[red]{task} failed:[/red]", end=" ")
        console.print(message, markup=False, soft_wrap=True)


def show_error(message: str) -> None:
    """Prints an error for the person who must act."""
    console.print("[red]Error:[/red]", end=" ")
    console.print(message, markup=False, soft_wrap=True)


def _print_changes(views: Sequence[RunView], has_ended: Callable[[], bool]) -> None:
    """Where the output is no terminal: one line for each step that begins or ends, and now and then its rows."""
    printed: dict[tuple[str, str, str], str] = {}
    ended = False
    while not ended:
        ended = has_ended()
        for account, row in _steps(views):
            line = f"{account + _name(row):<28} {row['state'] or '':<8} {row['rows'] or 0:>9,} rows"
            has_news = row["rows"] or row["state"] != "running"
            key = (account, str(row["entity"]), str(row["step"]))
            if has_news and printed.get(key) != line:
                printed[key] = line
                console.print(line, markup=False, soft_wrap=True)
        if not ended:
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _steps(views: Sequence[RunView]) -> Iterator[tuple[str, Row]]:
    """Every step that has begun, with the account before it where there are several."""
    for view in views:
        account = f"{view.account}: " if len(views) > 1 else ""
        for row in view.steps_so_far():
            yield account, row


def _progress_table(views: Sequence[RunView]) -> Table:
    table = Table("task", "state", box=None)
    table.add_column("rows so far", justify="right")
    for account, row in _steps(views):
        state = row["state"] or ""
        table.add_row(account + _name(row), f"[{COLOURS.get(state, 'white')}]{state}", f"{row['rows'] or 0:,}")
    return table


def _name(step: Row) -> str:
    """The step as Airflow names its task."""
    return str(step["step"]) if step["entity"] == "run" else f"{step['entity']}.{step['step']}"


def _print_table(title: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        is_number = isinstance(rows[0][column], int)
        table.add_column(column.replace("_", " "), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    console.print()
    console.print(table)


def _cell(value: object) -> str:
    from rich.markup import escape

    return f"{value:,}" if isinstance(value, int) else escape("" if value is None else str(value))

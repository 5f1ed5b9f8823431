"""Check recipient templates, and explain why an invoice's owner is mailed or not.

The warehouse: the option --warehouse, else AIRFLOW_CONN_WAREHOUSE, else the one that `make up` or `make demo` left.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from include.accounts.files import WrongAccountFile, load_account
from include.recipients.errors import NoWarehouse, RecipientsError
from include.recipients.explain import explain, explain_employee, explained_lines, explanation_text
from include.recipients.lint import STALE_AFTER, file_template, lint, template_by_name, templates_of_account
from include.recipients.words import printable
from include.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from include.accounts.model import Account
    from include.recipients.lint import Report

FOUND_ERRORS = 1
CANT_TELL = 2
HOURS = int(STALE_AFTER / timedelta(hours=1))


class Format(StrEnum):
    """How a report is printed."""

    text = "text"
    json = "json"


Warehouse = Annotated[
    str | None, typer.Option("--warehouse", envvar="AIRFLOW_CONN_WAREHOUSE", help="URL of PostgreSQL")
]
Files = Annotated[list[Path] | None, typer.Argument(help="files that hold one template each, UTF-8")]
AccountName = Annotated[str, typer.Argument(metavar="ACCOUNT", help="name of the account file")]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.command("lint")
def lint_command(
    account: AccountName,
    files: Files = None,
    output: Annotated[Format, typer.Option("--format", help="for people or for machines")] = Format.text,
    stale_hours: Annotated[int, typer.Option(min=1, help="warn of fields that were last read before that")] = HOURS,
    warehouse: Warehouse = None,
) -> None:
    """Check every template of workflow.templates, and these files. Exit code 1: there are errors, 2: can't tell.

    Without a warehouse only the files are checked, and only against the account file.
    """
    with _words_for_people():
        report = _lint(load_account(account), files or [], timedelta(hours=stale_hours), warehouse)
    typer.echo(json.dumps(report.as_dict(), indent=2) if output is Format.json else report.as_text())
    raise typer.Exit(FOUND_ERRORS if report.errors else 0)


@app.command("explain")
def explain_command(
    account: AccountName,
    invoice: Annotated[str, typer.Argument(help="number of the invoice")],
    template: Annotated[
        str | None, typer.Argument(help="its id or name in workflow.templates, or a text with {{…}} or an address")
    ] = None,
    by_id: Annotated[bool, typer.Option("--id", help="INVOICE is NetSuite's internal id, not the number")] = False,
    warehouse: Warehouse = None,
) -> None:
    """Say for each owner field of an invoice who is mailed, or which check stands in the way and who can mend it."""
    if by_id and not invoice.isdecimal():
        raise typer.BadParameter("an internal id is a whole number", param_hint="INVOICE")
    with _words_for_people(), _warehouse(warehouse) as connection:
        settings = load_account(account)
        text = _template_text(connection, settings, template)
        key = int(invoice) if by_id else invoice
        explanation = explain(connection, settings.name, settings.owner_fields, key, text)
    typer.echo(explanation_text(explanation))


@app.command("explain-employee")
def explain_employee_command(
    account: AccountName,
    employee: Annotated[str, typer.Argument(help="NetSuite's internal id, or the e-mail address")],
    warehouse: Warehouse = None,
) -> None:
    """Say why an employee is a user of the workflow engine, or which check stands in the way and who can mend it."""
    with _words_for_people(), _warehouse(warehouse) as connection:
        key = int(employee) if employee.isdecimal() else employee
        for explained in explain_employee(connection, load_account(account).name, key):
            typer.echo("\n".join(explained_lines(explained)))


def _lint(account: Account, files: list[Path], stale_after: timedelta, warehouse: str | None) -> Report:
    read = [file_template(path) for path in files]
    templates = [template for template, _ in read if template]
    unreadable = tuple(finding for _, finding in read if finding)
    try:
        with _warehouse(warehouse) as connection:
            templates += templates_of_account(connection, account.name)
            report = lint(account.name, account.owner_fields, templates, connection, stale_after)
    except NoWarehouse:
        if not files:
            raise
        report = lint(account.name, account.owner_fields, templates, None)
    return replace(report, templates=report.templates + len(unreadable), findings=(*unreadable, *report.findings))


def _template_text(connection: Connection, account: Account, template: str | None) -> str | None:
    if template is None or "{" in template or "}" in template or "@" in template:
        return template
    return template_by_name(connection, account.name, template).text


@contextmanager
def _warehouse(url: str | None) -> Iterator[Connection]:
    from include.warehouse.database import open_warehouse

    with _url(url) as address:
        engine = open_warehouse(address)
        try:
            with engine.connect().execution_options(postgresql_readonly=True) as connection:
                yield connection
        finally:
            engine.dispose()


@contextmanager
def _url(given: str | None) -> Iterator[str]:
    """The URL as given, or that of the embedded server, which is started if need be and stopped again."""
    from include.local_stack.environment import WAREHOUSE_DATABASE, WAREHOUSE_VARIABLE, warehouse_url
    from include.local_stack.postgres import EmbeddedPostgres
    from include.local_stack.run_folder import RunFolder

    postgres = EmbeddedPostgres(RunFolder().postgres_data)
    if given:
        yield warehouse_url(postgres, {**os.environ, WAREHOUSE_VARIABLE: given})
        return
    if not (postgres.data_dir / "PG_VERSION").exists():
        raise NoWarehouse(
            "There is no warehouse to ask: set AIRFLOW_CONN_WAREHOUSE, give --warehouse, or start one with `make up`."
        )
    with postgres:
        if not postgres.has_database(WAREHOUSE_DATABASE):
            raise NoWarehouse("The embedded server holds no warehouse yet; `make demo` or `make up` makes one.")
        yield postgres.url(WAREHOUSE_DATABASE, driver="")


@contextmanager
def _words_for_people() -> Iterator[None]:
    try:
        yield
    except (WrongAccountFile, RecipientsError, WarehouseError) as error:
        typer.echo("\n".join(map(printable, str(error).split("\n"))), err=True)
        raise typer.Exit(CANT_TELL) from None


if __name__ == "__main__":
    app()

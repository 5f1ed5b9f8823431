"""`python -m include.recipients`: what it prints, and its exit codes (B1, B7, O12, O13)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from include.local_stack.run_folder import RunFolder
from include.recipients.__main__ import app

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from tests.recipients.world import RecipientsWorld

SALESREP = "{{user_from_source_id:salesrep}}"


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NETSUITE_ACCOUNTS_DIR", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_WAREHOUSE", raising=False)
    (tmp_path / "acme.yml").write_text("connection: c\nowner_fields: [salesrep, custbody_collector]\n")
    return tmp_path


@pytest.fixture
def synced(accounts: Path, world: RecipientsWorld, monkeypatch: pytest.MonkeyPatch) -> RecipientsWorld:
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", world.engine.url.render_as_string(hide_password=False))
    world.employee(1, "ann@corp.test")
    world.invoice(101, salesrep=1, custbody_collector=None)
    world.read_all_up_to_now()
    world.sync()
    return world


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_lint_checks_the_table_and_the_files_and_exits_with_1_on_errors(
    synced: RecipientsWorld, accounts: Path
) -> None:
    """B7."""
    synced.template("a", SALESREP)
    (accounts / "mail.txt").write_text("ann@corp.test\n  {{user_from_source_id:SALESREP}}")
    wrong = run("lint", "acme", accounts / "mail.txt")
    assert wrong.exit_code == 1
    assert wrong.stdout.splitlines() == [
        f"{accounts / 'mail.txt'}:2:25: error wrong_case_field: the field 'SALESREP' is written salesrep; names are "
        "exact -> author of the template",
        "2 templates of acme: 1 errors, 0 warnings",
    ]
    assert run("lint", "acme").exit_code == 0


def test_warnings_do_not_fail_it(synced: RecipientsWorld) -> None:
    synced.template("a", "{{user_from_source_id:custbody_collector}}")
    warned = run("lint", "acme")
    assert warned.exit_code == 0
    assert "warning never_filled" in warned.stdout


def test_lint_speaks_to_machines_too(synced: RecipientsWorld) -> None:
    synced.template("a", "{{user_from_source_id:salesrp}}", "Reminder")
    report = json.loads(run("lint", "acme", "--format", "json").stdout)
    assert (report["account"], report["templates"], report["errors"], report["warnings"]) == ("acme", 1, 1, 0)
    assert report["findings"] == [
        {
            "source": "workflow.templates/a", "template": "Reminder", "severity": "error", "code": "unknown_field",
            "message": report["findings"][0]["message"], "who_can_mend": "author of the template",
            "found": "salesrp", "suggestion": "salesrep", "offset": 22, "line": 1, "column": 23,
        }
    ]  # fmt: skip


def test_files_are_checked_without_a_warehouse_too(accounts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """B7: in CI."""
    monkeypatch.setattr(RunFolder, "postgres_data", accounts / "nothing")
    (accounts / "mail.txt").write_text(SALESREP)
    checked = run("lint", "acme", accounts / "mail.txt")
    assert checked.exit_code == 0
    assert "not compared with the last sync" in checked.stdout
    nothing_to_check = run("lint", "acme")
    assert nothing_to_check.exit_code == 2
    assert "There is no warehouse to ask" in nothing_to_check.stderr


def test_a_file_that_is_not_there_is_an_error(synced: RecipientsWorld, accounts: Path) -> None:
    missing = run("lint", "acme", accounts / "gone.txt")
    assert missing.exit_code == 1
    assert "error unreadable" in missing.stdout


def test_explain_says_for_each_field_what_stands_in_the_way(synced: RecipientsWorld) -> None:
    """B1, O12."""
    lines = run("explain", "acme", "INV101").stdout.splitlines()
    assert lines[0] == "Invoice INV101 (internal id 101) of account acme"
    assert "salesrep: all checks pass" in lines
    assert "custbody_collector: the field is empty on the invoice; the NetSuite administrator can mend it" in lines
    assert run("explain", "acme", "101", "--id").stdout.splitlines() == lines


@pytest.mark.parametrize("template", ["a", "Reminder", "{{user_from_source_id:SALESREP}}"])
def test_explain_takes_a_template_by_id_by_name_or_as_text(synced: RecipientsWorld, template: str) -> None:
    """O13."""
    synced.template("a", "{{user_from_source_id:SALESREP}}", "Reminder")
    said = run("explain", "acme", "INV101", template)
    assert said.exit_code == 0
    assert "SALESREP: the field name is not exact; the author of the template can mend it" in said.stdout
    assert "custbody_collector:" not in said.stdout


def test_explain_employee_says_why_someone_is_a_user(synced: RecipientsWorld) -> None:
    """O12."""
    assert "Ann Lee (1): all checks pass" in run("explain-employee", "acme", "1").stdout
    assert (
        "there is no such employee; the NetSuite administrator can mend it"
        in run("explain-employee", "acme", "bob@corp.test").stdout
    )


STEERING = "\x1b[2J\x9b1m\u202e\n"


@pytest.mark.parametrize(
    "command",
    [("explain", "INV101"), ("explain", "101", "--id"), ("explain-employee", "1"), ("lint",), ("explain", "1", "x")],
)
def test_no_text_of_netsuite_or_of_a_template_steers_the_terminal(
    synced: RecipientsWorld, command: tuple[str, ...]
) -> None:
    """B1, B7: names, invoice numbers, templates and their ids are shown with what would be acted upon escaped."""
    synced.employee(1, "ann@corp.test", first=f"An{STEERING}n")
    synced.execute(
        "UPDATE raw.invoices SET invoice_number = invoice_number || :text WHERE :by_id",
        text=STEERING,
        by_id="--id" in command,
    )
    synced.template(f"a{STEERING}", f"{{{{user_from_source_id:s{STEERING}}}}}", f"Re{STEERING}minder")
    name, *rest = command
    said = CliRunner().invoke(app, [name, "acme", *rest], color=True)
    assert r"\x1b[2J\x9b1m\u202e\n" in said.output
    assert not set(said.output) & {"\x1b", "\x9b", "\u202e"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("explain", "nope", "INV101"), "There is no account file"),
        (("explain", "acme", "INV101", "nope"), "there is no template 'nope'"),
        (("explain", "acme", "INV101", "--id"), "whole number"),
        (("explain", "acme", "INV101", "--warehouse", "mysql://x/y"), "must be PostgreSQL"),
    ],
)
def test_what_cant_be_told_is_said_in_words_with_exit_code_2(
    synced: RecipientsWorld, arguments: tuple[str, ...], words: str
) -> None:
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr

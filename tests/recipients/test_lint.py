"""The linter: every template against the account file and the last sync (B7)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from include.recipients.errors import UnknownTemplate
from include.recipients.lint import NamedTemplate, file_template, lint, template_by_name, templates_of_account

if TYPE_CHECKING:
    from pathlib import Path

    from include.recipients.lint import Report
    from tests.recipients.world import RecipientsWorld

SALESREP = "{{user_from_source_id:salesrep}}"
COLLECTOR = "{{user_from_source_id:custbody_collector}}"


def linted(world: RecipientsWorld, *texts: str, stale_after: timedelta = timedelta(hours=48)) -> Report:
    with world.engine.connect() as connection:
        templates = [NamedTemplate(f"t{number}", "Reminder", text) for number, text in enumerate(texts)]
        templates += templates_of_account(connection, world.account)
        return lint(world.account, world.owner_fields, templates, connection, stale_after)


def found(report: Report) -> list[tuple[str, str, str]]:
    return [(finding.source, finding.severity, finding.code) for finding in report.findings]


@pytest.fixture
def synced(world: RecipientsWorld) -> RecipientsWorld:
    world.employee(1, "ann@corp.test")
    world.invoice(101, salesrep=1, custbody_collector=1)
    world.read_all_up_to_now()
    world.sync()
    return world


def test_right_templates_give_nothing_to_say(synced: RecipientsWorld) -> None:
    synced.template("a", f"{SALESREP}, {COLLECTOR}")
    report = linted(synced, "desk@corp.test")
    assert (report.templates, report.findings, report.errors, report.warnings) == (2, (), 0, 0)


def test_every_template_of_the_table_is_checked_and_all_of_its_mistakes_said(synced: RecipientsWorld) -> None:
    synced.template("a", "{{user_from_source_id:SalesRep}}")
    synced.template("b", f"{SALESREP}\n{{{{user_from_source_id:collector}}}}, {{nope")
    report = linted(synced)
    assert [(each.source, each.code, each.line, each.column, each.found) for each in report.findings] == [
        ("workflow.templates/a", "wrong_case_field", 1, 23, "SalesRep"),
        ("workflow.templates/b", "unknown_field", 2, 23, "collector"),
        ("workflow.templates/b", "unbalanced_braces", 2, 36, "{"),
    ]
    assert {finding.who_can_mend for finding in report.findings} == {"author of the template"}
    assert (report.errors, report.warnings) == (3, 0)


def test_a_field_that_is_filled_on_no_live_invoice_is_a_warning(synced: RecipientsWorld) -> None:
    synced.invoice(101, custbody_collector=None)
    synced.invoice(102, custbody_collector=1, deleted=True)
    synced.sync()
    report = linted(synced, f"{SALESREP}, {COLLECTOR}")
    assert found(report) == [("t0", "warning", "never_filled")]
    assert "custbody_collector: filled on none of the 1 invoices" in str(report.findings[0])
    assert report.errors == 0


def test_a_field_that_resolves_to_nobody_is_a_warning_that_says_the_main_reason(synced: RecipientsWorld) -> None:
    synced.employee(2, "gone@corp.test", inactive=True)
    synced.employee(3, None)
    for number, owner in enumerate((2, 2, 3, None), start=101):
        synced.invoice(number, salesrep=owner)
    synced.sync()
    report = linted(synced, SALESREP)
    assert found(report) == [("t0", "warning", "reaches_nobody")]
    assert report.findings[0].message == (
        "salesrep: filled on 3 invoices and a recipient on none, mostly since the employee is inactive in NetSuite"
    )
    assert report.findings[0].who_can_mend == "NetSuite administrator"


def test_a_field_that_was_read_long_ago_is_a_warning(synced: RecipientsWorld) -> None:
    synced.execute("UPDATE ops.watermarks SET read_up_to = now() - interval '49 hours'")
    assert found(linted(synced, SALESREP)) == [("t0", "warning", "stale")]
    assert found(linted(synced, SALESREP, stale_after=timedelta(hours=50))) == []


@pytest.mark.parametrize("fields", [None, ("custbody_collector",)])
def test_a_field_that_no_sync_has_read_is_a_warning(synced: RecipientsWorld, fields: tuple[str, ...] | None) -> None:
    synced.execute("DELETE FROM ops.watermarks")
    if fields:
        synced.read_all_up_to_now(fields)
    assert found(linted(synced, SALESREP)) == [("t0", "warning", "not_synced")]


def test_a_field_is_not_compared_with_the_sync_before_it_is_written_rightly(synced: RecipientsWorld) -> None:
    synced.execute("DELETE FROM ops.watermarks")
    assert found(linted(synced, "{{user_from_source_id:SALESREP}}")) == [("t0", "error", "wrong_case_field")]


def test_other_accounts_templates_are_theirs(synced: RecipientsWorld) -> None:
    synced.account = "beta"
    synced.template("a", "{{nope}}")
    synced.account = "acme"
    assert linted(synced).templates == 0


def test_without_a_warehouse_only_the_account_file_is_compared_and_that_is_said() -> None:
    report = lint("acme", ("salesrep",), [NamedTemplate("t0", "Reminder", "{{nope}}")], None)
    assert found(report) == [("t0", "error", "unknown_smart_field")]
    assert report.as_text().splitlines()[-1] == (
        "1 templates of acme: 1 errors, 0 warnings; not compared with the last sync, since there is no warehouse to ask"
    )


def test_a_template_is_asked_for_by_id_or_by_its_name(synced: RecipientsWorld) -> None:
    for template_id, name in (("a", "Reminder"), ("b", "Last call"), ("c", "Reminder")):
        synced.template(template_id, f"{template_id}@corp.test", name)
    with synced.engine.connect() as connection:
        assert template_by_name(connection, "acme", "a").text == "a@corp.test"
        assert template_by_name(connection, "acme", "Last call").text == "b@corp.test"
        with pytest.raises(UnknownTemplate, match=r"several templates bear the name 'Reminder'; ask .*: a, c"):
            template_by_name(connection, "acme", "Reminder")
        with pytest.raises(UnknownTemplate, match=r"there is no template 'nope'; ask .*: a, b, c"):
            template_by_name(connection, "acme", "nope")


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cant_be_read_is_an_error_of_its_own(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "mail.txt"
    if content is not None:
        path.write_bytes(content)
    template, finding = file_template(path)
    assert template is None
    assert finding is not None
    assert (finding.severity, finding.code) == ("error", "unreadable")


def test_a_file_with_a_byte_order_mark_is_read_without_it(tmp_path: Path) -> None:
    (tmp_path / "mail.txt").write_bytes(b"\xef\xbb\xbf" + SALESREP.encode())
    template, _ = file_template(tmp_path / "mail.txt")
    assert template is not None
    assert template.text == SALESREP

"""Every sentence of O12 and O13 has a case here in which exactly that check is the first to fail (B1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.matching.email_key import TRIMMED
from include.recipients.explain import explain, explain_employee, explanation_text
from include.recipients.words import CHECKS, STATUSES

if TYPE_CHECKING:
    from include.recipients.explain import Explanation
    from tests.recipients.world import RecipientsWorld

ORDER = (
    "invoice_live", "field_configured", "field_synced", "owner_filled", "employee_exists", "employee_not_deleted",
    "is_employee", "employee_active", "email_present", "email_valid", "no_conflict", "user_exists", "user_has_access",
    "user_matched", "user_active", "published",
)  # fmt: skip
NETSUITE, WORKFLOW = "NetSuite administrator", "administrator of the workflow engine"
DATA, AUTHOR = "data engineer", "author of the template"


def checks(world: RecipientsWorld, invoice: int = 101, field: str = "salesrep") -> list[tuple[Any, ...]]:
    return world.rows(
        """
        SELECT "check", outcome, seen, who_can_mend, status
        FROM publish.recipient_explain
        WHERE account = :account AND invoice_id = :invoice AND owner_field = :field
        ORDER BY number
        """,
        invoice=invoice,
        field=field,
    )


def blocker(world: RecipientsWorld, invoice: int = 101, field: str = "salesrep") -> tuple[str, str, str]:
    """The check that fails, what it saw and who can mend it; all before pass, none after is reached."""
    found = checks(world, invoice, field)
    assert tuple(name for name, *_ in found) == ORDER
    failed = [number for number, (_, outcome, *_) in enumerate(found) if outcome == "fail"]
    assert len(failed) == 1
    assert [outcome for _, outcome, *_ in found] == (
        ["pass"] * failed[0] + ["fail"] + ["not_reached"] * (len(ORDER) - failed[0] - 1)
    )
    assert all((seen is None) == (outcome == "not_reached") for _, outcome, seen, *_ in found)
    assert all((who is None) == (outcome != "fail") for _, outcome, _, who, _ in found)
    name, _, seen, who, _ = found[failed[0]]
    return name, seen, who


def said(world: RecipientsWorld, invoice: int | str = 101, template: str | None = None) -> Explanation:
    with world.engine.connect() as connection:
        return explain(connection, world.account, world.owner_fields, invoice, template)


@pytest.fixture
def ann(world: RecipientsWorld) -> RecipientsWorld:
    """Invoice 101 is Ann's, and all is well."""
    world.employee(1, "ann@corp.test")
    world.invoice(101, salesrep=1, custbody_collector=1)
    world.sync()
    return world


def test_where_all_is_well_every_check_passes_and_says_what_it_saw(ann: RecipientsWorld) -> None:
    found = checks(ann)
    assert [(name, outcome) for name, outcome, *_ in found] == [(name, "pass") for name in ORDER]
    assert found[4][2] == "Ann Lee (1)"
    assert found[-1][2] == "published as ok ann@corp.test by run run 1"


def test_o12_field_not_configured(ann: RecipientsWorld) -> None:
    ann.owner_fields = ("salesrep",)
    ann.sync()  # the rows of the other field still lie in raw, as before the next load
    assert blocker(ann, field="custbody_collector") == (
        "field_configured", "not among the owner fields of the account file at the last publish", DATA,
    )  # fmt: skip


def test_o12_field_not_in_the_sync(ann: RecipientsWorld) -> None:
    ann.owner_fields = (*ann.owner_fields, "custbody_new")
    ann.sync()
    assert blocker(ann, field="custbody_new") == ("field_synced", "no run has read this field of the invoice", DATA)


def test_o12_field_empty_on_the_invoice(ann: RecipientsWorld) -> None:
    ann.invoice(101, salesrep=None)
    ann.sync()
    assert blocker(ann) == ("owner_filled", "empty on the invoice", NETSUITE)


@pytest.mark.parametrize(
    ("found_as", "check", "seen"),
    [
        ("nothing", "employee_exists", "NetSuite shows no record 9"),
        ("employee", "employee_exists", "does not show its record to the sync's role"),
        ("deleted_employee", "employee_not_deleted", "employee 9 was deleted"),
        ("other_entity", "is_employee", "record 9 is no employee"),
    ],
)
def test_o12_no_such_employee_or_deleted_or_not_an_employee(
    ann: RecipientsWorld, found_as: str, check: str, seen: str
) -> None:
    ann.lookup(9, found_as)
    ann.invoice(101, salesrep=9)
    ann.sync()
    name, words, who = blocker(ann)
    assert (name, who) == (check, NETSUITE)
    assert seen in words


@pytest.mark.parametrize(
    ("employee", "check"),
    [
        ({"deleted": True, "inactive": True, "email": None}, "employee_not_deleted"),
        ({"inactive": True, "email": None}, "employee_active"),
        ({"email": None}, "email_present"),
        ({"email": TRIMMED}, "email_present"),
        ({"email": "nobody at home"}, "email_valid"),
    ],
)
def test_o12_o13_employee_inactive_or_without_a_valid_address(
    ann: RecipientsWorld, employee: dict[str, Any], check: str
) -> None:
    ann.employee(1, **employee)
    ann.sync()
    assert blocker(ann)[::2] == (check, NETSUITE)


def test_o12_conflict_of_employees_is_netsuites(ann: RecipientsWorld) -> None:
    ann.employee(2, "two@corp.test")
    ann.employee(3, "two@corp.test")
    ann.invoice(101, salesrep=2)
    ann.sync()
    assert blocker(ann) == (
        "no_conflict", "Two or more active employees have the address two@corp.test.", NETSUITE,
    )  # fmt: skip


def test_o12_conflict_of_users_is_the_workflow_engines(ann: RecipientsWorld) -> None:
    ann.employee(2, "two@corp.test")
    ann.user("two@corp.test")
    ann.user("TWO@corp.test")
    ann.invoice(101, salesrep=2)
    ann.sync()
    assert blocker(ann) == ("no_conflict", "Two or more users have the address two@corp.test.", WORKFLOW)


def test_o12_no_invoice_of_theirs_synced_recently(ann: RecipientsWorld) -> None:
    """The invoice itself is unknown; and an employee whom no synced invoice names is no user."""
    ann.employee(2, "two@corp.test")
    ann.sync()
    unknown = said(ann, "INV999")
    assert (unknown.state, unknown.fields, unknown.why) == ("unknown_invoice", (), STATUSES["unknown_invoice"].words)
    with ann.engine.connect() as connection:
        (employee,) = explain_employee(connection, ann.account, 2)
    assert employee.blocker is not None
    assert (employee.blocker.name, employee.blocker.seen, employee.blocker.who_can_mend) == (
        "invoice_synced", "no live invoice that was synced names the employee in an owner field", DATA,
    )  # fmt: skip


def seen_of_employee(world: RecipientsWorld, employee: int) -> dict[str, tuple[str, str | None]]:
    """Check -> outcome and what it saw."""
    with world.engine.connect() as connection:
        (explained,) = explain_employee(connection, world.account, employee)
    return {check.name: (check.outcome, check.seen) for check in explained.checks}


def test_an_invoice_that_names_the_employee_is_shown(ann: RecipientsWorld) -> None:
    ann.execute("DELETE FROM raw.invoice_owners WHERE owner_field <> 'salesrep'")
    assert seen_of_employee(ann, 1)["invoice_synced"] == ("pass", "salesrep of invoice INV101")


def test_an_employee_who_has_a_user_needs_no_invoice(ann: RecipientsWorld) -> None:
    """E1, E3: matched by the address with a user whom no sync made."""
    ann.employee(2, "two@corp.test")
    ann.user("two@corp.test")
    ann.sync("match_only")
    assert ann.rows("SELECT rule FROM publish.user_mapping WHERE employee_id = 2") == [("same_email",)]
    found = seen_of_employee(ann, 2)
    assert {outcome for outcome, _ in found.values()} == {"pass"}
    assert found["invoice_synced"][1] == "none does now, and the employee has a user all the same"


def test_where_the_account_only_matches_no_invoice_is_needed_but_a_user(ann: RecipientsWorld) -> None:
    """E1."""
    ann.execute(
        """
        INSERT INTO ops.user_mode_switches (account, user_mode, confirmed_by, run_id, shown)
        VALUES (:account, 'match_only', 'kim', 'run', '{}')
        """
    )
    ann.employee(2, "two@corp.test")
    ann.sync("match_only")
    found = seen_of_employee(ann, 2)
    assert found["invoice_synced"] == ("pass", "none does; not needed, since this account only matches")
    assert found["user_exists"] == ("fail", "no user had the address two@corp.test at the last sync")


def test_o13_field_name_not_exact(ann: RecipientsWorld) -> None:
    text = "{{user_from_source_id:SalesRep}}, {{user_from_source_id:custbody_collector}}, {{nope}}"
    good, wrong = said(ann, 101, text).fields
    assert (good.subject, good.blocker, good.checks[0].name) == ("custbody_collector", None, "field_name_exact")
    assert wrong.blocker is not None
    assert (wrong.subject, wrong.blocker.name, wrong.blocker.who_can_mend) == ("SalesRep", "field_name_exact", AUTHOR)
    assert [mistake.code for mistake in said(ann, 101, text).mistakes] == ["wrong_case_field", "unknown_smart_field"]


def test_o13_user_missing(ann: RecipientsWorld) -> None:
    ann.employee(2, "two@corp.test")
    ann.invoice(101, salesrep=2)
    ann.sync("match_only")
    assert blocker(ann) == (
        "user_exists", "no user had the address two@corp.test when users were matched last", WORKFLOW,
    )  # fmt: skip


def test_o13_user_without_access(ann: RecipientsWorld) -> None:
    """The person is a user, of another account, whose name is not for readers of this one."""
    ann.employee(2, "two@corp.test")
    ann.invoice(101, salesrep=2)
    ann.account = "beta"
    ann.user("Two@Corp.test")
    ann.sync()
    ann.account = "acme"
    ann.sync("match_only")
    assert blocker(ann) == (
        "user_has_access", "the user with this address belongs to another account", WORKFLOW,
    )  # fmt: skip


def test_o13_user_inactive(ann: RecipientsWorld) -> None:
    ann.execute("UPDATE workflow.users SET is_active = false")
    ann.sync()
    assert blocker(ann) == ("user_active", "user ann@corp.test was deactivated", WORKFLOW)


def test_o10_the_address_of_a_user_is_mailed_where_it_is_not_the_employees(ann: RecipientsWorld) -> None:
    ann.employee(2, "two@corp.test")
    ann.user(" Own@corp.test\u00a0", employee=2)
    ann.invoice(101, salesrep=2)
    ann.sync("match_only")
    assert ann.recipient(101)[0] == "ok"
    assert [outcome for _, outcome, *_ in checks(ann)] == ["pass"] * len(ORDER)
    seen = {name: seen for name, _, seen, *_ in checks(ann)}
    assert seen["email_valid"] == "Own@corp.test, the address of the user, not the employee's"
    assert seen["published"].startswith("published as ok Own@corp.test by run")


def test_o13_user_with_an_address_that_can_not_be_mailed(ann: RecipientsWorld) -> None:
    ann.employee(2, "two@corp.test")
    ann.user("own at corp.test", employee=2)
    ann.invoice(101, salesrep=2)
    ann.sync("match_only")
    assert blocker(ann) == (
        "email_valid", "own at corp.test, the address of the user, is none that can be mailed", WORKFLOW,
    )  # fmt: skip


def test_a_user_that_is_not_linked_yet_waits_for_the_next_sync(ann: RecipientsWorld) -> None:
    ann.sync()  # takes note of the address of the user that the first one made
    ann.execute("UPDATE workflow.users SET netsuite_employee_id = NULL")
    assert blocker(ann)[::2] == ("user_matched", DATA)
    ann.sync()
    assert [outcome for _, outcome, *_ in checks(ann)] == ["pass"] * len(ORDER)


def test_what_was_mended_and_is_not_published_yet_says_so(ann: RecipientsWorld) -> None:
    ann.execute("UPDATE workflow.users SET is_active = false")
    ann.sync()
    ann.execute("UPDATE workflow.users SET is_active = true")
    assert blocker(ann) == ("published", "published as user_inactive by run run 2", DATA)


def test_an_invoice_that_was_deleted_says_so(ann: RecipientsWorld) -> None:
    """D9."""
    ann.invoice(101, deleted=True)
    name, words, who = blocker(ann)
    assert (name, words[:20], who) == ("invoice_live", "deleted in NetSuite,", NETSUITE)
    assert said(ann, "INV101").state == "invoice_deleted"


def test_a_number_of_several_invoices_is_not_guessed(ann: RecipientsWorld) -> None:
    ann.invoice(102, salesrep=1)
    ann.execute("UPDATE raw.invoices SET invoice_number = 'INV101'")
    assert (said(ann, "INV101").state, said(ann, "INV101").fields) == ("ambiguous_number", ())
    assert said(ann, 102).state == "ok"


def test_a_field_that_is_in_the_account_file_but_was_not_published_yet_says_so(ann: RecipientsWorld) -> None:
    ann.owner_fields = (*ann.owner_fields, "custbody_new")
    *_, new = said(ann).fields
    assert new.blocker is not None
    assert (new.subject, new.blocker.name, new.blocker.who_can_mend) == ("custbody_new", "field_configured", DATA)


DISAGREEMENTS = """
SELECT recipients.invoice_id, recipients.owner_field, recipients.status, explained."check"
FROM publish.recipients AS recipients
LEFT JOIN publish.recipient_explain AS explained
    ON explained.account = recipients.account
    AND explained.invoice_id = recipients.invoice_id
    AND explained.owner_field = recipients.owner_field
    AND explained.outcome = 'fail'
WHERE coalesce(explained.status, CASE WHEN explained."check" IS NULL THEN 'ok' END) IS DISTINCT FROM recipients.status
"""

emails = st.sampled_from([None, "", " ", "bad", "a@corp.test", "A@corp.test", "b@corp.test", "c@corp.test"])
employees = st.tuples(emails, st.booleans(), st.booleans())
users = st.tuples(
    st.sampled_from(["a@corp.test", "b@corp.test", "d@corp.test"]), st.none() | st.integers(1, 4), st.booleans()
)
owners = st.none() | st.integers(1, 8)


@given(
    st.lists(employees, min_size=4, max_size=4),
    st.lists(users, max_size=3, unique_by=lambda user: user[1] or object()),
    st.lists(st.tuples(owners, owners), min_size=1, max_size=4),
    st.dictionaries(st.integers(5, 8), st.sampled_from(["nothing", "employee", "deleted_employee", "other_entity"])),
    st.sampled_from(["import", "match_only"]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_first_check_that_fails_is_the_status_that_was_published(
    world: RecipientsWorld, employees: Any, users: Any, owners: Any, lookups: Any, user_mode: str
) -> None:
    """B1, O11: whatever the records, right after a publish."""
    world.emptied()
    for number, (email, inactive, deleted) in enumerate(employees, start=1):
        world.employee(number, email or None, inactive=inactive, deleted=deleted and inactive)
    for email, employee, active in users:
        world.user(email, employee=employee, active=active)
    for owner, found_as in lookups.items():
        world.lookup(owner, found_as)
    for number, (salesrep, collector) in enumerate(owners, start=101):
        world.invoice(number, salesrep=salesrep, custbody_collector=collector)
    world.sync(user_mode)

    assert world.rows(DISAGREEMENTS) == []


def test_every_check_has_words_and_every_status_one_place_in_the_order(ann: RecipientsWorld) -> None:
    assert set(ORDER) <= set(CHECKS)
    statuses = [status for *_, status in checks(ann) if status]
    assert set(statuses) == set(STATUSES) - {
        "field_not_published", "invoice_deleted", "unknown_invoice", "ambiguous_number",
        "team_without_primary", "team_below_contribution",
    }  # fmt: skip


@pytest.mark.parametrize(("employee", "found"), [(1, "Ann Lee (1)"), ("ANN@corp.test", "Ann Lee (1)"), (77, "77")])
def test_an_employee_is_asked_for_by_id_or_address(ann: RecipientsWorld, employee: int | str, found: str) -> None:
    """O12."""
    with ann.engine.connect() as connection:
        (explained,) = explain_employee(connection, ann.account, employee)
    assert explained.subject == found
    assert (explained.blocker is None) == (employee != 77)


@pytest.mark.parametrize(
    ("employee", "check"),
    [
        ({"deleted": True}, "employee_not_deleted"),
        ({"inactive": True}, "employee_active"),
        ({"email": None}, "email_valid"),
        ({"email": "bad"}, "email_valid"),
        ({"email": "ann@corp.test"}, "no_conflict"),
        ({}, "user_exists"),
    ],
)
def test_the_way_from_an_employee_to_a_user_stops_where_the_check_fails(
    ann: RecipientsWorld, employee: dict[str, Any], check: str
) -> None:
    """O12."""
    ann.employee(2, **employee)
    ann.invoice(102, salesrep=2)
    ann.sync("match_only")
    with ann.engine.connect() as connection:
        (explained,) = explain_employee(connection, ann.account, 2)
    assert explained.blocker is not None
    assert explained.blocker.name == check
    assert explained.blocker.seen


def test_it_reads_as_a_person_would_want_to_read_it(ann: RecipientsWorld) -> None:
    ann.employee(1, "ann@corp.test", inactive=True)
    ann.sync()
    text = explanation_text(said(ann, "INV101", "{{user_from_source_id:salesrep}}; {{user_from_source_id:salesrp}}"))
    assert text.splitlines()[:8] == [
        "Invoice INV101 (internal id 101) of account acme",
        "  the template, line 1, column 57: 'salesrp' is no owner field of this account (they are salesrep, "
        "custbody_collector); did you mean salesrep? (the author of the template can mend it)",
        "",
        "salesrep: the employee is inactive; the NetSuite administrator can mend it",
        "  ok    field name is exact               salesrep",
        "  ok    invoice is not deleted            not deleted",
        text.splitlines()[6],
        "  ok    field was synced                  read by run load",
    ]
    assert "  FAIL  employee is active                Ann Lee (1) is inactive in NetSuite" in text
    assert "  -     user is active" in text


@pytest.fixture
def many(world: RecipientsWorld) -> RecipientsWorld:
    """Enough of everything for the planner to choose as it would in earnest."""
    world.fill(3000)
    for statement in (
        """
        INSERT INTO raw.sales_teams (account, invoice_id, employee_id, is_primary, run_id)
        SELECT :account, i, i, true, 'load' FROM generate_series(1, 3000) AS i
        """,
        "INSERT INTO ops.team_selling (account, choice, run_id) VALUES (:account, 'all', 'load')",
        """
        INSERT INTO raw.owner_lookups (account, owner_id, found_as, run_id)
        SELECT :account, i, 'nothing', 'load' FROM generate_series(10001, 13000) AS i
        """,
    ):
        world.execute(statement)
    for _ in range(2):  # the second one knows the match keys of the users that the first one made
        world.sync()
    world.execute("ANALYZE")
    return world


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in nodes(child))]


BY_INDEX = (
    "SELECT * FROM publish.recipient_explain WHERE account = 'acme' AND invoice_id = 7",
    "SELECT * FROM publish.employee_explain WHERE account = 'acme' AND employee_id = 7",
    "SELECT * FROM publish.template_recipients('acme', ARRAY['salesrep'], '{}', ARRAY[7, 8])",
)


def test_asking_for_one_reads_by_index_only(many: RecipientsWorld) -> None:
    """B1: cheap, whatever the size of the tables; only what there is one row of per account or field is read whole."""
    for sql in BY_INDEX:
        ((plan,),) = many.rows(f"EXPLAIN (FORMAT JSON, ANALYZE, TIMING off) {sql}")
        read = [node for node in nodes(plan[0]["Plan"]) if "Relation Name" in node]
        assert {node["Relation Name"] for node in read if node["Node Type"] == "Seq Scan"} <= {
            "owner_fields",
            "team_selling",
            "user_mode_switches",
        }
        assert len(read) >= 2
        assert max(node["Actual Rows"] for node in read) < 10
        assert sum(node.get("Rows Removed by Filter", 0) for node in read) < 10

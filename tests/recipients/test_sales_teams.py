"""D6 where recipients are asked for: a template's salesrep is whomever of the sales team is chosen."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.recipients.explain import explain, explain_employee, explanation_text
from include.recipients.lint import NamedTemplate, lint
from include.recipients.resolve import MailedOnce, Recipient
from include.recipients.template import read_template
from include.recipients.words import CHECKS, STATUSES
from tests.matching.test_histories import MEMBERS
from tests.recipients.test_explain import DISAGREEMENTS, ORDER, checks
from tests.warehouse.teams import ALL, PRIMARY, QUARTER, Member, team

if TYPE_CHECKING:
    from tests.recipients.world import RecipientsWorld

TEAM_CHECKS = ("team_has_primary", "team_reaches_contribution")
ORDER_OF_TEAMS = (*ORDER[:4], *TEAM_CHECKS, *ORDER[4:])
NETSUITE = "NetSuite administrator"
SALESREP = "{{user_from_source_id:salesrep}}"
BOTH = f"{SALESREP}, {{{{user_from_source_id:custbody_collector}}}}"
ANN, BOB, GONE = 1, 2, 3


@pytest.fixture
def teams(world: RecipientsWorld) -> RecipientsWorld:
    """Ann and Bob own invoice 101, with one who left; Bob and twelve strangers own 102, and Ann collects it."""
    world.employee(ANN, "ann@corp.test", first="Ann")
    world.employee(BOB, "bob@corp.test", first="Bob")
    world.employee(GONE, "gone@corp.test", first=None, last=None, inactive=True)
    world.choose(ALL)
    world.invoice(101, custbody_collector=BOB)
    world.team(101, *team((ANN, True, "0.6"), (BOB, False, "0.25"), (GONE, None, None)))
    world.invoice(102, custbody_collector=ANN)
    world.team(102, Member(BOB, True), *(Member(number) for number in range(20, 32)))
    world.sync()
    return world


def failed(world: RecipientsWorld, field: str = "salesrep") -> tuple[Any, ...] | None:
    """The first check that fails for the invoice, with its status, what it saw and who can mend it."""
    found = checks(world, 101, field)
    assert tuple(name for name, *_ in found) == ORDER_OF_TEAMS
    return next(((name, status, seen, who) for name, outcome, seen, who, status in found if outcome == "fail"), None)


class TestResolve:
    def test_every_chosen_member_is_mailed_once(self, teams: RecipientsWorld) -> None:
        """O10, D7: duplicates collapse; each member who gives no recipient is listed by its own owner field."""
        first, second = (resolution := teams.resolve(BOTH, 101, 102)).invoices
        assert first.recipients == (
            Recipient("ann@corp.test", ("salesrep",)),
            Recipient("bob@corp.test", ("salesrep:2", "custbody_collector")),
        )
        assert [(each.owner_field, each.status, each.employee_id) for each in first.unresolved] == [
            ("salesrep:3", "employee_inactive", GONE)
        ]
        assert [each.owner_field for each in second.unresolved] == [f"salesrep:{number}" for number in range(2, 14)]
        assert resolution.union == (
            MailedOnce("ann@corp.test", (101, 102)),
            MailedOnce("bob@corp.test", (101, 102)),
        )

    @pytest.mark.parametrize(
        ("choice", "members", "status"),
        [
            (PRIMARY, (Member(ANN), Member(BOB)), "team_without_primary"),
            (QUARTER, (Member(ANN, True, Decimal("0.2")),), "team_below_contribution"),
            (QUARTER, (), "owner_empty"),
        ],
        ids=["no primary", "small shares", "no team"],
    )
    def test_where_nobody_is_chosen_it_says_why(
        self, teams: RecipientsWorld, choice: Any, members: Any, status: str
    ) -> None:
        """O11."""
        teams.choose(choice)
        teams.team(101, *members)
        teams.sync()
        (invoice,) = teams.resolve(SALESREP, 101).invoices
        assert invoice.recipients == ()
        assert [(each.owner_field, each.status, each.why, each.who_can_mend) for each in invoice.unresolved] == [
            ("salesrep", status, STATUSES[status].words, NETSUITE)
        ]

    def test_sql_gives_the_same_to_those_who_join(self, teams: RecipientsWorld) -> None:
        """A further member is no owner field to ask for."""
        rows = teams.rows("""
            SELECT owner_field, email, status
            FROM publish.template_recipients(
                :account, ARRAY['salesrep', 'salesrep:2'], ARRAY['desk@corp.test'], ARRAY[101]
            )
            ORDER BY owner_field, status
        """)
        assert rows == [
            ("salesrep", "ann@corp.test", "ok"),
            ("salesrep:2", None, "field_not_published"),
            ("salesrep:2", "bob@corp.test", "ok"),
            ("salesrep:3", None, "employee_inactive"),
            (None, "desk@corp.test", "ok"),
        ]

    def test_the_view_of_smart_fields_reaches_whom_the_resolver_reaches(self, teams: RecipientsWorld) -> None:
        """O10, O11: an analyst joins templates with what stands in them."""
        teams.template("t1", "{{user_from_source_id:salesrep}}")
        rows = teams.rows("""
            SELECT reached.invoice_id, reached.field_name, reached.email
            FROM workflow.templates AS templates
            INNER JOIN publish.smart_field_recipients AS reached
                ON templates.account = reached.account AND strpos(templates.recipients, reached.smart_field) > 0
            WHERE templates.account = :account
        """)
        assert rows
        numbers = [number for (number,) in teams.rows("SELECT id FROM raw.invoices WHERE account = :account")]
        resolved = teams.resolve(SALESREP, *numbers).invoices
        assert sorted(rows) == sorted(
            (invoice.invoice_id, "salesrep", reached.email) for invoice in resolved for reached in invoice.recipients
        )

    def test_a_template_names_the_field_and_never_a_member(self, teams: RecipientsWorld) -> None:
        reading = read_template("{{user_from_source_id:salesrep:2}}", teams.owner_fields)
        assert [(each.code, each.found, each.suggestion) for each in reading.mistakes] == [
            ("unknown_field", "salesrep:2", "salesrep")
        ]


class TestExplain:
    """B1, O12, O13."""

    def test_each_chosen_member_has_its_own_checks(self, teams: RecipientsWorld) -> None:
        assert [failed(teams, field) for field in ("salesrep", "salesrep:2")] == [None, None]
        assert failed(teams, "salesrep:3") == (
            "employee_active", "employee_inactive", "(3) is inactive in NetSuite", NETSUITE,
        )  # fmt: skip
        seen = {name: seen for name, _, seen, *_ in checks(teams)}
        assert seen["owner_filled"] == "the sales team: Ann Lee (1, primary, 60 %), Bob Lee (2, 25 %), (3)"
        assert seen["team_has_primary"] == "not asked for: the account file chooses all"
        assert tuple(name for name, *_ in checks(teams, 101, "custbody_collector")) == ORDER

    @pytest.mark.parametrize(
        ("choice", "members", "check", "seen"),
        [
            (
                PRIMARY, team((ANN, False, "0.6"), (BOB, None, "0.405")), "team_has_primary",
                "no member is marked primary: Ann Lee (1, 60 %), Bob Lee (2, 40.5 %)",
            ),
            (
                PRIMARY, team((ANN, True, None), (BOB, True, None)), "team_has_primary",
                "2 members are marked primary: Ann Lee (1, primary), Bob Lee (2, primary)",
            ),
            (
                QUARTER, team((77, True, "0.2"), (ANN, False, None)), "team_reaches_contribution",
                "nobody has at least 25 %: (77, primary, 20 %), Ann Lee (1)",
            ),
            (QUARTER, (), "owner_filled", "no sales team on the invoice"),
        ],
        ids=["no primary", "two primaries", "small shares", "no team"],
    )  # fmt: skip
    def test_the_team_is_the_first_to_fail(
        self, teams: RecipientsWorld, choice: Any, members: Any, check: str, seen: str
    ) -> None:
        teams.choose(choice)
        teams.team(101, *members)
        teams.sync()
        name, status, words, who = failed(teams) or ()
        assert (name, words, who) == (check, seen, NETSUITE)
        assert teams.recipient(101)[0] == status

    @pytest.mark.parametrize(
        ("choice", "seen"),
        [
            (PRIMARY, ("1 is primary", "not asked for: the account file chooses primary")),
            (QUARTER, ("not asked for: the account file chooses contribution", "1 has at least 25 %")),
        ],
        ids=["primary", "a quarter"],
    )
    def test_checks_that_pass_say_whom_the_account_file_chose(
        self, teams: RecipientsWorld, choice: Any, seen: tuple[str, str]
    ) -> None:
        teams.choose(choice)
        teams.sync()
        assert failed(teams) is None
        assert tuple(words for name, _, words, *_ in checks(teams) if name in TEAM_CHECKS) == seen

    def test_every_status_has_one_place_in_the_order_and_every_check_its_words(self, teams: RecipientsWorld) -> None:
        assert set(ORDER_OF_TEAMS) <= set(CHECKS)
        assert {status for *_, status in checks(teams) if status} == set(STATUSES) - {
            "field_not_published", "invoice_deleted", "unknown_invoice", "ambiguous_number"
        }  # fmt: skip

    def test_a_template_that_names_the_field_shows_all_members(self, teams: RecipientsWorld) -> None:
        with teams.engine.connect() as connection:
            of_field = explain(connection, teams.account, teams.owner_fields, 102, SALESREP)
            of_invoice = explain(connection, teams.account, teams.owner_fields, 102)
        members = ["salesrep", *(f"salesrep:{number}" for number in range(2, 14))]
        assert [field.subject for field in of_field.fields] == members
        assert [field.subject for field in of_invoice.fields] == ["custbody_collector", *members]
        assert all(field.checks[0].name == "field_name_exact" for field in of_field.fields)

    def test_it_reads_as_a_person_would_want_to_read_it(self, teams: RecipientsWorld) -> None:
        teams.choose(PRIMARY)
        teams.team(101, Member(ANN), Member(BOB))
        teams.sync()
        with teams.engine.connect() as connection:
            lines = explanation_text(explain(connection, teams.account, teams.owner_fields, 101, SALESREP)).splitlines()
        assert lines[2] == "salesrep: the sales team has no primary, or several; the NetSuite administrator can mend it"
        assert (
            "  FAIL  sales team has a primary          no member is marked primary: Ann Lee (1), Bob Lee (2)" in lines
        )

    def test_an_employee_who_is_a_further_member_is_named_by_an_invoice(self, teams: RecipientsWorld) -> None:
        """O12."""
        with teams.engine.connect() as connection:
            (employee,) = explain_employee(connection, teams.account, GONE)
        assert employee.blocker is not None
        assert employee.blocker.name == "employee_active"

    def test_an_employee_who_is_on_a_team_and_not_chosen_is_told_so(self, teams: RecipientsWorld) -> None:
        """O12: the rep was not imported."""
        teams.employee(20)
        teams.choose(PRIMARY)
        teams.sync()
        seen = "SELECT seen, who_can_mend FROM publish.employee_explain WHERE employee_id = 20 AND outcome = 'fail'"
        assert teams.rows(seen) == [
            ("on the sales team of invoice INV102, but not chosen: the account file chooses primary", "data engineer")
        ]
        teams.team(102)
        assert teams.rows(seen)[0][0] == "no live invoice that was synced names the employee in an owner field"

    @given(
        st.lists(MEMBERS, min_size=1, max_size=3),
        st.sampled_from([None, PRIMARY, ALL, QUARTER]),
        st.sampled_from([PRIMARY, ALL, QUARTER]),
    )
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_the_first_check_that_fails_is_the_status_that_was_published(
        self, world: RecipientsWorld, members: Any, before: Any, choice: Any
    ) -> None:
        world.emptied()
        world.choose(ALL)
        for number, (email, inactive) in enumerate([("a@corp.test", False), (None, False), ("c@corp.test", True)], 1):
            world.employee(number, email, inactive=inactive)
        for number, each in enumerate(members, start=101):
            world.invoice(number, custbody_collector=1)
            world.team(number, *each)
        for each in (before, choice):
            if each:
                world.choose(each)
                world.sync()
                assert world.rows(DISAGREEMENTS) == []


class TestLint:
    """B7."""

    def warnings(self, world: RecipientsWorld) -> list[tuple[str, str]]:
        with world.engine.connect() as connection:
            report = lint(world.account, world.owner_fields, [NamedTemplate("file", "name", SALESREP)], connection)
        return [(finding.code, finding.message) for finding in report.findings]

    def test_a_team_that_was_read_up_to_now_and_reaches_somebody_is_right(self, teams: RecipientsWorld) -> None:
        teams.read_all_up_to_now(("custbody_collector",), columns=("transactionsalesteam",))
        assert self.warnings(teams) == []

    def test_the_header_was_read_and_the_team_not_yet(self, teams: RecipientsWorld) -> None:
        teams.read_all_up_to_now(("salesrep", "custbody_collector"))
        assert [code for code, _ in self.warnings(teams)] == ["not_synced"]

    def test_teams_of_which_nobody_is_chosen_reach_nobody(self, teams: RecipientsWorld) -> None:
        teams.read_all_up_to_now(("custbody_collector",), columns=("transactionsalesteam",))
        teams.choose(PRIMARY)
        for number in (101, 102):
            teams.team(number, Member(ANN), Member(BOB))
        teams.sync()
        assert self.warnings(teams) == [
            (
                "reaches_nobody",
                "salesrep: filled on 2 invoices and a recipient on none, mostly since "
                "not exactly one member of the sales team is marked primary",
            )
        ]

    def test_invoices_without_a_team_are_not_filled(self, teams: RecipientsWorld) -> None:
        teams.read_all_up_to_now(("custbody_collector",), columns=("transactionsalesteam",))
        for number in (101, 102):
            teams.team(number)
        teams.sync()
        assert self.warnings(teams) == [("never_filled", "salesrep: filled on none of the 2 invoices published")]

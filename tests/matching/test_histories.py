"""Whatever happens in NetSuite and in the workflow engine, in any order: what must never happen (O4-O7, D2-D4)."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.matching.email_key import delivery_address, email_key
from include.matching.errors import NoSuchVerdict, UserTaken
from include.matching.verdicts import conflicts, give_verdict, withdraw_verdict
from tests.warehouse import teams

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.matching.world import World

EMPLOYEES = (1, 2, 3, 4)
EMAILS = (None, "nobody", "a@corp.test", " A@Corp.test", "b@corp.test", "B@CORP.test", "c@corp.test", "d@corp.test")
USER_EMAILS = tuple(email for email in EMAILS if email is not None)


class Employee(NamedTuple):
    number: int
    email: str | None
    inactive: bool
    deleted: bool

    def happen(self, world: World) -> None:
        world.employee(self.number, self.email, inactive=self.inactive, deleted=self.deleted)


class Invoice(NamedTuple):
    number: int
    salesrep: int | None
    collector: int | None
    deleted: bool

    def happen(self, world: World) -> None:
        world.invoice(self.number, deleted=self.deleted, salesrep=self.salesrep, custbody_collector=self.collector)


class NewUser(NamedTuple):
    email: str
    active: bool

    def happen(self, world: World) -> None:
        world.user(self.email, active=self.active)


class EditedUser(NamedTuple):
    """A person edits, in the workflow engine, one of the users there are."""

    which: int
    edit: str

    def happen(self, world: World) -> None:
        user_ids = sorted(world.links())
        if user_ids:
            world.execute(
                f"UPDATE workflow.users SET {self.edit} WHERE user_id = :user",
                user=user_ids[self.which % len(user_ids)],
            )


class Choice(NamedTuple):
    """The account file says another thing about sales teams, or nothing any more."""

    team_selling: teams.Choice | None

    def happen(self, world: World) -> None:
        world.choose(self.team_selling)


class Team(NamedTuple):
    """An invoice has another sales team; an account without Team Selling has it from now on."""

    invoice: int
    members: list[teams.Member]

    def happen(self, world: World) -> None:
        if not world.rows("SELECT FROM ops.team_selling WHERE account = :account"):
            world.choose(teams.PRIMARY)
        if world.rows("SELECT FROM raw.invoices WHERE account = :account AND id = :id", id=self.invoice):
            world.team(self.invoice, *self.members)


class Verdict(NamedTuple):
    """A person decides one of the conflicts there are for one of its candidates, or for none of them."""

    which: int
    candidate: int

    def happen(self, world: World) -> None:
        with world.engine.begin() as connection:
            waiting = conflicts(connection, world.account)
            if not waiting:
                return
            conflict = waiting[self.which % len(waiting)]
            choices = [None, *sorted(conflict.candidates)]
            with suppress(UserTaken):
                give_verdict(
                    connection,
                    account=world.account,
                    employee_id=conflict.employee_id,
                    user_id=choices[self.candidate % len(choices)],
                    evidence_hash=conflict.evidence_hash,
                    given_by="kim",
                )


class Withdrawal(NamedTuple):
    """A person takes back what was decided about an employee."""

    employee: int

    def happen(self, world: World) -> None:
        with world.engine.begin() as connection, suppress(NoSuchVerdict):
            withdraw_verdict(connection, account=world.account, employee_id=self.employee, given_by="kim")


MEMBERS = st.lists(
    st.builds(
        teams.Member,
        st.sampled_from([*EMPLOYEES, 9]),
        st.sampled_from([True, False, None]),
        st.sampled_from([None, Decimal("0.2"), Decimal("0.5")]),
    ),
    max_size=3,
    unique_by=lambda member: member.employee,
)

seldom = st.sampled_from([False, False, False, True])
EVENTS = st.one_of(
    st.builds(Employee, st.sampled_from(EMPLOYEES), st.sampled_from(EMAILS), seldom, seldom),
    st.builds(
        Invoice,
        st.sampled_from([10, 11]),
        st.sampled_from([None, *EMPLOYEES, 9]),
        st.sampled_from([None, *EMPLOYEES]),
        seldom,
    ),
    st.builds(Choice, st.sampled_from([None, teams.PRIMARY, teams.ALL, teams.ALL, teams.QUARTER])),
    st.builds(Team, st.sampled_from([10, 11]), MEMBERS),
    st.builds(NewUser, st.sampled_from(USER_EMAILS), st.sampled_from([True, True, False])),
    st.builds(
        EditedUser,
        st.integers(0, 5),
        st.sampled_from(
            [
                "role = 'admin'",
                "is_active = false",
                "is_active = true",
                "email = 'a@corp.test'",
                "email = 'c@corp.test'",
            ]
        ),
    ),
)
ROUNDS = st.lists(
    st.tuples(st.lists(EVENTS, min_size=1, max_size=5), st.sampled_from(["import", "import", "match_only"])),
    min_size=1,
    max_size=4,
)
COURT = st.lists(
    st.tuples(
        st.lists(
            st.one_of(
                EVENTS,
                st.builds(Verdict, st.integers(0, 3), st.integers(0, 3)),
                st.builds(Withdrawal, st.sampled_from(EMPLOYEES)),
            ),
            min_size=1,
            max_size=5,
        ),
        st.sampled_from(["import", "match_only"]),
    ),
    min_size=2,
    max_size=5,
)
START = [Employee(number, f"{letter}@corp.test", False, False) for number, letter in enumerate("abcd", start=1)]


class User(NamedTuple):
    email: str
    role: str
    is_active: bool
    employee: int | None
    origin: str


def users_of(world: World) -> dict[Any, User]:
    found = world.rows("SELECT user_id, email, role, is_active, netsuite_employee_id, origin FROM workflow.users")
    return {user_id: User(*columns) for user_id, *columns in found}


def each_sync(rounds: list[tuple[list[Any], str]], world: World, check: Callable[..., None]) -> None:
    world.emptied()
    for event in START:
        event.happen(world)
    for events, user_mode in rounds:
        for event in events:
            event.happen(world)
        before = users_of(world)
        world.sync(user_mode)
        check(world, user_mode, before, users_of(world))


history = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@history
@given(rounds=ROUNDS)
def test_users_are_made_for_the_right_people_only_and_never_twice(world: World, rounds: list[Any]) -> None:
    def check(world: World, user_mode: str, before: dict[Any, User], after: dict[Any, User]) -> None:
        made = {user_id: after[user_id] for user_id in after.keys() - before.keys()}
        holders = Counter(email_key(user.email) for user in after.values())
        assert not made or user_mode == "import"
        for user in made.values():
            assert holders[email_key(user.email)] == 1
            assert (user.role, user.is_active, user.origin) == ("viewer", True, "netsuite_import")
            assert world.rows(
                """
                SELECT DISTINCT employees.email
                FROM raw.employees AS employees
                INNER JOIN raw.invoice_owners AS owners ON employees.id = owners.employee_id
                INNER JOIN raw.invoices AS invoices ON owners.invoice_id = invoices.id
                WHERE employees.id = :employee
                    AND NOT employees.is_inactive
                    AND employees.deleted_at IS NULL
                    AND invoices.deleted_at IS NULL
                    AND btrim(employees.email) = :email
                """,
                employee=user.employee,
                email=user.email,
            )
        assert before.keys() <= after.keys()

    each_sync(rounds, world, check)


@history
@given(rounds=ROUNDS)
def test_what_people_decided_about_users_and_a_link_once_made_stay(world: World, rounds: list[Any]) -> None:
    def check(world: World, user_mode: str, before: dict[Any, User], after: dict[Any, User]) -> None:
        employees = {
            number: (key, active)
            for number, key, active in world.rows(
                "SELECT id, email_key, NOT is_inactive AND deleted_at IS NULL FROM raw.employees"
            )
        }
        for user_id, was in before.items():
            now = after[user_id]
            assert (now.role, now.is_active, now.origin) == (was.role, was.is_active, was.origin)
            if user_mode == "match_only":
                assert now.email == was.email
            if was.employee is not None and now.employee != was.employee:
                (old_key, old_active), (new_key, new_active) = employees[was.employee], employees[now.employee or 0]
                assert (old_key, old_active, new_active) == (new_key, False, True)

    each_sync(rounds, world, check)


@history
@given(rounds=ROUNDS)
def test_recipients_are_complete_reachable_and_the_same_when_published_again(world: World, rounds: list[Any]) -> None:
    def check(world: World, user_mode: str, before: dict[Any, User], after: dict[Any, User]) -> None:
        emails = dict(world.rows("SELECT id, email FROM raw.employees"))
        published = world.rows("SELECT employee_id, user_id, email, status FROM publish.recipients")
        live = world.rows("""
            SELECT count(*) FROM raw.invoice_owners
            INNER JOIN raw.invoices ON invoice_owners.invoice_id = invoices.id
            WHERE invoices.deleted_at IS NULL
        """)
        assert live == [(len(published),)]
        for employee, user_id, email, status in published:
            if status == "ok":
                assert email in (delivery_address(emails[employee]), delivery_address(after[user_id].email))
                assert email_key(email) == email_key(after[user_id].email)
                assert (after[user_id].employee, after[user_id].is_active) == (employee, True)
        versions = world.versions("workflow.users", "publish.recipients")
        world.sync(user_mode)
        assert world.versions("workflow.users", "publish.recipients") == versions

    each_sync(rounds, world, check)


@settings(history, max_examples=12)
@given(rounds=COURT)
def test_a_verdict_holds_exactly_while_its_evidence_does_and_never_reopens_itself(
    world: World, rounds: list[Any]
) -> None:
    """B8: conflicts are common here, since two users and two employees have each address from the start."""

    def check(world: World, user_mode: str, before: dict[Any, User], after: dict[Any, User]) -> None:
        for employee, user_id, decision in world.rows("""
            SELECT verdicts.employee_id, verdicts.user_id, verdicts.decision
            FROM matching.latest_verdicts AS verdicts
            INNER JOIN matching.cases AS cases USING (account, employee_id, evidence_hash)
            INNER JOIN matching.employee_matches AS matches USING (account, employee_id)
            WHERE verdicts.decision <> 'withdrawn'
        """):
            linked = {user for user, now in after.items() if now.employee == employee}
            assert linked == ({user_id} if decision == "user" else set())
        assert world.rows(
            "SELECT employee_id FROM matching.employee_matches WHERE verdict = 'conflict' ORDER BY 1"
        ) == (world.rows("SELECT employee_id FROM publish.conflicts ORDER BY 1"))
        mapped = dict(world.rows("SELECT user_id, employee_id FROM publish.user_mapping"))
        assert mapped == {user_id: user.employee for user_id, user in after.items()}
        tables = ("workflow.users", "publish.recipients", "publish.conflicts")
        versions = world.versions(*tables)
        world.sync(user_mode)
        assert world.versions(*tables) == versions

    duplicates = [NewUser(email, True) for email in ("a@corp.test", "A@Corp.test", "b@corp.test", "b@corp.test")]
    named = [Invoice(10, 1, 2, False), Invoice(11, 3, 4, False), Employee(2, "a@corp.test", False, False)]
    each_sync([([*duplicates, *named, *rounds[0][0]], rounds[0][1]), *rounds[1:]], world, check)

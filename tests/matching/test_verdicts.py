"""The ambiguity court (B8): a verdict settles a conflict, holds for exactly its evidence, and reopens by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from include.matching.errors import EvidenceChanged, NoSuchCandidate, NoSuchConflict, NoSuchVerdict, UserTaken
from include.matching.publish import hold_users, publish_in, session_of_account
from include.matching.verdicts import Conflict, conflicts, give_verdict, withdraw_verdict
from include.warehouse.database import without_nested_loops

if TYPE_CHECKING:
    from tests.matching.world import World


def open_conflicts(world: World) -> dict[int, Conflict]:
    with world.engine.begin() as connection:
        return {conflict.employee_id: conflict for conflict in conflicts(connection, world.account)}


def decide(world: World, employee: int, user: Any, by: str = "kim") -> int:
    """Give a verdict about a conflict as it is published now."""
    evidence_hash = open_conflicts(world)[employee].evidence_hash
    with world.engine.begin() as connection:
        return give_verdict(
            connection,
            account=world.account,
            employee_id=employee,
            user_id=user,
            evidence_hash=evidence_hash,
            given_by=by,
        )


def withdraw(world: World, employee: int) -> None:
    with world.engine.begin() as connection:
        withdraw_verdict(connection, account=world.account, employee_id=employee, given_by="lou")


def unchanged(world: World) -> None:
    """Another sync changes nothing: the verdict's own effect does not reopen it."""
    before = world.versions("workflow.users", "publish.recipients", "publish.conflicts", "publish.user_mapping")
    world.sync()
    assert world.versions(*before) == before


@pytest.fixture
def several_users(world: World) -> tuple[Any, Any]:
    """Employee 7 is in conflict: two active users have the address."""
    users = (world.user("ann@corp.test"), world.user("Ann@corp.test"))
    world.employee(7, "ann@corp.test")
    world.invoice(1, salesrep=7)
    world.sync()
    return users


class TestConflicts:
    def test_a_conflict_is_shown_with_all_candidates_and_what_speaks_for_each(
        self, world: World, several_users: tuple[Any, Any]
    ) -> None:
        conflict = open_conflicts(world)[7]
        assert (conflict.kind, conflict.user_id) == ("several_users", None)
        assert conflict.candidates == {str(user) for user in several_users}
        assert sorted(world.rows("SELECT user_id, email, same_email, is_linked FROM publish.conflict_candidates")) == (
            sorted([(several_users[0], "ann@corp.test", True, False), (several_users[1], "Ann@corp.test", True, False)])
        )
        assert set(world.rows("SELECT employee_id, evidence, speaks FROM matching.evidence")) == {
            (7, "same_email", "for")
        }

    def test_it_stays_as_it_was_opened_and_leaves_when_it_is_settled(
        self, world: World, several_users: tuple[Any, Any]
    ) -> None:
        unchanged(world)
        assert world.rows("SELECT opened_in_run, run_id FROM publish.conflicts") == [("run 1", "run 1")]
        world.execute("UPDATE workflow.users SET is_active = false WHERE user_id = :user", user=several_users[0])
        counts = world.sync()
        assert world.rows("SELECT * FROM publish.conflicts") == []
        assert (counts["conflicts"], counts["conflicts_settled"]) == (0, 1)

    def test_a_change_of_case_only_is_no_other_evidence(self, world: World, several_users: tuple[Any, Any]) -> None:
        before = open_conflicts(world)[7].evidence_hash
        world.employee(7, " ANN@Corp.test ")
        world.sync()
        assert open_conflicts(world)[7].evidence_hash == before


class TestSeveralUsers:
    def test_the_chosen_user_is_matched_and_stays_so(self, world: World, several_users: tuple[Any, Any]) -> None:
        chosen, other = several_users
        decide(world, 7, chosen)
        world.sync()
        assert world.links() == {chosen: 7, other: None}
        assert world.recipient(1) == ("ok", 7, chosen, "ann@corp.test")
        assert world.rows("SELECT user_id, rule, reason FROM publish.user_mapping WHERE netsuite_integrated") == [
            (chosen, "human_verdict", None)
        ]
        assert open_conflicts(world) == {}
        unchanged(world)

    @pytest.mark.parametrize("user_mode", ["import", "match_only"])
    def test_it_reopens_when_the_address_changes(
        self, world: World, several_users: tuple[Any, Any], user_mode: str
    ) -> None:
        chosen, other = several_users
        verdict = decide(world, 7, chosen)
        world.sync(user_mode)
        assert world.recipient(1)[0] == "ok"
        world.employee(7, "bea@corp.test")

        world.sync(user_mode)

        assert world.recipient(1) == ("conflict", 7, chosen, None)
        assert world.links() == {chosen: 7, other: None}
        conflict = open_conflicts(world)[7]
        assert (conflict.kind, conflict.user_id) == ("verdict_outdated", chosen)
        assert "The verdict of kim no longer holds." in (conflict.reopened_because or "")
        assert "bea@corp.test" in (conflict.reopened_because or "")
        assert world.rows("SELECT reopened_verdict_id FROM publish.conflicts") == [(verdict,)]
        decide(world, 7, chosen)
        world.sync(user_mode)
        followed = "bea@corp.test" if user_mode == "import" else "ann@corp.test"
        assert world.recipient(1) == ("ok", 7, chosen, followed)
        assert open_conflicts(world) == {}

    def test_nobody_is_asked_again_where_the_change_made_the_case_clear(
        self, world: World, several_users: tuple[Any, Any]
    ) -> None:
        chosen, other = several_users
        decide(world, 7, chosen)
        world.sync()
        world.execute("DELETE FROM workflow.users WHERE user_id = :user", user=other)
        world.sync()
        assert world.recipient(1) == ("ok", 7, chosen, "ann@corp.test")
        assert open_conflicts(world) == {}

    def test_the_one_who_was_not_chosen_is_never_taken_in_silence(
        self, world: World, several_users: tuple[Any, Any]
    ) -> None:
        """The workflow engine merges two users into one: it deletes the chosen one."""
        chosen, other = several_users
        decide(world, 7, chosen)
        world.sync()
        world.execute("DELETE FROM workflow.users WHERE user_id = :user", user=chosen)
        world.sync()
        assert world.links() == {other: None}
        assert open_conflicts(world)[7].kind == "verdict_outdated"

    def test_none_of_them_leaves_the_employee_without_a_user(
        self, world: World, several_users: tuple[Any, Any]
    ) -> None:
        decide(world, 7, None)
        world.sync()
        assert set(world.links().values()) == {None}
        assert len(world.links()) == 2
        assert world.recipient(1) == ("no_user", 7, None, None)
        assert set(world.rows("SELECT reason FROM publish.user_mapping")) == {("decided_none",)}
        unchanged(world)

    def test_a_verdict_that_is_withdrawn_brings_the_conflict_back(
        self, world: World, several_users: tuple[Any, Any]
    ) -> None:
        decide(world, 7, several_users[0])
        world.sync()
        withdraw(world, 7)
        world.sync()
        conflict = open_conflicts(world)[7]
        assert (conflict.kind, conflict.user_id) == ("verdict_outdated", several_users[0])
        assert conflict.reopened_because == "lou took the verdict back."


def test_a_shared_address_gets_a_user_for_the_chosen_employee(world: World) -> None:
    """D2: two active employees, one user; the other employee's case stays a conflict until it is decided too."""
    user = world.user("desk@corp.test")
    for number in (7, 8):
        world.employee(number, "desk@corp.test")
    world.invoice(1, salesrep=7, custbody_collector=8)
    world.sync()
    decide(world, 7, user)
    with pytest.raises(UserTaken, match=r"kim decided .* is employee 7 .*Withdraw"):
        decide(world, 8, user)
    decide(world, 8, None)

    world.sync()

    assert world.recipient(1) == ("ok", 7, user, "desk@corp.test")
    assert world.recipient(1, "custbody_collector") == ("no_user", 8, None, None)
    unchanged(world)
    world.employee(9, "desk@corp.test")
    world.sync()
    assert {number: conflict.kind for number, conflict in open_conflicts(world).items()} == {
        7: "verdict_outdated",
        8: "shared_address",
    }
    assert "were [7, 8] and are [7, 8, 9]" in (open_conflicts(world)[8].reopened_because or "")


def test_a_verdict_on_another_employee_moves_the_link(world: World) -> None:
    """D1: the user is linked to 7, a person says that it is 8."""
    user = world.user("desk@corp.test", employee=7)
    world.employee(7, "old@corp.test", inactive=True)
    world.employee(8, "desk@corp.test")
    world.invoice(1, salesrep=7, custbody_collector=8)
    world.sync()
    assert open_conflicts(world)[8].kind == "another_employee"
    decide(world, 8, user)

    world.sync()

    assert world.links() == {user: 8}
    assert world.recipient(1) == ("employee_inactive", 7, None, None)
    assert world.recipient(1, "custbody_collector") == ("ok", 8, user, "desk@corp.test")
    unchanged(world)


@pytest.mark.parametrize("chosen", [0, 1])
def test_a_verdict_on_a_taken_address_keeps_or_moves_the_link_and_nobody_follows(world: World, chosen: int) -> None:
    """D3, O10: employee 7 is linked to one user, another has the new address; mail goes to who was chosen."""
    users = (world.user("old@corp.test", employee=7), world.user("new@corp.test"))
    world.employee(7, "new@corp.test")
    world.invoice(1, salesrep=7)
    world.sync()
    assert open_conflicts(world)[7].kind == "address_taken"
    decide(world, 7, users[chosen])

    world.sync()

    assert world.links() == {users[chosen]: 7, users[1 - chosen]: None}
    assert world.addresses() == {users[0]: "old@corp.test", users[1]: "new@corp.test"}
    assert world.recipient(1) == ("ok", 7, users[chosen], world.addresses()[users[chosen]])
    unchanged(world)


@pytest.mark.parametrize("holder_came_first", [True, False])
def test_a_verdict_that_frees_an_employee_whom_the_rules_match_anew_takes_effect_in_one_sync(
    world: World, holder_came_first: bool
) -> None:
    """Two links move at once, in whatever order the database takes the users."""
    if holder_came_first:
        holder = world.user("b@corp.test")
    moved = world.user("a@corp.test", employee=5)
    if not holder_came_first:
        holder = world.user("b@corp.test")
    world.employee(5, "b@corp.test")
    world.employee(7, "a@corp.test")
    world.invoice(1, salesrep=5, custbody_collector=7)
    world.sync()
    assert {number: conflict.kind for number, conflict in open_conflicts(world).items()} == {
        5: "address_taken",
        7: "another_employee",
    }
    decide(world, 7, moved)

    world.sync()

    assert world.links() == {moved: 7, holder: 5}
    assert world.recipient(1) == ("ok", 5, holder, "b@corp.test")
    assert world.recipient(1, "custbody_collector") == ("ok", 7, moved, "a@corp.test")
    unchanged(world)


def freed_and_linked_elsewhere(world: World) -> tuple[Any, Any]:
    """A verdict frees a user from employee 4, and the rules link that user to employee 2."""
    freed, other = world.user("b@corp.test", employee=4), world.user("d@corp.test")
    world.employee(4, "d@corp.test")
    world.employee(2, "b@corp.test")
    world.invoice(1, salesrep=4, custbody_collector=2)
    world.sync()
    decide(world, 4, None)
    world.sync()
    assert world.links() == {freed: 2, other: None}
    return freed, other


def test_a_verdict_is_not_reopened_by_what_the_rules_do_with_the_user_whom_it_freed(world: World) -> None:
    freed, _ = freed_and_linked_elsewhere(world)
    assert world.recipient(1)[0] == "no_user"
    assert world.recipient(1, "custbody_collector") == ("ok", 2, freed, "b@corp.test")
    assert open_conflicts(world) == {}
    unchanged(world)


def test_it_is_reopened_when_a_person_links_that_user_elsewhere(world: World) -> None:
    freed, _ = freed_and_linked_elsewhere(world)
    world.employee(9, "z@corp.test")
    world.execute("UPDATE workflow.users SET netsuite_employee_id = 9 WHERE user_id = :user", user=freed)
    world.sync()
    assert open_conflicts(world)[4].kind == "verdict_outdated"
    unchanged(world)


def test_what_a_sync_makes_of_others_is_judged_in_that_very_sync(world: World) -> None:
    """The address of a candidate moves on, which is other evidence: the case is settled at once, not one sync later."""
    holder, candidate = world.user("x@corp.test"), world.user("d@corp.test", employee=6)
    world.employee(4, "d@corp.test")
    world.employee(6, "x@corp.test")
    world.invoice(1, salesrep=4, custbody_collector=6)
    world.sync()
    decide(world, 4, None)
    world.sync()
    assert world.recipient(1)[0] == "no_user"
    world.execute("DELETE FROM workflow.users WHERE user_id = :user", user=holder)

    counts = world.sync()

    assert world.addresses()[candidate] == "x@corp.test"
    assert counts["users_created"] == 1
    assert world.recipient(1)[0] == "ok"
    unchanged(world)


def test_the_evidence_of_all_employees_is_gathered_at_once(world: World) -> None:
    """No step of it is taken once per employee, each of which would go through all verdicts."""
    with world.engine.begin() as connection, without_nested_loops(connection):
        steps = connection.scalars(text("EXPLAIN SELECT * FROM matching.cases WHERE account = 'acme'")).all()
    assert steps
    assert not [step for step in steps if "SubPlan" in step or "Nested Loop" in step]


def test_a_verdict_given_while_a_publish_runs_waits_for_nothing_and_takes_effect_in_the_next_one(
    world: World, several_users: tuple[Any, Any]
) -> None:
    chosen, other = several_users
    run_id = world.pass_fence()
    with session_of_account(world.engine, world.account) as connection, connection.begin():
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        hold_users(connection)
        connection.execute(text("SELECT 1"))
        decide(world, 7, chosen)
        counts = publish_in(connection, world.account, run_id, "import")

    assert counts["conflicts"] == 1
    assert world.links() == {chosen: None, other: None}
    world.sync()
    assert world.links() == {chosen: 7, other: None}
    assert open_conflicts(world) == {}


class TestWhatIsRefused:
    def test_an_employee_who_is_not_in_conflict(self, world: World, several_users: tuple[Any, Any]) -> None:
        with world.engine.begin() as connection, pytest.raises(NoSuchConflict, match="Employee 99"):
            give_verdict(connection, account="acme", employee_id=99, user_id=None, evidence_hash="", given_by="kim")

    def test_evidence_that_changed_since_the_person_saw_it(self, world: World, several_users: tuple[Any, Any]) -> None:
        seen = open_conflicts(world)[7].evidence_hash
        world.user("ANN@corp.test")
        world.sync()
        with world.engine.begin() as connection, pytest.raises(EvidenceChanged, match="changed since you saw it"):
            give_verdict(connection, account="acme", employee_id=7, user_id=None, evidence_hash=seen, given_by="kim")

    def test_a_user_who_is_no_candidate(self, world: World, several_users: tuple[Any, Any]) -> None:
        with pytest.raises(NoSuchCandidate, match=str(several_users[0])):
            decide(world, 7, uuid4())

    def test_a_withdrawal_of_nothing(self, world: World, several_users: tuple[Any, Any]) -> None:
        with pytest.raises(NoSuchVerdict, match="employee 7"):
            withdraw(world, 7)

    @pytest.mark.parametrize("change", ["UPDATE matching.verdicts SET given_by = 'x'", "DELETE FROM matching.verdicts"])
    def test_a_verdict_is_never_changed_or_deleted(
        self, world: World, several_users: tuple[Any, Any], change: str
    ) -> None:
        decide(world, 7, None)
        with pytest.raises(Exception, match=r"matching\.verdicts is append-only"):
            world.execute(change)


def test_a_verdict_given_on_evidence_that_changes_before_the_sync_never_takes_effect(
    world: World, several_users: tuple[Any, Any]
) -> None:
    decide(world, 7, several_users[0])
    world.user("ANN@corp.test")
    world.sync()
    assert set(world.links().values()) == {None}
    assert open_conflicts(world)[7].kind == "several_users"
    assert "no longer holds" in (open_conflicts(world)[7].reopened_because or "")

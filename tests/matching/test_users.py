"""Who becomes a user, and which user an employee is: rows O3-O7, E1, D1-D4. One scenario per test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.matching.world import World

NEW_VIEWER = ("viewer", True, "netsuite_import")


def test_an_employee_named_by_an_invoice_becomes_an_active_viewer(world: World) -> None:
    """O3, O5."""
    world.employee(7, " Ann.Lee@Corp.Test ", first="Ann", last="O'Lee & <b>Söhne</b>")
    world.invoice(1, salesrep=7)

    counts = world.sync()

    assert world.users() == {"Ann.Lee@Corp.Test": (7, *NEW_VIEWER)}
    assert world.rows("SELECT display_name FROM workflow.users") == [("Ann O'Lee & <b>Söhne</b>",)]
    assert (counts["users_created"], counts["users_updated"]) == (1, 0)


@pytest.mark.parametrize(
    ("first", "last", "entity_id", "shown"),
    [("Ann", None, "E-7", "Ann"), (None, "Lee", "E-7", "Lee"), (" ", "", "E-7", "E-7"), (None, None, None, None)],
)
def test_a_user_is_called_by_the_names_there_are_else_by_the_entity_id(
    world: World, first: str | None, last: str | None, entity_id: str | None, shown: str | None
) -> None:
    world.employee(7, first=first, last=last, entity_id=entity_id)
    world.invoice(1, salesrep=7)

    world.sync()

    assert world.rows("SELECT display_name FROM workflow.users") == [(shown,)]


def test_only_employees_that_a_live_invoice_names_are_imported(world: World) -> None:
    """O6."""
    for number in (1, 2, 3, 4):
        world.employee(number)
    world.invoice(10, salesrep=1, custbody_collector=None)
    world.invoice(11, deleted=True, salesrep=2)
    world.invoice(12, salesrep=None, custbody_collector=3)

    world.sync()

    assert sorted(world.users()) == ["e1@corp.test", "e3@corp.test"]
    assert world.rows("SELECT employee_id FROM matching.employee_matches ORDER BY 1") == [(1,), (3,)]


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        (None, "The employee's record holds no e-mail address."),
        (" \u00a0\u200b", "The employee's record holds no e-mail address."),
        ("ann at corp", "The e-mail address on the employee's record is not valid."),
    ],
)
def test_an_employee_without_a_valid_address_is_not_imported_and_the_reason_is_there(
    world: World, email: str | None, reason: str
) -> None:
    """O7."""
    world.employee(7, email)
    world.invoice(1, salesrep=7)

    world.sync()

    assert world.users() == {}
    assert world.verdict(7) == ("no_user", reason)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"inactive": True}, "The employee is inactive in NetSuite."),
        ({"deleted": True}, "The employee is deleted in NetSuite."),
    ],
)
def test_an_employee_who_has_left_never_causes_a_user_nor_is_linked_anew(
    world: World, state: dict[str, bool], reason: str
) -> None:
    """D4."""
    world.employee(7, "ann@corp.test", **state)
    world.employee(8, "bob@corp.test", **state)
    world.invoice(1, salesrep=7, custbody_collector=8)
    world.user("bob@corp.test")

    world.sync()

    assert world.users() == {"bob@corp.test": (None, "member", True, "workflow")}
    assert world.verdict(7) == ("no_user", reason)
    assert world.verdict(8) == ("no_user", reason)


@pytest.mark.parametrize("user_mode", ["import", "match_only"])
def test_an_existing_user_is_found_by_address_and_keeps_role_and_origin(world: World, user_mode: str) -> None:
    """O4, E1, D5: the address matches whatever its case, spaces and spelling of the domain."""
    ann = world.user(" ANN@bücher.Test", role="admin")
    world.employee(7, "Ann@xn--bcher-kva.test")
    world.invoice(1, salesrep=7)

    counts = world.sync(user_mode)

    assert world.links() == {ann: 7}
    assert world.rows("SELECT role, is_active, origin FROM workflow.users") == [("admin", True, "workflow")]
    assert (counts["users_created"], counts["users_updated"]) == (0, 1)


def test_letters_outside_ascii_match_in_any_case(world: World) -> None:
    """D5."""
    user = world.user("JOSÉ.ÅKESSON@corp.test")
    world.employee(7, "jose\u0301.åkesson@corp.test")
    world.invoice(1, salesrep=7)

    world.sync()

    assert world.links() == {user: 7}


def test_the_linked_user_comes_before_the_one_with_the_address(world: World) -> None:
    """O4, D1: identity is the employee's id first."""
    linked = world.user("ann@corp.test", employee=7)
    other = world.user("ANN@corp.test")
    world.employee(7, "ann@corp.test")
    world.invoice(1, salesrep=7)

    world.sync()

    assert world.links() == {linked: 7, other: None}
    assert world.recipient(1) == ("ok", 7, linked, "ann@corp.test")


def test_users_of_another_account_are_never_matched(world: World) -> None:
    world.execute("INSERT INTO workflow.users (account, email) VALUES ('other', 'ann@corp.test')")
    world.employee(7, "ann@corp.test")
    world.invoice(1, salesrep=7)

    world.sync()

    assert world.users() == {"ann@corp.test": (7, *NEW_VIEWER)}
    assert world.rows("SELECT netsuite_employee_id FROM workflow.users WHERE account = 'other'") == [(None,)]


class TestTwoWithOneAddress:
    """O4, D2."""

    def test_two_active_employees_are_a_conflict_and_no_user_is_made(self, world: World) -> None:
        world.employee(7, "ann@corp.test")
        world.employee(8, "ANN@corp.test ")
        world.invoice(1, salesrep=7, custbody_collector=8)

        world.sync()

        assert world.users() == {}
        assert set(world.statuses().values()) == {"conflict"}
        assert world.verdict(7) == ("conflict", "Two or more active employees have the address ann@corp.test.")

    def test_it_is_a_conflict_even_if_only_one_of_them_is_named_by_an_invoice(self, world: World) -> None:
        world.employee(7, "ann@corp.test")
        world.employee(8, "ann@corp.test")
        world.invoice(1, salesrep=7)

        world.sync()

        assert world.users() == {}
        assert world.recipient(1) == ("conflict", 7, None, None)

    def test_a_user_with_that_address_is_linked_to_neither(self, world: World) -> None:
        user = world.user("ann@corp.test")
        world.employee(7, "ann@corp.test")
        world.employee(8, "ann@corp.test")
        world.invoice(1, salesrep=7, custbody_collector=8)

        world.sync()

        assert world.links() == {user: None}

    @pytest.mark.parametrize("state", [{"inactive": True}, {"deleted": True}])
    def test_an_inactive_duplicate_employee_beside_one_active_is_no_conflict(
        self, world: World, state: dict[str, bool]
    ) -> None:
        world.employee(7, "ann@corp.test", **state)
        world.employee(8, "ann@corp.test")
        world.invoice(1, salesrep=7, custbody_collector=8)

        world.sync()

        assert world.users() == {"ann@corp.test": (8, *NEW_VIEWER)}
        assert world.recipient(1, "custbody_collector")[0] == "ok"

    @pytest.mark.parametrize("user_mode", ["import", "match_only"])
    def test_two_active_users_are_a_conflict(self, world: World, user_mode: str) -> None:
        first, second = world.user("ann@corp.test"), world.user("Ann@corp.test")
        world.employee(7, "ann@corp.test")
        world.invoice(1, salesrep=7)

        world.sync(user_mode)

        assert world.links() == {first: None, second: None}
        assert world.verdict(7) == ("conflict", "Two or more users have the address ann@corp.test.")
        assert world.recipient(1) == ("conflict", 7, None, None)

    def test_an_inactive_duplicate_user_beside_one_active_is_no_conflict(self, world: World) -> None:
        inactive, active = world.user("ann@corp.test", active=False), world.user("Ann@corp.test")
        world.employee(7, "ann@corp.test")
        world.invoice(1, salesrep=7)

        world.sync()

        assert world.links() == {inactive: None, active: 7}

    def test_two_inactive_users_are_a_conflict(self, world: World) -> None:
        for email in ("ann@corp.test", "Ann@corp.test"):
            world.user(email, active=False)
        world.employee(7, "ann@corp.test")
        world.invoice(1, salesrep=7)

        world.sync()

        assert set(world.links().values()) == {None}
        assert world.recipient(1)[0] == "conflict"

    def test_a_link_once_made_stays_when_a_second_employee_turns_up_with_the_address(self, world: World) -> None:
        world.employee(7, "ann@corp.test")
        world.invoice(1, salesrep=7)
        world.sync()
        (user,) = world.links()
        world.employee(8, "ann@corp.test")
        world.invoice(1, custbody_collector=8)

        world.sync()

        assert world.links() == {user: 7}
        assert world.recipient(1) == ("ok", 7, user, "ann@corp.test")
        assert world.recipient(1, "custbody_collector") == ("conflict", 8, None, None)


def test_a_single_inactive_user_is_linked_and_never_activated(world: World) -> None:
    """O5, O11."""
    user = world.user("ann@corp.test", active=False)
    world.employee(7, "ann@corp.test")
    world.invoice(1, salesrep=7)

    world.sync()

    assert world.rows("SELECT netsuite_employee_id, role, is_active FROM workflow.users") == [(7, "member", False)]
    assert world.recipient(1) == ("user_inactive", 7, user, None)


def test_role_and_deactivation_set_by_people_are_never_undone(world: World) -> None:
    """O5."""
    world.employee(7)
    world.employee(8)
    world.invoice(1, salesrep=7, custbody_collector=8)
    world.sync()
    world.execute("UPDATE workflow.users SET role = 'admin', role_changed_by = 'kim' WHERE netsuite_employee_id = 7")
    world.execute("UPDATE workflow.users SET is_active = false WHERE netsuite_employee_id = 8")
    world.employee(7, "new7@corp.test")
    world.employee(8, "new8@corp.test")

    world.sync()

    assert world.users() == {
        "new7@corp.test": (7, "admin", True, "netsuite_import"),
        "new8@corp.test": (8, "viewer", False, "netsuite_import"),
    }
    assert world.rows("SELECT role_changed_by FROM workflow.users WHERE netsuite_employee_id = 7") == [("kim",)]


@pytest.mark.parametrize(("state", "status"), [("inactive", "employee_inactive"), ("deleted", "employee_deleted")])
def test_an_employee_who_leaves_stays_matched_and_the_user_stays_active(world: World, state: str, status: str) -> None:
    """D4, D9."""
    world.employee(7)
    world.invoice(1, salesrep=7)
    world.sync()
    (user,) = world.links()
    world.employee(7, **{state: True})

    world.sync()

    assert world.users() == {"e7@corp.test": (7, *NEW_VIEWER)}
    assert world.verdict(7) == ("linked", None)
    assert world.recipient(1) == (status, 7, user, None)


def test_a_user_who_lost_the_last_invoice_stays_as_it_is(world: World) -> None:
    world.employee(7)
    world.invoice(1, salesrep=7)
    world.sync()
    before = world.versions("workflow.users")
    world.invoice(1, salesrep=None)
    world.employee(7, "new@corp.test", first="Other")

    world.sync()

    assert world.versions("workflow.users") == before


class TestAnAddressChanges:
    """D3."""

    def test_the_linked_users_address_and_name_follow(self, world: World) -> None:
        user = world.user("old@corp.test", employee=7)
        world.employee(7, "  New@corp.test", first="Ann", last="Day")
        world.invoice(1, salesrep=7)

        world.sync()

        assert world.rows("SELECT user_id, email, display_name FROM workflow.users") == [
            (user, "New@corp.test", "Ann Day")
        ]
        assert world.recipient(1) == ("ok", 7, user, "New@corp.test")

    def test_a_change_of_case_only_follows_too(self, world: World) -> None:
        world.user("ann@corp.test", employee=7)
        world.employee(7, "Ann@Corp.test")
        world.invoice(1, salesrep=7)

        world.sync()

        assert list(world.addresses().values()) == ["Ann@Corp.test"]

    def test_a_name_that_is_gone_is_not_followed(self, world: World) -> None:
        world.user("ann@corp.test", employee=7)
        world.employee(7, "new@corp.test", first=None, last="", entity_id=None)
        world.invoice(1, salesrep=7)

        world.sync()

        assert world.rows("SELECT email, display_name FROM workflow.users") == [
            ("new@corp.test", "As the engine has it")
        ]

    @pytest.mark.parametrize("email", [None, "not an address"])
    def test_an_address_that_is_gone_or_bad_is_not_followed(self, world: World, email: str | None) -> None:
        user = world.user("ann@corp.test", employee=7)
        world.employee(7, email)
        world.invoice(1, salesrep=7)

        world.sync()

        assert world.addresses() == {user: "ann@corp.test"}
        assert world.verdict(7) == ("linked", None)

    def test_nobody_follows_an_inactive_employee(self, world: World) -> None:
        user = world.user("ann@corp.test", employee=7)
        world.employee(7, "left@corp.test", inactive=True)
        world.invoice(1, salesrep=7)

        world.sync()

        assert world.addresses() == {user: "ann@corp.test"}

    @pytest.mark.parametrize("active", [True, False])
    def test_it_is_a_conflict_when_another_user_holds_the_new_address(self, world: World, active: bool) -> None:
        linked, other = world.user("old@corp.test", employee=7), world.user("NEW@corp.test", active=active)
        world.employee(7, "new@corp.test")
        world.invoice(1, salesrep=7)

        world.sync()

        assert world.addresses() == {linked: "old@corp.test", other: "NEW@corp.test"}
        assert world.links() == {linked: 7, other: None}
        assert world.recipient(1) == ("conflict", 7, linked, None)
        assert world.verdict(7)[0] == "conflict"

    def test_the_conflict_ends_when_the_other_user_gives_the_address_up(self, world: World) -> None:
        linked, other = world.user("old@corp.test", employee=7), world.user("new@corp.test")
        world.employee(7, "new@corp.test")
        world.invoice(1, salesrep=7)
        world.sync()
        world.execute("UPDATE workflow.users SET email = 'gone@corp.test' WHERE user_id = :user", user=other)

        world.sync()

        assert world.addresses() == {linked: "new@corp.test", other: "gone@corp.test"}
        assert world.recipient(1) == ("ok", 7, linked, "new@corp.test")

    def test_two_people_who_swap_addresses_in_one_run_both_follow(self, world: World) -> None:
        ann, bob = world.user("a@corp.test", employee=7), world.user("b@corp.test", employee=8)
        world.employee(7, "b@corp.test")
        world.employee(8, "a@corp.test")
        world.invoice(1, salesrep=7, custbody_collector=8)

        world.sync()

        assert world.addresses() == {ann: "b@corp.test", bob: "a@corp.test"}
        assert world.links() == {ann: 7, bob: 8}
        assert set(world.statuses().values()) == {"ok"}

    def test_a_chain_follows_when_its_end_is_free(self, world: World) -> None:
        users = [world.user(f"u{n}@corp.test", employee=n) for n in (1, 2, 3)]
        for n in (1, 2, 3):
            world.employee(n, f"u{n + 1}@corp.test")
        world.invoice(1, salesrep=1, custbody_collector=2, custbody_manager=3)

        world.sync()

        assert world.addresses() == {users[0]: "u2@corp.test", users[1]: "u3@corp.test", users[2]: "u4@corp.test"}

    def test_a_chain_stays_as_a_whole_when_its_end_is_held(self, world: World) -> None:
        users = [world.user(f"u{n}@corp.test", employee=n) for n in (1, 2, 3)]
        world.user("u4@corp.test")
        for n in (1, 2, 3):
            world.employee(n, f"u{n + 1}@corp.test")
        world.invoice(1, salesrep=1, custbody_collector=2, custbody_manager=3)

        world.sync()

        assert [world.addresses()[user] for user in users] == ["u1@corp.test", "u2@corp.test", "u3@corp.test"]
        assert set(world.statuses().values()) == {"conflict"}

    def test_two_linked_people_who_want_one_address_are_both_a_conflict(self, world: World) -> None:
        ann, bob = world.user("a@corp.test", employee=7), world.user("b@corp.test", employee=8)
        world.employee(7, "desk@corp.test")
        world.employee(8, "desk@corp.test")
        world.invoice(1, salesrep=7, custbody_collector=8)

        world.sync()

        assert world.addresses() == {ann: "a@corp.test", bob: "b@corp.test"}
        assert set(world.statuses().values()) == {"conflict"}

    def test_an_address_that_is_handed_over_gives_the_next_person_a_user_of_their_own(self, world: World) -> None:
        ann = world.user("desk@corp.test", employee=7)
        world.employee(7, "ann@corp.test")
        world.employee(8, "desk@corp.test")
        world.invoice(1, salesrep=7, custbody_collector=8)

        world.sync()

        assert world.addresses()[ann] == "ann@corp.test"
        assert world.users()["desk@corp.test"] == (8, *NEW_VIEWER)


class TestIdAndAddressPointAtDifferentPeople:
    """D1: the last good link stays and the case is shown."""

    def test_a_user_linked_to_another_active_employee_is_not_taken_away(self, world: World) -> None:
        user = world.user("desk@corp.test", employee=7)
        world.employee(7, None)
        world.employee(8, "desk@corp.test")
        world.invoice(1, salesrep=7, custbody_collector=8)

        world.sync()

        assert world.links() == {user: 7}
        assert world.recipient(1, "custbody_collector") == ("conflict", 8, None, None)
        assert world.verdict(8) == (
            "conflict",
            "The user with the address desk@corp.test is linked to employee 7.",
        )

    @pytest.mark.parametrize("state", [{"inactive": True}, {"deleted": True}])
    def test_the_link_moves_from_an_inactive_duplicate_to_the_active_record_of_the_same_person(
        self, world: World, state: dict[str, bool]
    ) -> None:
        """D2: hired again under a new record with the same address; no second user is made."""
        world.employee(7, "ann@corp.test")
        world.invoice(1, salesrep=7)
        world.sync()
        (user,) = world.links()
        world.employee(7, "ann@corp.test", **state)
        world.employee(8, "ann@corp.test")
        world.invoice(1, custbody_collector=8)

        world.sync()

        assert world.links() == {user: 8}
        assert world.recipient(1, "custbody_collector") == ("ok", 8, user, "ann@corp.test")
        assert world.verdict(7) == (
            "no_user",
            "The active employee 8 has the same address and took over the user.",
        )

    def test_an_inactive_employee_with_another_address_keeps_the_link(self, world: World) -> None:
        user = world.user("desk@corp.test", employee=7)
        world.employee(7, "left@corp.test", inactive=True)
        world.employee(8, "desk@corp.test")
        world.invoice(1, salesrep=7, custbody_collector=8)

        world.sync()

        assert world.links() == {user: 7}
        assert world.recipient(1, "custbody_collector")[0] == "conflict"

    def test_a_link_to_an_employee_nobody_knows_is_not_taken_away(self, world: World) -> None:
        user = world.user("ann@corp.test", employee=999)
        world.employee(8, "ann@corp.test")
        world.invoice(1, salesrep=8)

        world.sync()

        assert world.links() == {user: 999}
        assert world.recipient(1)[0] == "conflict"


class TestMatchOnly:
    """E1: users are matched; no record is made or changed but for the link."""

    def test_no_user_is_made(self, world: World) -> None:
        world.employee(7, "ann@corp.test")
        world.invoice(1, salesrep=7)

        world.sync("match_only")

        assert world.users() == {}
        assert world.recipient(1) == ("no_user", 7, None, None)
        assert world.verdict(7) == ("no_user", "No user has the address ann@corp.test, and this account only matches.")

    def test_address_and_name_of_a_user_stay_and_the_mail_goes_to_the_users_own_address(self, world: World) -> None:
        """O10: in the text of the employee's record while both have one match key."""
        user = world.user("ANN@corp.test")
        world.employee(7, "ann@corp.test")
        world.invoice(1, salesrep=7)
        world.sync("match_only")
        assert world.recipient(1) == ("ok", 7, user, "ann@corp.test")
        world.employee(7, "new@corp.test")

        world.sync("match_only")

        assert world.rows("SELECT email, display_name, netsuite_employee_id FROM workflow.users") == [
            ("ANN@corp.test", "As the engine has it", 7)
        ]
        assert world.recipient(1) == ("ok", 7, user, "ANN@corp.test")

    def test_a_linked_user_without_a_valid_address_of_their_own_gets_no_mail(self, world: World) -> None:
        """O11: nobody else's address stands in for it, and a trimmed one is mailed once it is there."""
        user = world.user("nobody", employee=7)
        world.employee(7, "ann@corp.test")
        world.invoice(1, salesrep=7)
        world.sync("match_only")
        assert world.recipient(1) == ("email_invalid", 7, user, None)

        world.execute("UPDATE workflow.users SET email = ' Bea@corp.test ', updated_at = clock_timestamp()")
        world.sync("match_only")

        assert world.recipient(1) == ("ok", 7, user, "Bea@corp.test")
        assert world.rows("""
            SELECT cause, states.valid_from = users.updated_at
            FROM matching.owner_states AS states INNER JOIN workflow.users AS users USING (user_id)
        """) == [("address_changed", True)]

    def test_it_is_a_conflict_when_the_new_address_is_another_users(self, world: World) -> None:
        """D1."""
        user, other = world.user("old@corp.test", employee=7), world.user("new@corp.test")
        world.employee(7, "new@corp.test")
        world.invoice(1, salesrep=7)

        world.sync("match_only")

        assert world.links() == {user: 7, other: None}
        assert world.recipient(1) == ("conflict", 7, user, None)

    def test_addresses_that_were_swapped_are_a_conflict_since_nobody_follows(self, world: World) -> None:
        """D1."""
        ann, bob = world.user("a@corp.test", employee=7), world.user("b@corp.test", employee=8)
        world.employee(7, "b@corp.test")
        world.employee(8, "a@corp.test")
        world.invoice(1, salesrep=7, custbody_collector=8)

        world.sync("match_only")

        assert world.addresses() == {ann: "a@corp.test", bob: "b@corp.test"}
        assert world.links() == {ann: 7, bob: 8}
        assert set(world.statuses().values()) == {"conflict"}

"""Which employee each user is, and why not: rows E1, E3, E5, E6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.matching.world import World


def mapping(world: World) -> dict[Any, tuple[Any, ...]]:
    """User id -> employee, rule, reason."""
    return {
        user: tuple(rest)
        for user, *rest in world.rows("SELECT user_id, employee_id, rule, reason FROM publish.user_mapping")
    }


def test_match_only_matches_every_user_also_those_whose_employee_no_invoice_names(world: World) -> None:
    """E1, E3."""
    ann, bob = world.user("ANN@corp.test"), world.user("bob@corp.test")
    world.employee(7, "ann@corp.test")
    world.employee(8, "nobody@corp.test")
    world.sync("match_only")
    new = world.user("nobody@corp.test")

    counts = world.sync("match_only")

    assert world.links() == {ann: 7, bob: None, new: 8}
    assert mapping(world) == {
        ann: (7, "same_email", None),
        bob: (None, None, "no_employee"),
        new: (8, "same_email", None),
    }
    assert (counts["users_mapped"], counts["users_not_mapped"], counts["users_created"]) == (2, 1, 0)


def test_every_reason_why_a_user_has_no_employee_is_told(world: World) -> None:
    """E5, E6: in user mode import, where only employees on invoices are considered (O6)."""
    expected = {
        world.user("not an address"): "email_invalid",
        world.user("x@corp.test"): "no_employee",
        world.user("y@corp.test", employee=999): "employee_not_found",
        world.user("deleted@corp.test"): "employee_deleted",
        world.user("inactive@corp.test"): "employee_inactive",
        world.user("shared@corp.test"): "conflict",
        world.user("twice@corp.test", active=False): "employee_has_another_user",
        world.user("unnamed@corp.test"): "not_on_an_invoice",
    }
    world.user("twice@corp.test")
    world.employee(1, "deleted@corp.test", deleted=True)
    world.employee(2, "inactive@corp.test", inactive=True)
    world.employee(3, "shared@corp.test")
    world.employee(4, "shared@corp.test")
    world.employee(5, "twice@corp.test")
    world.employee(6, "unnamed@corp.test")
    world.invoice(1, salesrep=3, custbody_collector=5)

    world.sync()

    reasons = dict(world.rows("SELECT user_id, reason FROM publish.user_mapping WHERE NOT netsuite_integrated"))
    assert reasons == expected
    assert world.rows("SELECT users, mapped, not_mapped, in_conflict FROM publish.user_mapping_summary") == [
        (9, 1, 8, 1)
    ]


def test_the_rule_that_brought_them_together_stays_and_the_same_again_writes_nothing(world: World) -> None:
    """P3."""
    found, made_for = world.user("ann@corp.test"), 8
    world.employee(7, "ann@corp.test")
    world.employee(made_for)
    world.invoice(1, salesrep=7, custbody_collector=made_for)
    world.sync()
    before = world.versions("publish.user_mapping")
    world.sync()
    assert world.versions("publish.user_mapping") == before
    assert mapping(world)[found] == (7, "same_email", None)
    assert {rest for user, rest in mapping(world).items() if user != found} == {(8, "linked_id", None)}


class TestOverTime:
    """Before and after: what the tables say when people change."""

    def test_two_people_swap_addresses_and_each_keeps_their_user(self, world: World) -> None:
        """D3."""
        ann, bob = world.user("a@corp.test"), world.user("b@corp.test")
        world.employee(7, "a@corp.test")
        world.employee(8, "b@corp.test")
        world.invoice(1, salesrep=7, custbody_collector=8)
        world.sync()
        before = mapping(world)
        world.employee(7, "b@corp.test")
        world.employee(8, "a@corp.test")

        world.sync()

        assert mapping(world) == before == {ann: (7, "same_email", None), bob: (8, "same_email", None)}
        assert world.addresses() == {ann: "b@corp.test", bob: "a@corp.test"}

    def test_an_employee_leaves_and_is_hired_again_under_a_new_id(self, world: World) -> None:
        """D2, D4."""
        ann = world.user("ann@corp.test")
        world.employee(7, "ann@corp.test")
        world.invoice(1, salesrep=7)
        world.sync()
        world.employee(7, "ann@corp.test", inactive=True)
        world.sync()
        assert (mapping(world)[ann][0], world.recipient(1)[0]) == (7, "employee_inactive")
        world.employee(9, "ann@corp.test")
        world.invoice(2, salesrep=9)

        world.sync()

        assert mapping(world) == {ann: (9, "same_email", None)}
        assert world.recipient(2) == ("ok", 9, ann, "ann@corp.test")

    @pytest.mark.parametrize("user_mode", ["import", "match_only"])
    def test_a_user_is_deactivated_renamed_and_deleted(self, world: World, user_mode: str) -> None:
        """O5, O11."""
        ann = world.user("ann@corp.test")
        world.employee(7, "ann@corp.test")
        world.invoice(1, salesrep=7)
        world.sync(user_mode)
        world.execute("UPDATE workflow.users SET is_active = false, display_name = 'Renamed'")
        world.sync(user_mode)
        assert (mapping(world)[ann], world.recipient(1)[0]) == ((7, "same_email", None), "user_inactive")
        world.execute("DELETE FROM workflow.users")

        world.sync("match_only")

        assert mapping(world) == {}
        assert world.recipient(1) == ("no_user", 7, None, None)

    def test_two_users_are_merged_into_one(self, world: World) -> None:
        """The workflow engine deactivates one of two with the address: what was a conflict is clear."""
        kept, merged = world.user("ann@corp.test"), world.user("Ann@corp.test")
        world.employee(7, "ann@corp.test")
        world.invoice(1, salesrep=7)
        world.sync()
        assert {reason for *_, reason in mapping(world).values()} == {"conflict"}
        world.execute("UPDATE workflow.users SET is_active = false WHERE user_id = :user", user=merged)

        world.sync()

        assert mapping(world) == {
            kept: (7, "same_email", None),
            merged: (None, None, "employee_has_another_user"),
        }

    def test_an_employee_is_deleted_and_the_link_stays(self, world: World) -> None:
        """D4, D9."""
        world.employee(7)
        world.invoice(1, salesrep=7)
        world.sync()
        before = mapping(world)
        world.employee(7, deleted=True)
        world.sync()
        assert mapping(world) == before
        assert world.recipient(1)[0] == "employee_deleted"

"""D6 as it is published: statuses, history and the causes of changes where a sales team owns the invoice."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import IntegrityError

from include.warehouse import migrate
from include.warehouse.database import open_warehouse
from tests.matching.test_history import clock, noon, now, on_day, since
from tests.matching.test_recipient_changes import causes
from tests.matching.world import World
from tests.warehouse.teams import ALL, PRIMARY, QUARTER, Choice, Member, team

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

ANN, BOB, CAT = 7, 8, 9
TEAM = team((ANN, True, "0.6"), (BOB, False, "0.4"))
NO_PRIMARY = team((ANN, False, "0.6"), (BOB, False, "0.4"))
SMALL_SHARES = team((ANN, True, "0.2"), (BOB, False, "0.2"))


@pytest.fixture
def team_world(world: World) -> World:
    """Ann and Bob are invoice 1's sales team; Cat is on none yet. All of them own it who are on the team."""
    for number, name in ((ANN, "ann"), (BOB, "bob"), (CAT, "cat")):
        world.employee(number, f"{name}@corp.test")
        world.user(f"{name}@corp.test", employee=number)
    world.choose(ALL)
    world.invoice(1, custbody_desk=CAT)
    world.team(1, *TEAM)
    world.sync()
    return world


def salesreps(world: World) -> dict[str, tuple[str, int | None]]:
    """Owner field -> status and employee."""
    found = world.rows(
        "SELECT owner_field, status, employee_id FROM publish.recipients "
        "WHERE account = :account AND owner_field LIKE 'salesrep%'"
    )
    return {field: (status, employee) for field, status, employee in found}


@pytest.mark.parametrize(
    ("choice", "members", "published"),
    [
        (ALL, TEAM, {"salesrep": ("ok", ANN), "salesrep:2": ("ok", BOB)}),
        (PRIMARY, TEAM, {"salesrep": ("ok", ANN)}),
        (PRIMARY, NO_PRIMARY, {"salesrep": ("team_without_primary", None)}),
        (QUARTER, SMALL_SHARES, {"salesrep": ("team_below_contribution", None)}),
        (QUARTER, (), {"salesrep": ("owner_empty", None)}),
        (ALL, (Member(99),), {"salesrep": ("employee_not_found", 99)}),
    ],
    ids=["all", "primary", "no primary", "too small shares", "no team", "a member unknown to NetSuite"],
)
def test_each_chosen_member_is_a_recipient_or_one_row_says_why_there_is_none(
    team_world: World, choice: Choice, members: Any, published: dict[str, tuple[str, int | None]]
) -> None:
    team_world.choose(choice)
    team_world.team(1, *members)
    team_world.sync()
    assert salesreps(team_world) == published
    assert team_world.recipient(1, "custbody_desk")[0] == "ok"


def test_every_chosen_member_becomes_a_user_and_who_is_not_chosen_does_not(world: World) -> None:
    """O3, O6."""
    for number in (ANN, BOB, CAT):
        world.employee(number)
    world.choose(PRIMARY)
    world.invoice(1)
    world.team(1, *TEAM)
    world.sync()
    assert set(world.users()) == {"e7@corp.test"}
    world.choose(ALL)
    world.sync()
    assert set(world.users()) == {"e7@corp.test", "e8@corp.test"}


def test_an_owner_is_missing_exactly_where_the_status_says_so(team_world: World) -> None:
    for status, employee in (("team_without_primary", "7"), ("owner_empty", "7"), ("no_user", "NULL")):
        with pytest.raises(IntegrityError, match="recipients_without_employee"):
            team_world.execute(
                f"UPDATE publish.recipients SET status = '{status}', email = NULL, employee_id = {employee}"
            )


def teamed(*members: Member) -> Callable[[World], None]:
    return lambda world: world.team(1, *members)


def chosen(choice: Choice | None) -> Callable[[World], None]:
    return lambda world: world.choose(choice)


def both(*steps: Callable[[World], None]) -> Callable[[World], None]:
    return lambda world: [step(world) for step in steps] and None


# What happens to the team of Ann and Bob, all of whom own the invoice; then each change: owner field, statuses, cause.
SCENARIOS: dict[str, tuple[Callable[[World], None], list[tuple[str, str | None, str | None, str]]]] = {
    "a member joins": (
        teamed(*TEAM, Member(CAT, False, Decimal("0.1"))),
        [("salesrep:3", None, "ok", "owner_changed")],
    ),
    "a member leaves": (teamed(TEAM[0]), [("salesrep:2", "ok", None, "owner_changed")]),
    "another one is primary": (
        teamed(Member(ANN, False, Decimal("0.6")), Member(BOB, True, Decimal("0.4"))),
        [("salesrep", "ok", "ok", "owner_changed"), ("salesrep:2", "ok", "ok", "owner_changed")],
    ),
    "a contribution that changes nothing": (teamed(TEAM[0], Member(BOB, False, Decimal("0.3"))), []),
    "the whole team goes": (
        teamed(),
        [("salesrep", "ok", "owner_empty", "owner_changed"), ("salesrep:2", "ok", None, "owner_changed")],
    ),
    "the account file chooses the primary": (
        chosen(PRIMARY),
        [("salesrep:2", "ok", None, "field_removed")],
    ),
    "the account file chooses larger shares than anyone has": (
        chosen(Choice("contribution", Decimal("0.7"))),
        [
            ("salesrep", "ok", "team_below_contribution", "field_configured"),
            ("salesrep:2", "ok", None, "field_removed"),
        ],
    ),
    "team_selling leaves the account file, and the sales rep is another": (
        both(chosen(None), lambda world: world.invoice(1, salesrep=CAT)),
        [("salesrep", "ok", "ok", "field_configured"), ("salesrep:2", "ok", None, "field_removed")],
    ),
    "another choice, and another team": (
        both(chosen(PRIMARY), teamed(Member(CAT, True))),
        [("salesrep", "ok", "ok", "field_configured"), ("salesrep:2", "ok", None, "field_removed")],
    ),
    "another choice, and an address": (
        both(chosen(PRIMARY), lambda world: world.employee(ANN, "new@corp.test")),
        [("salesrep", "ok", "ok", "address_changed"), ("salesrep:2", "ok", None, "field_removed")],
    ),
    "a member's user is deactivated": (
        lambda world: world.execute("UPDATE workflow.users SET is_active = false WHERE netsuite_employee_id = 8"),
        [("salesrep:2", "ok", "user_inactive", "user_deactivated")],
    ),
    "the invoice is deleted": (
        lambda world: world.invoice(1, deleted=True),
        [
            ("custbody_desk", "ok", None, "invoice_deleted"),
            ("salesrep", "ok", None, "invoice_deleted"),
            ("salesrep:2", "ok", None, "invoice_deleted"),
        ],
    ),
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_change_of_a_team_or_of_the_choice_has_its_cause(team_world: World, scenario: str) -> None:
    """B10: what NetSuite changed is told from what the account file changed."""
    change, expected = SCENARIOS[scenario]
    change(team_world)
    team_world.sync()
    assert [row[1:] for row in causes(team_world)] == expected


def test_a_changed_choice_is_a_cause_once(team_world: World) -> None:
    team_world.choose(PRIMARY)
    team_world.sync()
    team_world.choose(ALL)
    team_world.sync()
    assert [row[1:] for row in causes(team_world)] == [("salesrep:2", None, "ok", "field_configured")]
    team_world.team(1, *NO_PRIMARY[:1])
    team_world.sync()
    assert [row[1:] for row in causes(team_world)] == [("salesrep:2", "ok", None, "owner_changed")]
    assert team_world.rows("SELECT team_choice, least_contribution FROM ops.publishes ORDER BY published_at") == [
        ("all", None), ("primary", None), ("all", None), ("all", None),
    ]  # fmt: skip


def test_reasons_follow_each_other_with_their_cause(team_world: World) -> None:
    """An empty field, a team without a primary, a primary."""
    seen = []
    team_world.choose(PRIMARY)
    for members in ((), NO_PRIMARY, TEAM, NO_PRIMARY, ()):
        team_world.team(1, *members)
        team_world.sync()
        seen += [row[2:] for row in causes(team_world) if row[1] == "salesrep"]
    assert seen == [
        ("ok", "owner_empty", "field_configured"),
        ("owner_empty", "team_without_primary", "owner_changed"),
        ("team_without_primary", "ok", "owner_changed"),
        ("ok", "team_without_primary", "owner_changed"),
        ("team_without_primary", "owner_empty", "owner_changed"),
    ]


@pytest.fixture
def old_team_world(world: World) -> World:
    """Ann and Bob are the team of an invoice since the tenth."""
    for number, name in ((ANN, "ann"), (BOB, "bob")):
        world.employee(number, f"{name}@corp.test")
        since(world, "employees", number, 10)
        world.user(f"{name}@corp.test", employee=number)
    world.execute(
        "UPDATE workflow.users SET display_name = 'Ann Lee', created_at = :then, updated_at = :then", then=noon(9)
    )
    world.choose(ALL)
    changed_on(world, 10, *TEAM)
    return world


def changed_on(world: World, day: int, *members: Member) -> None:
    world.invoice(1)
    world.team(1, *members)
    since(world, "invoices", 1, day)
    world.sync()


def test_history_keeps_the_members_and_why_nobody_was_chosen(old_team_world: World) -> None:
    """B2: what NetSuite changed holds since NetSuite says."""
    changed_on(old_team_world, 12, TEAM[0])
    changed_on(old_team_world, 14)
    ann, bob = ("ok", "ann@corp.test"), ("ok", "bob@corp.test")
    assert [on_day(old_team_world, day) for day in (11, 13, 15)] == [
        {(1, "salesrep"): ann, (1, "salesrep:2"): bob},
        {(1, "salesrep"): ann},
        {(1, "salesrep"): ("owner_empty", None)},
    ]


def test_history_keeps_each_reason(old_team_world: World) -> None:
    old_team_world.choose(PRIMARY)
    old_team_world.sync()
    chosen_at = clock(old_team_world)
    changed_on(old_team_world, 12, *NO_PRIMARY)
    old_team_world.choose(Choice("contribution", Decimal("0.7")))
    old_team_world.sync()
    old_team_world.choose(None)
    old_team_world.invoice(1, salesrep=None)
    old_team_world.sync()

    def statuses(known_at: datetime | None = None) -> list[str]:
        instants = (at for (at,) in old_team_world.rows("SELECT published_at FROM ops.publishes ORDER BY 1"))
        asked = "SELECT status FROM publish.recipients_at(:account, :at, :known) WHERE owner_field = 'salesrep'"
        return [old_team_world.rows(asked, at=at, known=known_at or clock(old_team_world))[0][0] for at in instants]

    assert statuses() == [*["team_without_primary"] * 3, "team_below_contribution", "owner_empty"]
    assert statuses(chosen_at) == ["ok"] * 5


def test_what_the_account_file_changed_holds_since_the_publish(old_team_world: World) -> None:
    old_team_world.choose(PRIMARY)
    old_team_world.sync()
    assert (1, "salesrep:2") in on_day(old_team_world, 11)
    assert (1, "salesrep:2") not in now(old_team_world)


def test_members_beyond_the_first_do_not_make_few_changes_look_like_many(world: World) -> None:
    """P5: how many invoices are published is told from the owner fields of the account file."""
    world.employee(ANN)
    world.choose(ALL)
    for number in range(20, 30):
        world.invoice(number)
        world.team(number, Member(ANN, True))
    world.team(20, *(Member(number) for number in range(1, 12)))
    world.sync()
    world.team(21, Member(ANN))
    world.team(21)
    assert not world.sync()["rebuilt"]


def test_a_warehouse_with_teams_goes_back_and_forth_between_its_versions(warehouse_url: str) -> None:
    world = World(open_warehouse(warehouse_url))
    world.employee(ANN)
    world.employee(BOB)
    world.choose(PRIMARY)
    world.invoice(1)
    world.team(1, *NO_PRIMARY)
    world.sync()
    world.choose(ALL)
    world.invoice(2)
    world.team(2, *TEAM)
    world.choose(PRIMARY)
    world.sync()
    world.engine.dispose()

    migrate.downgrade(warehouse_url, "0009")
    assert set(world.statuses().items()) == {((1, "salesrep"), "owner_empty"), ((2, "salesrep"), "ok")}
    assert world.rows("SELECT invoice_id FROM matching.changed_invoices") == [(None,)]
    assert ("owner_empty",) in world.rows("SELECT status FROM publish.recipients_history")
    assert world.rows("SELECT DISTINCT number FROM publish.recipient_explain ORDER BY number") == [
        (number,) for number in range(1, 17)
    ]
    world.engine.dispose()

    migrate.upgrade(warehouse_url)
    world.choose(ALL)
    world.team(2, *TEAM)
    world.sync()
    assert world.statuses()[2, "salesrep:2"] == "ok"
    world.engine.dispose()

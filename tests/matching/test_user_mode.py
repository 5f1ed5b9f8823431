"""The switch to match only: confirmed once, by a person, for ever: rows E1, E2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from include.matching.errors import UserModeRefused
from include.matching.publish import session_of_account
from include.matching.user_mode import (
    Preview,
    check_not_switched,
    check_user_mode,
    preview_match_only,
    switch_to_match_only,
)

if TYPE_CHECKING:
    from tests.matching.world import World


def switch(world: World, by: str = "kim") -> None:
    with world.engine.begin() as connection:
        switch_to_match_only(connection, world.account, confirmed_by=by, run_id="r", shown={"match": 1})


def test_match_only_is_refused_until_someone_confirmed_it_and_import_ever_after(world: World) -> None:
    """E2."""
    with world.engine.begin() as connection:
        check_user_mode(connection, "acme", "import")
        with pytest.raises(UserModeRefused, match="Run the DAG netsuite_match_only__acme"):
            check_user_mode(connection, "acme", "match_only")
    switch(world)
    with world.engine.begin() as connection:
        check_user_mode(connection, "acme", "match_only")
        with pytest.raises(UserModeRefused, match=r"kim switched the account .* can't be undone"):
            check_user_mode(connection, "acme", "import")
        check_user_mode(connection, "other", "import")


def test_who_confirmed_first_stays_and_nobody_can_take_it_back(world: World) -> None:
    switch(world, "kim")
    switch(world, "lou")
    assert world.rows("SELECT confirmed_by, shown FROM ops.user_mode_switches") == [("kim", {"match": 1})]
    with pytest.raises(Exception, match=r"ops\.user_mode_switches is append-only"):
        world.execute("DELETE FROM ops.user_mode_switches")


def test_a_confirmation_is_asked_for_only_where_the_file_wants_match_only_and_it_is_not_on(world: World) -> None:
    with world.engine.begin() as connection:
        check_not_switched(connection, "acme", "match_only")
        with pytest.raises(UserModeRefused, match="Write user_mode: match_only there first"):
            check_not_switched(connection, "acme", "import")
    switch(world)
    with world.engine.begin() as connection, pytest.raises(UserModeRefused, match="nothing left to confirm"):
        check_not_switched(connection, "acme", "match_only")


def test_the_preview_counts_users_with_examples_and_leaves_everything_as_it_was(world: World) -> None:
    """E2: employees that no invoice names are counted too (E3)."""
    for email in ("ann@corp.test", "bob@corp.test", "two@corp.test", "Two@corp.test"):
        world.user(email)
    world.employee(7, "ANN@corp.test")
    world.employee(8, "two@corp.test")
    world.sync()
    before = world.versions("workflow.users", "matching.employee_matches", "publish.user_mapping")

    with world.engine.begin() as connection:
        preview = preview_match_only(connection, "acme", "run")

    assert preview == Preview(
        match=1,
        no_match=1,
        conflict=2,
        examples={
            "match": ["ann@corp.test"],
            "no_match": ["bob@corp.test"],
            "conflict": ["Two@corp.test", "two@corp.test"],
        },
    )
    assert world.versions(*before) == before


def test_a_linked_user_is_no_conflict_because_another_employee_shares_the_address(world: World) -> None:
    world.user("ann@corp.test", employee=5)
    world.employee(5, "ann@corp.test")
    world.employee(7, "ann@corp.test")

    with world.engine.begin() as connection:
        preview = preview_match_only(connection, "acme", "run")

    assert preview == Preview(match=1, no_match=0, conflict=0, examples={"match": ["ann@corp.test"]})


def test_a_switch_since_the_run_began_stops_its_publish(world: World) -> None:
    """E2: no user is made after the switch, whenever the run passed its fence."""
    world.employee(7, "ann@corp.test")
    world.invoice(1, salesrep=7)
    run_id = world.pass_fence()
    world.match(run_id, "import")
    switch(world)

    with pytest.raises(UserModeRefused, match="kim switched the account"):
        world.publish(run_id, "import")

    assert (world.users(), world.statuses()) == ({}, {})


def test_a_switch_waits_for_the_publish_that_began_without_it(world: World) -> None:
    with session_of_account(world.engine, world.account):
        with world.engine.begin() as connection, pytest.raises(OperationalError, match="lock timeout"):
            connection.execute(text("SET LOCAL lock_timeout = '10ms'"))
            switch_to_match_only(connection, world.account, confirmed_by="kim", run_id="r", shown={})
        assert world.rows("SELECT * FROM ops.user_mode_switches") == []
    switch(world)
    assert world.rows("SELECT confirmed_by FROM ops.user_mode_switches") == [("kim",)]


def test_before_anything_was_synced_the_preview_is_empty(world: World) -> None:
    with world.engine.begin() as connection:
        assert preview_match_only(connection, "acme", "run") == Preview(0, 0, 0, {})

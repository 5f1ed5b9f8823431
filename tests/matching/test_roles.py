"""Roles of users, changed by people with who and when, never by a sync; rights in the database: O5, O8, O14, P8."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url, text

from include.matching.errors import NoSuchUser
from include.matching.publish import hold_users
from include.matching.roles import change_role
from include.warehouse.database import open_warehouse
from include.warehouse.errors import NotPermitted
from tests.matching.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

EMAILS = [f"{letter}@corp.test" for letter in "abcd"]


def give(world: World, user: Any, role: Any, by: str = "kim") -> None:
    with world.engine.begin() as connection:
        change_role(connection, account=world.account, user_id=user, role=role, changed_by=by)


def test_a_role_changes_with_who_and_when_and_is_logged(world: World) -> None:
    """O14."""
    user = world.user("ann@corp.test", role="viewer")
    give(world, user, "admin", "kim")
    give(world, user, "admin", "lou")
    give(world, user, "member", "lou")
    assert world.rows("SELECT role, role_changed_by, role_changed_at IS NOT NULL FROM workflow.users") == [
        ("member", "lou", True)
    ]
    assert world.rows("SELECT role_before, role_after, changed_by FROM workflow.role_changes ORDER BY change_id") == [
        ("viewer", "admin", "kim"),
        ("admin", "member", "lou"),
    ]


def test_a_role_change_beside_a_publish_waits_for_it_and_neither_stops_the_other(world: World) -> None:
    """The publish holds the users, the role change comes, and then the publish writes that very user."""
    user = world.user("ann@corp.test", role="viewer")
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'workflow.users'::regclass AND NOT granted"
    with ThreadPoolExecutor() as pool:
        with world.engine.begin() as publishing:
            hold_users(publishing)
            changing = pool.submit(give, world, user, "admin")
            deadline = time.monotonic() + 60
            while world.rows(waiting) == [(0,)]:
                assert time.monotonic() < deadline
                assert not changing.done()
                time.sleep(0.01)
            publishing.execute(text("UPDATE workflow.users SET email = 'new@corp.test'"))
        changing.result(timeout=60)

    assert world.rows("SELECT email, role, role_changed_by FROM workflow.users") == [("new@corp.test", "admin", "kim")]


def test_a_user_of_another_account_is_not_known(world: World) -> None:
    user = world.user("ann@corp.test")
    world.account = "other"
    for unknown in (user, uuid4()):
        with pytest.raises(NoSuchUser, match="Account other has no user"):
            give(world, unknown, "admin")


HUMAN = st.one_of(
    st.tuples(st.just("role"), st.sampled_from(["viewer", "member", "admin"])),
    st.tuples(st.just("is_active"), st.booleans()),
    st.tuples(st.just("display_name"), st.sampled_from(["Ann", "Bob"])),
    st.tuples(st.just("email"), st.sampled_from(EMAILS)),
)
NETSUITE = st.tuples(st.integers(1, 3), st.sampled_from([*EMAILS, None]), st.booleans())
# In match only no address and no name is ever written; in import the linked, active employee's are.
WRITTEN_BY_PEOPLE = {"import": ["role", "is_active"], "match_only": ["role", "is_active", "display_name", "email"]}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    user_mode=st.sampled_from(["import", "match_only"]),
    rounds=st.lists(
        st.tuples(st.lists(st.tuples(st.integers(0, 3), HUMAN), max_size=3), st.lists(NETSUITE, max_size=2)),
        min_size=1,
        max_size=4,
    ),
)
def test_whatever_syncs_run_between_every_change_of_a_person_is_intact(
    world: World, user_mode: str, rounds: list[Any]
) -> None:
    """O5, O14, E1."""
    world.emptied()
    people = [world.user(email) for email in EMAILS[:2]]
    for number in (1, 2, 3):
        world.employee(number, EMAILS[number])
        world.invoice(number, salesrep=number)
    columns = WRITTEN_BY_PEOPLE[user_mode]
    for humans, netsuite in rounds:
        for which, (column, value) in humans:
            user = people[which % len(people)]
            if column == "role":
                give(world, user, value)
            else:
                world.execute(
                    f"UPDATE workflow.users SET {column} = :value WHERE user_id = :user", value=value, user=user
                )
        for number, email, inactive in netsuite:
            world.employee(number, email, inactive=inactive)
        decided = f"SELECT user_id, role_changed_by, role_changed_at, {', '.join(columns)} FROM workflow.users"
        before = set(world.rows(decided))
        world.sync(user_mode)
        assert before <= set(world.rows(decided))


class TestRightsInTheDatabase:
    @pytest.fixture
    def as_role(self, world: World) -> Iterator[Any]:
        """The same world seen with a role's rights alone."""
        opened = []

        def log_in(role: str) -> World:
            url = make_url(str(world.engine.url.render_as_string(hide_password=False)))
            engine = open_warehouse(
                url.update_query_dict({"options": f"-c role={role}"}).render_as_string(hide_password=False)
            )
            opened.append(engine)
            return World(engine, runs=world.runs)

        yield log_in
        for engine in opened:
            engine.dispose()

    @pytest.mark.parametrize("user_mode", ["import", "match_only"])
    def test_a_whole_sync_works_with_the_writers_rights(self, world: World, as_role: Any, user_mode: str) -> None:
        world.user("a@corp.test")
        world.employee(1, "a@corp.test")
        world.employee(2)
        world.invoice(1, salesrep=1, custbody_collector=2)
        world.customer(1, credit_limit=5)
        run_id = world.pass_fence()
        writer = as_role("netsuite_sync_writer")

        writer.match(run_id, user_mode)
        counts = writer.publish(run_id, user_mode)

        assert writer.rows("SELECT current_user") == [("netsuite_sync_writer",)]
        assert counts["users_created"] == (1 if user_mode == "import" else 0)
        assert world.recipient(1)[0] == "ok"

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE workflow.customer_assignments SET user_id = gen_random_uuid()",
            "INSERT INTO workflow.customer_assignments VALUES ('acme', 1, gen_random_uuid())",
            "DELETE FROM workflow.customer_assignments",
            "INSERT INTO workflow.customer_groups VALUES ('acme', 'north', 1)",
            "UPDATE workflow.customer_groups SET group_name = 'south'",
            "UPDATE workflow.users SET role = 'admin'",
            "UPDATE workflow.users SET is_active = true",
            "DELETE FROM workflow.users",
            "INSERT INTO matching.verdicts (account, employee_id, decision, given_by, evidence, evidence_hash) "
            "VALUES ('acme', 1, 'none', 'sync', '{}', '')",
            "DELETE FROM ops.user_mode_switches",
            "INSERT INTO workflow.users (account, email, role) VALUES ('acme', 'a@corp.test', 'admin')",
            "INSERT INTO workflow.users (account, email, is_active) VALUES ('acme', 'a@corp.test', false)",
            "DELETE FROM matching.past_owners",
            "DELETE FROM matching.past_owner_states",
            "UPDATE publish.recipient_changes SET cause = 're_sync'",
            "UPDATE ops.publishes SET published_at = now()",
            "DELETE FROM ops.publishes",
        ],
    )
    def test_the_writer_may_not_do_what_is_a_persons(self, as_role: Any, statement: str) -> None:
        """O8, O5: refused by the database, not only by our code."""
        with pytest.raises(NotPermitted, match="permission denied"):
            as_role("netsuite_sync_writer").execute(statement)

    def test_the_reader_reads_everything_published_and_writes_nothing(self, world: World, as_role: Any) -> None:
        """P8."""
        world.employee(1)
        world.invoice(1, salesrep=1)
        world.sync()
        reader = as_role("netsuite_sync_reader")
        assert reader.rows("SELECT status FROM publish.recipients") == [("ok",)]
        assert len(reader.rows("SELECT * FROM publish.user_mapping_summary")) == 1
        for statement in (
            "DELETE FROM publish.recipients",
            "UPDATE raw.invoices SET memo = ''",
            "CREATE TABLE raw.x ()",
        ):
            with pytest.raises(NotPermitted, match="permission denied"):
                reader.execute(statement)

"""P5: a publish resolves only what can have changed, and gives what resolving everything would have given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from include.matching import publish as publish_module
from tests.matching.test_histories import (
    EMPLOYEES,
    EVENTS,
    START,
    USER_EMAILS,
    Invoice,
    NewUser,
    Verdict,
    Withdrawal,
)

if TYPE_CHECKING:
    from tests.matching.world import World

# What a person may do to the tables by hand, past every load.
BY_HAND = (
    "UPDATE raw.invoices SET invoice_number = invoice_number || '-A' WHERE account = :account AND id = 10",
    "UPDATE raw.invoices SET memo = 'paid' WHERE account = :account",
    "DELETE FROM raw.invoice_owners WHERE account = :account AND invoice_id = 11",
    "DELETE FROM raw.invoice_owners WHERE account = :account AND owner_field = 'custbody_collector'",
    """
    UPDATE raw.invoice_owners SET owner_field = 'custbody_desk'
    WHERE account = :account AND owner_field = 'salesrep'
        AND invoice_id NOT IN (SELECT invoice_id FROM raw.invoice_owners WHERE owner_field = 'custbody_desk')
    """,
    "UPDATE raw.invoice_owners SET employee_id = 3 WHERE account = :account AND employee_id = 1",
    "DELETE FROM raw.employees WHERE account = :account AND id = 2",
    "UPDATE raw.employees SET is_inactive = NOT is_inactive WHERE account = :account AND id = 1",
    "DELETE FROM raw.owner_lookups WHERE account = :account",
    """
    INSERT INTO raw.owner_lookups (account, owner_id, found_as, run_id) VALUES (:account, 9, 'deleted_employee', 'hand')
    ON CONFLICT (account, owner_id) DO UPDATE SET found_as = 'other_entity'
    """,
    "DELETE FROM workflow.users WHERE account = :account AND netsuite_employee_id = 1",
    "UPDATE workflow.users SET netsuite_employee_id = NULL WHERE account = :account",
)
RESOLVED = ("publish.recipients", "matching.owner_states", "matching.past_owners", "publish.recipient_changes")
PEOPLE = ("workflow.users", "publish.conflicts", "publish.user_mapping")


class ByHand(NamedTuple):
    sql: str

    def happen(self, world: World) -> None:
        world.execute(self.sql)


class Relinked(NamedTuple):
    """A person gives one of the users there are another employee's id, or none."""

    which: int
    employee: int | None

    def happen(self, world: World) -> None:
        user_ids = sorted(world.links())
        if user_ids:
            user = user_ids[self.which % len(user_ids)]
            world.execute(
                """
                UPDATE workflow.users SET netsuite_employee_id = NULL
                WHERE account = :account AND netsuite_employee_id = :employee
                """,
                employee=self.employee,
            )
            world.execute(
                "UPDATE workflow.users SET netsuite_employee_id = :employee WHERE user_id = :user",
                employee=self.employee,
                user=user,
            )


by_hand = st.builds(ByHand, st.sampled_from(BY_HAND))
HISTORIES = st.lists(st.lists(st.one_of(EVENTS, by_hand), min_size=1, max_size=4), min_size=1, max_size=4)
# Mostly verdicts, since one alone seldom moves anything.
COURT = st.lists(
    st.lists(
        st.one_of(
            EVENTS,
            by_hand,
            st.builds(Relinked, st.integers(0, 5), st.sampled_from([None, *EMPLOYEES])),
            *[st.builds(Verdict, st.integers(0, 3), st.integers(0, 3))] * 3,
            st.builds(Withdrawal, st.sampled_from(EMPLOYEES)),
        ),
        min_size=1,
        max_size=5,
    ),
    min_size=2,
    max_size=4,
)


@pytest.fixture
def never_rebuilds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_module, "REBUILD_SHARE", 1_000_000)


@pytest.fixture
def small_world(world: World) -> World:
    for number in range(1, 11):
        world.employee(number)
    for number in range(20, 30):
        world.invoice(number, salesrep=number - 19)
    world.sync()
    return world


def resolve_all(world: World) -> None:
    """Have the next publish resolve everything."""
    world.execute("INSERT INTO matching.changed_invoices (account) VALUES (:account)")


def counts_of(world: World) -> list[tuple[Any, ...]]:
    counted = "SELECT owner_field, status, count(*) FROM publish.recipients WHERE account = :account GROUP BY 1, 2"
    kept = "SELECT owner_field, status, rows FROM matching.recipient_counts WHERE account = :account"
    return world.rows(f"({counted} EXCEPT {kept}) UNION ALL ({kept} EXCEPT {counted})")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=HISTORIES)
def test_what_little_changes_give_is_what_resolving_everything_gives(
    world: World, never_rebuilds: None, rounds: list[Any]
) -> None:
    world.emptied()
    for event in START:
        event.happen(world)
    world.invoice(10, salesrep=1, custbody_collector=2)
    world.invoice(11, salesrep=3)
    assert world.sync()["rebuilt"]
    for events in rounds:
        for event in events:
            event.happen(world)
        nothing_published = not world.statuses()
        assert world.sync()["rebuilt"] == nothing_published
        assert counts_of(world) == []
        before = world.versions(*RESOLVED)
        resolve_all(world)
        assert world.sync()["rebuilt"]
        assert world.versions(*RESOLVED) == before


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    user_mode=st.sampled_from(["import", "match_only"]),
    users=st.lists(st.builds(NewUser, st.sampled_from(USER_EMAILS), st.just(True)), min_size=2, max_size=5),
    links=st.lists(st.builds(Relinked, st.integers(0, 5), st.sampled_from(EMPLOYEES)), max_size=3),
    rounds=COURT,
)
def test_with_verdicts_too_a_second_sync_changes_nothing_even_if_it_resolves_everything(
    world: World, never_rebuilds: None, user_mode: str, users: list[Any], links: list[Any], rounds: list[Any]
) -> None:
    """P3, B8: what a verdict does to users is no new evidence about others, or is judged in the same sync."""
    world.emptied()
    for event in [*START, Invoice(10, 1, 2, False), Invoice(11, 3, 4, False), *users, *links]:
        event.happen(world)
    world.sync(user_mode)
    for events in rounds:
        for event in events:
            event.happen(world)
        world.sync(user_mode)
        before = world.versions(*RESOLVED, *PEOPLE)
        resolve_all(world)
        assert world.sync(user_mode)["rebuilt"]
        assert world.versions(*RESOLVED, *PEOPLE) == before


def test_few_changes_are_resolved_alone_and_many_with_everything(small_world: World) -> None:
    small_world.invoice(20, salesrep=2)
    small_world.employee(3, "new@corp.test")
    few = small_world.sync()
    for number in range(20, 23):
        small_world.invoice(number, salesrep=9)
    many_invoices = small_world.sync()
    for number in range(1, 4):
        small_world.employee(number, inactive=True)
    many_owners = small_world.sync()

    assert [run["rebuilt"] for run in (few, many_invoices, many_owners)] == [False, True, True]
    assert few["recipients"]["salesrep"]["ok"] == {"rows": 10, "inserted": 0, "updated": 2, "deleted": 0}
    assert counts_of(small_world) == []


def test_an_invoice_that_changed_in_nothing_that_matters_is_not_resolved(small_world: World) -> None:
    small_world.execute("UPDATE raw.invoices SET unpaid_amount = 0, last_modified_at = now()")

    assert small_world.rows("SELECT FROM matching.changed_invoices") == []


def test_a_change_that_was_rolled_back_is_not_noted(small_world: World) -> None:
    """A rehearsed re-sync leaves nothing behind."""
    with small_world.engine.connect() as connection:
        connection.execute(text("UPDATE raw.invoice_owners SET employee_id = 1"))
        noted = connection.scalar(text("SELECT count(*) FROM matching.changed_invoices"))
        connection.rollback()

    assert noted == 9 * 2 + 2
    assert small_world.rows("SELECT FROM matching.changed_invoices") == []


def test_accounts_take_only_their_own_notes(small_world: World) -> None:
    small_world.invoice(20, salesrep=5)
    small_world.account = "other"
    small_world.invoice(20, salesrep=5)
    small_world.sync()

    assert small_world.rows("SELECT DISTINCT account FROM matching.changed_invoices") == [("acme",)]


def test_a_statement_over_very_many_owners_notes_only_that_it_was(small_world: World) -> None:
    small_world.execute("""
        INSERT INTO raw.invoice_owners (account, invoice_id, owner_field, run_id)
        SELECT :account, 20, 'field_' || number, 'load' FROM generate_series(1, 100001) AS number
    """)

    assert small_world.rows("SELECT account, invoice_id FROM matching.changed_invoices") == [("acme", None)]
    assert small_world.sync()["rebuilt"]
    assert small_world.rows("SELECT FROM matching.changed_invoices") == []


@pytest.mark.parametrize("table", ["raw.invoice_owners", "publish.recipients"])
def test_an_emptied_table_is_noticed(small_world: World, table: str) -> None:
    small_world.execute(f"TRUNCATE {table}")

    run = small_world.sync()

    assert run["rebuilt"]
    assert len(small_world.statuses()) == (0 if table.startswith("raw") else 10)

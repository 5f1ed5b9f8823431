"""B10: each recipient that came, went or changed has exactly one reason; the log is an outbox that skips nothing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text

from include.warehouse.errors import WarehouseError
from tests.matching.test_histories import START
from tests.matching.test_incremental import HISTORIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.matching.world import World

    Step = Callable[[World], object]

LOGGED = """
SELECT
    position, invoice_id, owner_field, change, published_at,
    ROW(status_before, employee_id_before, user_id_before, email_before)::text,
    ROW(status_after, employee_id_after, user_id_after, email_after)::text,
    cause
FROM publish.recipient_changes
WHERE account = :account AND position > :position
ORDER BY position
"""
CURRENT = """
SELECT invoice_id, owner_field, ROW(status, employee_id, user_id, email)::text
FROM publish.recipients
WHERE account = :account
"""
CAUSES = {
    "inserted": {"invoice_created", "invoice_restored", "field_configured"},
    "deleted": {"invoice_deleted", "field_removed"},
}


def causes(world: World) -> list[tuple[Any, ...]]:
    """Invoice, owner field, statuses before and after, and cause: of the last publish."""
    return world.rows("""
        SELECT invoice_id, owner_field, status_before, status_after, cause
        FROM publish.recipient_changes
        WHERE account = :account
            AND published_at = (SELECT max(published_at) FROM ops.publishes WHERE account = :account)
        ORDER BY invoice_id, owner_field
    """)


def fits(owner_field: str, change: str, cause: str) -> bool:
    """Whether a change of this kind can have this cause."""
    if change in CAUSES:
        return cause in CAUSES[change] or (cause == "owner_changed" and owner_field.startswith("salesrep:"))
    of_other_kinds = CAUSES["inserted"] | CAUSES["deleted"]
    return cause not in of_other_kinds or (cause == "field_configured" and owner_field.startswith("salesrep"))


def last_position(world: World) -> int:
    ((position,),) = world.rows("SELECT coalesce(max(position), 0) FROM publish.recipient_changes")
    return int(position)


@pytest.fixture
def small_world(world: World) -> World:
    """Invoice 1 belongs to Ann (7), who has a user; Bob (8) has none, and none is made."""
    world.employee(7, "ann@corp.test")
    world.user("ann@corp.test", employee=7)
    world.employee(8, "bob@corp.test")
    world.invoice(1, salesrep=7)
    world.sync("match_only")
    return world


def sql(statement: str) -> Step:
    return lambda world: world.execute(statement)


def employee(number: int, email: str | None, **state: Any) -> Step:
    return lambda world: world.employee(number, email, **state)


def invoice(number: int, **state: Any) -> Step:
    return lambda world: world.invoice(number, **state)


# What was before, what happens, and what comes of it: statuses before and after, and cause.
SCENARIOS: dict[str, tuple[list[Step], Step, tuple[str | None, str | None, str]]] = {
    "an invoice comes": ([invoice(1, deleted=True)], invoice(2, salesrep=7), (None, "ok", "invoice_created")),
    "an invoice is deleted": ([], invoice(1, deleted=True), ("ok", None, "invoice_deleted")),
    "an invoice lives again": ([invoice(1, deleted=True)], invoice(1), (None, "ok", "invoice_restored")),
    "an invoice gets another number": (
        [],
        sql("UPDATE raw.invoices SET invoice_number = 'NEW'"),
        ("ok", "ok", "invoice_renumbered"),
    ),
    "the field holds another employee": ([], invoice(1, salesrep=8), ("ok", "no_user", "owner_changed")),
    "the field is emptied": ([], invoice(1, salesrep=None), ("ok", "owner_empty", "owner_changed")),
    "another employee whose state changed too": (
        [],
        lambda world: (world.invoice(1, salesrep=8), world.employee(8, None)),
        ("ok", "email_missing", "owner_changed"),
    ),
    "the employee's address is written otherwise": ([], employee(7, "Ann@corp.test"), ("ok", "ok", "address_changed")),
    "the user's own address changes": (
        [],
        sql("UPDATE workflow.users SET email = 'new@corp.test', updated_at = clock_timestamp()"),
        ("ok", "ok", "address_changed"),
    ),
    "the address is taken away": ([], employee(7, None), ("ok", "email_missing", "address_changed")),
    "the address is mended": (
        [employee(7, "bad")],
        employee(7, "ann@corp.test"),
        ("email_invalid", "ok", "address_changed"),
    ),
    "the employee leaves": (
        [],
        employee(7, "ann@corp.test", inactive=True),
        ("ok", "employee_inactive", "employee_left"),
    ),
    "the employee leaves with another address": (
        [],
        employee(7, None, inactive=True),
        ("ok", "employee_inactive", "employee_left"),
    ),
    "the employee returns": (
        [employee(7, "ann@corp.test", inactive=True)],
        employee(7, "ann@corp.test"),
        ("employee_inactive", "ok", "employee_returned"),
    ),
    "the employee is deleted": (
        [],
        employee(7, "ann@corp.test", deleted=True),
        ("ok", "employee_deleted", "employee_deleted"),
    ),
    "an employee who left is deleted": (
        [employee(7, None, inactive=True)],
        employee(7, None, inactive=True, deleted=True),
        ("employee_inactive", "employee_deleted", "employee_deleted"),
    ),
    "the user is deactivated": (
        [],
        sql("UPDATE workflow.users SET is_active = false"),
        ("ok", "user_inactive", "user_deactivated"),
    ),
    "the user is activated": (
        [sql("UPDATE workflow.users SET is_active = false")],
        sql("UPDATE workflow.users SET is_active = true"),
        ("user_inactive", "ok", "user_activated"),
    ),
    "the user is removed": ([], sql("DELETE FROM workflow.users"), ("ok", "no_user", "user_unlinked")),
    "the user is made": (
        [invoice(1, salesrep=8)],
        lambda world: world.user("bob@corp.test"),
        ("no_user", "ok", "user_created"),
    ),
    "a user of old is matched": (
        [lambda world: world.user("old@corp.test"), invoice(1, salesrep=8)],
        employee(8, "old@corp.test"),
        ("no_user", "ok", "user_matched"),
    ),
    "a second person with the address turns up": (
        [sql("UPDATE workflow.users SET netsuite_employee_id = NULL, email = 'nobody@corp.test'")],
        employee(9, "ann@corp.test"),
        ("no_user", "conflict", "conflict_opened"),
    ),
    "an unknown id turns out to be an employee": (
        [invoice(1, salesrep=10)],
        employee(10, None),
        ("employee_not_found", "email_missing", "employee_found"),
    ),
    "an unknown id turns out to be a vendor": (
        [invoice(1, salesrep=10)],
        lambda world: world.lookup(10, "other_entity"),
        ("employee_not_found", "not_an_employee", "owner_identified"),
    ),
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_change_has_its_cause(small_world: World, scenario: str) -> None:
    """Each also says what was before and what is after."""
    before, change, (status_before, status_after, cause) = SCENARIOS[scenario]
    for step in before:
        step(small_world)
    small_world.sync("match_only")

    change(small_world)
    small_world.sync("match_only")

    assert [(row[2], row[3], row[4]) for row in causes(small_world)] == [(status_before, status_after, cause)]


def test_a_conflict_that_is_settled(small_world: World) -> None:
    """D2."""
    small_world.employee(9, "bob@corp.test")
    small_world.invoice(1, salesrep=8)
    small_world.sync()
    small_world.employee(9, "bob@corp.test", inactive=True)

    small_world.sync()

    assert causes(small_world) == [(1, "salesrep", "conflict", "ok", "conflict_settled")]


def test_the_first_publish_writes_its_rows_too_with_what_came_of_each(world: World) -> None:
    world.employee(7)
    world.invoice(1, salesrep=7, custbody_collector=None)

    world.sync()

    assert causes(world) == [
        (1, "custbody_collector", None, "owner_empty", "invoice_created"),
        (1, "salesrep", None, "ok", "invoice_created"),
    ]


def test_a_field_that_joins_the_account_file_and_one_that_leaves_it(small_world: World) -> None:
    """O1; the load writes the owners of the one and deletes those of the other."""
    tables = [small_world.statuses()]
    small_world.invoice(1, custbody_collector=7)
    small_world.invoice(2, salesrep=7, custbody_collector=None)
    small_world.sync("match_only")
    joined = causes(small_world)
    tables.append(small_world.statuses())
    small_world.execute("DELETE FROM raw.invoice_owners WHERE owner_field = 'salesrep'")
    small_world.invoice(2, deleted=True)
    small_world.sync("match_only")
    left = causes(small_world)
    tables.append(small_world.statuses())

    assert tables == [
        {(1, "salesrep"): "ok"},
        {
            (1, "salesrep"): "ok",
            (1, "custbody_collector"): "ok",
            (2, "salesrep"): "ok",
            (2, "custbody_collector"): "owner_empty",
        },
        {(1, "custbody_collector"): "ok"},
    ]
    assert joined == [
        (1, "custbody_collector", None, "ok", "field_configured"),
        (2, "custbody_collector", None, "owner_empty", "invoice_created"),
        (2, "salesrep", None, "ok", "invoice_created"),
    ]
    assert left == [
        (1, "salesrep", "ok", None, "field_removed"),
        (2, "custbody_collector", "owner_empty", None, "invoice_deleted"),
        (2, "salesrep", "ok", None, "invoice_deleted"),
    ]


def test_a_field_swapped_over_two_publishes_restores_no_invoice_that_was_never_deleted(world: World) -> None:
    """B10: in between the invoice has no recipient at all."""
    log = "SELECT owner_field, change, cause FROM publish.recipient_changes ORDER BY position"
    world.employee(7)
    world.invoice(1, salesrep=7)
    world.sync()
    world.execute("DELETE FROM raw.invoice_owners")
    world.sync()
    world.invoice(1, custbody_collector=7)
    world.sync()
    assert world.rows(log)[1:] == [
        ("salesrep", "deleted", "field_removed"),
        ("custbody_collector", "inserted", "field_configured"),
    ]

    world.invoice(1, deleted=True)
    world.sync()
    world.invoice(1)
    world.sync()

    assert world.rows(log)[3:] == [
        ("custbody_collector", "deleted", "invoice_deleted"),
        ("custbody_collector", "inserted", "invoice_restored"),
    ]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=HISTORIES)
def test_whoever_follows_the_log_has_what_is_published(world: World, rounds: list[Any]) -> None:
    """Nothing is skipped, nothing twice, nothing without a cause that fits."""
    world.emptied()
    for event in START:
        event.happen(world)
    followed: dict[tuple[int, str], str] = {}
    position = last_position(world)
    for events in [[], *rounds]:
        for event in events:
            event.happen(world)
        world.sync()
        seen = set()
        for position_now, invoice_id, owner_field, change, published_at, before, after, cause in world.rows(
            LOGGED, position=position
        ):
            key = invoice_id, owner_field
            assert position_now > position
            assert (key, published_at) not in seen
            assert followed.pop(key, "(,,,)") == before
            if change != "deleted":
                followed[key] = after
            assert fits(owner_field, change, cause), (owner_field, change, cause)
            assert cause != "re_sync"
            seen.add((key, published_at))
            position = position_now
        assert followed == {(invoice, field): row for invoice, field, row in world.rows(CURRENT)}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE publish.recipient_changes SET cause = 're_sync'",
        "DELETE FROM publish.recipient_changes",
        "TRUNCATE publish.recipient_changes",
    ],
)
def test_what_consumers_may_have_read_is_never_changed(small_world: World, statement: str) -> None:
    with pytest.raises(Exception, match="append-only"):
        small_world.execute(statement)

    assert len(causes(small_world)) == 1


def test_positions_become_visible_in_their_order(small_world: World) -> None:
    """Two transactions at once: the second gets no position before the first one has ended."""
    start = last_position(small_world)
    insert = text("""
        INSERT INTO publish.recipient_changes (
            account, invoice_id, owner_field, change, cause, status_after, run_id, published_at
        )
        VALUES (:account, 1, 'salesrep', 'inserted', 'invoice_created', 'ok', 'run', now())
    """)
    written = threading.Event()

    def write_beside() -> None:
        with small_world.engine.begin() as connection:
            connection.execute(insert, {"account": "other"})
        written.set()

    with small_world.engine.connect() as first:
        first.execute(insert, {"account": "acme"})
        second = threading.Thread(target=write_beside)
        second.start()
        waited = not written.wait(0.5)
        seen_meanwhile = last_position(small_world)
        first.commit()
    second.join(60)

    assert waited
    assert seen_meanwhile == start
    rows = small_world.rows(
        "SELECT account FROM publish.recipient_changes WHERE position > :start ORDER BY position", start=start
    )
    assert rows == [("acme",), ("other",)]


def test_a_consumer_beside_publishes_of_several_accounts_misses_nothing(world: World) -> None:
    """It reads position > last all the while, as the workflow engine does."""
    accounts = ("acme", "globex", "initech")
    worlds = [type(world)(world.engine, account) for account in accounts]
    start = last_position(world)
    for each in worlds:
        each.employee(7)

    def publish_often(each: World) -> None:
        for number in range(1, 6):
            each.invoice(number, salesrep=7)
            each.sync()

    threads = [threading.Thread(target=publish_often, args=[each]) for each in worlds]
    for thread in threads:
        thread.start()
    consumed: list[int] = []
    while any(thread.is_alive() for thread in threads):
        last = consumed[-1] if consumed else start
        consumed += [
            position
            for (position,) in world.rows(
                "SELECT position FROM publish.recipient_changes WHERE position > :last ORDER BY position", last=last
            )
        ]
    for thread in threads:
        thread.join()

    last = consumed[-1] if consumed else start
    everything = world.rows(
        "SELECT position FROM publish.recipient_changes WHERE position > :start ORDER BY position", start=start
    )
    assert len(everything) == 5 * len(accounts)
    assert consumed == [position for (position,) in everything if position <= last]


def test_a_publish_that_fails_logs_nothing(small_world: World) -> None:
    """P5: a rehearsal that is rolled back leaves a hole in the positions, and nothing else."""
    start = last_position(small_world)
    small_world.invoice(1, salesrep=8)
    small_world.execute("""
        CREATE OR REPLACE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
        CREATE TRIGGER refuse AFTER INSERT ON publish.recipient_changes EXECUTE FUNCTION public.refuse();
    """)
    run_id = small_world.pass_fence()
    with pytest.raises(WarehouseError, match="the disk is full"):
        small_world.publish(run_id)
    small_world.execute("DROP TRIGGER refuse ON publish.recipient_changes")
    failed = last_position(small_world), small_world.recipient(1)[0]

    small_world.publish(run_id, "match_only")

    assert failed == (start, "ok")
    assert [row[4] for row in causes(small_world)] == ["owner_changed"]
    assert last_position(small_world) > start + 1


def test_what_the_rules_alone_changed_is_called_a_re_sync(small_world: World) -> None:
    """A release of this project may resolve the same data in another way."""
    small_world.execute("UPDATE publish.recipients SET status = 'no_user', email = NULL, user_id = NULL")
    small_world.execute("INSERT INTO matching.changed_invoices (account) VALUES (:account)")

    small_world.sync("match_only")

    assert causes(small_world) == [(1, "salesrep", "no_user", "ok", "re_sync")]

"""P3, P5: published together or not at all, and the same again when run again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.matching import publish as publish_module
from include.matching.errors import UnknownRun, UsersLocked
from include.matching.match import LOCK_KEY
from include.warehouse.errors import WarehouseError
from tests.matching.world import PUBLISHED

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from include.warehouse.database import StatementResult
    from tests.matching.world import World


@pytest.fixture
def small_world(world: World) -> World:
    world.employee(1)
    world.employee(2, "ann@corp.test")
    world.employee(3, "ANN@corp.test")
    world.employee(4, "bob@corp.test", inactive=True)
    world.employee(5, "bob@corp.test")
    world.user("BOB@corp.test", employee=4)
    world.invoice(10, salesrep=1, custbody_collector=2)
    world.invoice(11, salesrep=4, custbody_collector=5)
    world.invoice(12, salesrep=None, custbody_collector=99)
    world.customer(1, credit_limit=100, balance=7)
    return world


@pytest.mark.parametrize("user_mode", ["import", "match_only"])
def test_the_same_run_twice_writes_nothing_the_second_time(small_world: World, user_mode: str) -> None:
    run_id = small_world.pass_fence()
    small_world.match(run_id, user_mode)
    small_world.publish(run_id, user_mode)
    before = small_world.versions()

    small_world.match(run_id, user_mode)
    counts = small_world.publish(run_id, user_mode)

    assert small_world.versions() == before
    changes = ("users_created", "users_updated", "credit_inserted", "credit_updated", "credit_deleted")
    assert {key: counts[key] for key in changes} == dict.fromkeys(changes, 0)


def test_a_third_match_writes_nothing_either(small_world: World) -> None:
    small_world.sync()
    small_world.sync()
    before = small_world.versions("matching.employee_matches", "ops.user_email_keys")

    counts = small_world.match(small_world.pass_fence())

    assert small_world.versions("matching.employee_matches", "ops.user_email_keys") == before
    assert counts == {
        "rows": 4, "linked": 2, "same_email": 0, "new_user": 0, "conflict": 1, "no_user": 1, "changed": 0,
    }  # fmt: skip


def test_publish_decides_by_the_users_as_they_are_then(small_world: World) -> None:
    """O4: a user who is made between match and publish is not duplicated."""
    run_id = small_world.pass_fence()
    small_world.match(run_id)
    made_meanwhile = small_world.user("e1@corp.test")

    small_world.publish(run_id)

    assert small_world.links()[made_meanwhile] == 1
    assert len(small_world.links()) == 2


def test_what_is_loaded_while_publishing_waits_for_the_next_publish(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P5: all published tables are of one moment; an owner who came after the matching is not half published."""
    run = publish_module.run_sql_file

    def load_before_the_recipients(connection: Connection, path: Path, **params: object) -> list[StatementResult]:
        if path.name == "resolve_owners.sql":
            small_world.employee(6)
            small_world.invoice(13, salesrep=6)
        return run(connection, path, **params)

    monkeypatch.setattr(publish_module, "run_sql_file", load_before_the_recipients)
    small_world.sync()
    invoices = {invoice for invoice, _ in small_world.statuses()}
    monkeypatch.undo()
    small_world.sync()

    assert invoices == {10, 11, 12}
    assert small_world.recipient(13)[0] == "ok"


@pytest.mark.parametrize("file", ["publish_recipients.sql", "publish_customer_credit.sql"])
def test_a_failure_in_the_middle_leaves_every_table_as_it_was(small_world: World, file: str) -> None:
    """P5: the last statements of the step are made to fail inside PostgreSQL."""
    small_world.sync()
    small_world.employee(1, "new@corp.test")
    small_world.employee(6)
    small_world.invoice(13, salesrep=6)
    small_world.customer(2)
    table = {"publish_recipients.sql": "recipients", "publish_customer_credit.sql": "customer_credit"}[file]
    small_world.execute(f"""
        CREATE OR REPLACE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON publish.{table} EXECUTE FUNCTION public.refuse();
    """)
    tables = (*PUBLISHED, "matching.employee_matches", "ops.user_email_keys")
    before = small_world.versions(*tables)
    run_id = small_world.pass_fence()

    with pytest.raises(WarehouseError, match=f"{file}.*the disk is full"):
        small_world.publish(run_id)

    assert small_world.versions(*tables) == before
    small_world.execute(f"DROP TRIGGER refuse ON publish.{table}")
    assert small_world.publish(run_id)["users_created"] == 1


def test_a_run_that_never_passed_its_fence_is_not_published(small_world: World) -> None:
    with pytest.raises(UnknownRun, match=r"Run nothing of account acme is not in ops\.sync_runs"):
        small_world.publish("nothing")

    assert small_world.rows("SELECT count(*) FROM publish.recipients") == [(0,)]


def test_publishes_of_one_account_wait_for_each_other(small_world: World) -> None:
    run_id = small_world.pass_fence()
    published = threading.Event()

    def publish_and_tell() -> None:
        small_world.publish(run_id)
        published.set()

    with small_world.engine.connect() as holder:
        holder.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_KEY})"), {"account": "acme"})
        thread = threading.Thread(target=publish_and_tell)
        thread.start()
        waited = not published.wait(0.5)
        holder.rollback()
    thread.join(20)

    assert waited
    assert published.is_set()


def test_what_was_published_while_waiting_is_seen(small_world: World) -> None:
    """Two publishes at once give what one after the other gives; the snapshot is taken behind the lock."""
    runs = [small_world.pass_fence() for _ in range(4)]
    published: list[str] = []

    def publish(run_id: str) -> None:
        small_world.match(run_id)
        small_world.publish(run_id)
        published.append(run_id)

    threads = [threading.Thread(target=publish, args=[run_id]) for run_id in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(published) == runs
    assert len(small_world.links()) == 2


def test_a_table_of_users_that_stays_locked_ends_with_a_message_for_people(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_module, "WAIT_FOR_USERS", "200ms")
    run_id = small_world.pass_fence()

    with small_world.engine.connect() as engine_session:
        engine_session.execute(text("UPDATE workflow.users SET display_name = 'half done'"))
        with pytest.raises(UsersLocked, match="transaction that was left open"):
            small_world.publish(run_id)

    assert small_world.rows("SELECT count(*) FROM publish.recipients") == [(0,)]


def test_only_the_keys_of_users_whose_address_changed_are_computed_anew(small_world: World) -> None:
    small_world.sync()
    small_world.sync()
    before = set(small_world.versions("ops.user_email_keys")["ops.user_email_keys"])
    small_world.execute("UPDATE workflow.users SET email = 'New@Corp.test' WHERE netsuite_employee_id = 1")

    small_world.match(small_world.pass_fence())

    after = set(small_world.versions("ops.user_email_keys")["ops.user_email_keys"])
    assert len(before - after) == 1
    assert ("New@Corp.test", "new@corp.test") in small_world.rows("SELECT email, email_key FROM ops.user_email_keys")

"""What publish.recipients says of every owner field of every invoice: rows O2, O8, O11, D4, D5, D9."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.matching.email_key import TRIMMED

if TYPE_CHECKING:
    from tests.matching.world import World


def test_every_status_is_reached_by_its_own_failing_check(world: World) -> None:
    """O11."""
    world.employee(1, " Ann@Corp.test ")
    world.employee(2, deleted=True)
    world.employee(3, inactive=True)
    world.employee(4, None)
    world.employee(5, "nobody at home")
    world.employee(6, "two@corp.test")
    world.employee(7, "two@corp.test")
    world.employee(9, "idle@corp.test")
    world.user("idle@corp.test", active=False)
    world.user("ann@corp.test")
    world.employee(10, "unknown@corp.test")
    world.lookup(20, "nothing")
    world.lookup(21, "employee")
    world.lookup(22, "deleted_employee")
    world.lookup(23, "other_entity")
    owners = [1, 2, 3, 4, 5, 6, 9, 10, 20, 21, 22, 23, 24, None]
    for number, owner in enumerate(owners, start=100):
        world.invoice(number, salesrep=owner)

    world.sync("match_only")

    assert [world.recipient(number)[0] for number in range(100, 100 + len(owners))] == [
        "ok",
        "employee_deleted",
        "employee_inactive",
        "email_missing",
        "email_invalid",
        "conflict",
        "user_inactive",
        "no_user",
        "employee_not_found",
        "employee_not_found",
        "employee_deleted",
        "not_an_employee",
        "employee_not_found",
        "owner_empty",
    ]
    assert world.recipient(100)[3] == "Ann@Corp.test"


@pytest.mark.parametrize(
    ("employee", "status"),
    [
        ({"deleted": True, "inactive": True, "email": None}, "employee_deleted"),
        ({"inactive": True, "email": None}, "employee_inactive"),
        ({"email": None}, "email_missing"),
        ({"email": TRIMMED}, "email_missing"),
        ({"email": "bad"}, "email_invalid"),
    ],
)
def test_the_first_failing_check_is_the_status(world: World, employee: dict[str, object], status: str) -> None:
    """O11: every later check fails too, since the user is inactive."""
    user = world.user("idle@corp.test", employee=7, active=False)
    world.employee(7, **employee)
    world.invoice(1, salesrep=7)

    world.sync()

    assert world.recipient(1) == (status, 7, user, None)


def test_there_is_one_row_per_live_invoice_and_owner_field(world: World) -> None:
    """O1, O2."""
    world.employee(7)
    world.invoice(1, salesrep=7, custbody_collector=None)
    world.invoice(2, salesrep=7, custbody_collector=7)
    world.invoice(3, deleted=True, salesrep=7, custbody_collector=7)

    counts = world.sync()

    assert world.statuses() == {
        (1, "salesrep"): "ok",
        (1, "custbody_collector"): "owner_empty",
        (2, "salesrep"): "ok",
        (2, "custbody_collector"): "ok",
    }
    assert counts["rows"] == 4
    assert counts["recipients"]["custbody_collector"] == {
        "ok": {"rows": 1, "inserted": 1, "updated": 0, "deleted": 0},
        "owner_empty": {"rows": 1, "inserted": 1, "updated": 0, "deleted": 0},
    }


def test_a_deleted_invoice_and_an_owner_field_no_longer_configured_leave_the_table(world: World) -> None:
    """D9."""
    world.employee(7)
    world.invoice(1, salesrep=7)
    world.invoice(2, salesrep=7, custbody_collector=7)
    world.sync()
    world.invoice(1, deleted=True)
    world.execute("DELETE FROM raw.invoice_owners WHERE owner_field = 'custbody_collector'")

    counts = world.sync()

    assert world.statuses() == {(2, "salesrep"): "ok"}
    assert counts["recipients"]["salesrep"]["ok"] == {"rows": 1, "inserted": 0, "updated": 0, "deleted": 1}
    assert counts["recipients"]["custbody_collector"]["ok"] == {"rows": 0, "inserted": 0, "updated": 0, "deleted": 1}


def test_a_row_changes_its_run_only_when_it_changes_itself(world: World) -> None:
    world.employee(7)
    world.employee(8)
    world.invoice(1, salesrep=7)
    world.invoice(2, salesrep=8)
    world.sync()
    untouched = world.rows("SELECT *, xmin FROM publish.recipients WHERE invoice_id = 1")
    world.employee(8, "new@corp.test")

    counts = world.sync()

    assert world.rows("SELECT *, xmin FROM publish.recipients WHERE invoice_id = 1") == untouched
    assert world.rows("SELECT run_id, email FROM publish.recipients WHERE invoice_id = 2") == [
        ("run 2", "new@corp.test")
    ]
    assert counts["recipients"]["salesrep"]["ok"] == {"rows": 2, "inserted": 0, "updated": 1, "deleted": 0}


def test_a_recipient_stops_and_starts_again_with_its_user(world: World) -> None:
    """O11, O5."""
    world.employee(7)
    world.invoice(1, salesrep=7)
    world.sync()
    world.execute("UPDATE workflow.users SET is_active = false")
    world.sync()
    stopped = world.recipient(1)[0]
    world.execute("UPDATE workflow.users SET is_active = true")

    world.sync()

    assert (stopped, world.recipient(1)[0]) == ("user_inactive", "ok")


def test_accounts_do_not_touch_each_others_recipients(world: World) -> None:
    world.employee(7)
    world.invoice(1, salesrep=7)
    world.sync()
    before = world.versions()
    world.account = "other"
    world.employee(7, "other@corp.test")
    world.invoice(1, salesrep=7)
    world.customer(1)

    world.sync()

    assert world.recipient(1)[3] == "other@corp.test"
    world.account = "acme"
    assert world.recipient(1)[3] == "e7@corp.test"
    after = world.versions()
    assert all(set(before[table]) <= set(after[table]) for table in before)


def test_an_id_that_was_looked_up_before_it_became_an_employee_is_an_employee(world: World) -> None:
    world.lookup(7, "nothing")
    world.employee(7)
    world.invoice(1, salesrep=7)

    counts = world.sync()

    assert world.recipient(1)[0] == "ok"
    assert counts["rows"] == 1


def test_raw_is_only_read(world: World) -> None:
    """O8: customers and their assigned users are never changed."""
    world.employee(7)
    world.invoice(1, salesrep=7)
    world.customer(1, sales_rep_employee_id=7)
    tables = ("raw.customers", "raw.employees", "raw.invoices", "raw.invoice_owners", "raw.owner_lookups")
    before = world.versions(*tables)

    world.sync()

    assert world.versions(*tables) == before

"""The rehearsal: what a run would change, exactly, with nothing changed (B5)."""

from datetime import timedelta
from pathlib import Path

import pytest

from include.accounts.model import Account, TeamSelling
from include.extract.entities import EMPLOYEES, INVOICES, TERMS
from include.matching.owner_lookup import Found
from include.matching.publish import publish
from include.resync.blast_radius import counted, record, recorded, rehearse
from include.resync.errors import NothingToRehearse
from include.warehouse.errors import NothingStaged
from include.warehouse.ledger import Span
from tests.matching.world import TABLES, World
from tests.warehouse.runs import ACCOUNT, CUTOFF_AT, Row, Run, invoice, query

THE_ACCOUNT = Account(name=ACCOUNT, path=Path("acme.yml"), connection="netsuite", owner_fields=("salesrep",))


def employee(number: int, **columns: str) -> Row:
    address = f"e{number}@corp.test"
    return {
        "id": str(number),
        "first_name": "Ann",
        "email": address,
        "email_address": address,
        "email_key": address,
    } | columns


def beside(world: World, run_id: str = "resync__1", *, hours: int = 1) -> Run:
    """A run beside the scheduled ones, past its fence."""
    run = Run(world.engine, run_id, cutoff_at=CUTOFF_AT + timedelta(hours=hours))
    names = (INVOICES.name, EMPLOYEES.name, TERMS.name)
    run.ledger.pass_fence_beside(run.cutoff_at, dict.fromkeys(names, Span(None, None)), {})
    return run


def published(run: Run) -> dict:
    return publish(run.engine, account=ACCOUNT, run_id=run.run_id, user_mode="import")


def state(world: World) -> list[list[tuple]]:
    return [world.rows(f"SELECT xmin::text, t::text FROM {table} AS t ORDER BY 2") for table in TABLES]


@pytest.fixture
def synced(world):
    """Invoices 1 to 3 of employee 1, published; 2 has lost its owner since."""
    run = Run(world.engine, "sync")
    run.stage_and_load(EMPLOYEES, [employee(1), employee(2)])
    run.stage_and_load(INVOICES, [invoice(number, salesrep="1") for number in (1, 2, 3)])
    world.execute("UPDATE raw.invoice_owners SET employee_id = NULL WHERE invoice_id = 2")
    published(run)
    return world


BATCH = [invoice(1, salesrep="1"), invoice(2, salesrep="1"), invoice(3, salesrep="2"), invoice(4, salesrep="2")]


def test_it_is_what_loading_and_publishing_then_really_change(synced):
    run = beside(synced)
    run.stage(INVOICES, BATCH)
    before = state(synced)
    changes = rehearse(run.ledger, THE_ACCOUNT, ["invoices"], lambda _: pytest.fail("nothing to ask"))
    assert state(synced) == before
    assert counted(changes) == {
        "recipients": {"comes": 1, "changes": 2, "goes": 0},
        "users": {"comes": 1, "changes": 0, "goes": 0},
    }
    named = {(each.change, each.status_before, each.status_after): each for each in changes}
    assert named["changes", "owner_empty", "ok"].examples == [
        {"what": "INV2", "before": "owner_empty", "after": "ok e1@corp.test"}
    ]
    assert named["changes", "ok", "ok"].examples[0]["after"] == "ok e2@corp.test"

    run.load(INVOICES, moves_watermark=False)
    counts = published(run)["recipients"]["salesrep"]["ok"]
    assert (counts["inserted"], counts["updated"], counts["deleted"]) == (1, 2, 0)


def test_where_nothing_would_change_there_is_none(synced):
    run = beside(synced)
    run.stage(INVOICES, [invoice(1, salesrep="1"), invoice(3, salesrep="1")])
    assert rehearse(run.ledger, THE_ACCOUNT, ["invoices"], lambda _: {}) == []


def test_owners_that_nobody_knows_are_asked_for_while_nothing_is_locked(synced):
    """In the middle of it another run loads and publishes; what NetSuite answers counts."""
    run, other = beside(synced), beside(synced, "resync__2")
    run.stage(INVOICES, [invoice(4, salesrep="77")])
    asked = []

    def ask(ids: list[int]) -> dict[int, Found]:
        asked.append(ids)
        other.stage(INVOICES, [invoice(5, salesrep="1")])
        other.load(INVOICES, moves_watermark=False)
        published(other)
        return {77: Found("other_entity", "Vendor")}

    changes = rehearse(run.ledger, THE_ACCOUNT, ["invoices"], ask)
    assert asked == [[77]]
    assert [(each.change, each.status_after, each.rows) for each in changes] == [("comes", "not_an_employee", 1)]
    assert synced.rows("SELECT * FROM raw.owner_lookups") == []


def test_several_entities_are_rehearsed_together(synced):
    run = beside(synced)
    run.stage(EMPLOYEES, [employee(2, is_inactive="T"), employee(9)])
    run.stage(INVOICES, [invoice(4, salesrep="9"), invoice(5, salesrep="2")], bad=[(2, "odd")])
    run.stage(TERMS, [{"id": "1", "name": "Net 30"}])
    changes = rehearse(run.ledger, THE_ACCOUNT, ["invoices", "employees", "terms"], lambda _: {})
    assert counted(changes)["recipients"] == {"comes": 1, "changes": 0, "goes": 0}
    assert counted(changes)["users"]["comes"] == 1


def test_what_a_sales_team_would_change_is_shown_member_by_member(synced):
    """D6: the account file has team_selling, and no sync has run with it yet."""
    account = THE_ACCOUNT.model_copy(update={"team_selling": TeamSelling(choice="all")})
    run = beside(synced)
    run.team_selling = account.team_selling
    run.stage(INVOICES, [invoice(1, sales_team="1:F:.4 2:T:.6"), invoice(2, sales_team=None)])
    changes = rehearse(run.ledger, account, ["invoices"], lambda _: {})
    assert {(each.subject, each.owner_field, each.change, each.rows) for each in changes} == {
        ("recipients", "salesrep", "changes", 1),
        ("recipients", "salesrep:2", "comes", 1),
        ("users", None, "comes", 1),
    }
    assert synced.rows("SELECT FROM raw.sales_teams") == []


def test_it_is_kept_for_people_and_a_later_one_takes_its_place(synced):
    run = beside(synced)
    run.stage(INVOICES, BATCH)
    changes = rehearse(run.ledger, THE_ACCOUNT, ["invoices"], lambda _: {})
    for _ in range(2):
        record(run.ledger, changes)
    assert sorted(map(repr, recorded(run.ledger))) == sorted(map(repr, changes))
    record(run.ledger, [])
    assert recorded(run.ledger) == []


def test_what_a_crash_of_postgresql_emptied_is_neither_rehearsed_nor_loaded(synced):
    """P3: staging is unlogged: the table is there, its rows are gone; a run that waits for a person finds it so."""
    run = beside(synced)
    table = run.stage(INVOICES, BATCH)
    assert rehearse(run.ledger, THE_ACCOUNT, ["invoices"], lambda _: {})
    query(synced.engine, f"TRUNCATE staging.{table.name}")
    with pytest.raises(NothingStaged, match=r"lost its rows.*Clear the run's validate task of invoices"):
        rehearse(run.ledger, THE_ACCOUNT, ["invoices"], lambda _: {})
    with pytest.raises(NothingStaged, match="lost its rows"):
        run.load(INVOICES, moves_watermark=False)


def test_what_is_not_staged_is_not_rehearsed(synced):
    with pytest.raises(NothingToRehearse, match=r"not there.*Clear the run's validate task of terms"):
        rehearse(beside(synced).ledger, THE_ACCOUNT, ["terms"], lambda _: {})


def test_what_a_later_sync_saw_is_not_put_back_by_a_run_that_waited(world):
    """P6: terms keep no modified instant; a later full read that found them as they were is newer all the same."""
    Run(world.engine, "sync").stage_and_load(TERMS, [{"id": "1", "name": "Net 30"}, {"id": "2", "name": "Net 60"}])
    waits = beside(world)
    waits.stage(TERMS, [{"id": "1", "name": "for an hour"}, {"id": "2", "name": "old"}, {"id": "3", "name": "lost"}])
    later = Run(world.engine, "later sync", cutoff_at=CUTOFF_AT + timedelta(hours=2))
    later.stage_and_load(TERMS, [{"id": "1", "name": "Net 30"}, {"id": "2", "name": "Net 90"}])
    assert waits.load(TERMS, moves_watermark=False).outdated == 2
    assert world.rows("SELECT id, name FROM raw.terms ORDER BY id") == [(1, "Net 30"), (2, "Net 90"), (3, "lost")]

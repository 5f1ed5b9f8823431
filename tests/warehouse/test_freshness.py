"""publish.freshness: how fresh and how complete each published table is (B4, P7)."""

from datetime import timedelta

import pytest

from include.extract.entities import DELETIONS, EMPLOYEES, INVOICES
from include.matching.publish import publish
from include.warehouse import migrate
from tests.warehouse.runs import ACCOUNT, CUTOFF_AT, Run, invoice, query

HOUR = timedelta(hours=1)
RECIPIENTS = "publish.recipients"


def freshness(engine, columns: str, table: str = RECIPIENTS) -> tuple:
    (found,) = query(engine, f"SELECT {columns} FROM publish.freshness WHERE table_name = :table", table=table)
    return found


def loaded(engine, number: int, *entities) -> Run:
    run = Run(engine, f"run {number}", cutoff_at=CUTOFF_AT + number * HOUR)
    for entity in entities:
        run.stage_and_load(entity, [])
    return run


def published(run: Run) -> dict[str, object]:
    return publish(run.engine, account=run.account, run_id=run.run_id, user_mode="import")


def reconciled(engine, entity: str, *, hour: int, lost: int = 0, repaired: int = 0) -> None:
    query(
        engine,
        "INSERT INTO ops.reconciliations (account, entity, run_id, netsuite_rows, raw_rows, lost, changed, "
        "deleted_silently, quarantined, repaired, compared_at) "
        "VALUES (:account, :entity, :run, 9, 9, :lost, 0, 0, 0, :repaired, :at)",
        account=ACCOUNT,
        entity=entity,
        run=f"reconcile {hour}",
        lost=lost,
        repaired=repaired,
        at=CUTOFF_AT + hour * HOUR,
    )


def test_before_the_first_publish_it_promises_nothing(warehouse):
    loaded(warehouse, 0, INVOICES, EMPLOYEES)
    assert query(warehouse, "SELECT * FROM publish.freshness") == []


def test_a_table_is_as_fresh_as_the_stalest_entity_that_it_is_made_of(warehouse):
    loaded(warehouse, 0, EMPLOYEES, DELETIONS)
    published(loaded(warehouse, 1, INVOICES))
    assert freshness(warehouse, "account, complete_up_to, now() - age, run_id") == (
        ACCOUNT,
        CUTOFF_AT,
        CUTOFF_AT,
        "run 1",
    )


def test_what_was_loaded_but_not_published_makes_nothing_fresher(warehouse):
    """P5: a run that fails after its loads leaves the published tables as they were."""
    everything = (INVOICES, EMPLOYEES, DELETIONS)
    published(loaded(warehouse, 0, *everything))
    before = freshness(warehouse, "complete_up_to, last_published_at, run_id")
    loaded(warehouse, 1, *everything)
    assert freshness(warehouse, "complete_up_to, last_published_at, run_id") == before


def test_a_publish_without_changes_is_still_the_last_one(warehouse):
    everything = (INVOICES, EMPLOYEES, DELETIONS)
    published(loaded(warehouse, 0, *everything))
    (before,) = freshness(warehouse, "last_published_at")
    published(loaded(warehouse, 1, *everything))
    assert freshness(warehouse, "complete_up_to, run_id") == (CUTOFF_AT + HOUR, "run 1")
    assert freshness(warehouse, "last_published_at") > (before,)


def test_reconciled_is_only_what_all_its_entities_were(warehouse):
    published(loaded(warehouse, 0, INVOICES, EMPLOYEES, DELETIONS))
    columns = "last_reconciled_at, differences, open_differences"
    assert freshness(warehouse, columns) == (None, None, None)
    reconciled(warehouse, "invoices", hour=3, lost=4, repaired=3)
    assert freshness(warehouse, columns) == (None, 4, 1)
    reconciled(warehouse, "employees", hour=2)
    assert freshness(warehouse, columns) == (CUTOFF_AT + 2 * HOUR, 4, 1)
    reconciled(warehouse, "invoices", hour=4)
    assert freshness(warehouse, columns) == (CUTOFF_AT + 2 * HOUR, 0, 0)


def test_records_in_quarantine_are_told_of_the_tables_that_lack_them(warehouse):
    run = loaded(warehouse, 0, EMPLOYEES, DELETIONS)
    run.stage_and_load(INVOICES, [invoice(1), invoice(2)], [(2, "total is not a number")])
    published(run)
    assert freshness(warehouse, "open_quarantine") == (1,)


def test_a_publish_tells_the_coverage_of_what_it_publishes(warehouse):
    """Airflow hands it on with the events of the published assets."""
    reconciled(warehouse, "invoices", hour=-8, lost=2, repaired=2)
    coverage = published(loaded(warehouse, 0, INVOICES, EMPLOYEES))["coverage"]
    assert coverage == {
        "employees": {
            "covered_up_to": CUTOFF_AT.isoformat(),
            "last_reconciled_at": None,
            "differences": None,
            "open_differences": None,
        },
        "invoices": {
            "covered_up_to": CUTOFF_AT.isoformat(),
            "last_reconciled_at": (CUTOFF_AT - 8 * HOUR).isoformat(),
            "differences": 2,
            "open_differences": 0,
        },
    }


def test_accounts_are_told_apart(warehouse):
    published(loaded(warehouse, 0, INVOICES))
    other = Run(warehouse, "run 0", "globex", cutoff_at=CUTOFF_AT + 5 * HOUR)
    other.stage_and_load(INVOICES, [])
    published(other)
    found = query(
        warehouse,
        "SELECT account, complete_up_to FROM publish.freshness WHERE table_name = :table ORDER BY account",
        table=RECIPIENTS,
    )
    assert found == [(ACCOUNT, CUTOFF_AT), ("globex", CUTOFF_AT + 5 * HOUR)]


@pytest.mark.parametrize("state", ["success", "failed"])
def test_what_was_published_before_this_table_existed_is_taken_from_the_last_run_that_succeeded(
    warehouse, warehouse_url, state
):
    run = loaded(warehouse, 0, INVOICES, EMPLOYEES)
    run.ledger.finish(state)
    migrate.downgrade(warehouse_url, "0003")
    migrate.upgrade(warehouse_url)
    found = query(warehouse, "SELECT entity, complete_up_to, run_id FROM ops.publications WHERE entity = 'invoices'")
    assert found == ([("invoices", CUTOFF_AT, "run 0")] if state == "success" else [])

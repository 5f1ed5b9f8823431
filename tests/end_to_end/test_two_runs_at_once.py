"""Two runs of one account side by side, as a sync by hand beside a scheduled one: they end as one run would have."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.end_to_end.compare import differences, published, tables
from tests.end_to_end.steps import Steps, change_of, hold, until
from tests.sandbox_process import SandboxProcess

EARLIER, LATER = "scheduled__2026-11-01T00:00:00+00:00", "manual__2026-11-01T00:01:00+00:00"


@pytest.fixture
def changing(installation) -> Iterator[SandboxProcess]:
    """A NetSuite of the test's own, to change, which the account ``acme`` reads."""
    with SandboxProcess(invoices=150) as process:
        installation.write_account()
        installation.connect(process.connection())
        yield process


def change(sandbox) -> None:
    """An invoice that is new, one that another owner has, one that is deleted; an address; a balance."""
    pattern = sandbox.control("GET", "/rows/transaction/101")
    del pattern["lastmodifieddate"]
    sandbox.control("POST", "/rows/transaction", {**pattern, "id": 9_000_001, "employee": 32, "tranid": "NEW"})
    sandbox.control("POST", "/rows/transaction", {"id": 102, "custbody_collector": 33, "memo": "another owner"})
    sandbox.control("DELETE", "/rows/transaction/103")
    sandbox.control("POST", "/rows/employee", {"id": 11, "email": "another@corp.test"})
    sandbox.control("POST", "/rows/customer", {"id": 51, "balancesearch": "77.5"})
    sandbox.control("POST", "/settings", {"clock_offset_seconds": 2})


def alone(acme, postgres, migrated_template) -> dict[str, list[tuple]]:
    """The tables of an installation of its own after one run that nothing disturbed."""
    name = "alone"
    postgres.ensure_database(name, template=migrated_template)
    beside = acme.warehouse.url.render_as_string(hide_password=False)
    acme.connect_warehouse(postgres.url(name))
    Steps("alone").run_rest()
    found = tables(acme, of_any_run=True)
    acme.connect_warehouse(beside)
    postgres.drop_database(name)
    return found


def read_up_to(acme) -> dict[str, object]:
    return {row["entity"]: row["read_up_to"] for row in acme.rows("SELECT * FROM ops.watermarks")}


def test_a_run_that_read_earlier_and_loads_later_puts_nothing_back(installation, changing):
    """P3, P5: neither a row, nor the watermark, nor what was looked up, nor what is published."""
    Steps("first").run_rest()
    earlier, later = Steps(EARLIER), Steps(LATER)
    earlier.run("fence")
    earlier.run_all("extract")
    change(changing)
    later.run_rest()
    after_later, watermarks = tables(installation), read_up_to(installation)
    earlier.run_rest()
    after_both = tables(installation)
    after_both["ops.extraction_windows"] = after_later["ops.extraction_windows"]
    assert differences(after_both, after_later) == {}
    assert read_up_to(installation) == watermarks


@pytest.mark.parametrize(
    ("task_id", "point"),
    [("invoices.load", "raw.invoice_owners"), ("publish", "publish.customer_credit")],
)
def test_one_waits_for_the_other(acme, warehouse_url, task_id, point):
    """P5: while one is in its transaction, nobody sees anything of it, and the other one has not begun to change."""
    one, other = Steps(EARLIER), Steps(LATER)
    for steps in (one, other):
        steps.run_until(task_id)
    before = tables(acme)
    with hold(warehouse_url, change_of(point)) as held:
        first = one.begin(task_id)
        held.wait_for(first)
        second = other.begin(task_id)
        until(lambda: waiting_for_locks(warehouse_url) == 2)
        assert held.waiting() == 1
        assert differences(tables(acme), before) == {}
    counts = first.join(), second.join()
    assert counts[0]["rows"] == counts[1]["rows"] > 0
    one.done.append(task_id)
    other.done.append(task_id)
    one.run_rest()
    after_one = tables(acme)
    other.run_rest()
    assert differences(published(tables(acme)), published(after_one)) == {}


def waiting_for_locks(url: str) -> int:
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as session:
        question = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"
        )
        row = session.execute(question).fetchone()
        assert row is not None
        return row[0]


def test_two_whole_runs_at_once_end_as_one_would(acme, postgres, migrated_template):
    """P3, P5: however their steps fall."""
    one, other = Steps(EARLIER).begin(), Steps(LATER).begin()
    one.join()
    other.join()
    undisturbed = alone(acme, postgres, migrated_template)
    found = tables(acme, of_any_run=True)
    for each in (found, undisturbed):
        # Each run has windows of its own, and the second one finds the users that the first one made.
        del each["ops.extraction_windows"], each["matching.employee_matches"]
    assert differences(found, undisturbed) == {}
    assert acme.value("SELECT count(DISTINCT run_id) FROM ops.extraction_windows") == 2
    assert acme.value("SELECT bool_and(without_gap) FROM publish.coverage") is True


def test_a_failed_load_whose_staging_another_run_has_cleared_away_completes(acme):
    """P3: until its retry, a failed step's run counts as failed, and a run that publishes clears up after those."""
    one, other = Steps(EARLIER), Steps(LATER)
    one.run_until("invoices.load")
    acme.execute("UPDATE ops.sync_runs SET state = 'failed'")
    other.run_rest()
    assert acme.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'") == 0
    after_other = tables(acme)
    one.run("invoices.load")
    found = tables(acme)
    found["ops.extraction_windows"] = after_other["ops.extraction_windows"]
    assert differences(found, after_other) == {}

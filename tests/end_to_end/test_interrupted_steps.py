"""A step that ends in its midst, killed or by an error, leaves each table as before or complete; again it completes."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from tests.end_to_end.compare import differences, published, tables
from tests.end_to_end.conftest import Installation, installed
from tests.end_to_end.steps import AT_BAD_ROWS, Steps, after_commit_of, change_of, counted_rows_of, hold, record_of
from tests.sandbox_process import SandboxProcess

# More than a page, all of it changed between the two runs.
INVOICES = 1_200
FIRST, SECOND = "manual__2026-11-01T00:00:00+00:00", "manual__2026-11-01T01:00:00+00:00"
# Where a task is killed: what it is doing then, the task, the point, and whether it had done its work.
KILLS = {
    "before it reads": ("invoices.extract", record_of("invoices.extract", "state", "running"), False),
    "while pages land": ("invoices.extract", counted_rows_of("invoices.extract"), False),
    "when all has landed": ("invoices.extract", record_of("invoices.extract", "state", "success"), False),
    "while it stages": ("invoices.validate", counted_rows_of("invoices.validate"), False),
    "while bad rows are written down": ("invoices.validate", AT_BAD_ROWS, False),
    "before it merges": ("invoices.load", record_of("invoices.load", "state", "running"), False),
    "while it merges": ("invoices.load", change_of("raw.invoice_owners"), False),
    "when it has merged": ("invoices.load", after_commit_of("invoices.load"), True),
    "while it marks deletions": ("deletions.load", change_of("raw.invoices", "UPDATE"), False),
    "while owners are looked up": ("look_up_owners", change_of("raw.owner_lookups"), False),
    "while it matches": ("match", change_of("matching.employee_matches"), False),
    "while it publishes": ("publish", change_of("publish.customer_credit"), False),
    "when it has published": ("publish", counted_rows_of("run.publish"), True),
}


@dataclass(frozen=True)
class Undisturbed:
    """Two runs that nothing disturbed, with changes in NetSuite between them."""

    after_first: dict[str, list[tuple]]
    after_second: dict[str, list[tuple]]
    template: str


@pytest.fixture(scope="module")
def netsuite() -> Iterator[SandboxProcess]:
    with SandboxProcess(invoices=INVOICES, bad_rows=3) as process:
        yield process


@pytest.fixture(scope="module")
def undisturbed(airflow_database, postgres, migrated_template, netsuite, tmp_path_factory) -> Iterator[Undisturbed]:
    before, after = "undisturbed_before", "undisturbed_after"
    postgres.ensure_database(before, template=migrated_template)
    with pytest.MonkeyPatch.context() as monkeypatch:
        with installed(postgres.url(before), tmp_path_factory.mktemp("first"), monkeypatch) as installation:
            connect(installation, netsuite)
            Steps(FIRST).run_rest()
            after_first = tables(installation)
            invoices = [row["id"] for row in installation.rows("SELECT id FROM raw.invoices ORDER BY id")]
        change_everything(netsuite, invoices)
        postgres.ensure_database(after, template=before)
        with installed(postgres.url(after), tmp_path_factory.mktemp("second"), monkeypatch) as installation:
            connect(installation, netsuite)
            Steps(SECOND).run_rest()
            yield Undisturbed(after_first, tables(installation), before)
    postgres.drop_database(after)
    postgres.drop_database(before)


@pytest.fixture
def warehouse_url(postgres, undisturbed) -> Iterator[str]:
    """The warehouse as the first run left it."""
    postgres.ensure_database("killed", template=undisturbed.template)
    yield postgres.url("killed")
    postgres.drop_database("killed")


@pytest.fixture
def acme(installation, netsuite) -> Installation:
    connect(installation, netsuite)
    return installation


def connect(installation: Installation, netsuite: SandboxProcess) -> None:
    installation.write_account()
    installation.connect(netsuite.connection())


def change_everything(netsuite: SandboxProcess, invoices: list[int]) -> None:
    """Every invoice, an owner that is no employee, an address, a balance; and an invoice is deleted."""
    netsuite.control("POST", "/rows/transaction", [{"id": id_, "memo": f"changed {id_}"} for id_ in invoices])
    netsuite.control("POST", "/rows/transaction", {"id": 101, "custbody_collector": 32, "memo": "another owner"})
    netsuite.control("POST", "/rows/employee", {"id": 11, "email": "another@corp.test"})
    netsuite.control("POST", "/rows/customer", {"id": 51, "balancesearch": "77.5"})
    netsuite.control("DELETE", "/rows/transaction/103")
    netsuite.control("POST", "/settings", {"clock_offset_seconds": 2})


@pytest.mark.parametrize("moment", KILLS)
def test_a_killed_task_leaves_all_as_before_and_tried_again_completes(acme, undisturbed, warehouse_url, moment):
    """P3, P5: as before, or, once it has committed, complete; never between, and never twice."""
    task_id, point, is_done = KILLS[moment]
    steps = Steps(SECOND).run_until(task_id)
    before = tables(acme)
    with hold(warehouse_url, point) as held:
        task = steps.begin(task_id)
        held.wait_for(task)
        task.kill()
    assert bool(differences(tables(acme), before)) == is_done
    if task_id != "publish":
        assert differences(published(tables(acme)), published(undisturbed.after_first)) == {}
    steps.run_rest()
    assert differences(tables(acme), undisturbed.after_second) == {}


def test_a_full_landing_area_is_named_and_with_room_again_the_run_completes(acme, undisturbed):
    """P5: no file may grow beyond 10 kB here, as on a disk that has no more left."""
    steps = Steps(SECOND).run_until("invoices.extract")
    before = tables(acme)
    with pytest.raises(AirflowFailException, match="landing area refused") as error:
        steps.begin("invoices.extract", RLIMIT_FSIZE=10_000).join()
    assert str(acme.accounts.parent / "landing" / "acme") in str(error.value)
    assert "NETSUITE_LANDING" in str(error.value)
    assert differences(tables(acme), before) == {}
    with pytest.raises(AirflowFailException, match="Nothing has landed"):
        steps.run("invoices.validate")
    steps.run_rest()
    assert differences(tables(acme), undisturbed.after_second) == {}


def test_a_page_that_comes_twice_is_not_taken_and_the_next_try_completes(acme, netsuite, undisturbed):
    """P3: a cache on the way sends the page before once more."""
    acme.write_account(concurrency=1)
    steps = Steps(SECOND).run_until("invoices.extract")
    netsuite.control("DELETE", "/faults")
    netsuite.control("POST", "/faults", {"kind": "page_again"})
    with pytest.raises(AirflowException, match=r"does not advance.*proxy that keeps answers") as error:
        steps.run("invoices.extract")
    assert not isinstance(error.value, AirflowFailException), "Airflow would not try it again"
    assert netsuite.control("GET", "/faults") == {"waiting": [], "struck": {"page_again": 1}}
    steps.run_rest()
    assert differences(tables(acme), undisturbed.after_second) == {}

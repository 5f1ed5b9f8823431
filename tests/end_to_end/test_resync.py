"""Backfill and re-sync: what is read again gives what a first sync would have given, and shows beforehand whom it
touches (O9, P6, B5)."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.end_to_end.approver import Approver, airflow_client
from tests.end_to_end.compare import TIMES_OF_DAY
from tests.end_to_end.conftest import installed
from tests.end_to_end.one_run import run_beside
from tests.sandbox_process import SandboxProcess

DAMAGE = (
    "UPDATE raw.invoices SET memo = 'damaged', total = 0 WHERE id % 3 = 0",
    "UPDATE raw.invoice_owners SET employee_id = NULL WHERE owner_field = 'salesrep' AND invoice_id % 3 = 0",
    "DELETE FROM raw.invoice_owners WHERE invoice_id % 5 = 0",
    "DELETE FROM raw.invoices WHERE id % 5 = 0",
)
NUMBERS = itertools.count(1)
SUCCESS = {"state": "success", "failures": {}}
# Who wrote a row last, and what a person or the database chose, is no part of what a first sync gives.
NOT_COMPARED = {*TIMES_OF_DAY, "run_id", "user_id"}


@pytest.fixture(scope="module")
def client(airflow_database) -> Any:
    return airflow_client()


@pytest.fixture(scope="module")
def netsuite() -> Iterator[SandboxProcess]:
    with SandboxProcess(invoices=150, bad_rows=2) as process:
        yield process


def essence(tables: dict[str, list[dict]]) -> dict[str, list[dict]]:
    """The tables without what differs between two installations that were synced from the same NetSuite."""
    return {
        name: sorted(({key: value for key, value in row.items() if key not in NOT_COMPARED} for row in rows), key=repr)
        for name, rows in tables.items()
    }


@pytest.fixture(scope="module")
def prepared(postgres, migrated_template, airflow_database, netsuite, tmp_path_factory) -> Iterator[dict[str, Any]]:
    """A warehouse that was synced; then invoices were lost and altered behind the watermark, and published so.

    ``database`` is its name, ``first`` what the first sync gave.
    """
    name = "resync_prepared"
    postgres.ensure_database(name, template=migrated_template)
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        installed(postgres.url(name), tmp_path_factory.mktemp("prepared"), monkeypatch) as installation,
    ):
        configure(installation, netsuite)
        assert installation.sync() == SUCCESS
        first = essence(installation.tables())
        for statement in DAMAGE:
            installation.execute(statement)
        assert installation.sync() == SUCCESS
        assert installation.value("SELECT count(*) FROM raw.invoices WHERE memo = 'damaged'") > 30
    yield {"database": name, "first": first}
    postgres.drop_database(name)


@pytest.fixture
def warehouse_url(postgres, prepared) -> Iterator[str]:
    name = f"resync_{next(NUMBERS)}"
    postgres.ensure_database(name, template=prepared["database"])
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def damaged(installation, netsuite, prepared):
    configure(installation, netsuite)
    installation.first = prepared["first"]
    return installation


def configure(installation, netsuite) -> None:
    installation.write_account(schedule="@daily")
    installation.connect(netsuite.connection())


def chain(synced) -> list[dict]:
    """What the scheduled syncs depend on."""
    return synced.rows("SELECT * FROM ops.watermarks ORDER BY entity") + synced.rows(
        "SELECT * FROM ops.extraction_windows ORDER BY entity, run_id"
    )


def radius(synced) -> dict[tuple[str, str], int]:
    rows = synced.rows("SELECT subject, change, sum(rows) AS rows FROM ops.blast_radius GROUP BY subject, change")
    return {(row["subject"], row["change"]): row["rows"] for row in rows}


def really_changed(synced) -> dict[tuple[str, str], int]:
    """What the last re-sync's publish has counted, in the words of the blast radius."""
    counts = synced.value(
        "SELECT counts FROM ops.sync_steps WHERE step = 'publish' AND run_id LIKE 'resync%' "
        "ORDER BY run_started_at DESC LIMIT 1"
    )
    states = [state for field in counts["recipients"].values() for state in field.values()]
    changed = {
        ("recipients", "comes"): sum(state["inserted"] for state in states),
        ("recipients", "changes"): sum(state["updated"] for state in states),
        ("recipients", "goes"): sum(state["deleted"] for state in states),
        ("users", "comes"): counts["users_created"],
        ("users", "changes"): counts["users_updated"],
    }
    return {what: rows for what, rows in changed.items() if rows}


def staged(synced) -> list[dict]:
    return synced.rows("SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace")


def test_a_resync_of_all_gives_what_a_first_sync_gave_once_approved(damaged, client):
    """O9, B5: nothing changes before the approval, then exactly what was shown; no watermark moves."""
    before, chain_before = damaged.tables(), chain(damaged)
    seen = []

    def look() -> None:
        seen.append(
            (damaged.tables() == before, damaged.value("SELECT state FROM ops.sync_runs WHERE state <> 'success'"))
        )

    with Approver(client, "Approve", look) as approver:
        assert damaged.resync(all=True) == SUCCESS
    assert seen == [(True, "waiting")]
    assert essence(damaged.tables()) == damaged.first
    assert radius(damaged) == really_changed(damaged)
    assert set(radius(damaged)) >= {("recipients", "comes"), ("recipients", "changes")}
    assert chain(damaged) == chain_before
    assert damaged.value("SELECT bool_and(without_gap) FROM publish.coverage")
    assert damaged.value("SELECT state FROM ops.sync_runs ORDER BY started_at DESC LIMIT 1") == "success"
    assert staged(damaged) == []

    (question,) = approver.asked
    coming = radius(damaged)["recipients", "comes"]
    assert f"recipients: {coming} come" in question["subject"]
    example = damaged.value(
        "SELECT examples -> 0 ->> 'what' FROM ops.blast_radius "
        "WHERE change = 'comes' AND owner_field = 'salesrep' LIMIT 1"
    )
    assert example.replace("-", "\\-") in question["body"]

    with Approver(client, "Reject") as approver:
        assert damaged.resync(all=True) == SUCCESS
    assert approver.asked == []
    assert essence(damaged.tables()) == damaged.first


def test_a_rejected_resync_leaves_everything_as_it_was(damaged, client):
    before = damaged.tables()
    with Approver(client, "Reject") as approver:
        assert damaged.resync(all=True) == SUCCESS
    assert len(approver.asked) == 1
    assert damaged.tables() == before
    assert staged(damaged) == []
    ended = damaged.rows("SELECT state, error FROM ops.sync_runs ORDER BY started_at DESC LIMIT 1")[0]
    assert ended["state"] == "rejected"
    assert "nothing was loaded" in ended["error"]
    assert (
        damaged.rows("SELECT * FROM ops.sync_steps WHERE run_id LIKE 'resync%' AND step IN ('load', 'publish')") == []
    )


def test_ids_and_ranges_mend_what_they_name_and_nothing_else(damaged, client):
    """With the param there is no question."""
    ids = [row["id"] for row in damaged.rows("SELECT id FROM raw.invoices WHERE memo = 'damaged' ORDER BY id")]
    with Approver(client, "Reject") as approver:
        ended = damaged.resync(entities=["invoices"], ids=[str(ids[0]), "", "999999999"], without_approval=True)
        assert ended == SUCCESS
        mended = damaged.rows("SELECT id FROM raw.invoices WHERE run_id LIKE 'resync%'")
        assert mended == [{"id": ids[0]}]
        extracted = damaged.value("SELECT counts FROM ops.sync_steps WHERE run_id LIKE 'resync%' AND step = 'extract'")
        assert (extracted["rows"], extracted["not_shown"]) == (1, 1)

        instants = "SELECT DISTINCT last_modified_at AS at FROM raw.invoices WHERE memo = 'damaged' ORDER BY 1"
        at = [row["at"] for row in damaged.rows(instants)]
        start, end = at[len(at) // 3], at[2 * len(at) // 3]
        span = {"modified_from": start.isoformat(), "modified_to": end.isoformat()}
        assert damaged.resync(entities=["invoices"], **span, without_approval=True) == SUCCESS
    assert approver.asked == []
    left = damaged.rows("SELECT last_modified_at AS at FROM raw.invoices WHERE memo = 'damaged'")
    assert len(left) > 10
    assert all(row["at"] < start or row["at"] >= end for row in left)
    within = f"last_modified_at >= '{start}' AND last_modified_at < '{end}' AND run_id LIKE 'resync%'"
    assert damaged.value(f"SELECT count(*) FROM raw.invoices WHERE {within}") > 10


def test_a_backfill_reads_its_data_interval_and_asks_too(damaged, client):
    """P6: an ordinary DAG run of the sync, of type backfill."""
    chain_before = chain(damaged)
    day = damaged.value("SELECT max(last_modified_at) FROM raw.invoices WHERE memo = 'damaged'")
    start = day.replace(hour=0, minute=0, second=0, microsecond=0)
    with Approver(client, "Approve") as approver:
        assert damaged.backfill(start, start) == SUCCESS
    assert len(approver.asked) == 1
    interval = f"last_modified_at >= '{start}' AND last_modified_at < '{start + timedelta(days=1)}'"
    assert damaged.value(f"SELECT count(*) FROM raw.invoices WHERE run_id LIKE 'backfill%' AND {interval}") > 0
    assert damaged.value(f"SELECT count(*) FROM raw.invoices WHERE memo = 'damaged' AND {interval}") == 0
    assert damaged.value("SELECT count(*) FROM raw.invoices WHERE memo = 'damaged'") > 10
    assert chain(damaged) == chain_before
    assert damaged.value("SELECT bool_and(without_gap) FROM publish.coverage")
    steps = damaged.rows("SELECT entity, step FROM ops.sync_steps WHERE run_id LIKE 'backfill%' AND step = 'load'")
    assert {row["entity"] for row in steps} == {"run", "invoices", "employees", "customers", "terms", "deletions"}


def test_a_request_that_contradicts_itself_ends_in_the_first_task(damaged):
    before = damaged.tables()
    ended = damaged.resync(all=True, ids=["5"])
    assert list(ended["failures"]) == ["fence"]
    assert "ids and all were given" in ended["failures"]["fence"]
    later = (datetime.now(UTC) + timedelta(days=400)).isoformat()
    assert "NetSuite's own clock" in damaged.resync(modified_from=later)["failures"]["fence"]
    assert damaged.tables() == before


def test_a_sync_that_goes_by_while_a_resync_waits_is_not_undone(damaged, netsuite, client):
    """P6: what was edited meanwhile stays edited, and what was deleted meanwhile does not come back."""
    edited = damaged.value("SELECT min(id) FROM raw.invoices WHERE memo = 'damaged'")
    lost = {row["id"] for row in damaged.first["raw.invoices"]} - {
        row["id"] for row in damaged.rows("SELECT id FROM raw.invoices")
    }
    deleted = min(lost)
    ended = []

    def work_goes_on() -> None:
        netsuite.control("POST", "/settings", {"clock_offset_seconds": 60})
        netsuite.control("POST", "/rows/transaction", {"id": edited, "memo": "edited meanwhile"})
        netsuite.control("DELETE", f"/rows/transaction/{deleted}")
        netsuite.control("POST", "/settings", {"clock_offset_seconds": 120})
        ended.append(run_beside("netsuite_sync__acme"))

    with Approver(client, "Approve", work_goes_on):
        assert damaged.resync(all=True) == SUCCESS
    assert ended == [SUCCESS]
    assert damaged.value(f"SELECT memo FROM raw.invoices WHERE id = {edited}") == "edited meanwhile"
    assert damaged.value("SELECT count(*) FROM raw.invoices WHERE memo = 'damaged'") == 0
    live = damaged.rows("SELECT id FROM raw.invoices WHERE deleted_at IS NULL")
    assert {row["id"] for row in live} == {row["id"] for row in damaged.first["raw.invoices"]} - {deleted}
    assert damaged.rows(f"SELECT * FROM publish.recipients WHERE invoice_id = {deleted}") == []
    assert damaged.value("SELECT bool_and(without_gap) FROM publish.coverage")

"""With Team Selling, invoices reach staging with their sales team, by the steps of a sync and of a re-sync (D6)."""

from collections.abc import Iterator

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.end_to_end.conftest import Installation
from tests.end_to_end.steps import Steps
from tests.sandbox_process import SandboxProcess

INVOICES = 120
BAD_TEAM = {"sandbox_key": 10501, "transaction": 105, "employee": 11, "isprimary": "yes", "contribution": 1}
TEAM = "11:T:.6 17:F:.4"


@pytest.fixture(scope="module")
def netsuite() -> Iterator[SandboxProcess]:
    with SandboxProcess(invoices=INVOICES, team_selling=True) as process:
        process.control("POST", "/rows/transactionsalesteam?touch=false", BAD_TEAM)
        yield process


@pytest.fixture
def acme(installation: Installation, netsuite: SandboxProcess) -> Installation:
    installation.write_account(team_selling={"choice": "primary"})
    installation.connect(netsuite.connection())
    return installation


def staged(acme: Installation) -> dict[str, dict[str, str]]:
    """What stands in staging of invoices, by id, and the reasons of the rows that go to quarantine."""
    names = acme.rows("SELECT relname FROM pg_class WHERE relname ~ '^invoices__[0-9a-f]{12}$' AND relkind = 'r'")
    table = f"staging.{names[0]['relname']}"
    rows = acme.rows(f"SELECT staged.*, reason FROM {table} AS staged LEFT JOIN {table}__bad USING (row_number)")
    return {row["id"]: row for row in rows}


def test_a_sync_stages_the_team_and_sends_one_that_can_not_be_read_to_quarantine(acme):
    """P2: the row is kept with its text; nothing crashes, and no invoice is taken for one without a team."""
    steps = Steps("manual__2026-11-01T00:00:00+00:00")
    steps.run("fence")
    assert "transactionsalesteam" in acme.value("SELECT columns -> 'invoices' FROM ops.sync_runs")
    assert "salesrep" not in acme.value("SELECT fields -> 'invoices' FROM ops.sync_runs")
    assert steps.run("invoices.extract")["rows"] == INVOICES
    counts = steps.run("invoices.validate")
    rows = staged(acme)
    assert len(rows) == INVOICES
    assert "salesrep" not in rows["101"]
    assert (rows["101"]["sales_team"], rows["101"]["reason"]) == (TEAM, None)
    assert (rows["102"]["sales_team"], rows["102"]["reason"]) == (None, None)
    reason = "sales_team can't be read (employee:isprimary:contribution of each member)"
    assert (rows["105"]["sales_team"], rows["105"]["reason"]) == ("11:yes:1", reason)
    assert counts["reasons"] == {reason: 1}


@pytest.mark.parametrize("asked_for", [{"ids": ["101", "103"]}, {"modified_from": "2001-01-01"}], ids=["ids", "range"])
def test_a_re_sync_stages_it_too(acme, asked_for):
    """O9: what is read again is what a first sync would have read."""
    params = {"entities": ["invoices"], **asked_for}
    steps = Steps("manual__2026-11-01T00:00:00+00:00", kind="netsuite_resync", params=params)
    for step in ("fence", "invoices.extract", "invoices.validate"):
        steps.run(step)
    rows = staged(acme)
    assert len(rows) == (2 if "ids" in asked_for else INVOICES)
    assert rows["101"]["sales_team"] == TEAM
    assert rows["103"]["sales_team"] == "11:F:.5 17:F:.3 18:F:.2"


def test_without_the_table_the_fence_names_the_key_and_nothing_is_read(acme, netsuite):
    netsuite.control("POST", "/settings", {"team_selling": False})
    try:
        with pytest.raises(
            AirflowFailException, match=r"team_selling in .*acme\.yml.*Enable Features > CRM > Team Selling"
        ):
            Steps("manual__2026-11-01T00:00:00+00:00").run("fence")
    finally:
        netsuite.control("POST", "/settings", {"team_selling": True})


def test_teams_that_nobody_reads_are_warned_of_and_the_key_reads_all_invoices_again(acme, netsuite, caplog):
    """What was loaded before has no team yet; the sales rep itself comes back the same way, when the key goes."""
    acme.write_account()
    Steps("manual__2026-11-01T00:00:00+00:00").run_rest()
    (warning,) = [record.getMessage() for record in caplog.records if "sales teams" in record.getMessage()]
    assert "team_selling: {choice: primary}" in warning
    windows = "SELECT windows -> 'invoices' = 'null' AS in_full FROM ops.sync_runs"
    Steps("manual__2026-11-01T01:00:00+00:00").run("fence")
    acme.write_account(team_selling={"choice": "primary"})
    Steps("manual__2026-11-01T02:00:00+00:00").run("fence")
    assert [row["in_full"] for row in acme.rows(f"{windows} ORDER BY run_id")] == [True, False, True]


OWNERS = """
    SELECT owner_field, employee_id, status FROM publish.recipients
    WHERE invoice_number = '{}' AND owner_field LIKE 'salesrep%' ORDER BY owner_field
"""


def owners_of(acme: Installation, invoice: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in acme.rows(OWNERS.format(invoice))]


def test_from_the_account_file_to_the_recipients_and_back(acme, netsuite):
    """Each choice; a changed choice without reading again; a changed team; reconciled, re-synced; the key is gone."""
    assert acme.sync()["state"] == "success"
    assert owners_of(acme, "INV101") == [("salesrep", 11, "ok")]
    assert owners_of(acme, "INV102") == [("salesrep", None, "owner_empty")]
    assert owners_of(acme, "INV103") == [("salesrep", None, "team_without_primary")]
    assert acme.value("SELECT payload ->> 'sales_team' FROM quarantine.rows") == "11:yes:1"

    acme.write_account(team_selling={"choice": "contribution", "least_contribution": 0.4})
    assert acme.sync()["state"] == "success"
    assert owners_of(acme, "INV101") == [("salesrep", 11, "ok"), ("salesrep:2", 17, "ok")]
    assert owners_of(acme, "INV103") == [("salesrep", 11, "ok")]
    read = (
        "SELECT read_from IS NULL AS in_full FROM ops.extraction_windows WHERE entity = 'invoices' ORDER BY window_to"
    )
    assert [row["in_full"] for row in acme.rows(read)] == [True, False]

    netsuite.control("POST", "/rows/transactionsalesteam", {"sandbox_key": 10102, "contribution": 0.1})
    netsuite.control("POST", "/settings", {"clock_offset_seconds": 5})
    assert acme.sync()["state"] == "success"
    assert owners_of(acme, "INV101") == [("salesrep", 11, "ok")]
    before = acme.tables()
    assert acme.reconcile()["state"] == "success"
    assert acme.resync(entities=["invoices"], ids=["101", "103"], without_approval=True)["state"] == "success"
    assert acme.tables() == before

    acme.write_account()
    assert acme.sync()["state"] == "success"
    assert owners_of(acme, "INV103") == [("salesrep", 11, "ok")]
    assert acme.value("SELECT count(*) FROM raw.sales_teams") == 0

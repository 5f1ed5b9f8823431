"""What changes in NetSuite, or in the account file, arrives with the next run."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.steps import Steps
from tests.sandbox_process import SandboxProcess


@pytest.fixture
def netsuite() -> Iterator[SandboxProcess]:
    with SandboxProcess(invoices=150) as process:
        yield process


@pytest.fixture
def synced(installation, netsuite):
    installation.write_account()
    installation.connect(netsuite.connection())
    assert installation.sync()["state"] == "success"
    return installation


def later(netsuite: SandboxProcess) -> None:
    """A run reads up to NetSuite's clock, which ticks in seconds, and not beyond: let the second of the edit pass."""
    offset = netsuite.control("GET", "/settings")["clock_offset_seconds"]
    netsuite.control("POST", "/settings", {"clock_offset_seconds": offset + 2})


def some_recipient(synced) -> dict:
    return synced.rows(
        "SELECT * FROM publish.recipients WHERE status = 'ok' AND owner_field = 'salesrep' ORDER BY invoice_id LIMIT 1"
    )[0]


def recipient(synced, invoice_id: int, field: str = "salesrep") -> dict:
    (row,) = synced.rows(
        f"SELECT * FROM publish.recipients WHERE invoice_id = {invoice_id} AND owner_field = '{field}'"
    )
    return row


def test_a_changed_owner_and_a_new_invoice_arrive(synced, netsuite):
    before = some_recipient(synced)
    invoice = netsuite.control("GET", f"/rows/transaction/{before['invoice_id']}")
    netsuite.control("POST", "/rows/transaction", {"id": before["invoice_id"], "employee": None})
    new = {**invoice, "id": 9_000_001, "tranid": "NEW-1"}
    del new["lastmodifieddate"]
    netsuite.control("POST", "/rows/transaction", new)
    later(netsuite)
    assert synced.sync()["state"] == "success"
    assert recipient(synced, before["invoice_id"])["status"] == "owner_empty"
    assert recipient(synced, 9_000_001)["email"] == before["email"]


def test_a_changed_address_is_followed_by_user_and_recipient(synced, netsuite):
    """D3."""
    before = some_recipient(synced)
    netsuite.control("POST", "/rows/employee", {"id": before["employee_id"], "email": " New.Address@Example.com "})
    later(netsuite)
    assert synced.sync()["state"] == "success"
    after = recipient(synced, before["invoice_id"])
    assert (after["status"], after["email"]) == ("ok", "New.Address@Example.com")
    assert after["user_id"] == before["user_id"]
    assert synced.value(f"SELECT email FROM workflow.users WHERE user_id = '{before['user_id']}'") == after["email"]


def test_what_a_person_changed_on_a_user_stays(synced, netsuite):
    """O5: role and activity are never set back."""
    before = some_recipient(synced)
    synced.execute(f"UPDATE workflow.users SET role = 'admin', is_active = false WHERE user_id = '{before['user_id']}'")
    netsuite.control("POST", "/rows/employee", {"id": before["employee_id"], "firstname": "Renamed"})
    later(netsuite)
    assert synced.sync()["state"] == "success"
    (user,) = synced.rows(f"SELECT role, is_active FROM workflow.users WHERE user_id = '{before['user_id']}'")
    assert user == {"role": "admin", "is_active": False}
    assert recipient(synced, before["invoice_id"])["status"] == "user_inactive"


def test_a_deleted_invoice_leaves_the_recipients(synced, netsuite):
    """P3: deletions in NetSuite arrive too."""
    invoice_id = some_recipient(synced)["invoice_id"]
    netsuite.control("DELETE", f"/rows/transaction/{invoice_id}")
    later(netsuite)
    assert synced.sync()["state"] == "success"
    assert synced.value(f"SELECT deleted_at IS NOT NULL FROM raw.invoices WHERE id = {invoice_id}")
    assert synced.value(f"SELECT count(*) FROM publish.recipients WHERE invoice_id = {invoice_id}") == 0


def test_an_employee_who_was_deleted_is_the_reason_that_is_shown(synced, netsuite):
    before = some_recipient(synced)
    netsuite.control("DELETE", f"/rows/employee/{before['employee_id']}")
    later(netsuite)
    assert synced.sync()["state"] == "success"
    after = recipient(synced, before["invoice_id"])
    assert (after["status"], after["email"]) == ("employee_deleted", None)


def test_a_balance_that_changed_without_a_modified_date_arrives(synced, netsuite):
    """C8: credit figures are read in full."""
    customer = synced.rows("SELECT customer_id FROM publish.customer_credit ORDER BY 1 LIMIT 1")[0]["customer_id"]
    netsuite.control("POST", "/rows/customer?touch=false", {"id": customer, "balancesearch": "1234.50"})
    later(netsuite)
    assert synced.sync()["state"] == "success"
    assert synced.value(f"SELECT balance = 1234.50 FROM publish.customer_credit WHERE customer_id = {customer}")


def test_an_invoice_of_which_only_a_line_was_edited_arrives(synced, netsuite):
    """B4: the edit changed the total, and left the header's modified instant as it was."""
    (before,) = synced.rows("SELECT id, last_modified_at FROM raw.invoices ORDER BY id DESC LIMIT 1")
    netsuite.control("POST", "/rows/transactionline", {"uniquekey": before["id"], "memo": "edited"})
    netsuite.control("POST", "/rows/transaction?touch=false", {"id": before["id"], "foreigntotal": 4711})
    later(netsuite)
    assert synced.sync()["state"] == "success"
    (after,) = synced.rows(f"SELECT total, last_modified_at FROM raw.invoices WHERE id = {before['id']}")
    assert (after["total"], after["last_modified_at"]) == (4711, before["last_modified_at"])
    fences = "SELECT counts -> 'line_edits' AS line_edits FROM ops.sync_steps WHERE step = 'fence'"
    assert [row["line_edits"] for row in synced.rows(fences)] == [True, True]


def test_an_owner_field_that_joins_the_account_file_is_read_from_every_invoice(synced):
    """O1: the invoices that are there already get their rows too."""
    synced.write_account(owner_fields=["salesrep"])
    assert synced.sync()["state"] == "success"
    invoices = synced.value("SELECT count(*) FROM raw.invoices")
    assert synced.value("SELECT count(*) FROM publish.recipients") == invoices
    synced.write_account(owner_fields=["salesrep", "custbody_collector"])
    assert synced.sync()["state"] == "success"
    assert synced.value("SELECT count(*) FROM publish.recipients WHERE owner_field = 'custbody_collector'") == invoices
    assert synced.value(
        "SELECT count(*) FROM publish.recipients WHERE owner_field = 'custbody_collector' AND status = 'ok'"
    )


def test_match_only_makes_no_user(installation, netsuite):
    installation.write_account(user_mode="match_only")
    installation.connect(netsuite.connection())
    refused = installation.sync()
    assert "Run the DAG netsuite_match_only__acme" in refused["failures"]["fence"]
    installation.execute(
        "INSERT INTO ops.user_mode_switches (account, user_mode, confirmed_by, run_id, shown) "
        "VALUES ('acme', 'match_only', 'kim', 'by hand', '{}')"
    )
    assert installation.sync()["state"] == "success"
    assert installation.value("SELECT count(*) FROM workflow.users") == 0
    assert installation.value("SELECT count(*) FROM publish.recipients WHERE status = 'no_user'") > 0
    installation.write_account(user_mode="import")
    assert "kim switched the account to match_only" in installation.sync()["failures"]["fence"]


def test_a_sudden_shrinking_stops_the_load_until_someone_allows_it_once(synced, netsuite):
    """P2: suspiciously few rows."""
    terms = synced.value("SELECT count(*) FROM raw.terms")
    for row in synced.rows("SELECT id FROM raw.terms ORDER BY id LIMIT 4"):
        netsuite.control("DELETE", f"/rows/term/{row['id']}")
    stopped = synced.sync()
    assert f"{terms - 4} rows were read, but {terms} are loaded" in stopped["failures"]["terms.validate"]
    assert synced.value("SELECT count(*) FROM raw.terms") == terms
    synced.write_account(validation={"max_shrink": 1})
    assert synced.sync()["state"] == "success"
    synced.write_account()
    assert synced.sync()["state"] == "success"


def test_a_netsuite_clock_that_goes_back_between_runs_hides_no_change(installation, netsuite):
    """P3, B4: what is stamped before the watermark then is read all the same, and the watermark stays where it is."""
    installation.write_account()
    installation.connect(netsuite.connection())
    netsuite.control("POST", "/settings", {"clock_offset_seconds": 200})
    Steps("ahead").run_rest()
    watermark = "SELECT read_up_to FROM ops.watermarks WHERE entity = 'invoices'"
    before = installation.value(watermark)
    netsuite.control("POST", "/settings", {"clock_offset_seconds": -200})
    netsuite.control("POST", "/rows/transaction", {"id": 101, "memo": "while the clock was behind"})
    netsuite.control("DELETE", "/rows/transaction/103")
    later(netsuite)
    Steps("behind").run_rest()
    assert installation.value(watermark) == before
    netsuite.control("POST", "/rows/transaction", {"id": 102, "memo": "still behind the watermark"})
    netsuite.control("POST", "/settings", {"clock_offset_seconds": 0})
    Steps("right").run_rest()
    assert installation.value("SELECT memo FROM raw.invoices WHERE id = 101") == "while the clock was behind"
    assert installation.value("SELECT memo FROM raw.invoices WHERE id = 102") == "still behind the watermark"
    assert installation.value("SELECT deleted_at IS NOT NULL FROM raw.invoices WHERE id = 103") is True
    assert installation.value("SELECT bool_and(without_gap) FROM publish.coverage") is True

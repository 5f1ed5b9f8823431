"""What no sync could see is found by comparing ids with NetSuite, and mended the ordinary way (B4, P3)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.sandbox_process import SandboxProcess

LOST = 9_000_001
LONG_AGO = "2020-05-01T12:00:00Z"
SUCCESS = {"state": "success", "failures": {}}
NO_DIFFERENCE = {"lost": 0, "changed": 0, "deleted_silently": 0, "repaired": 0}


@pytest.fixture
def netsuite() -> Iterator[SandboxProcess]:
    with SandboxProcess(invoices=150, bad_rows=2) as process:
        yield process


@pytest.fixture
def synced(installation, netsuite):
    installation.write_account()
    installation.connect(netsuite.connection())
    assert installation.sync() == SUCCESS
    return installation


def an_invoice(synced, number: int = 0) -> dict:
    return synced.rows(
        "SELECT invoices.* FROM raw.invoices JOIN publish.recipients ON invoice_id = id AND owner_field = 'salesrep' "
        f"WHERE recipients.status = 'ok' ORDER BY last_modified_at, id OFFSET {number} LIMIT 1"
    )[0]


def edit_unseen(netsuite: SandboxProcess, table: str, *rows: dict) -> None:
    """Change rows as something does that leaves the modified instant behind the watermark."""
    netsuite.control("POST", f"/rows/{table}?touch=false", list(rows))


def hide(netsuite: SandboxProcess, *invoices: int) -> None:
    """Take invoices out of NetSuite's sight, without a trace in deletedrecord."""
    edit_unseen(netsuite, "transaction", *({"id": id_, "type": "Hidden"} for id_ in invoices))


def result(synced, entity: str = "invoices") -> dict:
    """The last reconciliation of an entity."""
    return synced.rows(
        "SELECT netsuite_rows, raw_rows, lost, changed, deleted_silently, quarantined, repaired "
        f"FROM ops.reconciliations WHERE entity = '{entity}' ORDER BY compared_at DESC LIMIT 1"
    )[0]


def watermarks(synced) -> list[dict]:
    return synced.rows("SELECT * FROM ops.watermarks ORDER BY entity")


def test_a_payment_that_leaves_the_invoices_modified_instant_as_it_was_arrives(synced, netsuite):
    open_one = synced.rows("SELECT * FROM raw.invoices WHERE unpaid_amount > 0 AND total = unpaid_amount LIMIT 1")[0]
    edit_unseen(netsuite, "transaction", {"id": open_one["id"], "foreignamountunpaid": 0, "status": "B"})
    assert synced.reconcile() == SUCCESS
    found = result(synced)
    assert found == found | {"changed": 1, "repaired": 1, "lost": 0}
    (paid,) = synced.rows(f"SELECT * FROM raw.invoices WHERE id = {open_one['id']}")
    assert paid == open_one | {"unpaid_amount": 0, "status": "B", "run_id": paid["run_id"]}


def test_with_nothing_to_mend_nothing_changes(synced):
    before, watermarks_before = synced.tables(), watermarks(synced)
    assert synced.reconcile() == SUCCESS
    for entity in ("invoices", "employees", "customers", "terms"):
        found = result(synced, entity)
        assert found == found | NO_DIFFERENCE
        assert found["netsuite_rows"] == found["raw_rows"] + found["quarantined"] > 0
    assert sum(result(synced, entity)["quarantined"] for entity in ("invoices", "employees", "customers")) == 2
    assert (synced.tables(), watermarks(synced)) == (before, watermarks_before)
    assert synced.rows("SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace") == []


def test_lost_changed_and_silently_deleted_records_are_found_and_mended(synced, netsuite):
    """What lies before the watermark no sync reads again; what leaves no deletedrecord no sync hears of."""
    changed, deleted = an_invoice(synced), an_invoice(synced, 1)
    original = netsuite.control("GET", f"/rows/transaction/{changed['id']}")
    edit_unseen(netsuite, "transaction", original | {"id": LOST, "tranid": "LOST-1", "lastmodifieddate": LONG_AGO})
    stamp = (changed["last_modified_at"] + timedelta(seconds=1)).isoformat()
    edit_unseen(netsuite, "transaction", {"id": changed["id"], "memo": "unseen", "lastmodifieddate": stamp})
    hide(netsuite, deleted["id"])
    assert synced.sync() == SUCCESS
    assert synced.value(f"SELECT count(*) FROM raw.invoices WHERE id = {LOST} OR memo = 'unseen'") == 0
    watermarks_before = watermarks(synced)

    assert synced.reconcile() == SUCCESS
    assert result(synced) == result(synced) | {"lost": 1, "changed": 1, "deleted_silently": 1, "repaired": 3}
    assert synced.value(f"SELECT invoice_number FROM raw.invoices WHERE id = {LOST}") == "LOST-1"
    assert synced.value(f"SELECT memo FROM raw.invoices WHERE id = {changed['id']}") == "unseen"
    assert synced.value(
        "SELECT deleted_at = cutoff_at FROM raw.invoices JOIN ops.sync_runs USING (account, run_id) "
        f"WHERE id = {deleted['id']}"
    )
    published = {row["invoice_id"] for row in synced.rows("SELECT invoice_id FROM publish.recipients")}
    assert LOST in published
    assert deleted["id"] not in published
    assert watermarks(synced) == watermarks_before
    (counts,) = synced.rows("SELECT counts FROM ops.sync_steps WHERE entity = 'invoices' AND step = 'compare'")
    assert counts["counts"]["examples"] == {
        "lost": [LOST],
        "changed": [changed["id"]],
        "deleted_silently": [deleted["id"]],
    }

    after = synced.tables()
    assert synced.reconcile() == SUCCESS
    assert result(synced) == result(synced) | NO_DIFFERENCE
    assert synced.tables() == after


def test_a_record_that_comes_back_lives_again(synced, netsuite):
    """A role that could not see it for a while, or a restore: its modified instant is older than its deletion."""
    victim = an_invoice(synced)["id"]
    before = synced.published()["publish.recipients"]
    hide(netsuite, victim)
    assert synced.reconcile() == SUCCESS
    edit_unseen(netsuite, "transaction", {"id": victim, "type": "CustInvc"})
    assert synced.reconcile() == SUCCESS
    assert result(synced) == result(synced) | {"lost": 1, "repaired": 1}
    assert synced.value(f"SELECT deleted_at IS NULL FROM raw.invoices WHERE id = {victim}")
    keys = [(row["invoice_id"], row["owner_field"], row["status"], row["email"]) for row in before]
    after = synced.published()["publish.recipients"]
    assert [(row["invoice_id"], row["owner_field"], row["status"], row["email"]) for row in after] == keys


def test_what_a_sync_has_yet_to_read_is_no_difference(synced, netsuite):
    """New rows, edits and reported deletions since the watermark are the next sync's."""
    one, other = an_invoice(synced), an_invoice(synced, 1)
    original = netsuite.control("GET", f"/rows/transaction/{one['id']}")
    del original["lastmodifieddate"]
    netsuite.control("POST", "/settings", {"clock_offset_seconds": 60})
    netsuite.control("POST", "/rows/transaction", [original | {"id": LOST}, {"id": one["id"], "memo": "edited"}])
    netsuite.control("DELETE", f"/rows/transaction/{other['id']}")
    netsuite.control("POST", "/settings", {"clock_offset_seconds": 120})
    assert synced.reconcile() == SUCCESS
    assert result(synced) == result(synced) | NO_DIFFERENCE
    assert synced.value(f"SELECT count(*) FROM raw.invoices WHERE id = {LOST} OR memo = 'edited'") == 0


@pytest.mark.parametrize("share", [0.5, 1])
def test_a_role_that_sees_less_never_empties_raw(synced, netsuite, share):
    ids = [row["id"] for row in synced.rows("SELECT id FROM raw.invoices ORDER BY id")]
    # Those in quarantine too, so that NetSuite shows none at all.
    waiting = [
        int(row["record_id"]) for row in synced.rows("SELECT record_id FROM quarantine.rows WHERE entity = 'invoices'")
    ]
    hide(netsuite, *ids[: int(len(ids) * share)], *waiting)
    before = synced.tables()
    ended = synced.reconcile()
    assert ended["state"] == "failed"
    assert list(ended["failures"]) == ["invoices.compare"]
    message = ended["failures"]["invoices.compare"]
    assert ("no longer shows" if share < 1 else "shows no invoices of account acme at all") in message
    assert "role" in message
    assert synced.tables() == before
    assert result(synced)["repaired"] == 0
    if share < 1:
        synced.write_account(validation={"max_shrink": 0.6})
        assert synced.reconcile() == SUCCESS
        assert result(synced)["repaired"] == int(len(ids) * share)


def test_a_silently_deleted_term_and_a_lost_employee_are_mended_too(synced, netsuite):
    """NetSuite does not report deleted terms; an entity that is read in full is compared all the same."""
    term = synced.value("SELECT max(id) FROM raw.terms")
    netsuite.control("DELETE", f"/rows/term/{term}")
    employee = synced.value("SELECT max(id) FROM raw.employees")
    synced.execute(f"DELETE FROM raw.employees WHERE id = {employee}")
    assert synced.reconcile() == SUCCESS
    assert synced.value(f"SELECT deleted_at IS NOT NULL FROM raw.terms WHERE id = {term}")
    assert synced.value(f"SELECT count(*) FROM raw.employees WHERE id = {employee}") == 1
    assert result(synced, "terms")["deleted_silently"] == result(synced, "employees")["lost"] == 1
    assert synced.sync() == SUCCESS


def test_a_version_older_than_the_one_in_raw_is_shown_to_a_person(synced, netsuite):
    """As after a refresh of the account: nothing is guessed."""
    victim = an_invoice(synced)["id"]
    edit_unseen(netsuite, "transaction", {"id": victim, "memo": "old", "lastmodifieddate": LONG_AGO})
    ended = synced.reconcile()
    assert list(ended["failures"]) == ["invoices.repair"]
    assert str(victim) in ended["failures"]["invoices.repair"]
    assert result(synced) == result(synced) | {"changed": 1, "repaired": 0}


def test_an_account_that_was_never_synced_has_nothing_to_compare(installation, netsuite):
    installation.write_account()
    installation.connect(netsuite.connection())
    ended = installation.reconcile()
    assert list(ended["failures"]) == ["fence"]
    assert "Run netsuite_sync__acme first" in ended["failures"]["fence"]

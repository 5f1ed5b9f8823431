"""An entity is read whole, within its window, and lands as NetSuite sent it."""

from datetime import UTC, datetime, timedelta

import pytest

from include.extract.entities import DELETIONS, EMPLOYEES, ENTITIES, INVOICES
from include.extract.extract import IDS_PER_QUESTION, extract, extract_by_id, window_of
from include.extract.landing import LandingArea
from include.extract.suiteql import LINE_EDITS

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def read(client, account, tmp_path):
    def read(entity, since=None, cutoff=None):
        landed = LandingArea(str(tmp_path)).folder("acme", "run", entity.name)
        pages: list[int] = []
        window = window_of(entity, since, cutoff or client.server_clock())
        manifest = extract(client, account, entity, window, landed, on_page=pages.append, had=[LINE_EDITS])
        rows = [row for part in landed.read() for row in part.to_pylist()]
        assert manifest.rows == len(rows) == sum(pages)
        return rows

    return read


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_every_declared_column_lands_as_text(read, account, entity):
    for row in read(entity):
        assert set(row) == {column.name for column in entity.columns} | set(account.fields_of(entity.name))
        assert all(value is None or isinstance(value, str) for value in row.values())


def test_every_invoice_lands_once_though_pages_are_read_side_by_side(read, client):
    rows = read(INVOICES)
    assert len(rows) == len({row["id"] for row in rows}) == 2500
    assert client.stats.highest_in_flight > 1


def test_owner_fields_land_under_the_names_of_the_account_file(read):
    """O2: the employee is read from each chosen field of each invoice."""
    rows = read(INVOICES)
    assert any(row["salesrep"] for row in rows)
    assert any(row["custbody_collector"] for row in rows)
    assert any(row["salesrep"] is None for row in rows)


def test_addresses_land_exactly_as_the_record_has_them(read):
    emails = [row["email"] for row in read(EMPLOYEES) if row["email"]]
    assert any(email != email.strip() for email in emails)
    assert any(email != email.lower() for email in emails)


def test_two_windows_side_by_side_give_every_row_exactly_once(read):
    """P3: half-open windows, so that a row at the boundary is in one of them."""
    stamps = sorted(row["last_modified_at"] for row in read(INVOICES))
    boundary = datetime.strptime(stamps[len(stamps) // 2], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    before = {row["id"] for row in read(INVOICES, since=LONG_AGO, cutoff=boundary)}
    after = {row["id"] for row in read(INVOICES, since=boundary)}
    assert before.isdisjoint(after)
    assert len(before) + len(after) == 2500


def test_an_invoice_of_which_only_a_line_was_edited_is_read(read, client, sandbox):
    """B4: the edit leaves the header's modified instant as it was."""
    quiet = max(read(INVOICES), key=lambda row: int(row["id"]))
    now = client.server_clock()
    line = {"uniquekey": int(quiet["id"]), "linelastmodifieddate": now.isoformat(), "memo": "edited"}
    sandbox.control("POST", "/rows/transactionline?touch=false", line)
    sandbox.control("POST", "/rows/transaction?touch=false", {"id": int(quiet["id"]), "foreigntotal": 4711})
    just_now = {"since": now - timedelta(seconds=1), "cutoff": now + timedelta(seconds=1)}
    found = {row["id"]: row for row in read(INVOICES, **just_now)}
    assert found[quiet["id"]]["total"] == "4711"
    assert found[quiet["id"]]["last_modified_at"] == quiet["last_modified_at"]
    assert quiet["id"] not in {row["id"] for row in read(INVOICES, since=now + timedelta(seconds=1))}


def test_an_edited_line_of_an_invoice_that_changed_after_the_cutoff_waits_for_the_next_run(read, client, sandbox):
    some = max(read(INVOICES), key=lambda row: int(row["id"]))
    now = client.server_clock()
    line = {"uniquekey": int(some["id"]), "linelastmodifieddate": now.isoformat()}
    sandbox.control("POST", "/rows/transactionline?touch=false", line)
    later = (now + timedelta(minutes=1)).isoformat()
    sandbox.control("POST", "/rows/transaction", {"id": int(some["id"]), "lastmodifieddate": later})
    found = read(INVOICES, since=now - timedelta(seconds=1), cutoff=now + timedelta(seconds=1))
    assert some["id"] not in {row["id"] for row in found}


def test_a_window_in_which_nothing_changed_lands_nothing(read, client):
    now = client.server_clock()
    assert read(INVOICES, since=now - timedelta(seconds=1), cutoff=now) == []


def test_deletions_before_the_first_run_are_no_concern_of_the_sync(client):
    now = client.server_clock()
    assert window_of(DELETIONS, None, now).since == now - DELETIONS.overlap
    assert window_of(INVOICES, None, now).since is None


def test_a_deletion_lands_with_its_type_and_instant(read, sandbox):
    """P3: deletions in NetSuite arrive too."""
    victim = read(INVOICES)[0]["id"]
    sandbox.control("DELETE", f"/rows/transaction/{victim}")
    rows = read(DELETIONS, cutoff=datetime.now(UTC) + timedelta(minutes=1))
    assert victim in {row["id"] for row in rows if row["record_type"].casefold() in ("invoice", "custinvc")}


def test_records_are_read_by_id_whenever_they_were_modified(read, client, account, sandbox, tmp_path):
    """Those that are gone are left out; more ids than one question takes are asked for in several."""
    everything = {int(row["id"]): row for row in read(INVOICES)}
    ids = sorted(everything)[: IDS_PER_QUESTION + 100]
    sandbox.control("POST", "/rows/transaction", {"id": ids[0], "lastmodifieddate": "2999-01-01T00:00:00Z"})
    landed = LandingArea(str(tmp_path)).folder("acme", "by id", INVOICES.name)
    asked_before = client.stats.requests
    manifest = extract_by_id(client, account, INVOICES, [*ids, 10**9], landed, on_page=lambda rows: None)
    rows = {int(row["id"]): row for part in landed.read() for row in part.to_pylist()}
    assert manifest.rows == len(rows) == len(ids)
    assert rows.keys() == set(ids)
    assert rows[ids[0]]["last_modified_at"] == "2999-01-01T00:00:00Z"
    assert {id_: rows[id_] for id_ in ids[1:]} == {id_: everything[id_] for id_ in ids[1:]}
    # Two questions of ids, each with its bounds; the rest are probes of the columns.
    assert client.stats.requests - asked_before < 10

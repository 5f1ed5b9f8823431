"""The client against the sandbox: both sign-ins verified for real, SuiteQL really executed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import pytest

from include.netsuite import slices
from include.netsuite.client import NetSuiteClient
from include.netsuite.columns import Column
from include.netsuite.connection import NetSuiteConnection
from include.netsuite.errors import NetSuiteDown, NotPermittedOrMissing, NotSignedIn, UnknownColumn
from include.netsuite.keyset import KeysetQuery
from tests.sandbox_process import SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.netsuite.retries import RetryBudget

INVOICES = 1500
RANGE = "FROM transaction t WHERE t.type = :type AND t.id > :after_id AND t.id <= :last_id"
QUERY = KeysetQuery(
    sql=f"""
        -- Invoices. Grain: one row per invoice.
        SELECT t.id AS id, t.tranid AS invoice_number, t.memo AS memo,
            TO_CHAR(SYS_EXTRACT_UTC(t.lastmodifieddate), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS last_modified_at
        {RANGE} ORDER BY t.id
    """,
    bounds_sql=f"SELECT MIN(t.id) AS first_id, MAX(t.id) AS last_id, COUNT(*) AS row_count {RANGE}",
    params={"type": "CustInvc"},
    columns=("id", "invoice_number", "memo", "last_modified_at"),
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess(invoices=INVOICES, concurrency=5, hide=["vendor"]) as process:
        yield process


def connection(sandbox: SandboxProcess, auth: Literal["oauth2", "tba"], **extra: Any) -> NetSuiteConnection:
    fields = sandbox.connection(auth)
    return NetSuiteConnection.from_airflow_fields(
        fields["host"], fields["login"], fields["password"], fields["extra"] | extra
    )


@pytest.mark.parametrize("auth", ["oauth2", "tba"])
def test_both_ways_of_signing_in_are_accepted(sandbox: SandboxProcess, auth: Literal["oauth2", "tba"]) -> None:
    text = NetSuiteClient(connection(sandbox, auth)).who_am_i()
    assert sandbox.base_url in text
    assert "employees" in text


@pytest.mark.parametrize("auth", ["oauth2", "tba"])
def test_all_invoices_are_read_in_parallel(sandbox: SandboxProcess, auth: Literal["oauth2", "tba"]) -> None:
    client = NetSuiteClient(connection(sandbox, auth, concurrency=4))
    pages = list(client.read_by_key(QUERY, page_size=100))
    ids = [text for page in pages for text in page.table["id"].to_pylist()]
    assert len(ids) == len(set(ids)) == INVOICES
    assert all(page.table.column_names == list(QUERY.columns) for page in pages)
    assert client.stats.highest_in_flight > 1


def test_a_connection_that_asks_for_more_than_the_account_allows_still_reads_everything(
    sandbox: SandboxProcess,
) -> None:
    sandbox.control("POST", "/settings", {"latency_ms": 20})
    client = NetSuiteClient(connection(sandbox, "tba", concurrency=12))
    try:
        rows = sum(page.table.num_rows for page in client.read_by_key(QUERY, page_size=50))
    finally:
        sandbox.control("POST", "/settings", {"latency_ms": 0})
    assert rows == INVOICES
    assert client.stats.retries["TooManyRequests"] >= 1


def test_netsuites_clock_is_read_in_utc(sandbox: SandboxProcess) -> None:
    """O9, B4: the cut-off of a run. The sandbox's session time zone is not UTC."""
    clock = NetSuiteClient(connection(sandbox, "tba")).server_clock()
    assert clock.tzinfo is UTC
    assert abs(clock - datetime.now(UTC)) < timedelta(seconds=10)


def test_typed_rows_come_from_a_small_query(sandbox: SandboxProcess) -> None:
    rows = NetSuiteClient(connection(sandbox, "oauth2")).query(
        "SELECT e.id AS id, e.email AS email, e.isinactive AS is_inactive FROM employee e ORDER BY e.id",
        columns=[Column("id", "id"), Column("email", "text"), Column("is_inactive", "flag")],
        limit=50,
    )
    assert all(isinstance(row["id"], int) and isinstance(row["is_inactive"], bool) for row in rows)
    assert None in {row["email"] for row in rows}


def test_a_column_that_suiteql_does_not_offer_is_named(sandbox: SandboxProcess) -> None:
    with pytest.raises(UnknownColumn) as refused:
        NetSuiteClient(connection(sandbox, "tba")).probe("SELECT t.salesrep FROM transaction t")
    assert refused.value.column == "salesrep"


@pytest.mark.parametrize("table", ["vendor", "no_such_table"])
def test_a_table_that_is_hidden_or_missing_is_named(sandbox: SandboxProcess, table: str) -> None:
    with pytest.raises(NotPermittedOrMissing) as refused:
        NetSuiteClient(connection(sandbox, "tba")).probe(f"SELECT v.id FROM {table} v")
    assert refused.value.name == table


@pytest.mark.parametrize(
    ("auth", "wrong"),
    [
        ("tba", {"token_secret": "not-the-secret"}),
        ("tba", {"account": "7654321"}),
        ("oauth2", {"certificate_id": "not-the-certificate"}),
    ],
)
def test_wrong_keys_end_at_once_with_what_to_check(
    sandbox: SandboxProcess, auth: Literal["oauth2", "tba"], wrong: dict[str, str]
) -> None:
    with pytest.raises(NotSignedIn, match="Login Audit Trail"):
        NetSuiteClient(connection(sandbox, auth, **wrong)).probe("SELECT e.id FROM employee e")


@pytest.mark.parametrize("cap_mode", ["silent", "error"])
def test_more_invoices_than_one_query_may_match_are_all_read(
    sandbox: SandboxProcess, cap_mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past NetSuite's cap a query is cut off in silence, or fails: sources disagree (netsuite.md 1.2)."""
    monkeypatch.setattr(slices, "SAFE_ROWS", 180)
    sandbox.control("POST", "/settings", {"row_cap": 200, "cap_mode": cap_mode})
    try:
        pages = list(NetSuiteClient(connection(sandbox, "tba")).read_by_key(QUERY, page_size=100))
    finally:
        sandbox.control("POST", "/settings", {"row_cap": 100_000, "cap_mode": "silent"})
    assert sum(page.table.num_rows for page in pages) == INVOICES


def test_names_in_random_capitals_are_read_all_the_same(sandbox: SandboxProcess) -> None:
    """Oracle does not promise the case of names."""
    sandbox.control("POST", "/settings", {"random_casing": True})
    try:
        pages = list(NetSuiteClient(connection(sandbox, "tba")).read_by_key(QUERY))
    finally:
        sandbox.control("POST", "/settings", {"random_casing": False})
    assert sum(page.table.num_rows for page in pages) == INVOICES
    assert all(page.table["invoice_number"].null_count == 0 for page in pages)


def test_tokens_that_live_briefly_are_renewed_during_a_read() -> None:
    with SandboxProcess(invoices=300, token_lifetime=1, latency_ms=100) as brief:
        client = NetSuiteClient(connection(brief, "oauth2", concurrency=1))
        rows = sum(page.table.num_rows for page in client.read_by_key(QUERY, page_size=25))
    assert rows == 300
    assert client.stats.retries == {}


def test_a_netsuite_that_stops_in_the_middle_is_named_as_down(quick: RetryBudget) -> None:
    with SandboxProcess(invoices=300, latency_ms=20) as process:
        client = NetSuiteClient(connection(process, "tba", concurrency=2), retry_budget=quick)
        pages = client.read_by_key(QUERY, page_size=10)
        next(pages)
        process.stop()
        with pytest.raises(NetSuiteDown):
            list(pages)

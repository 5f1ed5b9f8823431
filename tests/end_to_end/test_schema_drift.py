"""What disappears in NetSuite stops the run and is named; nothing that was loaded or published is emptied (P2, B4)."""

from collections.abc import Iterator

import pytest

from tests.sandbox_process import SandboxProcess


@pytest.fixture(scope="module")
def netsuite() -> Iterator[SandboxProcess]:
    with SandboxProcess(invoices=120) as process:
        yield process


@pytest.fixture
def synced(installation, netsuite):
    netsuite.control("POST", "/settings", {"empty_tables": [], "hidden_tables": [], "hidden_columns": []})
    installation.write_account(owner_fields=["salesrep"], custom_fields={"customers": ["custentity_segment"]})
    installation.connect(netsuite.connection())
    assert installation.sync()["state"] == "success"
    return installation


def test_a_column_record_or_field_that_vanishes_fails_the_fence_by_name(synced, netsuite):
    before = synced.tables()
    for hidden, named in (
        ({"hidden_columns": ["customer.unbilledorderssearch"]}, "accept_missing: {customers: [unbilled_orders]}"),
        ({"hidden_columns": ["customer.custentity_segment"]}, "custom_fields.customers in"),
        ({"hidden_tables": ["employee"]}, "permission Lists > Employees"),
    ):
        netsuite.control("POST", "/settings", {"hidden_tables": [], "hidden_columns": [], **hidden})
        result = synced.sync()
        assert list(result["failures"]) == ["fence"]
        assert named in result["failures"]["fence"]
    assert synced.tables() == before


def test_records_that_the_role_sees_none_of_any_more_stay_as_they_were(synced, netsuite):
    """NetSuite answers a role that is restricted to nothing with no rows, not with an error."""
    before = synced.tables()
    tables = ["transaction", "employee", "customer", "term", "deletedrecord"]
    netsuite.control("POST", "/settings", {"empty_tables": tables, "clock_offset_seconds": 2})
    result = synced.sync()
    assert set(result["failures"]) == {"employees.validate", "customers.validate", "terms.validate"}
    for message in result["failures"].values():
        assert "0 rows were read" in message
        assert "See whether the integration's role may still view these records" in message
    assert synced.tables() == before


def test_a_column_is_given_up_by_the_account_file_and_read_for_all_rows_when_it_is_back(synced, netsuite):
    columns = "SELECT columns FROM ops.watermarks WHERE entity = 'invoices'"
    assert "t.foreignamountunpaid" in synced.value(columns)
    netsuite.control("POST", "/settings", {"hidden_columns": ["transaction.foreignamountunpaid"]})
    synced.write_account(owner_fields=["salesrep"], accept_missing={"invoices": ["unpaid_amount"]})
    netsuite.control("POST", "/settings", {"clock_offset_seconds": 2})
    assert synced.sync()["state"] == "success"
    assert "t.foreignamountunpaid" not in synced.value(columns)
    netsuite.control("POST", "/settings", {"hidden_columns": [], "clock_offset_seconds": 4})
    assert synced.sync()["state"] == "success"
    assert "t.foreignamountunpaid" in synced.value(columns)
    windows = "SELECT read_from IS NULL AS in_full FROM ops.extraction_windows WHERE entity = 'invoices'"
    assert [row["in_full"] for row in synced.rows(f"{windows} ORDER BY window_to")] == [True, False, True]

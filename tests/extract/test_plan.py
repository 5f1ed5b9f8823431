"""What an account does not have is settled with NetSuite before anything is read."""

from datetime import UTC, datetime

import pytest

from include.extract.entities import CUSTOMERS, EMPLOYEES, INVOICES
from include.extract.errors import MissingField, NotPermitted, VanishedColumn
from include.extract.plan import plan_entity
from include.extract.suiteql import LINE_EDITS, Window
from tests.extract.conftest import client_of
from tests.sandbox_process import SandboxProcess

WINDOW = Window(None, datetime(2026, 11, 20, tzinfo=UTC))


def expression(plan, alias):
    return next(item.expression for item in plan.query.items if item.alias == alias)


def test_the_sales_rep_is_asked_for_as_suiteql_calls_it_and_keeps_its_name(client, account):
    """O1: owner fields are named as people know them from the record."""
    (plan,) = plan_entity(client, account, INVOICES, WINDOW)
    assert expression(plan, "salesrep") == "t.employee"
    assert expression(plan, "custbody_collector") == "t.custbody_collector"
    assert plan.missing == ()


def test_an_unknown_owner_field_is_named_with_the_account_file(client, account_of):
    account = account_of("owner_fields: [salesrep, custbody_colector]")
    with pytest.raises(MissingField) as caught:
        plan_entity(client, account, INVOICES, WINDOW)
    for part in ("'custbody_colector'", "owner_fields", str(account.path), "netsuite_acme"):
        assert part in str(caught.value)


def test_an_unknown_custom_field_is_named_with_its_key(client, account_of):
    account = account_of("owner_fields: [salesrep]\ncustom_fields: {customers: [custentity_nope]}")
    with pytest.raises(MissingField, match=r"'custentity_nope' on customer; custom_fields\.customers in .*acme\.yml"):
        plan_entity(client, account, CUSTOMERS, WINDOW)


def test_a_column_of_a_feature_that_is_off_is_left_out_and_said(account):
    with SandboxProcess(invoices=50, hide_column=["customer.unbilledorderssearch", "customer.currency"]) as sandbox:
        (plan,) = plan_entity(client_of(sandbox), account, CUSTOMERS, WINDOW)
    assert set(plan.missing) == {"unbilled_orders", "currency_id", "currency"}
    assert "unbilled_orders" not in plan.query.columns


def test_in_an_account_of_one_currency_the_total_is_the_only_one_there_is(account):
    with SandboxProcess(invoices=50, hide_column=["transaction.foreigntotal", "transaction.currency"]) as sandbox:
        (plan,) = plan_entity(client_of(sandbox), account, INVOICES, WINDOW)
    assert expression(plan, "total") == "t.total"
    assert set(plan.missing) == {"currency_id", "currency"}


def test_a_column_that_the_sync_needs_is_an_error_that_names_it(account):
    with (
        SandboxProcess(invoices=50, hide_column=["employee.email"]) as sandbox,
        pytest.raises(MissingField, match=r"'e\.email' on employee, which the sync of account acme needs"),
    ):
        plan_entity(client_of(sandbox), account, EMPLOYEES, WINDOW)


def test_a_record_that_the_role_may_not_see_is_an_error_that_names_the_permission(account):
    with (
        SandboxProcess(invoices=50, hide=["employee"]) as sandbox,
        pytest.raises(NotPermitted, match=r"netsuite_acme.*'employee'.*permission Lists > Employees"),
    ):
        plan_entity(client_of(sandbox), account, EMPLOYEES, WINDOW)


@pytest.fixture(scope="module")
def poorer():
    """A NetSuite in which features are off that other accounts have."""
    hidden = ["customer.unbilledorderssearch", "transaction.foreigntotal"]
    with SandboxProcess(invoices=50, hide_column=hidden) as sandbox:
        yield client_of(sandbox)


def test_a_column_that_was_there_and_is_gone_is_named_with_what_to_write_if_that_is_meant(poorer, account):
    """B4: without this its values would be emptied in silence."""
    with pytest.raises(VanishedColumn) as caught:
        plan_entity(poorer, account, CUSTOMERS, WINDOW, had=["c.unbilledorderssearch", "c.terms"])
    for part in (
        "c.unbilledorderssearch on customer",
        "column unbilled_orders of customers",
        "account acme",
        "'netsuite_acme'",
        "accept_missing: {customers: [unbilled_orders]}",
        str(account.path),
    ):
        assert part in str(caught.value)


def test_so_is_one_that_would_be_read_from_elsewhere_with_another_meaning(poorer, account):
    """The total in the base currency is another figure than that in the invoice's."""
    with pytest.raises(VanishedColumn, match=r"t\.foreigntotal on transaction, which column total of invoices"):
        plan_entity(poorer, account, INVOICES, WINDOW, had=["t.foreigntotal"])


def test_a_column_that_was_never_there_may_be_missing(poorer, account):
    (plan,) = plan_entity(poorer, account, CUSTOMERS, WINDOW, had=["c.terms"])
    assert plan.missing == ("unbilled_orders",)
    assert "c.unbilledorderssearch" not in plan.spellings
    assert {"c.terms", "BUILTIN.DF(c.currency)"} <= set(plan.spellings)


def test_the_account_file_may_accept_that_a_column_is_gone(poorer, account_of):
    text = "owner_fields: [salesrep]\naccept_missing: {customers: [unbilled_orders], invoices: [total]}"
    (customers,) = plan_entity(poorer, account_of(text), CUSTOMERS, WINDOW, had=["c.unbilledorderssearch"])
    (invoices,) = plan_entity(poorer, account_of(text), INVOICES, WINDOW, had=["t.foreigntotal"])
    assert customers.missing == ("unbilled_orders",)
    assert expression(invoices, "total") == "t.total"


CHANGES = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC))


@pytest.fixture(params=["hidden_tables", "hidden_columns"])
def without_lines(sandbox, request):
    """A NetSuite that does not tell when a line was edited: the role sees no lines, or they have no such column."""
    hidden = {"hidden_tables": "transactionline", "hidden_columns": "transactionline.linelastmodifieddate"}
    sandbox.control("POST", "/settings", {request.param: [hidden[request.param]]})
    yield
    sandbox.control("POST", "/settings", {request.param: []})


def test_edited_lines_are_looked_at_where_the_account_tells(client, account):
    (plan,) = plan_entity(client, account, INVOICES, CHANGES)
    assert "transactionline" in plan.keyset(CHANGES).sql
    assert LINE_EDITS in plan.spellings


def test_where_it_does_not_tell_invoices_are_read_without(client, account, without_lines):
    (plan,) = plan_entity(client, account, INVOICES, CHANGES)
    assert "transactionline" not in plan.keyset(CHANGES).sql
    assert LINE_EDITS not in plan.spellings


def test_where_it_no_longer_tells_the_fence_fails_by_name(client, account, without_lines):
    with pytest.raises(VanishedColumn, match=r"linelastmodifieddate.*line_edits: false into .*acme\.yml"):
        plan_entity(client, account, INVOICES, CHANGES, had=[LINE_EDITS])


def test_the_account_file_may_leave_edited_lines_out(client, account_of, without_lines):
    account = account_of("owner_fields: [salesrep]\nline_edits: false")
    (plan,) = plan_entity(client, account, INVOICES, CHANGES, had=[LINE_EDITS])
    assert "transactionline" not in plan.keyset(CHANGES).sql

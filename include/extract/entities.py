"""The entities of a sync: the columns each is declared to have, and the SuiteQL files that read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from include.netsuite.columns import Column

# With Team Selling NetSuite has a sales team in the place of an invoice's sales rep (D6): this column is read instead.
SALES_REP = "salesrep"
SALES_TEAM = "sales_team"


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of record that a sync reads.

    ``queries`` are the SuiteQL files (without ending) that read it. ``optional`` columns may be missing in an account
    (a feature is off): they are null then, and the run says so. ``incremental`` entities are read from the watermark
    less ``overlap``; the others, small ones, in full at every run. What was there before the first run is read too,
    save where ``from_beginning`` is false. Pages are read side by side, save where ``parallel`` is false.
    """

    name: str
    columns: tuple[Column, ...]
    queries: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()
    incremental: bool = False
    overlap: timedelta = timedelta(0)
    from_beginning: bool = True
    parallel: bool = True


INVOICES = Entity(
    name="invoices",
    queries=("invoices",),
    incremental=True,
    overlap=timedelta(hours=1),
    columns=(
        Column("id", "id"),
        Column("invoice_number", "text"),
        Column("customer_id", "id"),
        Column("invoice_date", "date"),
        Column("due_date", "date"),
        Column("status", "text"),
        Column("currency_id", "id"),
        Column("currency", "text"),
        Column("exchange_rate", "number"),
        Column("total", "number"),
        Column("unpaid_amount", "number"),
        Column("terms_id", "id"),
        Column("memo", "text"),
        Column("created_at", "instant"),
        Column("last_modified_at", "instant"),
    ),
    optional=frozenset(
        {"created_at", "due_date", "currency_id", "currency", "exchange_rate", "unpaid_amount", "terms_id", "memo"}
    ),
    references=frozenset({"customer_id"}),
)

EMPLOYEES = Entity(
    name="employees",
    queries=("employees",),
    columns=(
        Column("id", "id"),
        Column("entity_id", "text"),
        Column("first_name", "text"),
        Column("last_name", "text"),
        Column("email", "text"),
        Column("is_inactive", "flag"),
        Column("is_sales_rep", "flag"),
        Column("supervisor_id", "id"),
        Column("last_modified_at", "instant"),
    ),
    optional=frozenset({"is_sales_rep", "supervisor_id"}),
)

CUSTOMERS = Entity(
    name="customers",
    queries=("customers",),
    columns=(
        Column("id", "id"),
        Column("entity_id", "text"),
        Column("company_name", "text"),
        Column("alt_name", "text"),
        Column("currency_id", "id"),
        Column("currency", "text"),
        Column("credit_limit", "number"),
        Column("balance", "number"),
        Column("overdue_balance", "number"),
        Column("days_overdue", "number"),
        Column("unbilled_orders", "number"),
        Column("terms_id", "id"),
        Column("credit_hold_override", "text"),
        Column("on_credit_hold", "flag"),
        Column("sales_rep_employee_id", "id"),
        Column("is_inactive", "flag"),
        Column("last_modified_at", "instant"),
    ),
    optional=frozenset(
        {
            "alt_name",
            "currency_id",
            "currency",
            "overdue_balance",
            "days_overdue",
            "unbilled_orders",
            "terms_id",
            "credit_hold_override",
            "on_credit_hold",
            "sales_rep_employee_id",
        }
    ),
)

TERMS = Entity(
    name="terms",
    queries=("terms",),
    parallel=False,
    columns=(
        Column("id", "id"),
        Column("name", "text"),
        Column("days_until_net_due", "number"),
        Column("is_inactive", "flag"),
    ),
    optional=frozenset({"days_until_net_due", "is_inactive"}),
)

DELETIONS = Entity(
    name="deletions",
    queries=("deleted_invoices", "deleted_entities"),
    incremental=True,
    overlap=timedelta(days=1),
    from_beginning=False,
    parallel=False,
    columns=(
        Column("id", "id"),
        Column("record_type", "text"),
        Column("deleted_at", "instant"),
    ),
)

ENTITIES: tuple[Entity, ...] = (INVOICES, EMPLOYEES, CUSTOMERS, TERMS, DELETIONS)

"""Load: good rows into raw, bad ones into quarantine, with the watermark, in one transaction (P2, P3, O2)."""

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from include.extract.entities import CUSTOMERS, DELETIONS, EMPLOYEES, INVOICES, TERMS
from include.warehouse import ledger as ledger_module
from include.warehouse import load as load_module
from include.warehouse.errors import FenceNotPassed, NothingStaged, SqlFailed, WrongColumns
from include.warehouse.ledger import RunLedger
from include.warehouse.load import load
from tests.warehouse.runs import CUTOFF_AT, MODIFIED_AT, Run, invoice, query

LATER = CUTOFF_AT + timedelta(hours=1)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def contents(engine) -> dict[str, list[tuple]]:
    """Every table that a load may change, with the versions of its rows."""
    tables = ("raw.invoices", "raw.invoice_owners", "raw.employees", "raw.customers", "raw.terms", "quarantine.rows")
    return {table: sorted(query(engine, f"SELECT xmin::text, t::text FROM {table} AS t")) for table in tables}


def owners(engine) -> list[tuple]:
    return query(
        engine, "SELECT invoice_id, owner_field, employee_id FROM raw.invoice_owners ORDER BY invoice_id, owner_field"
    )


def open_quarantine(engine) -> list[tuple]:
    return query(
        engine,
        "SELECT entity, record_id, reasons FROM quarantine.rows WHERE resolved_at IS NULL ORDER BY quarantine_id",
    )


class TestTypes:
    def test_every_column_of_an_invoice_is_typed(self, warehouse):
        Run(warehouse, custom_fields=["custbody_region", "custbody_note"]).stage_and_load(
            INVOICES,
            [
                {
                    "id": "1.1E7",
                    "invoice_number": "INV-1",
                    "customer_id": "42",
                    "invoice_date": "2026-01-31",
                    "due_date": "2026-02-28",
                    "status": "A",
                    "currency_id": "1",
                    "currency": "US Dollar",
                    "exchange_rate": "1.00000001",
                    "total": "12345678901234567890.12",
                    "unpaid_amount": "-.5",
                    "terms_id": "3",
                    "memo": 'it\'s "odd"\nénough',
                    "created_at": "2026-01-31T23:59:59Z",
                    "last_modified_at": MODIFIED_AT,
                    "salesrep": "7",
                    "custbody_region": "EMEA",
                    "custbody_note": None,
                }
            ],
        )
        assert query(warehouse, "SELECT * FROM raw.invoices") == [
            (
                "acme",
                11_000_000,
                "INV-1",
                42,
                date(2026, 1, 31),
                date(2026, 2, 28),
                "A",
                1,
                "US Dollar",
                Decimal("1.00000001"),
                Decimal("12345678901234567890.12"),
                Decimal("-0.5"),
                3,
                'it\'s "odd"\nénough',
                {"custbody_region": "EMEA", "custbody_note": None},
                datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC),
                instant(MODIFIED_AT),
                None,
                "run 1",
            )
        ]

    def test_every_column_of_an_employee_is_typed(self, warehouse):
        Run(warehouse).stage_and_load(
            EMPLOYEES,
            [
                {
                    "id": "7",
                    "entity_id": "Ann O'Hara",
                    "first_name": "Ann",
                    "last_name": "O'Hara",
                    "email": " Ann@Corp.test ",
                    "email_address": "Ann@Corp.test",
                    "email_key": "ann@corp.test",
                    "is_inactive": "F",
                    "is_sales_rep": "T",
                    "supervisor_id": "8",
                    "last_modified_at": MODIFIED_AT,
                }
            ],
        )
        assert query(warehouse, "SELECT * FROM raw.employees") == [
            (
                *("acme", 7, "Ann O'Hara", "Ann", "O'Hara", " Ann@Corp.test ", "Ann@Corp.test", "ann@corp.test"),
                *(False, True, 8, {}, instant(MODIFIED_AT), None, "run 1"),
            )
        ]

    def test_every_column_of_a_customer_is_typed(self, warehouse):
        Run(warehouse).stage_and_load(
            CUSTOMERS,
            [
                {
                    "id": "42",
                    "entity_id": "C-42",
                    "company_name": "Müller & Söhne",
                    "alt_name": "Müller",
                    "currency_id": "2",
                    "currency": "Euro",
                    "credit_limit": "0",
                    "balance": "-10.50",
                    "overdue_balance": "1",
                    "days_overdue": "12",
                    "unbilled_orders": "1E3",
                    "terms_id": "3",
                    "credit_hold_override": "AUTO",
                    "on_credit_hold": "T",
                    "sales_rep_employee_id": "7",
                    "is_inactive": "F",
                    "last_modified_at": MODIFIED_AT,
                }
            ],
        )
        assert query(warehouse, "SELECT * FROM raw.customers") == [
            (
                *("acme", 42, "C-42", "Müller & Söhne", "Müller", 2, "Euro", Decimal(0), Decimal("-10.50"), Decimal(1)),
                *(Decimal(12), Decimal(1000), 3, "AUTO", True, 7, False, {}, instant(MODIFIED_AT), None, "run 1"),
            )
        ]

    def test_terms_have_no_modified_date(self, warehouse):
        Run(warehouse).stage_and_load(
            TERMS, [{"id": "3", "name": "Net 30", "days_until_net_due": "30", "is_inactive": "F"}]
        )
        assert query(warehouse, "SELECT * FROM raw.terms") == [
            ("acme", 3, "Net 30", Decimal(30), False, {}, None, None, "run 1")
        ]

    @pytest.mark.parametrize("empty", [None, ""])
    def test_what_is_empty_is_null_and_never_zero_or_false(self, warehouse, empty):
        columns = [column.name for column in CUSTOMERS.columns if column.type != "text" and column.name != "id"]
        Run(warehouse).stage_and_load(CUSTOMERS, [{"id": "42", **dict.fromkeys(columns, empty)}])
        assert query(warehouse, f"SELECT {', '.join(columns)} FROM raw.customers") == [(None,) * len(columns)]


class TestMerging:
    def test_the_counts_tell_new_changed_and_unchanged_rows_apart(self, warehouse):
        first = Run(warehouse).stage_and_load(INVOICES, [invoice(1), invoice(2)])
        assert (first.rows, first.inserted, first.updated, first.unchanged) == (2, 2, 0, 0)
        second = Run(warehouse, "run 2", cutoff_at=LATER).stage_and_load(
            INVOICES, [invoice(1), invoice(2, total="5"), invoice(3)]
        )
        assert (second.rows, second.inserted, second.updated, second.unchanged) == (3, 1, 1, 1)
        assert query(warehouse, "SELECT id, run_id, total FROM raw.invoices ORDER BY id") == [
            (1, "run 1", None),
            (2, "run 2", 5),
            (3, "run 2", None),
        ]

    @pytest.mark.parametrize("entity", [INVOICES, EMPLOYEES, CUSTOMERS], ids=lambda entity: entity.name)
    def test_a_row_that_is_the_same_in_every_column_is_not_even_rewritten(self, warehouse, entity):
        row = {"id": "1", "last_modified_at": MODIFIED_AT, "is_inactive": "F", "total": "1.10", "credit_limit": "1.10"}
        Run(warehouse, custom_fields=["cust_a"]).stage_and_load(entity, [row | {"cust_a": "x"}])
        before = contents(warehouse)
        rewritten = row | {"total": "1.1", "credit_limit": "1.1", "cust_a": "x"}
        Run(warehouse, "run 2", cutoff_at=LATER, custom_fields=["cust_a"]).stage_and_load(entity, [rewritten])
        assert contents(warehouse) == before

    @pytest.mark.parametrize(
        ("entity", "column", "value"),
        [
            *((INVOICES, column.name, column.type) for column in INVOICES.columns[1:-1]),
            *((EMPLOYEES, column.name, column.type) for column in EMPLOYEES.columns[1:-1]),
            *((CUSTOMERS, column.name, column.type) for column in CUSTOMERS.columns[1:-1]),
            *((TERMS, column.name, column.type) for column in TERMS.columns[1:]),
        ],
        ids=lambda value: getattr(value, "name", value),
    )
    def test_a_change_in_any_single_column_is_loaded(self, shared_warehouse, entity, column, value):
        values = {"id": "9", "text": "x", "number": "9.5", "flag": "T", "date": "2026-01-01", "instant": MODIFIED_AT}
        account = f"{entity.name} {column}"
        Run(shared_warehouse, account=account).stage_and_load(entity, [{"id": "1"}])
        counts = Run(shared_warehouse, "run 2", account=account, cutoff_at=LATER).stage_and_load(
            entity, [{"id": "1", column: values[value]}]
        )
        assert counts.updated == 1
        found = query(
            shared_warehouse,
            f"SELECT run_id, {column} IS NOT NULL FROM raw.{entity.name} WHERE account = :account",
            account=account,
        )
        assert found == [("run 2", True)]

    def test_custom_fields_follow_the_account_file(self, warehouse):
        Run(warehouse, custom_fields=["custbody_a"]).stage_and_load(INVOICES, [invoice(1, custbody_a="x")])
        Run(warehouse, "run 2", cutoff_at=LATER, custom_fields=["custbody_b"]).stage_and_load(
            INVOICES, [invoice(1, custbody_b="it's")]
        )
        assert query(warehouse, "SELECT custom_fields FROM raw.invoices") == [({"custbody_b": "it's"},)]

    def test_a_field_that_the_staging_table_lacks_is_named_with_what_to_do(self, warehouse):
        run = Run(warehouse)
        run.stage(INVOICES, [invoice(1)])
        run.owner_fields = ["salesrep", "custbody_new"]
        with pytest.raises(WrongColumns, match=r"\['custbody_new'\].*extract task of invoices"):
            run.load(INVOICES)

    def test_accounts_do_not_see_each_other(self, warehouse):
        Run(warehouse).stage_and_load(INVOICES, [invoice(1, memo="ours", salesrep="7")])
        Run(warehouse, account="globex", owner_fields=["custbody_x"]).stage_and_load(
            INVOICES, [invoice(1, memo="theirs", custbody_x="8")], bad=[]
        )
        assert query(warehouse, "SELECT account, memo FROM raw.invoices ORDER BY 1") == [
            ("acme", "ours"),
            ("globex", "theirs"),
        ]
        assert query(warehouse, "SELECT account, owner_field FROM raw.invoice_owners ORDER BY 1") == [
            ("acme", "salesrep"),
            ("globex", "custbody_x"),
        ]


class TestOlderVersions:
    def test_a_row_changed_earlier_never_overwrites_one_changed_later(self, warehouse):
        Run(warehouse).stage_and_load(INVOICES, [invoice(1, memo="new", salesrep="7")])
        counts = Run(warehouse, "run 2", cutoff_at=LATER).stage_and_load(
            INVOICES, [invoice(1, memo="old", salesrep="8", last_modified_at="2026-01-31T23:59:59Z")]
        )
        assert (counts.rows, counts.outdated, counts.updated) == (1, 1, 0)
        assert query(warehouse, "SELECT memo FROM raw.invoices") == [("new",)]
        assert owners(warehouse) == [(1, "salesrep", 7)]

    def test_of_versions_changed_at_the_same_instant_the_run_with_the_later_cut_off_wins(self, warehouse):
        """A customer's balance changes without touching last_modified_at; a slow run must not put the old one back."""
        slow = Run(warehouse, "slow")
        slow.stage(CUSTOMERS, [invoice(42, balance="100")])
        Run(warehouse, "before", cutoff_at=CUTOFF_AT - timedelta(hours=1)).stage_and_load(
            CUSTOMERS, [invoice(42, balance="50")]
        )
        Run(warehouse, "fast", cutoff_at=LATER).stage_and_load(CUSTOMERS, [invoice(42, balance="200")])
        assert slow.load(CUSTOMERS).outdated == 1
        assert query(warehouse, "SELECT balance FROM raw.customers") == [(200,)]

    def test_rows_that_only_the_slow_run_read_are_loaded(self, warehouse):
        slow = Run(warehouse, "slow")
        slow.stage(INVOICES, [invoice(1), invoice(2)])
        Run(warehouse, "fast", cutoff_at=LATER).stage_and_load(INVOICES, [invoice(2, memo="x")])
        assert slow.load(INVOICES).inserted == 1
        assert query(warehouse, "SELECT id, memo FROM raw.invoices ORDER BY id") == [(1, None), (2, "x")]


class TestOwners:
    """O1, O2: one row per invoice and owner field, the empty ones too."""

    def test_every_owner_field_of_every_invoice_is_a_row_empty_or_not(self, warehouse):
        Run(warehouse, owner_fields=["salesrep", "custbody_collector"]).stage_and_load(
            INVOICES, [invoice(1, salesrep="7", custbody_collector="1.1E7"), invoice(2, salesrep="")]
        )
        assert owners(warehouse) == [
            (1, "custbody_collector", 11_000_000),
            (1, "salesrep", 7),
            (2, "custbody_collector", None),
            (2, "salesrep", None),
        ]

    def test_an_owner_that_changes_or_goes_is_followed(self, warehouse):
        Run(warehouse).stage_and_load(
            INVOICES, [invoice(1, salesrep="7"), invoice(2, salesrep="7"), invoice(3, salesrep="7")]
        )
        Run(warehouse, "run 2", cutoff_at=LATER).stage_and_load(
            INVOICES, [invoice(1, salesrep="8"), invoice(2), invoice(3, salesrep="7")]
        )
        assert query(warehouse, "SELECT invoice_id, employee_id, run_id FROM raw.invoice_owners ORDER BY 1") == [
            (1, 8, "run 2"),
            (2, None, "run 2"),
            (3, 7, "run 1"),
        ]

    def test_a_field_no_longer_configured_owns_nothing_on_any_invoice(self, warehouse):
        Run(warehouse, owner_fields=["salesrep", "custbody_collector"]).stage_and_load(
            INVOICES, [invoice(1, salesrep="7"), invoice(2, salesrep="7")]
        )
        Run(warehouse, "run 2", cutoff_at=LATER, owner_fields=["salesrep"]).stage_and_load(
            INVOICES, [invoice(1, salesrep="7")]
        )
        assert owners(warehouse) == [(1, "salesrep", 7), (2, "salesrep", 7)]

    def test_a_bad_invoices_owners_stay_as_they_were(self, warehouse):
        Run(warehouse).stage_and_load(INVOICES, [invoice(1, salesrep="7")])
        Run(warehouse, "run 2", cutoff_at=LATER).stage_and_load(
            INVOICES, [invoice(1, salesrep="8", total="x")], bad=[(1, "total is not a number")]
        )
        assert owners(warehouse) == [(1, "salesrep", 7)]

    def test_without_owner_fields_no_invoice_has_owners(self, warehouse):
        Run(warehouse, owner_fields=[]).stage_and_load(INVOICES, [invoice(1)])
        assert owners(warehouse) == []


class TestQuarantine:
    """P2: a bad row is quarantined with its reasons, and the rest goes on."""

    def test_a_bad_row_goes_there_with_all_reasons_as_it_was_sent_and_the_rest_is_loaded(self, warehouse):
        counts = Run(warehouse).stage_and_load(
            INVOICES,
            [invoice(1), invoice("2", total="x", due_date="2026-02-30", memo=""), invoice(3)],
            bad=[(2, "total is not a number"), (2, "due_date is not a date")],
        )
        assert (counts.rows, counts.inserted, counts.quarantined) == (2, 2, 1)
        assert query(warehouse, "SELECT id FROM raw.invoices ORDER BY id") == [(1,), (3,)]
        found = query(warehouse, "SELECT account, entity, record_id, run_id, reasons, payload FROM quarantine.rows")
        sent = dict.fromkeys([*(column.name for column in INVOICES.columns), "salesrep"])
        sent |= invoice("2", total="x", due_date="2026-02-30", memo="")
        reasons = ["due_date is not a date", "total is not a number"]
        assert found == [("acme", "invoices", "2", "run 1", reasons, sent)]

    def test_what_raw_holds_of_a_bad_record_stays_as_it_was(self, warehouse):
        Run(warehouse).stage_and_load(INVOICES, [invoice(1, total="5")])
        Run(warehouse, "run 2", cutoff_at=LATER).stage_and_load(
            INVOICES, [invoice(1, total="x")], bad=[(1, "total is not a number")]
        )
        assert query(warehouse, "SELECT total, run_id FROM raw.invoices") == [(5, "run 1")]

    def test_a_bad_record_seen_again_is_refreshed_and_stays_one_open_row(self, warehouse):
        Run(warehouse).stage_and_load(INVOICES, [invoice(1, total="x")], bad=[(1, "total is not a number")])
        Run(warehouse, "run 2", cutoff_at=LATER).stage_and_load(
            INVOICES, [invoice("1.0E0", due_date="never")], bad=[(1, "due_date is not a date")]
        )
        assert open_quarantine(warehouse) == [("invoices", "1", ["due_date is not a date"])]
        assert query(warehouse, "SELECT run_id FROM quarantine.rows") == [("run 2",)]

    def test_a_record_that_loads_cleanly_is_resolved_and_may_be_found_bad_again(self, warehouse):
        bad = [invoice(1, total="x")], [(1, "total is not a number")]
        Run(warehouse).stage_and_load(INVOICES, *bad)
        counts = Run(warehouse, "run 2", cutoff_at=LATER).stage_and_load(INVOICES, [invoice("1")])
        assert counts.resolved == 1
        assert open_quarantine(warehouse) == []
        Run(warehouse, "run 3", cutoff_at=LATER).stage_and_load(INVOICES, *bad)
        assert query(warehouse, "SELECT run_id, resolved_at IS NULL FROM quarantine.rows ORDER BY 1") == [
            ("run 1", False),
            ("run 3", True),
        ]

    def test_the_same_id_of_another_entity_or_account_stays_open(self, warehouse):
        Run(warehouse).stage_and_load(EMPLOYEES, [{"id": "1"}], bad=[(1, "email is odd")])
        Run(warehouse, account="globex").stage_and_load(INVOICES, [invoice(1)], bad=[(1, "odd")])
        Run(warehouse).stage_and_load(INVOICES, [invoice(1)])
        assert len(open_quarantine(warehouse)) == 2

    def test_rows_without_an_id_are_told_apart_by_what_they_hold(self, warehouse):
        rows = [invoice(None, memo="a"), invoice(None, memo="b"), invoice("", memo="c")]
        bad = [(number, "id is missing") for number in (1, 2, 3)]
        for run_id in ("run 1", "run 2"):
            Run(warehouse, run_id).stage_and_load(INVOICES, rows, bad=bad)
        assert open_quarantine(warehouse) == [("invoices", None, ["id is missing"])] * 3

    def test_an_id_that_is_itself_wrong_is_kept_as_it_was_sent(self, warehouse):
        ids = ["x'y", "1E999999", "-3", "1.5"]
        Run(warehouse).stage_and_load(
            INVOICES, [invoice(id) for id in ids], bad=[(number, "id is odd") for number in range(1, 5)]
        )
        assert {record_id for _, record_id, _ in open_quarantine(warehouse)} == set(ids)

    def test_rows_of_one_batch_that_share_an_id_are_one_record_and_counted_as_rows(self, warehouse):
        counts = Run(warehouse).stage_and_load(
            INVOICES,
            [invoice(1, memo="first"), invoice("1.0", memo="second")],
            bad=[(1, "id is not unique"), (2, "id is not unique"), (2, "memo is odd")],
        )
        assert counts.quarantined == 2
        assert query(warehouse, "SELECT record_id, reasons, payload ->> 'memo' FROM quarantine.rows") == [
            ("1", ["id is not unique", "memo is odd"], "first")
        ]

    def test_a_value_that_no_rule_caught_stops_the_load_and_names_the_file(self, warehouse):
        run = Run(warehouse)
        run.stage(INVOICES, [invoice(1), invoice(2, total="x")])
        before = contents(warehouse)
        with pytest.raises(SqlFailed, match=r"merge_invoices\.sql.*\"x\""):
            run.load(INVOICES)
        assert contents(warehouse) == before


class TestDeletions:
    """P3, D9: deletions in NetSuite arrive too."""

    DELETED_AT = "2026-02-10T00:00:00Z"

    def deletion(self, id: int, record_type: str, deleted_at: str = DELETED_AT) -> dict[str, str]:
        return {"id": str(id), "record_type": record_type, "deleted_at": deleted_at}

    def live(self, warehouse) -> dict[str, list[int]]:
        return {
            table: [id for (id,) in query(warehouse, f"SELECT id FROM raw.{table} WHERE deleted_at IS NULL ORDER BY 1")]
            for table in ("invoices", "employees", "customers")
        }

    @pytest.fixture
    def run(self, warehouse) -> Run:
        run = Run(warehouse)
        for entity in (INVOICES, EMPLOYEES, CUSTOMERS):
            run.stage_and_load(entity, [invoice(1), invoice(2)])
        return run

    @pytest.mark.parametrize(
        ("record_type", "table"),
        [
            ("invoice", "invoices"),
            ("CustInvc", "invoices"),
            ("employee", "employees"),
            ("Employee", "employees"),
            ("CUSTOMER", "customers"),
        ],
    )
    def test_what_netsuite_reports_deleted_is_marked_in_its_own_table(self, run, warehouse, record_type, table):
        counts = run.stage_and_load(DELETIONS, [self.deletion(1, record_type)])
        assert (counts.rows, counts.inserted, counts.updated) == (1, 0, 1)
        expected = {name: [1, 2] for name in ("invoices", "employees", "customers")} | {table: [2]}
        assert self.live(warehouse) == expected
        assert query(warehouse, f"SELECT deleted_at FROM raw.{table} WHERE id = 1") == [(instant(self.DELETED_AT),)]

    def test_reported_again_nothing_changes_and_reported_twice_the_later_time_stays(self, run, warehouse):
        earlier = self.deletion(1, "invoice", "2026-02-09T00:00:00Z")
        run.stage_and_load(DELETIONS, [self.deletion(1, "invoice"), earlier])
        before = contents(warehouse)
        counts = Run(warehouse, "run 2", cutoff_at=LATER).stage_and_load(
            DELETIONS, [earlier, self.deletion(1, "CUSTINVC")]
        )
        assert (counts.updated, counts.unchanged) == (0, 2)
        assert contents(warehouse) == before

    def test_deletions_of_records_that_raw_never_held_are_passed_over(self, run, warehouse):
        counts = run.stage_and_load(DELETIONS, [self.deletion(99, "invoice"), self.deletion(1, "vendor")])
        assert (counts.rows, counts.updated, counts.unchanged) == (2, 0, 2)
        assert self.live(warehouse)["invoices"] == [1, 2]

    def test_a_deleted_record_read_again_as_it_was_stays_deleted(self, run, warehouse):
        run.stage_and_load(DELETIONS, [self.deletion(1, "employee")])
        Run(warehouse, "run 2", cutoff_at=LATER).stage_and_load(EMPLOYEES, [invoice(1, first_name="Ann"), invoice(2)])
        assert self.live(warehouse)["employees"] == [2]

    def test_a_record_changed_after_it_was_deleted_lives_again(self, run, warehouse):
        run.stage_and_load(DELETIONS, [self.deletion(1, "employee")])
        Run(warehouse, "run 2", cutoff_at=LATER).stage_and_load(
            EMPLOYEES, [invoice(1, last_modified_at="2026-02-10T00:00:01Z")]
        )
        assert self.live(warehouse)["employees"] == [1, 2]

    def test_a_deleted_invoice_keeps_its_owners(self, run, warehouse):
        run.stage_and_load(DELETIONS, [self.deletion(1, "invoice")])
        assert [id for id, *_ in owners(warehouse)] == [1, 2]

    def test_a_deleted_record_leaves_quarantine(self, run, warehouse):
        run.stage_and_load(
            CUSTOMERS, [invoice(5, balance="x"), invoice(6, balance="x")], bad=[(1, "balance"), (2, "balance")]
        )
        counts = run.stage_and_load(DELETIONS, [self.deletion(5, "customer"), self.deletion(6, "employee")])
        assert counts.resolved == 1
        assert open_quarantine(warehouse) == [("customers", "6", ["balance"])]

    def test_a_bad_deletion_is_quarantined(self, run, warehouse):
        counts = run.stage_and_load(DELETIONS, [self.deletion(1, "invoice", "soon")], bad=[(1, "deleted_at is odd")])
        assert counts.quarantined == 1
        assert self.live(warehouse)["invoices"] == [1, 2]
        assert open_quarantine(warehouse) == [("deletions", "1", ["deleted_at is odd"])]


class TestOneTransaction:
    def test_the_watermark_moves_to_the_cut_off_with_the_rows(self, warehouse):
        run = Run(warehouse)
        run.stage_and_load(INVOICES, [])
        assert run.ledger.watermarks()["invoices"].read_up_to == CUTOFF_AT

    def test_a_batch_that_is_not_all_of_the_changes_leaves_the_watermark_where_it_is(self, warehouse):
        """P6."""
        Run(warehouse).stage_and_load(INVOICES, [invoice(1)])
        beside = Run(warehouse, "beside", cutoff_at=LATER)
        beside.stage(INVOICES, [invoice(2)])
        with beside.ledger.step("invoices", "load") as counts:
            loaded = load(beside.ledger, entity=INVOICES, counts=counts, moves_watermark=False)
        assert loaded.inserted == 1
        assert beside.ledger.watermarks()["invoices"].read_up_to == CUTOFF_AT

    def test_a_slower_run_does_not_move_the_watermark_back(self, warehouse):
        Run(warehouse, "fast", cutoff_at=LATER).stage_and_load(INVOICES, [])
        slow = Run(warehouse, "slow")
        slow.stage_and_load(INVOICES, [])
        assert slow.ledger.watermarks()["invoices"].read_up_to == LATER

    @pytest.mark.parametrize("last", ["accept.sql", "merge_invoices.sql", "quarantine.sql", "advance_watermark.sql"])
    def test_a_load_killed_anywhere_leaves_nothing_and_can_be_done_again(self, warehouse, monkeypatch, last):
        run = Run(warehouse)
        run.stage(INVOICES, [invoice(1), invoice(2, total="x")], bad=[(2, "total is not a number")])
        before = contents(warehouse)
        die_after(monkeypatch, last)
        with pytest.raises(KeyboardInterrupt):
            run.load(INVOICES)
        monkeypatch.undo()
        assert contents(warehouse) == before
        assert run.ledger.watermarks() == {}
        assert run.load(INVOICES).inserted == 1

    def test_the_staging_tables_go_with_the_load(self, warehouse):
        run = Run(warehouse)
        run.stage_and_load(INVOICES, [invoice(1)])
        assert query(warehouse, "SELECT tablename FROM pg_tables WHERE schemaname = 'staging'") == []

    def test_nothing_temporary_stays_in_the_session(self, warehouse):
        Run(warehouse).stage_and_load(INVOICES, [invoice(1)])
        assert (
            query(warehouse, "SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind IN ('r', 'v')") == []
        )

    def test_the_counts_are_in_the_ledger(self, warehouse):
        Run(warehouse).stage_and_load(INVOICES, [invoice(1), invoice(2)], bad=[(2, "odd")])
        counts = query(warehouse, "SELECT state, rows, counts FROM ops.sync_steps WHERE step = 'load'")
        assert counts[0][:2] == ("success", 1)
        assert counts[0][2].items() >= {"inserted": 1, "updated": 0, "quarantined": 1}.items()


def test_after_a_large_load_the_planner_knows_how_large_it_was(warehouse):
    """Without, the join of the run's next step took a minute on 20,000 invoices."""
    Run(warehouse).stage_and_load(INVOICES, [invoice(number, salesrep="7") for number in range(1, 1_201)])
    assert query(
        warehouse,
        "SELECT relname, reltuples::bigint FROM pg_class WHERE relname IN ('invoices', 'invoice_owners') "
        "AND relnamespace = 'raw'::regnamespace ORDER BY relname",
    ) == [("invoice_owners", 1_200), ("invoices", 1_200)]


class TestAgain:
    """P3: the same run twice gives the same tables."""

    def test_a_retry_after_success_changes_nothing_and_tells_what_was_loaded(self, warehouse):
        run = Run(warehouse)
        first = run.stage_and_load(INVOICES, [invoice(1), invoice(2)], bad=[(2, "odd")])
        before = contents(warehouse)
        assert run.load(INVOICES) == first
        assert run.load(INVOICES) == first
        assert contents(warehouse) == before

    def test_a_retry_of_the_whole_entity_changes_nothing(self, warehouse):
        run = Run(warehouse)
        batch = [invoice(1, salesrep="7"), invoice(2)], [(2, "odd")]
        run.stage_and_load(INVOICES, *batch)
        before = contents(warehouse)
        assert run.stage_and_load(INVOICES, *batch).unchanged == 1
        assert contents(warehouse) == before

    def test_a_row_both_good_and_bad_in_one_batch_stays_one_open_row_however_often_it_is_loaded(self, warehouse):
        for run_id in ("run 1", "run 2"):
            Run(warehouse, run_id).stage_and_load(INVOICES, [invoice(1), invoice(1)], bad=[(2, "seen twice")])
        assert query(warehouse, "SELECT record_id, resolved_at FROM quarantine.rows") == [("1", None)]

    def test_a_load_without_staging_is_an_error_that_says_what_to_do(self, warehouse):
        with pytest.raises(NothingStaged, match=r"not there.*Clear the run's validate task of invoices"):
            Run(warehouse).load(INVOICES)

    def test_a_batch_that_was_not_validated_is_not_loaded(self, warehouse):
        run = Run(warehouse)
        table = run.stage(INVOICES, [invoice(1)])
        query(warehouse, f"DROP TABLE staging.{table.bad_name}")
        with pytest.raises(NothingStaged, match="not validated"):
            run.load(INVOICES)
        assert query(warehouse, "SELECT * FROM raw.invoices") == []

    def test_a_batch_that_has_lost_its_rows_is_not_taken_for_an_empty_one(self, warehouse):
        """P3: as after a crash of PostgreSQL, which empties unlogged tables, and an ANALYZE of all tables after it."""
        run = Run(warehouse)
        table = run.stage(INVOICES, [invoice(1)], [(1, "odd")])
        query(warehouse, f"TRUNCATE staging.{table.name}, staging.{table.bad_name}")
        query(warehouse, f"ANALYZE staging.{table.name}")
        with pytest.raises(NothingStaged, match="lost its rows"):
            run.load(INVOICES)
        assert query(warehouse, "SELECT * FROM ops.watermarks") == []

    def test_a_batch_without_rows_is_loaded(self, warehouse):
        run = Run(warehouse)
        assert run.stage_and_load(INVOICES, []).rows == 0
        assert len(query(warehouse, "SELECT * FROM ops.watermarks")) == 1


def test_a_load_needs_a_fence(warehouse):
    ledger = RunLedger(warehouse, "acme", "no fence", "netsuite_sync__acme")
    with pytest.raises(FenceNotPassed), ledger.step("invoices", "load") as counts:
        load(ledger, entity=INVOICES, counts=counts)


def test_two_loads_of_one_table_wait_for_each_other(warehouse, monkeypatch):
    """The second one sees all that the first one did, however the two are started."""
    first, second = Run(warehouse, "run 1"), Run(warehouse, "run 2", cutoff_at=LATER)
    first.stage(INVOICES, [invoice(id, memo="first") for id in range(200)])
    second.stage(INVOICES, [invoice(id, memo="second") for id in range(199, -1, -1)])
    inside, go_on = threading.Event(), threading.Event()
    stop_after(monkeypatch, "accept.sql", inside, go_on)

    one = threading.Thread(target=first.load, args=[INVOICES])
    two = threading.Thread(target=second.load, args=[INVOICES])
    one.start()
    assert inside.wait(10)
    two.start()
    two.join(0.5)
    assert two.is_alive()
    go_on.set()
    one.join(30)
    two.join(30)

    assert query(warehouse, "SELECT DISTINCT memo, run_id FROM raw.invoices") == [("second", "run 2")]


def test_loads_of_different_tables_do_not_wait_for_each_other(warehouse, monkeypatch):
    run = Run(warehouse)
    run.stage(INVOICES, [invoice(1)])
    run.stage(EMPLOYEES, [invoice(1)])
    inside, go_on = threading.Event(), threading.Event()
    stop_after(monkeypatch, "merge_invoices.sql", inside, go_on)
    one = threading.Thread(target=run.load, args=[INVOICES])
    one.start()
    assert inside.wait(10)
    assert run.load(EMPLOYEES).inserted == 1
    go_on.set()
    one.join(30)
    assert query(warehouse, "SELECT id FROM raw.invoices") == [(1,)]


def die_after(monkeypatch, file: str) -> None:
    """Let the process end as by Ctrl-C right after a ``.sql`` file was executed."""
    for module in (load_module, ledger_module):
        execute = module.run_sql_file

        def dying(connection, path, execute=execute, **params):
            result = execute(connection, path, **params)
            if path.name == file:
                raise KeyboardInterrupt
            return result

        monkeypatch.setattr(module, "run_sql_file", dying)


def stop_after(monkeypatch, file: str, inside: threading.Event, go_on: threading.Event) -> None:
    """Let the first load stand still right after a ``.sql`` file was executed."""
    execute = load_module.run_sql_file

    def standing_still(connection, path, **params):
        result = execute(connection, path, **params)
        if path.name == file and not inside.is_set():
            inside.set()
            assert go_on.wait(30)
        return result

    monkeypatch.setattr(load_module, "run_sql_file", standing_still)

"""When a whole batch is refused (P2), and when it is the check that is broken."""

import pickle
import threading
import traceback
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.accounts.model import Validation
from include.extract.entities import CUSTOMERS, EMPLOYEES, INVOICES, TERMS
from include.local_stack.postgres import EmbeddedPostgres
from include.validate import queries, suites
from include.validate.errors import BadBatch, BrokenCheck, ValidationError
from include.validate.validate import validate_staged
from include.warehouse.errors import WarehouseUnreachable
from tests.validate.conftest import StagedBatches

BAD = {"total": "x"}


class TestShareOfBadRows:
    def test_few_bad_rows_never_stop_a_batch_however_small_it_is(self, batches: StagedBatches):
        settings = Validation(max_bad_share=0.05, bad_rows_tolerated=2)
        assert batches.outcome_of(INVOICES, BAD, BAD, settings=settings).bad_rows == 2

    def test_more_are_a_bad_batch_beyond_the_share(self, batches: StagedBatches):
        settings = Validation(max_bad_share=0.05, bad_rows_tolerated=2)
        table = batches.stage(INVOICES, [*[BAD] * 3, *[{}] * 56])
        with pytest.raises(BadBatch) as refused:
            batches.validate(INVOICES, table, settings=settings)
        message = str(refused.value)
        assert "3 of 59 rows are bad (5.1 %; allowed are 5.0 %, or 2 rows): total is not a number (3)" in message
        assert "Correct the records in NetSuite, or raise validation.max_bad_share in the account file" in message
        assert "invoices of account 'demo', run 'manual__2026-11-21T00:00:00+00:00'" in message
        assert refused.value.outcome is not None
        assert refused.value.outcome.reasons == {"total is not a number": 3}

    def test_exactly_the_share_is_allowed(self, batches: StagedBatches):
        settings = Validation(max_bad_share=0.05, bad_rows_tolerated=0)
        assert batches.outcome_of(INVOICES, *[BAD] * 3, *[{}] * 57, settings=settings).bad_rows == 3

    def test_a_row_that_breaks_several_rules_is_one_bad_row(self, batches: StagedBatches):
        settings = Validation(max_bad_share=0, bad_rows_tolerated=1)
        assert batches.outcome_of(INVOICES, BAD | {"customer_id": "-1"}, {}, settings=settings).bad_rows == 1

    def test_warnings_are_no_bad_rows(self, batches: StagedBatches):
        settings = Validation(max_bad_share=0, bad_rows_tolerated=0)
        assert batches.outcome_of(CUSTOMERS, {"credit_limit": "-1"}, settings=settings).warnings


class TestShrinking:
    """Only entities that are read in full can shrink."""

    @pytest.mark.parametrize(("rows", "bad"), [(7, False), (6, True)])
    def test_a_full_read_may_shrink_by_the_share(self, batches: StagedBatches, rows: int, bad: bool):
        table = batches.stage(CUSTOMERS, [{}] * rows)
        if not bad:
            assert batches.validate(CUSTOMERS, table, live_rows=10).rows == rows
            return
        with pytest.raises(BadBatch, match=r"6 rows were read, but 10 are loaded: 40\.0 % fewer, at most 30\.0 %"):
            batches.validate(CUSTOMERS, table, live_rows=10)

    def test_a_full_read_of_nothing_is_always_bad_where_rows_are_loaded(self, batches: StagedBatches):
        settings = Validation(max_shrink=1)
        table = batches.stage(TERMS, [])
        with pytest.raises(BadBatch, match=r"0 rows were read, but 1 are loaded\. See whether the integration's role"):
            batches.validate(TERMS, table, live_rows=1, settings=settings)

    @pytest.mark.parametrize("live_rows", [None, 0])
    def test_the_first_read_may_be_empty(self, batches: StagedBatches, live_rows: int | None):
        assert batches.outcome_of(EMPLOYEES, live_rows=live_rows).rows == 0

    def test_a_read_of_changes_may_be_of_any_length(self, batches: StagedBatches):
        assert batches.outcome_of(INVOICES, live_rows=100).rows == 0


class TestColumns:
    @pytest.mark.parametrize("column", ["total", "id", "salesrep", "custbody_note"])
    def test_a_missing_column_is_a_bad_batch_that_names_it(self, batches: StagedBatches, column: str):
        fields = {"owner_fields": ("salesrep",), "custom_fields": ("custbody_note",)}
        table = batches.stage(INVOICES, [{}], without=column, **fields)
        with pytest.raises(BadBatch, match=rf"the columns are not as declared \(missing: {column}\)"):
            batches.validate(INVOICES, table, **fields)

    @pytest.mark.parametrize("column", ["email_key", "row_number"])
    def test_so_is_a_missing_column_that_other_rules_read(self, batches: StagedBatches, column: str):
        table = batches.stage(EMPLOYEES, [{}])
        with batches.engine.begin() as connection:
            connection.execute(sa.text(f'ALTER TABLE staging."{table[1]}" DROP COLUMN {column}'))
        with pytest.raises(BadBatch, match=rf"the columns are not as declared \(missing: {column}\)"):
            batches.validate(EMPLOYEES, table)

    def test_a_column_that_nobody_declared_is_a_bad_batch_too(self, batches: StagedBatches):
        table = batches.stage(INVOICES, [{}], extra="surprise")
        with pytest.raises(BadBatch, match=r"not as declared \(not declared: surprise\)"):
            batches.validate(INVOICES, table)

    def test_only_invoices_have_owner_fields(self, batches: StagedBatches):
        assert batches.validate(TERMS, batches.stage(TERMS, [{}]), owner_fields=("salesrep",)).rows == 1


def test_every_broken_rule_on_the_batch_is_listed(batches: StagedBatches):
    table = batches.stage(CUSTOMERS, [{"balance": "x"}] * 6, without="on_credit_hold")
    with pytest.raises(BadBatch) as refused:
        batches.validate(CUSTOMERS, table, live_rows=100)
    for problem in ("missing: on_credit_hold", "6 rows were read, but 100 are loaded", "6 of 6 rows are bad"):
        assert problem in str(refused.value)


class TestBrokenChecks:
    """A check that fails itself says nothing of the data."""

    def test_a_check_that_postgresql_refuses_is_named_with_its_cause(self, batches: StagedBatches, monkeypatch):
        read_sql = queries.read_sql
        broken = "SELECT row_number, no_such_column AS checked_text FROM checked"
        monkeypatch.setattr(queries, "read_sql", lambda name: broken if name == "flag.sql" else read_sql(name))
        table = batches.stage(EMPLOYEES, [{"is_inactive": "nonsense"}] * 10)
        with pytest.raises(BrokenCheck) as refused:
            batches.validate(EMPLOYEES, table)
        message = str(refused.value)
        assert "2 of 10 checks on employees of account 'demo'" in message
        assert "'is_inactive is T or F'" in message
        assert 'column "no_such_column" does not exist' in message
        assert "says nothing of the data" in message
        assert "broken check" in refused.value.outcome.docs.read_text()

    def test_a_broken_check_outweighs_bad_data(self, batches: StagedBatches, monkeypatch):
        read_sql = queries.read_sql
        monkeypatch.setattr(queries, "read_sql", lambda name: "nonsense" if name == "present.sql" else read_sql(name))
        table = batches.stage(INVOICES, [BAD] * 10)
        with pytest.raises(BrokenCheck):
            batches.validate(INVOICES, table)

    def test_a_missing_staging_table_is_named(self, batches: StagedBatches):
        with pytest.raises(BrokenCheck, match=r"no staging table staging\.nowhere"):
            batches.validate(INVOICES, ("staging", "nowhere"))

    def test_a_warehouse_that_is_down_is_the_warehouse_rooms_error(self, tmp_path: Path):
        with pytest.raises(WarehouseUnreachable):
            validate_at("postgresql://me:s3cret$word@127.0.0.1:1/none", tmp_path)

    def test_no_password_ever_stands_in_an_error_or_in_the_docs(
        self, batches: StagedBatches, postgres: EmbeddedPostgres, monkeypatch
    ):
        with batches.engine.begin() as connection:
            connection.execute(sa.text("DROP ROLE IF EXISTS validator"))
            connection.execute(sa.text("CREATE ROLE validator SUPERUSER LOGIN PASSWORD 's3cret$w:o@r/d%'"))
        url = batches.engine.url.set(username="validator", password="s3cret$w:o@r/d%")
        table = batches.stage(TERMS, [{"is_inactive": "x"}])
        text = url.render_as_string(hide_password=False)
        assert validate_at(text, batches.docs_dir, TERMS, table).bad_rows == 1

        monkeypatch.setattr(suites.SuiteRunner, "check", lambda *_: (_ for _ in ()).throw(RuntimeError(url.password)))
        with pytest.raises(BrokenCheck) as refused:
            validate_at(text, batches.docs_dir, TERMS, table)
        written = "".join(path.read_text() for path in batches.docs_dir.rglob("*") if path.is_file())
        assert "s3cret" not in written + "".join(traceback.format_exception(refused.value))


def validate_at(url: str, docs_dir: Path, entity=TERMS, table=("staging", "none")):
    return validate_staged(
        url,
        account="demo",
        run_id="run",
        entity=entity,
        table=table,
        owner_fields=(),
        custom_fields=(),
        settings=Validation(),
        live_rows=None,
        docs_dir=docs_dir,
    )


def test_a_warehouse_behind_a_socket_gets_the_host_that_gx_insists_on():
    """psycopg goes by the socket in the query; the test server listens on none."""
    rendered = suites.connection_string(sa.make_url("postgresql+psycopg://me@/warehouse?host=/run/postgresql"))
    assert rendered == "postgresql+psycopg://me@localhost/warehouse?host=%2Frun%2Fpostgresql"


def test_errors_come_whole_out_of_another_process(batches: StagedBatches):
    with pytest.raises(BadBatch) as refused:
        batches.outcome_of(TERMS, live_rows=5)
    copy = pickle.loads(pickle.dumps(refused.value))
    assert (str(copy), copy.outcome) == (str(refused.value), refused.value.outcome)


def test_no_connection_stays_open(batches: StagedBatches):
    batches.outcome_of(TERMS, {})
    with pytest.raises(ValidationError):
        batches.outcome_of(TERMS, live_rows=5)
    batches.engine.dispose()
    with batches.engine.connect() as connection:
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert connection.execute(sa.text(others)).scalar() == 0


def test_batches_validated_at_the_same_time_do_not_mix(batches: StagedBatches):
    found: dict[int, int] = {}
    tables = {bad: batches.stage(TERMS, [*[{"is_inactive": "x"}] * bad, {}]) for bad in range(5)}

    def validate(bad: int) -> None:
        found[bad] = batches.validate(TERMS, tables[bad], run_id=f"run {bad}").bad_rows

    threads = [threading.Thread(target=validate, args=(bad,)) for bad in tables]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {bad: bad for bad in range(5)}


class TestChangedTypes:
    """A column that holds another type throughout stops the batch, however few rows fill it; nothing becomes null."""

    @pytest.mark.parametrize(
        ("entity", "column", "value", "expected"),
        [
            (CUSTOMERS, "credit_limit", "a thousand", "credit_limit is a number"),
            (CUSTOMERS, "balance", "1,234.50", "balance is a number"),
            (CUSTOMERS, "on_credit_hold", "Yes", "on_credit_hold is T or F"),
            (CUSTOMERS, "terms_id", "Net 30", "terms_id is a whole positive number"),
            (INVOICES, "due_date", "20.12.2026", "due_date is a date (YYYY-MM-DD)"),
            (INVOICES, "created_at", "12/20/2026 8:30 am", "created_at is an instant (YYYY-MM-DDTHH:MM:SSZ)"),
            (INVOICES, "salesrep", "Ann Lee", "salesrep is a whole positive number"),
        ],
    )
    def test_a_column_of_another_type_throughout_is_named_with_what_was_expected_and_an_example(
        self, batches: StagedBatches, entity, column, value, expected
    ):
        fields = {"owner_fields": ("salesrep",)} if column == "salesrep" else {}
        empty = {column: None}
        table = batches.stage(entity, [{column: value}] * 6 + [empty] * 194, **fields)
        with pytest.raises(BadBatch) as refused:
            batches.validate(entity, table, **fields)
        assert f"{column}: 6 of its 6 values are of another type than before, for example {value!r}" in str(
            refused.value
        )
        assert f"(expected: {expected})" in str(refused.value)

    def test_bad_values_among_good_ones_are_quarantined(self, batches: StagedBatches):
        table = batches.stage(CUSTOMERS, [{"credit_limit": "x"}] * 6 + [{}] * 194)
        assert batches.validate(CUSTOMERS, table).bad_rows == 6

    def test_so_are_as_few_as_an_account_tolerates_though_the_column_holds_nothing_else(self, batches: StagedBatches):
        table = batches.stage(CUSTOMERS, [{"credit_limit": "x"}] * 5 + [{"credit_limit": None}] * 195)
        assert batches.validate(CUSTOMERS, table).reasons == {"credit_limit is not a number": 5}

"""The SuiteQL files, and how a window bounds them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlglot
from sqlglot import exp

from include.extract.entities import ENTITIES
from include.extract.sales_teams import ANY_SALES_TEAM
from include.extract.suiteql import FOLDER, WHENEVER, Window, read_column, read_query

CUTOFF = datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)
FIRST = Window(None, CUTOFF)
LATER = Window(datetime(2026, 11, 20, 0, 30, tzinfo=UTC), CUTOFF)
QUERIES = [(entity, name) for entity in ENTITIES for name in entity.queries]


@pytest.mark.parametrize(("entity", "name"), QUERIES, ids=lambda value: getattr(value, "name", value))
def test_a_file_gives_exactly_the_declared_columns(entity, name):
    assert read_query(name).columns == tuple(column.name for column in entity.columns)


def test_every_file_belongs_to_an_entity_or_to_the_sales_teams():
    of_teams = {"sales_team", ANY_SALES_TEAM.stem}
    assert {path.stem for path in FOLDER.iterdir()} == {name for _, name in QUERIES} | of_teams


@pytest.mark.parametrize("spelling", read_column("sales_team"), ids=["in the list", "joined"])
@pytest.mark.parametrize("window", [FIRST, LATER], ids=["first", "later"])
def test_the_sales_team_joins_the_columns_and_changes_no_row(spelling, window):
    """D6: the rows, their order and their bounds are those of the invoices."""
    plain = read_query("invoices")
    query = replace(plain, items=(*plain.items, spelling))
    tree = sqlglot.parse_one(query.sql(window), dialect="oracle")
    assert tree.named_selects == [*plain.columns, "sales_team"]
    assert tree.args["where"] == sqlglot.parse_one(plain.sql(window), dialect="oracle").args["where"]
    assert query.bounds_sql(window) == plain.bounds_sql(window)
    assert {join.side for join in tree.args.get("joins", [])} <= {"LEFT"}


@pytest.mark.parametrize("window", [FIRST, LATER], ids=["first", "later"])
@pytest.mark.parametrize("name", [name for _, name in QUERIES])
def test_a_query_is_oracle_sql_ordered_by_its_key_and_bounded_by_it(name, window):
    query = read_query(name)
    tree = sqlglot.parse_one(query.sql(window), dialect="oracle")
    assert isinstance(tree, exp.Select)
    key = next(item.expression for item in query.items if item.alias == "id")
    assert [order.this.sql() for order in tree.find(exp.Order).expressions] == [key]
    assert f"{key} > :after_id" in query.sql(window)
    assert f"{key} <= :last_id" in query.sql(window)


@pytest.mark.parametrize("name", [name for _, name in QUERIES])
def test_the_bounds_are_of_the_same_rows(name):
    query = read_query(name)
    rows = sqlglot.parse_one(query.sql(LATER), dialect="oracle")
    bounds = sqlglot.parse_one(query.bounds_sql(LATER), dialect="oracle")
    assert bounds.find(exp.Where) == rows.find(exp.Where)
    assert [item.alias for item in bounds.expressions] == ["first_id", "last_id", "row_count"]


def test_instants_are_compared_in_utc_and_never_by_day_alone():
    sql = read_query("invoices").sql(LATER)
    assert "SYS_EXTRACT_UTC(t.lastmodifieddate) >= TO_TIMESTAMP(:since, 'YYYY-MM-DD HH24:MI:SS')" in sql
    assert "SYS_EXTRACT_UTC(t.lastmodifieddate) < TO_TIMESTAMP(:cutoff, 'YYYY-MM-DD HH24:MI:SS')" in sql
    assert "BETWEEN" not in sql


def test_the_prefilter_lies_a_day_before_the_window_so_that_no_time_zone_loses_a_row():
    assert read_query("invoices").params(LATER) == {
        "since": "2026-11-20 00:30:00",
        "since_day": "2026-11-19",
        "cutoff": "2026-11-20 12:00:05",
    }


def test_a_first_read_also_takes_rows_that_were_never_stamped():
    query = read_query("employees")
    assert "e.lastmodifieddate IS NULL OR" in query.sql(FIRST)
    assert query.params(FIRST) == {"cutoff": "2026-11-20 12:00:05"}


def test_a_record_without_modified_instant_is_bounded_by_its_key_alone():
    assert read_query("terms").params(FIRST) == {}


def test_an_item_may_name_another_spelling():
    item = next(item for item in read_query("invoices").items if item.alias == "currency")
    assert item.expression == "BUILTIN.DF(t.currency)"
    assert item.next_spelling().expression == "t.currency"
    assert item.next_spelling().next_spelling() is None


def test_the_same_rows_with_fewer_columns():
    query = read_query("invoices")
    listing = query.only(("id", "last_modified_at"))
    assert listing.columns == ("id", "last_modified_at")
    assert (listing.rest, listing.order) == (query.rest, query.order)
    assert read_query("terms").only(("id", "last_modified_at")).columns == ("id",)


@pytest.mark.parametrize("name", [name for _, name in QUERIES])
def test_records_with_given_ids_are_asked_for_by_bound_parameters(name):
    query = read_query(name).among(3)
    key = next(item.expression for item in query.items if item.alias == "id")
    for sql in (query.sql(WHENEVER), query.bounds_sql(WHENEVER)):
        assert sqlglot.parse_one(sql, dialect="oracle").find(exp.In) is not None
        assert f"{key} IN (:among_0, :among_1, :among_2)" in sql

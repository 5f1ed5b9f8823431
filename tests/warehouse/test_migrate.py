"""The migrations, and what every table of the warehouse promises: comments, and the types of the architecture page."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from include.warehouse import migrate
from include.warehouse.database import open_warehouse
from tests.warehouse.runs import query

SCHEMAS = ("raw", "quarantine", "matching", "publish", "workflow", "ops")
MONEY = ("total", "unpaid_amount", "credit_limit", "balance", "overdue_balance", "unbilled_orders", "available_credit")


def tables(url: str) -> set[tuple[str, str]]:
    engine = open_warehouse(url)
    try:
        return {
            (schema, table)
            for schema, table in query(
                engine,
                "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema = ANY(:schemas)",
                schemas=[*SCHEMAS, "staging"],
            )
        }
    finally:
        engine.dispose()


def columns(engine, where: str) -> list[tuple]:
    return query(
        engine,
        "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
        f"WHERE table_schema = ANY(:schemas) AND {where}",
        schemas=list(SCHEMAS),
    )


def test_up_down_and_up_again(empty_database):
    assert not migrate.is_at_head(empty_database)
    migrate.upgrade(empty_database)
    first = tables(empty_database)
    assert migrate.is_at_head(empty_database)
    assert {("raw", "invoices"), ("quarantine", "rows"), ("publish", "recipients"), ("ops", "sync_runs")} <= first

    migrate.downgrade(empty_database)
    assert tables(empty_database) == {("ops", "alembic_version")}
    assert not migrate.is_at_head(empty_database)

    migrate.upgrade(empty_database)
    assert tables(empty_database) == first


def test_upgrading_again_changes_nothing(warehouse_url):
    before = tables(warehouse_url)
    migrate.upgrade(warehouse_url)
    assert tables(warehouse_url) == before


def test_several_upgrades_at_once_end_as_one(empty_database):
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(migrate.upgrade, empty_database) for _ in range(4)]:
            done.result()
    assert migrate.is_at_head(empty_database)


def test_a_migration_that_fails_leaves_the_warehouse_as_it_was(empty_database):
    engine = open_warehouse(empty_database)
    query(engine, "CREATE SCHEMA publish")  # the last file's tables go there
    with pytest.raises(Exception, match="publish"):
        migrate.upgrade(empty_database)
    assert query(engine, "SELECT to_regnamespace('raw'), to_regnamespace('ops')") == [(None, None)]
    engine.dispose()


def test_the_command_line_migrates_the_warehouse_of_the_environment(empty_database, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["migrate"])
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", empty_database)
    migrate.main()
    assert migrate.is_at_head(empty_database)


def test_the_command_line_says_what_it_lacks(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["migrate"])
    monkeypatch.delenv("AIRFLOW_CONN_WAREHOUSE", raising=False)
    with pytest.raises(SystemExit, match="AIRFLOW_CONN_WAREHOUSE"):
        migrate.main()


def test_every_table_and_column_carries_a_comment(warehouse):
    without = query(
        warehouse,
        """
        SELECT n.nspname, c.relname, a.attname
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'v', 'm', 'p')
            AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)
        """,
        schemas=list(SCHEMAS),
    )
    assert without == []


def test_every_schema_of_the_project_carries_a_comment(warehouse):
    commented = query(
        warehouse,
        "SELECT nspname FROM pg_namespace WHERE nspname = ANY(:schemas) AND obj_description(oid) IS NOT NULL",
        schemas=[*SCHEMAS, "staging"],
    )
    assert {schema for (schema,) in commented} >= {*SCHEMAS, "staging"}


def test_money_is_numeric_and_no_number_is_a_float(warehouse):
    money = columns(warehouse, "column_name IN ('" + "','".join(MONEY) + "')")
    assert {data_type for *_, data_type in money} == {"numeric"}
    assert columns(warehouse, "data_type IN ('real', 'double precision', 'money')") == []


def test_every_instant_has_its_time_zone(warehouse):
    assert columns(warehouse, "data_type LIKE 'timestamp without%'") == []
    assert columns(warehouse, "column_name LIKE '%\\_at' AND data_type <> 'timestamp with time zone'") == []


def test_netsuites_ids_are_bigint(warehouse):
    ids = columns(
        warehouse,
        "table_schema IN ('raw', 'publish') AND (column_name = 'id' OR column_name LIKE '%\\_id') "
        "AND column_name NOT IN ('run_id', 'last_run_id', 'user_id', 'entity_id')",
    )
    assert ("raw", "invoices", "customer_id", "bigint") in ids
    assert {data_type for *_, data_type in ids} == {"bigint"}

"""The connection to the warehouse and its errors, which tell a person what to do."""

from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from include.warehouse.database import WRITER, open_as_writer, open_warehouse, psycopg_url, run_sql_file
from include.warehouse.errors import NotMigrated, NotPermitted, SqlFailed, WarehouseUnreachable, WrongUrl
from tests.warehouse.runs import query


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg", "postgresql+asyncpg"]
)
def test_any_postgresql_url_is_opened_with_psycopg_3(warehouse_url, scheme):
    engine = open_warehouse(warehouse_url.replace("postgresql+psycopg", scheme))
    try:
        assert engine.dialect.driver == "psycopg"
        assert query(engine, "SELECT 1") == [(1,)]
    finally:
        engine.dispose()


def test_a_sync_works_with_its_own_rights_and_what_the_url_asks_for_besides(warehouse_url):
    """O8: whoever opens the engine's URL anew, as validation does, has the same rights."""
    engine = open_as_writer(f"{warehouse_url}?options=-c%20work_mem%3D7MB")
    again = open_warehouse(engine.url.render_as_string(hide_password=False))
    try:
        for opened in (engine, again):
            assert query(opened, "SELECT current_user, current_setting('work_mem')") == [(WRITER, "7MB")]
    finally:
        engine.dispose()
        again.dispose()


def test_a_login_without_the_role_syncs_with_its_own_rights_and_the_log_says_so(warehouse_url, caplog):
    login = f"only_{make_url(warehouse_url).database}"
    with psycopg.connect(warehouse_url.replace("+psycopg", ""), autocommit=True) as administrator:
        administrator.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'geheim'".encode())
    url = make_url(warehouse_url).set(username=login, password="geheim").render_as_string(hide_password=False)
    caplog.set_level("INFO")
    engine = open_as_writer(url)
    try:
        assert query(engine, "SELECT current_user") == [(login,)]
    finally:
        engine.dispose()
    assert WRITER in caplog.text
    assert "geheim" not in caplog.text


def test_what_airflow_adds_to_a_url_for_itself_is_left_out():
    url = psycopg_url("postgres://u:p%40ss@db:5432/w?sslmode=require&__extra__=%7B%7D")
    assert url.query == {"sslmode": "require"}
    assert url.password == "p@ss"


@pytest.mark.parametrize(
    "url", ["mysql://u:geheim@db/w", "sqlite:///w.db", "geheim", "postgresql://u:geheim@db:port/w"]
)
def test_a_url_that_cannot_work_is_refused_at_once_without_telling_its_password(url):
    with pytest.raises(WrongUrl) as caught:
        open_warehouse(url)
    assert "PostgreSQL" in str(caught.value) or "postgresql://" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_sessions_are_in_utc_and_say_whose_they_are(warehouse):
    assert query(warehouse, "SHOW TimeZone") == [("UTC",)]
    assert query(warehouse, "SHOW application_name") == [("netsuite-sync",)]


def test_a_server_that_is_not_there_is_unreachable_and_the_message_says_where_but_no_password():
    engine = open_warehouse("postgresql://someone:geheim@127.0.0.1:1/w")
    with pytest.raises(WarehouseUnreachable, match=r"127\.0\.0\.1:1, database 'w'") as caught:
        query(engine, "SELECT 1")
    assert "geheim" not in str(caught.value)
    assert "warehouse" in str(caught.value)


def test_a_database_that_does_not_exist_is_unreachable_too(empty_database):
    engine = open_warehouse(f"{empty_database}_not")
    with pytest.raises(WarehouseUnreachable, match="does not exist"):
        query(engine, "SELECT 1")


def test_a_connection_that_was_cut_is_replaced_before_it_is_used(warehouse):
    query(warehouse, "SELECT 1")
    url = warehouse.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg.connect(url)) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert query(warehouse, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("table", ["raw.invoices", "ops.sync_runs", "publish.recipients"])
def test_a_warehouse_without_migrations_says_which_command_to_run(empty_database, table):
    engine = open_warehouse(empty_database)
    with pytest.raises(NotMigrated, match=r"python -m include\.warehouse\.migrate"):
        query(engine, f"SELECT * FROM {table}")
    engine.dispose()


def test_other_missing_tables_are_no_missing_migration(warehouse):
    with pytest.raises(ProgrammingError):
        query(warehouse, "SELECT * FROM staging.invoices__000000000000")


def test_a_missing_right_is_named(warehouse):
    role = f"reader_of_{make_url(str(warehouse.url)).database}"
    query(warehouse, f"CREATE ROLE {role}")
    try:
        with pytest.raises(NotPermitted, match="permission denied for schema raw"), warehouse.begin() as connection:
            connection.execute(text(f"SET LOCAL ROLE {role}"))
            connection.execute(text("SELECT * FROM raw.invoices"))
    finally:
        query(warehouse, f"DROP ROLE {role}")


def file(folder: Path, sql: str) -> Path:
    path = folder / "some.sql"
    path.write_text(sql, encoding="utf-8")
    return path


def test_a_sql_file_may_hold_several_statements_and_tells_what_each_did(warehouse, tmp_path):
    path = file(
        tmp_path,
        """
        -- Three statements; a semicolon in a comment; and 100 % of it
        CREATE TABLE ops.t (id bigint, name text);
        INSERT INTO ops.t SELECT CAST(:first AS bigint) + n, :name FROM generate_series(0, 2) AS n;
        SELECT id, name || ' 10%; ok' AS name FROM ops.t ORDER BY id;
        """,
    )
    with warehouse.begin() as connection:
        results = run_sql_file(connection, path, first=7, name='it\'s: \\ "so"')
    assert [result.rowcount for result in results[1:]] == [3, 3]
    assert results[2].rows[0] == {"id": 7, "name": 'it\'s: \\ "so" 10%; ok'}


def test_a_sql_file_without_values_is_executed_as_it_is(warehouse, tmp_path):
    path = file(tmp_path, "SELECT '12:30:00'::time::text AS t, 5 % 3 AS r, ':x' AS x")
    with warehouse.begin() as connection:
        assert run_sql_file(connection, path)[0].rows == [{"t": "12:30:00", "r": 2, "x": ":x"}]


def test_a_sql_file_runs_in_the_connections_transaction(warehouse, tmp_path):
    path = file(tmp_path, "CREATE TABLE ops.t (id bigint)")
    with warehouse.connect() as connection:
        run_sql_file(connection, path)
        connection.rollback()
        assert connection.execute(text("SELECT to_regclass('ops.t')")).scalar() is None
        run_sql_file(connection, path)
        connection.commit()
    assert query(warehouse, "SELECT to_regclass('ops.t') IS NOT NULL") == [(True,)]


def test_a_statement_that_postgresql_refuses_is_reported_with_the_name_of_its_file(warehouse, tmp_path):
    path = file(tmp_path, "SELECT 1; SELECT CAST(:value AS numeric)")
    with pytest.raises(SqlFailed, match=r"some\.sql.*invalid input syntax"), warehouse.begin() as connection:
        run_sql_file(connection, path, value="x")


def test_a_sql_file_on_a_warehouse_without_migrations_says_which_command_to_run(empty_database, tmp_path):
    engine = open_warehouse(empty_database)
    with pytest.raises(NotMigrated, match="migrate"), engine.begin() as connection:
        run_sql_file(connection, file(tmp_path, "SELECT * FROM raw.invoices"))
    engine.dispose()

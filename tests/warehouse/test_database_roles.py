"""Migrations by a user without special rights, on a server of their own: roles belong to a whole server (O8, P8)."""

import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from include.local_stack.postgres import EmbeddedPostgres
from include.warehouse import migrate
from include.warehouse.database import open_warehouse
from tests.warehouse.runs import query

ROLES = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'netsuite_sync_%' ORDER BY rolname"
MAY_READ = "SELECT has_table_privilege('netsuite_sync_reader', 'publish.recipients', 'SELECT')"


@pytest.fixture(scope="module")
def server():
    folder = Path(tempfile.mkdtemp(prefix="netsuite-sync-roles-"))
    try:
        with EmbeddedPostgres(folder / "data", durable=False) as server:
            yield server
    finally:
        shutil.rmtree(folder)


def database_of(server: EmbeddedPostgres, name: str, owner: str) -> str:
    """URL of a new database for its owner, a user who may make no roles."""
    server.ensure_database(name)
    with psycopg.connect(server.url(name).replace("+psycopg", ""), autocommit=True) as administrator:
        administrator.execute(f"CREATE ROLE {owner} LOGIN PASSWORD 'x'".encode())
        administrator.execute(f"ALTER DATABASE {name} OWNER TO {owner}".encode())
    return make_url(server.url(name)).set(username=owner, password="x").render_as_string(hide_password=False)


def rows(url: str, sql: str) -> list[tuple]:
    engine = open_warehouse(url)
    try:
        return query(engine, sql)
    finally:
        engine.dispose()


def test_roles_are_made_by_who_may_and_get_their_rights_from_every_owner(server):
    first = database_of(server, "first", "ann")
    migrate.upgrade(first)
    assert migrate.is_at_head(first)
    assert rows(first, ROLES) == []

    server.ensure_database("second")
    migrate.upgrade(server.url("second"))
    assert rows(first, ROLES) == [("netsuite_sync_reader",), ("netsuite_sync_writer",)]

    third = database_of(server, "third", "bob")
    migrate.upgrade(third)
    assert rows(third, MAY_READ) == [(True,)]
    migrate.downgrade(third)
    migrate.upgrade(third)
    assert rows(third, MAY_READ) == [(True,)]

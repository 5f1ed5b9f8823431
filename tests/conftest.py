"""Real databases for every room's tests.

The server starts once per test session and is thrown away with it; each test gets a database of its own.
"""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.local_stack.postgres import EmbeddedPostgres
from tests import airflow_home

assert airflow_home.HOME.is_dir()

_numbers = itertools.count(1)
TEMPLATE = "warehouse_template"


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server of this test session's own, without fsync."""
    # Not pytest's own temporary folder: a test session that starts beside this one closes that to the server's OS user.
    folder = Path(tempfile.mkdtemp(prefix="netsuite-sync-postgres-"))
    server = EmbeddedPostgres(folder / "data", durable=False)
    try:
        with server:
            yield server
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def migrated_template(postgres: EmbeddedPostgres) -> str:
    """Name of a database on which the warehouse's migrations ran once; `warehouse_url` clones it."""
    from include.warehouse.migrate import upgrade

    postgres.ensure_database(TEMPLATE)
    upgrade(postgres.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def empty_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """SQLAlchemy URL (psycopg 3) of a fresh, empty database; dropped afterwards."""
    name = f"empty_{next(_numbers)}"
    postgres.ensure_database(name)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def warehouse_url(postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """SQLAlchemy URL (psycopg 3) of a fresh warehouse, migrated to head; dropped afterwards."""
    name = f"warehouse_{next(_numbers)}"
    postgres.ensure_database(name, template=migrated_template)
    yield postgres.url(name)
    postgres.drop_database(name)

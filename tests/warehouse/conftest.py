"""A warehouse as the room's own functions see it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from include.local_stack.postgres import EmbeddedPostgres
from include.warehouse.database import open_warehouse


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Engine]:
    engine = open_warehouse(warehouse_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def shared_warehouse(postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[Engine]:
    """One warehouse for a module's many small cases; each uses an account of its own."""
    name = "shared_warehouse"
    postgres.ensure_database(name, template=migrated_template)
    engine = open_warehouse(postgres.url(name))
    yield engine
    engine.dispose()
    postgres.drop_database(name)

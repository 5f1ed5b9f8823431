"""A warehouse in which a run rehearses."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from include.local_stack.postgres import EmbeddedPostgres
from include.warehouse.database import open_warehouse
from tests.matching.world import World

STAGED = "SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r'"


@pytest.fixture(scope="module")
def warehouse(postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[Engine]:
    """One warehouse for the tests of a file; each empties it first."""
    name = "warehouse_of_resync"
    postgres.ensure_database(name, template=migrated_template)
    engine = open_warehouse(postgres.url(name))
    yield engine
    engine.dispose()
    postgres.drop_database(name)


@pytest.fixture
def world(warehouse: Engine) -> World:
    world = World(warehouse).emptied()
    for table in ("ops.extraction_windows", "ops.watermarks", "ops.blast_radius", "quarantine.rows"):
        world.execute(f"DELETE FROM {table}")
    for name in [name for (name,) in world.rows(STAGED)]:
        world.execute(f"DROP TABLE staging.{name}")
    return world

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.warehouse.database import open_warehouse
from tests.recipients.world import RecipientsWorld

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from include.local_stack.postgres import EmbeddedPostgres


@pytest.fixture(scope="module")
def warehouse(postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[Engine]:
    """One warehouse for the tests of a file; each empties it first."""
    name = "warehouse_of_recipients"
    postgres.ensure_database(name, template=migrated_template)
    engine = open_warehouse(postgres.url(name))
    yield engine
    engine.dispose()
    postgres.drop_database(name)


@pytest.fixture
def world(warehouse: Engine) -> RecipientsWorld:
    return RecipientsWorld(warehouse).emptied()

"""A warehouse to compare NetSuite's listing with."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from include.warehouse.database import open_warehouse


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Engine]:
    engine = open_warehouse(warehouse_url)
    yield engine
    engine.dispose()

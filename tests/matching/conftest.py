from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.warehouse.database import open_warehouse
from tests.matching.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world(warehouse_url: str) -> Iterator[World]:
    engine = open_warehouse(warehouse_url)
    yield World(engine)
    engine.dispose()

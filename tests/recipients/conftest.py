from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.matching.conftest import warehouse  # noqa: F401 # a fixture
from tests.recipients.world import RecipientsWorld

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture
def world(warehouse: Engine) -> RecipientsWorld:  # noqa: F811
    return RecipientsWorld(warehouse).emptied()

"""A warehouse that published before there was a history: its recipients stay, and their history begins with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic.script import ScriptDirectory

from include.warehouse import migrate
from include.warehouse.database import open_warehouse
from tests.matching.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

import pytest

REVISION = "0008"


@pytest.fixture
def published_before(warehouse_url: str) -> Iterator[World]:
    """Published by the version before, and brought to the newest one."""
    engine = open_warehouse(warehouse_url)
    world = World(engine)
    world.employee(7)
    world.invoice(1, salesrep=7, custbody_collector=None)
    world.invoice(2, salesrep=7, custbody_collector=99)
    world.sync()
    world.employee(8)
    world.invoice(2, salesrep=8)
    world.sync()
    engine.dispose()
    before = ScriptDirectory(str(migrate.MIGRATIONS)).get_revision(REVISION).down_revision
    assert isinstance(before, str)
    migrate.downgrade(warehouse_url, before)
    migrate.upgrade(warehouse_url)
    yield world
    engine.dispose()


def test_the_history_of_what_was_published_begins_when_it_was_resolved(published_before: World) -> None:
    history = published_before.rows("""
        SELECT invoice_id, owner_field, status, employee_id, run_id, valid_from = resolved_at, known_from = resolved_at
        FROM publish.recipients_history ORDER BY invoice_id, owner_field
    """)

    assert history == [
        (1, "custbody_collector", "owner_empty", None, "run 1", True, True),
        (1, "salesrep", "ok", 7, "run 1", True, True),
        (2, "custbody_collector", "employee_not_found", 99, "run 1", True, True),
        (2, "salesrep", "ok", 8, "run 2", True, True),
    ]


def test_the_next_publish_resolves_everything_and_changes_nothing(published_before: World) -> None:
    before = published_before.versions("publish.recipients", "matching.recipient_counts")

    counts = published_before.sync()

    assert counts["rebuilt"]
    assert counts["rows"] == 4
    assert published_before.versions("publish.recipients") == {"publish.recipients": before["publish.recipients"]}
    assert published_before.rows("SELECT FROM publish.recipient_changes") == []
    assert (
        published_before.rows(
            "SELECT * FROM publish.recipients EXCEPT SELECT * FROM publish.recipients_at('acme', now())"
        )
        == []
    )

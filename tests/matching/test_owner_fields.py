"""The owner fields of the account file, as the last publish had them: rows O1, O12."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.matching.errors import UnknownRun
from include.matching.publish import publish
from include.warehouse import migrate
from include.warehouse.database import open_warehouse
from tests.matching.world import World

if TYPE_CHECKING:
    from sqlalchemy import Engine


def published(world: World, *owner_fields: str, run_id: str | None = None) -> list[tuple[str, str]]:
    """Publishes with these fields; gives what is configured then, with the run that first had it."""
    run = run_id or world.pass_fence()
    publish(world.engine, account=world.account, run_id=run, user_mode="import", owner_fields=owner_fields)
    return kept(world)


def kept(world: World) -> list[tuple[str, str]]:
    return world.rows("SELECT owner_field, run_id FROM ops.owner_fields WHERE account = :account ORDER BY owner_field")


@pytest.fixture
def acme(warehouse: Engine) -> World:
    world = World(warehouse).emptied()
    world.execute("DELETE FROM ops.owner_fields")
    return world


def test_they_are_kept_with_the_run_that_first_had_them_though_no_invoice_has_them(acme: World) -> None:
    assert published(acme, "salesrep") == [("salesrep", "run 1")]
    assert published(acme, "salesrep", "custbody_new") == [("custbody_new", "run 2"), ("salesrep", "run 1")]
    assert published(acme, "custbody_new") == [("custbody_new", "run 2")]


def test_other_accounts_keep_theirs(acme: World) -> None:
    published(acme, "salesrep")
    acme.account = "beta"
    published(acme, "custbody_desk")
    acme.account = "acme"
    assert kept(acme) == [("salesrep", "run 1")]


def test_a_publish_that_fails_leaves_them_as_they_were(acme: World) -> None:
    """P5."""
    published(acme, "salesrep")
    with pytest.raises(UnknownRun):
        published(acme, "custbody_new", run_id="never began")
    assert kept(acme) == [("salesrep", "run 1")]


def test_a_warehouse_that_has_published_before_they_were_kept_takes_them_from_there(
    warehouse_url: str,
) -> None:
    migrate.downgrade(warehouse_url, "0007-1")
    world = World(open_warehouse(warehouse_url))
    world.execute("""
        INSERT INTO publish.recipients (account, invoice_id, owner_field, status, run_id)
        SELECT :account, i, field, 'owner_empty', 'run ' || i
        FROM generate_series(1, 3) AS i CROSS JOIN unnest(ARRAY['salesrep', 'custbody_collector']) AS field
    """)
    migrate.upgrade(warehouse_url)
    assert kept(world) == [("custbody_collector", "run 1"), ("salesrep", "run 1")]
    world.engine.dispose()

"""P4: matching and publishing take their time from the number of rows, not from what the planner believes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.matching.publish import publish_in

if TYPE_CHECKING:
    from tests.matching.world import World

COUNT = 400
# Tables that publishing itself writes; the load analyzes those of raw.
WRITTEN = (
    "workflow.users",
    "ops.user_email_keys",
    "matching.employee_matches",
    "matching.owner_states",
    "publish.user_mapping",
    "publish.recipients",
)


@pytest.mark.parametrize("user_mode", ["import", "match_only"])
def test_tables_that_the_planner_believes_empty_are_read_a_few_times_only(world: World, user_mode: str) -> None:
    """Emptied, seen so by autovacuum, and filled again within one transaction: as a first publish finds its tables."""
    world.fill(COUNT)
    world.sync()
    run_id = world.pass_fence()
    with world.engine.connect() as connection, connection.begin() as transaction:
        for table in WRITTEN:
            believed = "UPDATE pg_class SET reltuples = 0, relpages = 8 WHERE oid = CAST(:name AS regclass)"
            connection.execute(text(believed), {"name": table})

        publish_in(connection, world.account, run_id, user_mode)

        rows_read = connection.scalar(text("SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables"))
        transaction.rollback()
    assert rows_read < 100 * COUNT

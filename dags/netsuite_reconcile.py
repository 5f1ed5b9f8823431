"""# NetSuite reconciliation

Proves daily that the warehouse holds what one NetSuite account holds, and mends what it does not.

1. **fence**: read NetSuite's own clock as the run's cut-off, see that everything may be read and has been synced.
2. **deletions**: what NetSuite reports deleted up to then, so that only silent deletions are left to be found.
3. For each entity **compare**: all ids and modified instants of NetSuite against `raw`. *Lost* records, *changed* ones
   that no sync brought, and rows *deleted in silence*; rows in quarantine are counted, and are no difference. Where
   NetSuite shows far fewer records than `raw` holds, the step fails and nothing is taken for deleted.
4. **repair**: the records that differ are read again by id, validated and loaded as in a sync; those that are really
   gone are marked deleted. The sync's watermark stays where it is.
5. **look_up_owners**, **match** and **publish**, as in a sync.

The counts and examples of every difference are on the tasks' assets, in their logs and in `ops.sync_steps`; the result
per entity is a row of `ops.reconciliations`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import TaskGroup

from include.extract.entities import DELETIONS
from include.operators.account_dags import account_dags
from include.operators.account_tasks import account_dag, fence_step, people_steps, read_steps, request_slots
from include.operators.assets import table_asset
from include.operators.reconcile_steps import RECONCILED, Compare, PassReconcileFence, Repair

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from include.accounts.model import Account
    from include.extract.entities import Entity

KIND = "netsuite_reconcile"
TAGS = ["netsuite", "reconcile"]
DAILY = "45 3 * * *"


def netsuite_reconcile(account: Account) -> DAG:
    """The reconciliation of one account; by hand only where its sync is."""
    with account_dag(
        KIND,
        account,
        tags=TAGS,
        description=f"NetSuite account {account.name}: compare ids with the warehouse, mend what differs",
        doc_md=__doc__,
        schedule=DAILY if account.schedule else None,
    ) as dag:
        fence = fence_step(account, PassReconcileFence)
        look_up_owners, match, publish = people_steps(account)
        reported = read_steps(account, DELETIONS, moves_watermark=False)
        fence >> reported
        for entity in RECONCILED:
            reported >> entity_steps(account, entity) >> look_up_owners
        look_up_owners >> match >> publish
    return dag


def entity_steps(account: Account, entity: Entity) -> TaskGroup:
    """Compare and repair one entity."""
    with TaskGroup(group_id=entity.name, tooltip=f"{entity.name}: NetSuite's ids against raw") as steps:
        compare = Compare(
            task_id="compare",
            account=account,
            entity=entity,
            pool=account.pool,
            pool_slots=request_slots(account, entity),
            outlets=[table_asset(account.name, "ops.reconciliations")],
        )
        repair = Repair(
            task_id="repair",
            account=account,
            entity=entity,
            pool=account.pool,
            pool_slots=request_slots(account, entity),
            outlets=[table_asset(account.name, f"raw.{entity.name}")],
        )
        compare >> repair
    return steps


globals().update(account_dags(KIND, netsuite_reconcile, tags=TAGS))

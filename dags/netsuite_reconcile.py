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

from datetime import timedelta
from typing import TYPE_CHECKING

import pendulum
from airflow.sdk import DAG, TaskGroup

from include.extract.entities import DELETIONS
from include.operators.account_dags import OWNER, account_dags
from include.operators.assets import table_asset
from include.operators.reconcile_steps import RECONCILED, Compare, PassReconcileFence, Repair
from include.operators.sync_steps import Extract, Load, LookUpOwners, Match, Publish, Validate

if TYPE_CHECKING:
    from include.accounts.model import Account
    from include.extract.entities import Entity

TAGS = ["netsuite", "reconcile"]
DAILY = "45 3 * * *"


def netsuite_reconcile(account: Account) -> DAG:
    """The reconciliation of one account; by hand only where its sync is."""
    with DAG(
        dag_id=f"netsuite_reconcile__{account.name}",
        description=f"NetSuite account {account.name}: compare ids with the warehouse, mend what differs",
        doc_md=__doc__,
        schedule=DAILY if account.schedule else None,
        start_date=pendulum.datetime(2026, 1, 1, tz=account.timezone),
        catchup=False,
        max_active_runs=1,
        default_args={"owner": OWNER, "retries": 2, "retry_delay": timedelta(seconds=30)},
        tags=[*TAGS, account.name],
    ) as dag:
        fence = PassReconcileFence(
            task_id="fence",
            account=account,
            pool=account.pool,
            retries=0,
            outlets=[table_asset(account.name, "ops.sync_runs")],
        )
        look_up_owners = LookUpOwners(
            task_id="look_up_owners",
            account=account,
            pool=account.pool,
            outlets=[table_asset(account.name, "raw.owner_lookups")],
        )
        match = Match(
            task_id="match", account=account, outlets=[table_asset(account.name, "matching.employee_matches")]
        )
        publish = Publish(
            task_id="publish",
            account=account,
            outlets=[
                table_asset(account.name, table)
                for table in ("workflow.users", "publish.recipients", "publish.customer_credit")
            ],
        )
        reported = reported_deletions(account)
        fence >> reported
        for entity in RECONCILED:
            reported >> entity_steps(account, entity) >> look_up_owners
        look_up_owners >> match >> publish
    return dag


def reported_deletions(account: Account) -> TaskGroup:
    """Apply what NetSuite reports deleted."""
    name = DELETIONS.name
    with TaskGroup(
        group_id=name, tooltip="what NetSuite reports deleted: NetSuite -> landing -> staging -> raw"
    ) as steps:
        extract = Extract(
            task_id="extract",
            account=account,
            entity=DELETIONS,
            pool=account.pool,
            outlets=[table_asset(account.name, f"landing.{name}")],
        )
        validate = Validate(
            task_id="validate",
            account=account,
            entity=DELETIONS,
            outlets=[table_asset(account.name, f"staging.{name}")],
        )
        load = Load(
            task_id="load",
            account=account,
            entity=DELETIONS,
            moves_watermark=False,
            outlets=[table_asset(account.name, f"raw.{name}")],
        )
        extract >> validate >> load
    return steps


def entity_steps(account: Account, entity: Entity) -> TaskGroup:
    """Compare and repair one entity."""
    slots = account.concurrency if entity.parallel else 1
    with TaskGroup(group_id=entity.name, tooltip=f"{entity.name}: NetSuite's ids against raw") as steps:
        compare = Compare(
            task_id="compare",
            account=account,
            entity=entity,
            pool=account.pool,
            pool_slots=slots,
            outlets=[table_asset(account.name, "ops.reconciliations")],
        )
        repair = Repair(
            task_id="repair",
            account=account,
            entity=entity,
            pool=account.pool,
            pool_slots=slots,
            outlets=[table_asset(account.name, f"raw.{entity.name}")],
        )
        compare >> repair
    return steps


globals().update(account_dags("netsuite_reconcile", netsuite_reconcile, tags=TAGS))

"""# NetSuite sync

Brings one NetSuite account into the warehouse and publishes recipients and customer credit.

1. **fence**: sign in, read NetSuite's own clock as the cut-off of this run, see that every field and record is there.
2. For each entity **extract** (SuiteQL pages in parallel, landed as Parquet), **validate** (staged, then checked by
   Great Expectations in the database) and **load** (good rows into `raw`, bad ones into `quarantine`, with the
   watermark in one transaction).
3. **look_up_owners**: ask NetSuite what the owners are that are no employees.
4. **match** owners with users, and **publish** all published tables in one transaction.

A retry of any task, and a second run of the same DAG run, gives the same tables. The counts of every step are the
task's return value, on its asset's events, and in `ops.sync_steps`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pendulum
from airflow.sdk import DAG, TaskGroup

from include.extract.entities import ENTITIES
from include.operators.account_dags import OWNER, account_dags
from include.operators.assets import table_asset
from include.operators.sync_steps import Extract, Load, LookUpOwners, Match, PassFence, Publish, Validate

if TYPE_CHECKING:
    from include.accounts.model import Account
    from include.extract.entities import Entity

TAGS = ["netsuite", "sync"]


def netsuite_sync(account: Account) -> DAG:
    """The sync of one account."""
    with DAG(
        dag_id=f"netsuite_sync__{account.name}",
        description=f"NetSuite account {account.name}: sync, match owners, publish recipients and credit",
        doc_md=__doc__,
        schedule=account.schedule,
        start_date=pendulum.datetime(2026, 1, 1, tz=account.timezone),
        catchup=False,
        max_active_runs=1,
        default_args={"owner": OWNER, "retries": 2, "retry_delay": timedelta(seconds=30)},
        tags=[*TAGS, account.name],
    ) as dag:
        fence = PassFence(
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
        for entity in ENTITIES:
            fence >> entity_steps(account, entity) >> look_up_owners
        look_up_owners >> match >> publish
    return dag


def entity_steps(account: Account, entity: Entity) -> TaskGroup:
    """Extract, validate and load one entity."""
    with TaskGroup(group_id=entity.name, tooltip=f"{entity.name}: NetSuite -> landing -> staging -> raw") as steps:
        extract = Extract(
            task_id="extract",
            account=account,
            entity=entity,
            pool=account.pool,
            pool_slots=account.concurrency if entity.parallel else 1,
            outlets=[table_asset(account.name, f"landing.{entity.name}")],
        )
        validate = Validate(
            task_id="validate",
            account=account,
            entity=entity,
            outlets=[table_asset(account.name, f"staging.{entity.name}")],
        )
        load = Load(
            task_id="load",
            account=account,
            entity=entity,
            outlets=[table_asset(account.name, f"raw.{entity.name}")],
        )
        extract >> validate >> load
    return steps


globals().update(account_dags("netsuite_sync", netsuite_sync, tags=TAGS))

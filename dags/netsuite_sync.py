"""# NetSuite sync

Brings one NetSuite account into the warehouse and publishes recipients and customer credit.

1. **fence**: sign in, read NetSuite's own clock as the cut-off of this run, see that every field and record is there.
2. For each entity **extract** (SuiteQL pages in parallel, landed as Parquet), **validate** (staged, then checked by
   Great Expectations in the database) and **load** (good rows into `raw`, bad ones into `quarantine`, with the
   watermark in one transaction).
3. **look_up_owners**: ask NetSuite what the owners are that are no employees.
4. **match** owners with users, and **publish** all published tables in one transaction.
5. **lint_templates**: check the workflow engine's recipient templates against it; warns, and never fails the run.

A **backfill** (`airflow backfill create`, or the UI's form) reads the invoices that were modified, and the deletions
that were made, within its data intervals; the other entities in full. It moves no watermark and may run beside
scheduled runs. Before anything is loaded, **backfill.rehearse** finds out whom it would touch, **backfill.approve**
waits for a person where that is anyone, and **backfill.load** loads. Every other run skips these three.

A retry of an extract task reads only what had not landed. A retry of any task, and a second run of the same DAG run,
gives the same tables. The counts of every step are the task's return value, on its asset's events, and in
`ops.sync_steps`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import CronDataIntervalTimetable, TaskGroup

from include.extract.entities import ENTITIES
from include.operators.account_dags import account_dags
from include.operators.account_tasks import (
    account_dag,
    approval_param,
    approval_steps,
    fence_step,
    lint_step,
    people_steps,
    read_steps,
)
from include.operators.resync_steps import WITHOUT_APPROVAL

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from include.accounts.model import Account

KIND = "netsuite_sync"
TAGS = ["netsuite", "sync"]


def netsuite_sync(account: Account) -> DAG:
    """The sync of one account."""
    with account_dag(
        KIND,
        account,
        tags=TAGS,
        description=f"NetSuite account {account.name}: sync, match owners, publish recipients and credit",
        doc_md=__doc__,
        schedule=data_intervals(account),
        params={WITHOUT_APPROVAL: approval_param()},
    ) as dag:
        with TaskGroup(group_id="backfill", tooltip="Only of backfills: rehearse, ask a person, load"):
            rehearse, approve, load = approval_steps(account, ENTITIES)
        fence = fence_step(account, only_of_backfills=[step.task_id for step in (rehearse, approve, load)])
        look_up_owners, match, publish = people_steps(account)
        load >> look_up_owners
        for entity in ENTITIES:
            steps = read_steps(account, entity)
            fence >> steps >> look_up_owners
            steps.get_child_by_label("validate") >> rehearse
        look_up_owners >> match >> publish >> lint_step(account)
    return dag


def data_intervals(account: Account) -> CronDataIntervalTimetable | None:
    """The schedule, so that each run has the interval since the one before: which is what a backfill of it reads."""
    return CronDataIntervalTimetable(account.schedule, timezone=account.timezone) if account.schedule else None


globals().update(account_dags(KIND, netsuite_sync, tags=TAGS))

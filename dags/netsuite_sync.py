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

from typing import TYPE_CHECKING

from include.extract.entities import ENTITIES
from include.operators.account_dags import account_dags
from include.operators.account_tasks import account_dag, fence_step, people_steps, read_steps

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
        schedule=account.schedule,
    ) as dag:
        fence = fence_step(account)
        look_up_owners, match, publish = people_steps(account)
        for entity in ENTITIES:
            fence >> read_steps(account, entity) >> look_up_owners
        look_up_owners >> match >> publish
    return dag


globals().update(account_dags(KIND, netsuite_sync, tags=TAGS))

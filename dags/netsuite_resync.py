"""# NetSuite re-sync

Reads records again that one NetSuite account holds, and brings the warehouse to what a first sync would have given: all
of them, those last modified in a range, or those with certain ids. Trigger it by hand and fill in the form.

1. **fence**: see what is asked for, and that it may be read; NetSuite's own clock says how new it is.
2. For each entity asked for **extract** and **validate**, as in a sync.
3. **rehearse**: load, match and publish in one transaction that is rolled back. What that would change in recipients
   and users is in `ops.blast_radius`.
4. **approve**: show that and wait for a person; where nothing would change, or with *Go on without approval*, go on.
   Approved, the run loads what was rehearsed. Rejected, it drops that, skips the rest and is `rejected` in
   `ops.sync_runs`.
5. **load**, **look_up_owners**, **match** and **publish**, as in a sync.

The sync's watermarks stay where they are, and what a sync has brought meanwhile is never overwritten by an older
version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import Param, TaskGroup

from include.extract.entities import ENTITIES
from include.operators.account_dags import account_dags
from include.operators.account_tasks import (
    account_dag,
    approval_param,
    approval_steps,
    fence_step,
    people_steps,
    stage_steps,
)
from include.operators.resync_steps import WITHOUT_APPROVAL, ExtractAgain, PassResyncFence, ValidateAgain
from include.resync.request import RESYNCED

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from include.accounts.model import Account

KIND = "netsuite_resync"
TAGS = ["netsuite", "resync"]
# Runs that wait for approval don't keep others from starting.
RUNS_AT_ONCE = 4


def netsuite_resync(account: Account) -> DAG:
    """The re-sync of one account."""
    with account_dag(
        KIND,
        account,
        tags=TAGS,
        description=f"NetSuite account {account.name}: read records again, show whom that touches, load",
        doc_md=__doc__,
        schedule=None,
        max_active_runs=RUNS_AT_ONCE,
        is_paused_upon_creation=False,
        params=form(account),
    ) as dag:
        fence = fence_step(account, PassResyncFence)
        look_up_owners, match, publish = people_steps(account)
        rehearse, _, load = approval_steps(account, ENTITIES)
        for entity in ENTITIES:
            if entity.name in RESYNCED:
                with TaskGroup(group_id=entity.name, tooltip=f"{entity.name}: NetSuite -> landing -> staging") as steps:
                    stage_steps(account, entity, extract=ExtractAgain, validate=ValidateAgain)
                fence >> steps >> rehearse
        load >> look_up_owners >> match >> publish
    return dag


def form(account: Account) -> dict[str, Param]:
    """The form: which entities, and which of their records."""
    which = "Which records: a range, ids, or all"
    return {
        "entities": Param(
            list(RESYNCED),
            type="array",
            examples=list(RESYNCED),
            title="Entities",
            description="What to read again. Terms have no modified date: in a range they are read in full.",
            section="What",
        ),
        "modified_from": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="Modified from",
            description="Records last modified at this instant or later; empty: from the beginning. An instant without "
            f"a time zone is one of {account.timezone}.",
            section=which,
        ),
        "modified_to": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="Modified to",
            description="Records last modified before this instant; empty: up to now.",
            section=which,
        ),
        "ids": Param(
            [],
            type=["null", "array"],
            title="Ids",
            description="NetSuite's internal ids, one per line, of the one entity that is chosen above.",
            section=which,
        ),
        "all": Param(
            False, type="boolean", title="All", description="All records of the entities chosen above.", section=which
        ),
        WITHOUT_APPROVAL: approval_param(),
    }


globals().update(account_dags(KIND, netsuite_resync, tags=TAGS))

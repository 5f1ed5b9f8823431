"""# Switch to match only

Switches one NetSuite account to `user_mode: match_only`, after a person has seen what that means. It can't be undone.

1. **preview**: how many of the present users would match an employee, would not, or are in conflict. The account file
   must say `user_mode: match_only` already; until this DAG has been approved, its syncs stop at the fence.
2. **approve**: waits for a person (Browse > Required Actions). *Reject* leaves everything as it was.
3. **switch_on**: writes who approved, when, and what they were shown to `ops.user_mode_switches`.

From then on every existing user, and every new one, is matched at each sync; a file that says `import` is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.providers.standard.operators.hitl import ApprovalOperator

from include.operators.account_dags import account_dags
from include.operators.account_tasks import account_dag
from include.operators.assets import table_asset
from include.operators.user_mode_steps import APPROVE, PREVIEW, PreviewMatchOnly, SwitchToMatchOnly

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from include.accounts.model import Account

KIND = "netsuite_match_only"
TAGS = ["netsuite", "match_only"]


def netsuite_match_only(account: Account) -> DAG:
    """The switch of one account; by hand only."""
    switches = table_asset(account.name, "ops.user_mode_switches")
    with account_dag(
        KIND,
        account,
        tags=TAGS,
        description=f"NetSuite account {account.name}: switch to match only, after a person approved",
        doc_md=__doc__,
        schedule=None,
    ) as dag:
        preview = PreviewMatchOnly(task_id=PREVIEW, account=account, outlets=[switches])
        approve = ApprovalOperator(
            task_id=APPROVE,
            subject=f"Switch account {account.name} to match only? This can't be undone.",
            body="{{ ti.xcom_pull(task_ids='preview')['body'] }}",
            outlets=[switches],
        )
        switch_on = SwitchToMatchOnly(task_id="switch_on", account=account, outlets=[switches])
        preview >> approve >> switch_on
    return dag


globals().update(account_dags(KIND, netsuite_match_only, tags=TAGS))

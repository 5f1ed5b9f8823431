"""# Verdict on a conflict

Decides which user an employee in conflict is, in the name of the person who triggers this DAG. Look at the conflict
first:

    SELECT * FROM publish.conflict_candidates WHERE account = '<account>' AND employee_id = <employee>

and give its `evidence_hash`, so that the verdict holds for exactly what you saw. The next sync puts it into effect.
When the evidence changes and the case is not clear without the verdict, the conflict comes back by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import Param

from include.operators.account_dags import account_dags
from include.operators.account_tasks import account_dag
from include.operators.assets import table_asset
from include.operators.verdict_step import GiveVerdict

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from include.accounts.model import Account

KIND = "netsuite_verdict"
TAGS = ["netsuite", "verdict"]
USER = "^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"


def netsuite_verdict(account: Account) -> DAG:
    """Verdicts on the conflicts of one account; by hand only."""
    with account_dag(
        KIND,
        account,
        tags=TAGS,
        description=f"NetSuite account {account.name}: decide which user an employee in conflict is",
        doc_md=__doc__,
        schedule=None,
    ) as dag:
        dag.params["employee_id"] = Param(type="integer", minimum=1, description="The employee in conflict.")
        dag.params["user_id"] = Param(
            type="string", pattern=USER, description="The user that the employee is, or: none (of the candidates)."
        )
        dag.params["evidence_hash"] = Param(type="string", minLength=1, description="Of the conflict as you saw it.")
        dag.params["note"] = Param("", type="string", maxLength=2000, description="Why, in your own words.")
        GiveVerdict(task_id="verdict", account=account, outlets=[table_asset(account.name, "matching.verdicts")])
    return dag


globals().update(account_dags(KIND, netsuite_verdict, tags=TAGS))

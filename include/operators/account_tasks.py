"""What the DAGs of an account have in common: their settings, and the groups of tasks that stand in more than one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pendulum
from airflow.sdk import DAG, Param, TaskGroup, TriggerRule

from include.extract.entities import DELETIONS
from include.operators.account_dags import OWNER
from include.operators.alerts import MailFailure, MailKilled, ReportRetry
from include.operators.assets import table_asset
from include.operators.freshness import freshness_deadline
from include.operators.recipient_steps import LintTemplates
from include.operators.resync_steps import Approve, LoadApproved, Rehearse
from include.operators.sync_steps import Extract, Load, LookUpOwners, Match, PassFence, Publish, Validate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import CronDataIntervalTimetable

    from include.accounts.model import Account
    from include.extract.entities import Entity


def account_dag(
    kind: str,
    account: Account,
    *,
    description: str,
    doc_md: str | None,
    schedule: str | CronDataIntervalTimetable | None,
    tags: Sequence[str],
    max_active_runs: int = 1,
    **settings: Any,
) -> DAG:
    """The DAG ``<kind>__<account>``, still without tasks; ``settings`` are further ones of Airflow's."""
    return DAG(
        dag_id=f"{kind}__{account.name}",
        description=description,
        doc_md=doc_md,
        schedule=schedule,
        start_date=pendulum.datetime(2026, 1, 1, tz=account.timezone),
        catchup=False,
        max_active_runs=max_active_runs,
        on_failure_callback=MailKilled(account),
        deadline=freshness_deadline(account) if schedule else None,
        default_args={
            "owner": OWNER,
            "retries": 2,
            "retry_delay": timedelta(seconds=30),
            "on_failure_callback": MailFailure(account),
            "on_retry_callback": ReportRetry(account),
        },
        tags=[*tags, account.name],
        **settings,
    )


def fence_step(
    account: Account, step: type[PassFence] = PassFence, *, only_of_backfills: Sequence[str] = ()
) -> PassFence:
    """The first task; it isn't tried again, since it answers whether a run can begin at all."""
    return step(
        task_id="fence",
        account=account,
        pool=account.pool,
        retries=0,
        only_of_backfills=only_of_backfills,
        outlets=[table_asset(account.name, "ops.sync_runs")],
    )


def read_steps(account: Account, entity: Entity, *, moves_watermark: bool = True) -> TaskGroup:
    """Extract, validate and load what the run's window holds of an entity."""
    with TaskGroup(group_id=entity.name, tooltip=f"{entity.name}: NetSuite -> landing -> staging -> raw") as steps:
        load = Load(
            task_id="load",
            account=account,
            entity=entity,
            moves_watermark=moves_watermark,
            outlets=[table_asset(account.name, f"raw.{entity.name}")],
        )
        stage_steps(account, entity) >> load
    return steps


def stage_steps(
    account: Account, entity: Entity, *, extract: type[Extract] = Extract, validate: type[Validate] = Validate
) -> Validate:
    """Extract and validate an entity; the last of the two."""
    extracted = extract(
        task_id="extract",
        account=account,
        entity=entity,
        pool=account.pool,
        pool_slots=request_slots(account, entity),
        outlets=[table_asset(account.name, f"landing.{entity.name}")],
    )
    validated = validate(
        task_id="validate",
        account=account,
        entity=entity,
        outlets=[table_asset(account.name, f"staging.{entity.name}")],
    )
    extracted >> validated
    return validated


def approval_steps(account: Account, entities: Sequence[Entity]) -> tuple[Rehearse, Approve, LoadApproved]:
    """From what a backfill or re-sync has staged to what is in raw, by way of a rehearsal and a person."""
    rehearse = Rehearse(
        task_id="rehearse",
        account=account,
        pool=account.pool,
        trigger_rule=TriggerRule.NONE_FAILED,
        outlets=[table_asset(account.name, "ops.blast_radius")],
    )
    approve = Approve(
        task_id="approve", account=account, subject="", outlets=[table_asset(account.name, "ops.blast_radius")]
    )
    load = LoadApproved(
        task_id="load",
        account=account,
        pool=account.pool,
        outlets=[table_asset(account.name, f"raw.{entity.name}") for entity in entities if entity is not DELETIONS],
    )
    rehearse >> approve >> load
    return rehearse, approve, load


def approval_param() -> Param:
    """The form field by which a backfill or re-sync goes on without a person."""
    return Param(
        False,
        type="boolean",
        title="Go on without approval",
        description="Load and publish at once, whatever would change. Otherwise a backfill or re-sync first shows how "
        "many recipients and users would come, change or go, and waits for a person. Other runs never wait.",
        section="Approval",
    )


def request_slots(account: Account, entity: Entity) -> int:
    """Slots of the account's pool for a task that reads an entity: the requests it may have in flight."""
    return account.concurrency if entity.parallel else 1


def people_steps(account: Account) -> tuple[LookUpOwners, Match, Publish]:
    """The last tasks, in their order: from what is in raw to what is published."""
    look_up_owners = LookUpOwners(
        task_id="look_up_owners",
        account=account,
        pool=account.pool,
        # Where a run does without a step, it was skipped.
        trigger_rule=TriggerRule.NONE_FAILED,
        outlets=[table_asset(account.name, "raw.owner_lookups")],
    )
    match = Match(task_id="match", account=account, outlets=[table_asset(account.name, "matching.employee_matches")])
    publish = Publish(
        task_id="publish",
        account=account,
        outlets=[
            table_asset(account.name, table)
            for table in ("workflow.users", "publish.recipients", "publish.customer_credit")
        ],
    )
    return look_up_owners, match, publish


def lint_step(account: Account) -> LintTemplates:
    """The check of the workflow engine's templates against what was just published."""
    return LintTemplates(
        task_id="lint_templates", account=account, outlets=[table_asset(account.name, "workflow.templates")]
    )

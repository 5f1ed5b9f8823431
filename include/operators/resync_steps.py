"""The steps of backfills and re-syncs that other runs do not have."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator

from include.extract.entities import DELETIONS, ENTITIES
from include.extract.extract import extract, extract_by_id
from include.extract.suiteql import Window
from include.matching.owner_lookup import look_up_owners
from include.netsuite.columns import whole_number
from include.operators.connections import netsuite_client
from include.operators.sync_steps import (
    Extract,
    PassFence,
    SyncRun,
    SyncStep,
    Validate,
    asked,
    errors_of_airflow,
    load_staged,
    stage_and_validate,
)
from include.resync.blast_radius import counted, record, recorded, rehearse
from include.resync.errors import WrongRequest
from include.resync.in_words import body, subject
from include.resync.request import read_request
from include.warehouse.staging import drop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from airflow.sdk import Context

    from include.accounts.model import Account
    from include.extract.entities import Entity
    from include.resync.request import ResyncRequest
    from include.warehouse.ledger import Fence, StepCounts

WITHOUT_APPROVAL = "without_approval"
EXAMPLES = 5


class PassResyncFence(PassFence):
    """See what the run is asked to read again, and that it can be read; NetSuite's clock says how new that is."""

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Fail before anything is read, if the parameters or anything else can't be read."""
        request = request_of(run)
        super().work(run, counts)
        counts.set(entities=list(request.entities), ids=len(request.ids))

    def pass_fence(self, run: SyncRun, cutoff_at: datetime, columns: Mapping[str, Sequence[str]]) -> Fence:
        """Fix the windows that were asked for."""
        request = request_of(run)
        if request.span.since and request.span.since >= cutoff_at:
            raise WrongRequest(
                f"modified_from ({request.span.since.isoformat()}) is not before NetSuite's own clock "
                f"({cutoff_at.isoformat()}): nothing can have been modified then."
            )
        fields = {name: self.account.fields_of(name) for name in request.entities}
        offered = {name: columns[name] for name in request.entities}
        return run.ledger.pass_fence_beside(cutoff_at, request.spans(), fields, offered)


class ExtractAgain(Extract):
    """Read what was asked for of the entity, and land it as Parquet."""

    def why_skipped(self, run: SyncRun) -> str | None:
        """The entity was not asked for."""
        return None if self.entity.name in request_of(run).entities else f"{self.entity.name} are not re-synced."

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Land what the range holds, or the records with the ids."""
        ids = request_of(run).ids
        if not ids:
            super().work(run, counts)
            return
        client = netsuite_client(self.account, max_in_flight=self.pool_slots)
        landed = run.landed(self.entity)
        manifest = extract_by_id(
            client,
            self.account,
            self.entity,
            ids,
            landed,
            on_page=lambda rows: counts.add(rows=rows, pages=1),
            had=run.ledger.fence().columns.get(self.entity.name, ()),
        )
        shown = {whole_number(id_) for part in landed.read() for id_ in part["id"].to_pylist()}
        not_shown = [id_ for id_ in ids if id_ not in shown]
        counts.set(rows=manifest.rows, not_shown=len(not_shown), **asked(client))
        if not_shown:
            self.log.warning("NetSuite shows no %s with these ids: %s", self.entity.name, not_shown[:EXAMPLES])


class ValidateAgain(Validate):
    """Stage what has landed, and let Great Expectations check it there."""

    def as_read(self, run: SyncRun) -> Entity:
        """The length of a read says something only where everything was asked for."""
        return self.entity if request_of(run).is_whole else replace(self.entity, incremental=True)


class Rehearse(SyncStep):
    """Find out what loading and publishing would change in users and recipients, without changing anything."""

    step = "rehearse"
    asks_netsuite = True

    def why_skipped(self, run: SyncRun) -> str | None:
        """Only what a person can still stop is rehearsed."""
        return "Only a backfill is rehearsed and approved." if run.loads_at_once else None

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Rehearse, and keep the result in ``ops.blast_radius``."""
        client = netsuite_client(self.account, max_in_flight=self.pool_slots)
        names = [entity.name for entity in staged_entities(run)]
        changes = rehearse(run.ledger, self.account, names, lambda ids: look_up_owners(client, ids))
        record(run.ledger, changes)
        counts.set(rows=sum(change.rows for change in changes), **counted(changes), **asked(client))
        self.log.info("%s", subject(changes))


class Approve(ApprovalOperator):
    """Show what would change and wait for a person, unless nothing would or the run was told to go on.

    :param account: the account, as its file says
    """

    ui_color = "#fff4e5"

    def __init__(self, *, account: Account, **kwargs: Any) -> None:
        super().__init__(ignore_downstream_trigger_rules=True, **kwargs)
        self.account = account

    def execute(self, context: Context) -> Any:
        """Go on, or wait."""
        with self._run(context) as run:
            changes = recorded(run.ledger)
            if not changes:
                return self._without("No recipient and no user would change.")
            if run.params.get(WITHOUT_APPROVAL):
                return self._without("The run was told to go on without approval.")
            run.ledger.wait()
        self.subject = subject(changes)
        self.body = body(changes, run.run_id)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on to the load; or, rejected, drop what was staged and end the run."""
        with self._run(context) as run:
            if event.get("chosen_options") == [self.REJECT]:
                self._drop_staged(run)
                run.ledger.finish("rejected", f"{self._name_of(event)} rejected it; nothing was loaded.")
            else:
                run.ledger.go_on()
        return super().execute_complete(context, event)

    @contextmanager
    def _run(self, context: Context) -> Iterator[SyncRun]:
        run = SyncRun.of(self.account, self.dag_id, context)
        try:
            with errors_of_airflow():
                yield run
        finally:
            run.warehouse.dispose()

    def _without(self, reason: str) -> dict[str, str]:
        self.log.info("%s Going on.", reason)
        return {"approval": reason}

    def _drop_staged(self, run: SyncRun) -> None:
        with run.warehouse.begin() as connection:
            for entity in staged_entities(run):
                drop(connection, run.staging_table(entity))

    def _name_of(self, event: dict[str, Any]) -> str:
        user = event.get("responded_by_user") or {}
        return str(user.get("name") or user.get("id") or "Somebody")


class LoadApproved(SyncStep):
    """Load all that the run has staged; the watermarks stay where they are."""

    step = "load"
    asks_netsuite = True

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Load entity by entity, then see that nothing came back that was deleted in the meantime."""
        for entity in staged_entities(run):
            with run.ledger.step(entity.name, self.step) as loaded:
                load_staged(run, entity, loaded, moves_watermark=False)
            counts.add(rows=loaded.as_dict()["rows"])
        self._delete_again(run)

    def _delete_again(self, run: SyncRun) -> None:
        """Apply the deletions that a sync has read since this run's fence: raw may not have held their records then."""
        cutoff_at = run.ledger.fence().cutoff_at
        watermark = run.ledger.watermarks().get(DELETIONS.name)
        if watermark is None or watermark.read_up_to <= cutoff_at:
            return
        client = netsuite_client(self.account, max_in_flight=self.pool_slots)
        window = Window(cutoff_at - DELETIONS.overlap, watermark.read_up_to)
        with run.ledger.step(DELETIONS.name, "delete_again") as counts:
            extract(client, self.account, DELETIONS, window, run.landed(DELETIONS), on_page=lambda _: None)
            stage_and_validate(run, DELETIONS)
            load_staged(run, DELETIONS, counts, moves_watermark=False)


def request_of(run: SyncRun) -> ResyncRequest:
    """What the run is asked to read again; raises WrongRequest."""
    return read_request(run.params, run.account.timezone)


def staged_entities(run: SyncRun) -> tuple[Entity, ...]:
    """The entities that the run reads, in the order of a sync."""
    windows = run.ledger.fence().windows
    return tuple(entity for entity in ENTITIES if entity.name in windows)

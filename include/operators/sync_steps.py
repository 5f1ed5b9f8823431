"""One operator per step of a sync.

Each counts what it does in three places: in the run ledger, on the events of its assets, and as its return value.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager, nullcontext, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.bases.skipmixin import SkipMixin
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from include.extract.entities import EMPLOYEES, ENTITIES, INVOICES
from include.extract.errors import ExtractError
from include.extract.extract import columns_of, extract, probed_window, window_of
from include.extract.landing import LandingArea
from include.extract.plan import not_permitted, plan_entity
from include.extract.sales_teams import warn_of_team_selling
from include.extract.suiteql import LINE_EDITS
from include.matching.email_key import delivery_address, email_key
from include.matching.errors import MatchingError, UsersLocked
from include.matching.match import match
from include.matching.owner_lookup import check_lookups, look_up_owners, owners_to_look_up, record_lookups
from include.matching.publish import publish
from include.matching.user_mode import check_user_mode
from include.netsuite.errors import NetSuiteError, NotPermittedOrMissing, Passing, WrongPage
from include.netsuite.retries import FIRST_CONTACT
from include.operators.connections import NoConnection, netsuite_client, sync_engine
from include.operators.memory import peak_memory_mb
from include.operators.sign_in_guard import SignInGuard
from include.operators.validation_process import validate_beside
from include.reconcile.errors import ReconcileError
from include.resync.errors import ResyncError
from include.validate.errors import ValidationError
from include.warehouse.errors import NothingStaged, WarehouseError, WarehouseUnreachable
from include.warehouse.ledger import RunLedger, Span
from include.warehouse.load import load
from include.warehouse.staging import Derivation, StagingTable, drop_abandoned, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from airflow.sdk import Context
    from sqlalchemy import Engine

    from include.accounts.model import Account
    from include.extract.entities import Entity
    from include.extract.landing import LandedEntity
    from include.extract.suiteql import Window
    from include.netsuite.client import NetSuiteClient
    from include.validate.outcome import ValidationOutcome
    from include.warehouse.ledger import Fence, StepCounts
    from include.warehouse.load import LoadCounts

KEEP_LANDED_RUNS = 5
WHOLE_RUN = "run"
SYNC = "netsuite_sync"
BACKFILL = "backfill"

# What may have passed when the task is tried again, and what stays until a person has acted.
PASSING = (Passing, WrongPage, WarehouseUnreachable, UsersLocked)
LASTING = (
    NetSuiteError,
    ExtractError,
    ValidationError,
    WarehouseError,
    MatchingError,
    ReconcileError,
    ResyncError,
    NoConnection,
)

# Columns that are computed in Python when a row is staged: SQL only compares match keys (D5).
DERIVED: Mapping[str, Mapping[str, Derivation]] = {
    EMPLOYEES.name: {
        "email_address": Derivation("email", delivery_address),
        "email_key": Derivation("email", email_key),
    },
}


class SyncStep(BaseOperator):
    """A step of one account's sync.

    :param account: the account, as its file says
    :param entity: the entity that the step works on; None for a step of the whole run
    """

    step: ClassVar[str]
    ends_run: ClassVar[bool] = False
    is_fence: ClassVar[bool] = False
    asks_netsuite: ClassVar[bool] = False
    ui_color = "#e8f0fe"

    def __init__(self, *, account: Account, entity: Entity | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.account = account
        self.entity = entity

    def execute(self, context: Context) -> dict[str, object]:
        """Run the step; what no retry can mend fails the task at once, with the message for the person who must act."""
        with errors_of_airflow():
            return self._counted(context)

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Do the step's work and count it."""
        raise NotImplementedError

    def why_skipped(self, run: SyncRun) -> str | None:
        """Why the run does without this step; None where it takes it."""
        return None

    def _counted(self, context: Context) -> dict[str, object]:
        run = SyncRun.of(self.account, self.dag_id, context)
        if reason := self.why_skipped(run):
            raise AirflowSkipException(reason)
        entity = self.entity.name if self.entity else WHOLE_RUN
        try:
            guard = SignInGuard.of(run.ledger, entity, self.step) if self.asks_netsuite else None
            with run.ledger.step(entity, self.step) as counts:
                with self._signing_in(guard, counts, context):
                    self.work(run, counts)
                counts.set(peak_memory_mb=peak_memory_mb())
        except Exception as error:
            with suppress(WarehouseError):
                run.ledger.finish("failed", f"{self.task_id}: {error}")
            raise
        else:
            if self.ends_run:
                run.ledger.finish("success")
        finally:
            run.warehouse.dispose()
        result = counts.as_dict()
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra.update(result)
        self.log.info("%s: %s", self.task_id, result)
        return result

    def _signing_in(
        self, guard: SignInGuard | None, counts: StepCounts, context: Context
    ) -> AbstractContextManager[None]:
        if guard is None:
            return nullcontext()
        connection = netsuite_client(self.account, max_in_flight=1).connection
        return guard.watch(connection, counts, by_hand=self.is_fence and context["dag_run"].run_type == "manual")


@contextmanager
def errors_of_airflow() -> Iterator[None]:
    """Turn errors that may pass into ones that Airflow retries, and the others into ones that it does not."""
    try:
        yield
    except PASSING as error:
        raise AirflowException(str(error)) from None
    except LASTING as error:
        raise AirflowFailException(str(error)) from None


def ledger_run_id(dag_id: str, run_id: str, *, is_backfill: bool = False) -> str:
    """The run's id in the ledger, where an account's runs of all DAGs stand together.

    Airflow's run ids are unique within a DAG only: a sync and a reconciliation of the same instant share theirs. And a
    backfill that runs a scheduled run again keeps that one's id, but must not keep its fence.
    """
    kind = dag_id.partition("__")[0]
    prefix = "backfill" if is_backfill else kind.removeprefix("netsuite_")
    return run_id if (kind == SYNC and not is_backfill) or run_id.startswith(f"{prefix}__") else f"{prefix}__{run_id}"


class SyncRun:
    """One DAG run of one account: its ledger, its warehouse and its landing area.

    ``params`` are those of the DAG run; ``interval`` is the data interval of a backfill, None of every other run.
    """

    def __init__(
        self,
        account: Account,
        run_id: str,
        dag_id: str,
        *,
        params: Mapping[str, Any] | None = None,
        interval: Span | None = None,
    ) -> None:
        self.account = account
        self.run_id = run_id
        self.dag_id = dag_id
        self.params = params or {}
        self.interval = interval

    @classmethod
    def of(cls, account: Account, dag_id: str, context: Context) -> SyncRun:
        """The run that a task belongs to."""
        is_backfill = context["dag_run"].run_type == BACKFILL
        return cls(
            account,
            ledger_run_id(dag_id, context["run_id"], is_backfill=is_backfill),
            dag_id,
            params=context["params"],
            interval=Span(context["data_interval_start"], context["data_interval_end"]) if is_backfill else None,
        )

    @property
    def loads_at_once(self) -> bool:
        """Whether what was read is loaded without having been rehearsed and approved: so do all syncs but backfills."""
        return self.interval is None and self.dag_id.partition("__")[0] == SYNC

    @cached_property
    def warehouse(self) -> Engine:
        """The warehouse of the Airflow connection ``warehouse``, with the rights of a sync."""
        return sync_engine()

    @cached_property
    def ledger(self) -> RunLedger:
        """This run's entry in the run ledger."""
        return RunLedger(self.warehouse, self.account.name, self.run_id, self.dag_id)

    @cached_property
    def landing(self) -> LandingArea:
        """The landing area of the installation."""
        return LandingArea()

    def staging_table(self, entity: Entity) -> StagingTable:
        """Where this run stages an entity."""
        return StagingTable(self.account.name, self.run_id, entity.name)

    def landed(self, entity: Entity) -> LandedEntity:
        """Where this run lands an entity."""
        return self.landing.folder(self.account.name, self.run_id, entity.name)


class PassFence(SyncStep, SkipMixin):
    """Sign in, read NetSuite's own clock as the run's cut-off, and see that everything the run asks for is there.

    :param only_of_backfills: ids of tasks that every run but a backfill does without; they are skipped here, at once
    """

    step = "fence"
    is_fence = True
    asks_netsuite = True
    windowed: ClassVar[tuple[Entity, ...]] = ENTITIES

    def __init__(self, *, only_of_backfills: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.only_of_backfills = only_of_backfills

    def execute(self, context: Context) -> dict[str, object]:
        """Pass the fence, and say what the run does without."""
        result = super().execute(context)
        if self.only_of_backfills and SyncRun.of(self.account, self.dag_id, context).loads_at_once:
            # Skipping others ends a task as an exception does, without its return value.
            context["ti"].xcom_push("return_value", result)
            self.skip(context["ti"], [context["dag"].get_task(name) for name in self.only_of_backfills])
        return result

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Fail before anything is read, if anything can't be read, or the user mode is not in force."""
        with run.warehouse.begin() as connection:
            check_user_mode(connection, self.account.name, self.account.user_mode)
        client = netsuite_client(self.account, max_in_flight=self.pool_slots, retry_budget=FIRST_CONTACT)
        cutoff_at = client.server_clock() - self.account.late_commit_margin
        columns = self._columns(run, client, cutoff_at)
        fence = self.pass_fence(run, cutoff_at, columns)
        try:
            check_lookups(client)
        except NotPermittedOrMissing as error:
            raise not_permitted(self.account, error.name or "entity", error) from error
        warn_of_team_selling(client, self.account)
        line_edits = LINE_EDITS in columns[INVOICES.name]
        counts.set(cutoff_at=fence.cutoff_at.isoformat(), line_edits=line_edits, **asked(client))

    def pass_fence(self, run: SyncRun, cutoff_at: datetime, columns: Mapping[str, Sequence[str]]) -> Fence:
        """Fix what the run reads: a backfill its data interval, every other run from the watermarks on."""
        windowed = [entity for entity in self.account.entities if entity.name in {each.name for each in self.windowed}]
        fields = {entity.name: self.account.fields_of(entity.name) for entity in windowed}
        offered = {entity.name: columns[entity.name] for entity in windowed}
        if run.interval is None:
            return run.ledger.pass_fence(cutoff_at, windowed, fields, offered)
        spans = {entity.name: run.interval if entity.incremental else Span(None, None) for entity in windowed}
        return run.ledger.pass_fence_beside(cutoff_at, spans, fields, offered)

    def _columns(self, run: SyncRun, client: NetSuiteClient, cutoff_at: datetime) -> dict[str, list[str]]:
        """Try every query; per entity the columns that NetSuite offers, of those that differ between accounts."""
        watermarks = run.ledger.watermarks()
        columns = {}
        for entity in ENTITIES:
            had = watermarks[entity.name].columns if entity.name in watermarks else ()
            plans = plan_entity(client, self.account, entity, probed_window(entity, cutoff_at), had=had)
            columns[entity.name] = [spelling for plan in plans for spelling in plan.spellings]
        return columns


def window_in(fence: Fence, entity: Entity) -> Window:
    """What a run reads of an entity; from the beginning where the entity is none that the run's fence holds."""
    return window_of(entity, fence.windows.get(entity.name), fence.end_of(entity.name))


class EntityStep(SyncStep):
    """A step that works on one entity."""

    entity: Entity


class Extract(EntityStep):
    """Read the entity's pages in parallel and land them as Parquet."""

    step = "extract"
    asks_netsuite = True

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Land everything of the run's window."""
        client = netsuite_client(self.account, max_in_flight=self.pool_slots)
        fence = run.ledger.fence()
        window = window_in(fence, self.entity)
        landed = run.landed(self.entity)

        def on_page(rows: int) -> None:
            counts.add(rows=rows, pages=1)

        counts.set(rows=0, pages=0)
        had = fence.columns.get(self.entity.name, ())
        manifest = extract(client, self.account, self.entity, window, landed, on_page=on_page, had=had)
        counts.set(rows=manifest.rows, missing_columns=list(manifest.missing), **asked(client))
        if manifest.resumed_parts:
            counts.set(resumed_parts=manifest.resumed_parts, resumed_rows=manifest.resumed_rows)
            self.log.info(
                "An earlier attempt had landed %d of these rows before it was cut off; they were not read again",
                manifest.resumed_rows,
            )
        self.log.info("Landed %d rows of %s in %s", manifest.rows, self.entity.name, landed.folder)


class Validate(EntityStep):
    """Stage what has landed, and let Great Expectations check it there."""

    step = "validate"

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Find the bad rows, or stop the batch."""
        outcome = stage_and_validate(run, self.as_read(run), on_rows=lambda rows: counts.add(rows=rows))
        counts.set(
            rows=outcome.rows,
            bad_rows=outcome.bad_rows,
            reasons=outcome.reasons,
            warnings=outcome.warnings,
            data_docs=str(outcome.docs),
        )
        for warning, rows in outcome.warnings.items():
            self.log.warning("%d rows of %s: %s", rows, self.entity.name, warning)
        for reason, rows in outcome.reasons.items():
            self.log.warning("%d rows of %s go to quarantine: %s", rows, self.entity.name, reason)
        self.log.info("Data docs: %s", outcome.docs)

    def as_read(self, run: SyncRun) -> Entity:
        """The entity, incremental where the run has read some of its records only: their number says nothing then."""
        return self.entity


def stage_and_validate(
    run: SyncRun, entity: Entity, *, on_rows: Callable[[int], None] | None = None
) -> ValidationOutcome:
    """Stage what the run has landed of an entity, and check it there; raises as ``validate_beside`` does."""
    table = run.staging_table(entity)
    stage(
        run.warehouse,
        table,
        columns_of(run.account, entity),
        run.landed(entity).read(),
        derive=DERIVED.get(entity.name, {}),
        on_rows=on_rows,
    )
    return validate_beside(run.warehouse, run.account, run.run_id, entity, table)


class Load(EntityStep):
    """Merge the good rows into raw and the bad ones into quarantine, with the watermark in one transaction.

    :param moves_watermark: false where the run reads beside the scheduled ones
    """

    step = "load"

    def __init__(self, *, moves_watermark: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.moves_watermark = moves_watermark

    def why_skipped(self, run: SyncRun) -> str | None:
        """A backfill is loaded all at once, after it was rehearsed and approved."""
        return "A backfill is loaded after its approval, by backfill.load." if run.interval else None

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Load what was validated; where that is gone from staging, what has landed is staged and validated again."""
        try:
            self._load(run, counts)
        except NothingStaged:
            self.log.warning("Nothing is staged of %s any more; what has landed is staged again", self.entity.name)
            stage_and_validate(run, self.entity)
            self._load(run, counts)

    def _load(self, run: SyncRun, counts: StepCounts) -> None:
        load_staged(run, self.entity, counts, moves_watermark=self.moves_watermark)


def load_staged(run: SyncRun, entity: Entity, counts: StepCounts, *, moves_watermark: bool) -> LoadCounts:
    """Load what the run has staged of an entity, with the fields of the account file; raises as ``load`` does."""
    return load(
        run.ledger,
        entity=entity,
        owner_fields=run.account.owner_fields,
        custom_fields=run.account.custom_fields.get(entity.name, ()),
        team_selling=run.account.team_selling,
        counts=counts,
        moves_watermark=moves_watermark,
    )


class LookUpOwners(SyncStep):
    """Ask NetSuite what the owners are that are no employees."""

    step = "look_up_owners"
    asks_netsuite = True

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Look up those ids, and only those."""
        with run.warehouse.begin() as connection:
            ids = owners_to_look_up(connection, self.account.name)
        client = netsuite_client(self.account, max_in_flight=self.pool_slots)
        found = look_up_owners(client, ids)
        with run.warehouse.begin() as connection:
            changed = record_lookups(connection, self.account.name, run.run_id, found)
        kinds = Counter[str](answer.found_as for answer in found.values())
        counts.set(rows=len(ids), changed=changed, **kinds, **asked(client))


class Match(SyncStep):
    """Decide which user each employee is that an invoice names."""

    step = "match"

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Match; what comes of it is published by the next step."""
        with run.warehouse.begin() as connection:
            counts.set(
                **match(connection, account=self.account.name, run_id=run.run_id, user_mode=self.account.user_mode)
            )


class Publish(SyncStep):
    """Publish users, recipients and customer credit in one transaction, and end the run."""

    step = "publish"
    ends_run = True

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Publish; the account file may have changed since the fence, and publish asks for a switch since then."""
        with run.warehouse.begin() as connection:
            check_user_mode(connection, self.account.name, self.account.user_mode)
        counts.set(
            **publish(
                run.warehouse,
                account=self.account.name,
                run_id=run.run_id,
                user_mode=self.account.user_mode,
                owner_fields=self.account.owner_fields,
            )
        )
        run.landing.prune(self.account.name, keep=KEEP_LANDED_RUNS, spare=run.ledger.waiting_runs())
        with run.warehouse.begin() as connection:
            drop_abandoned(connection, self.account.name, except_of=run.run_id)


def asked(client: NetSuiteClient) -> dict[str, object]:
    """What a client has asked of NetSuite, and how long it waited, as a step counts it."""
    stats = client.stats.as_dict()
    return {key: stats[key] for key in ("requests", "retries", "seconds_waiting_for_netsuite", "highest_in_flight")}

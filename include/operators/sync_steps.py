"""One operator per step of a sync.

Each counts what it does in three places: in the run ledger, on the events of its assets, and as its return value.
"""

from __future__ import annotations

import resource
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.extract.entities import ENTITIES
from include.extract.errors import ExtractError
from include.extract.extract import extract, window_of
from include.extract.landing import LandingArea
from include.extract.plan import plan_entity
from include.matching.errors import MatchingError
from include.matching.owner_lookup import look_up_owners, owners_to_look_up, record_lookups
from include.netsuite.errors import NetSuiteDown, NetSuiteError, TooManyRequests
from include.operators.connections import NoConnection, netsuite_client, warehouse_engine
from include.validate.errors import ValidationError
from include.warehouse.errors import WarehouseError, WarehouseUnreachable
from include.warehouse.ledger import RunLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow.sdk import Context
    from sqlalchemy import Engine

    from include.accounts.model import Account
    from include.extract.entities import Entity
    from include.extract.landing import LandedEntity
    from include.netsuite.client import NetSuiteClient
    from include.warehouse.ledger import StepCounts

KEEP_LANDED_RUNS = 5
WHOLE_RUN = "run"

# What may have passed when the task is tried again, and what stays until a person has acted.
PASSING = (NetSuiteDown, TooManyRequests, WarehouseUnreachable)
LASTING = (NetSuiteError, ExtractError, ValidationError, WarehouseError, MatchingError, NoConnection)


class SyncStep(BaseOperator):
    """A step of one account's sync.

    :param account: the account, as its file says
    :param entity: the entity that the step works on; None for a step of the whole run
    """

    step: ClassVar[str]
    ui_color = "#e8f0fe"

    def __init__(self, *, account: Account, entity: Entity | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.account = account
        self.entity = entity

    def execute(self, context: Context) -> dict[str, object]:
        """Run the step; what no retry can mend fails the task at once, with the message for the person who must act."""
        try:
            return self._counted(context)
        except PASSING as error:
            raise AirflowException(str(error)) from error
        except LASTING as error:
            raise AirflowFailException(str(error)) from error

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Do the step's work and count it."""
        raise NotImplementedError

    def _counted(self, context: Context) -> dict[str, object]:
        run = SyncRun(self.account, context["run_id"], self.dag_id)
        with run.ledger.step(self.entity.name if self.entity else WHOLE_RUN, self.step) as counts:
            self.work(run, counts)
            counts.set(peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        result = counts.as_dict()
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra.update(result)
        self.log.info("%s: %s", self.task_id, result)
        return result


class SyncRun:
    """One DAG run of one account: its ledger, its warehouse and its landing area."""

    def __init__(self, account: Account, run_id: str, dag_id: str) -> None:
        self.account = account
        self.run_id = run_id
        self.dag_id = dag_id

    @cached_property
    def warehouse(self) -> Engine:
        """The warehouse of the Airflow connection ``warehouse``."""
        return warehouse_engine()

    @cached_property
    def ledger(self) -> RunLedger:
        """This run's entry in the run ledger."""
        return RunLedger(self.warehouse, self.account.name, self.run_id, self.dag_id)

    @cached_property
    def landing(self) -> LandingArea:
        """The landing area of the installation."""
        return LandingArea()

    def landed(self, entity: Entity) -> LandedEntity:
        """Where this run lands an entity."""
        return self.landing.folder(self.account.name, self.run_id, entity.name)


class PassFence(SyncStep):
    """Sign in, read NetSuite's own clock as the run's cut-off, and see that everything the run asks for is there."""

    step = "fence"

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Fail before anything is read, if anything can't be read."""
        client = netsuite_client(self.account, max_in_flight=self.pool_slots)
        fence = run.ledger.pass_fence(client.server_clock(), ENTITIES)
        for entity in ENTITIES:
            plan_entity(client, self.account, entity, window_of(entity, fence.windows[entity.name], fence.cutoff_at))
        look_up_owners(client, [])
        counts.set(cutoff_at=fence.cutoff_at.isoformat(), **_asked(client))


class EntityStep(SyncStep):
    """A step that works on one entity."""

    entity: Entity


class Extract(EntityStep):
    """Read the entity's pages in parallel and land them as Parquet."""

    step = "extract"

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Land everything of the run's window."""
        client = netsuite_client(self.account, max_in_flight=self.pool_slots)
        fence = run.ledger.fence()
        window = window_of(self.entity, fence.windows[self.entity.name], fence.cutoff_at)
        landed = run.landed(self.entity)

        def on_page(rows: int) -> None:
            counts.add(rows=rows, pages=1)

        counts.set(rows=0, pages=0)
        manifest = extract(client, self.account, self.entity, window, landed, on_page=on_page)
        counts.set(rows=manifest.rows, missing_columns=list(manifest.missing), **_asked(client))
        self.log.info("Landed %d rows of %s in %s", manifest.rows, self.entity.name, landed.folder)


def _asked(client: NetSuiteClient) -> dict[str, object]:
    stats = client.stats.as_dict()
    return {key: stats[key] for key in ("requests", "retries", "seconds_waiting_for_netsuite", "highest_in_flight")}

"""The steps of a reconciliation that a sync does not have."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, ClassVar

from include.extract.entities import DELETIONS, ENTITIES
from include.extract.extract import extract_by_id
from include.netsuite.columns import whole_number
from include.operators.connections import netsuite_client
from include.operators.sync_steps import EntityStep, PassFence, asked, load_staged, stage_and_validate
from include.reconcile.listing import stage_listing
from include.reconcile.reconcile import Reconciliation, never_synced

if TYPE_CHECKING:
    from include.extract.entities import Entity
    from include.operators.sync_steps import SyncRun
    from include.warehouse.ledger import StepCounts

# Deletions are reports about the others, and are read by their own window.
RECONCILED: tuple[Entity, ...] = tuple(entity for entity in ENTITIES if entity is not DELETIONS)


class PassReconcileFence(PassFence):
    """Read NetSuite's clock as the run's cut-off, and see that there is something to compare."""

    windowed: ClassVar[tuple[Entity, ...]] = (DELETIONS,)

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Fail before anything is read, where a sync has yet to run."""
        super().work(run, counts)
        watermarks = run.ledger.watermarks()
        for entity in RECONCILED:
            if entity.name not in watermarks:
                raise never_synced(self.account.name, entity.name)


class Compare(EntityStep):
    """List the entity's ids and modified instants in NetSuite, and compare them with raw in the database."""

    step = "compare"
    asks_netsuite = True

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Find the differences; stop where so much is gone that the role's sight must have changed."""
        client = netsuite_client(self.account, max_in_flight=self.pool_slots)
        stage_listing(
            run.warehouse,
            client,
            self.account,
            run.run_id,
            self.entity,
            offered=run.ledger.watermarks()[self.entity.name].columns,
            on_rows=lambda rows: counts.add(rows=rows),
        )
        reconciliation = Reconciliation(run.ledger, self.entity)
        found = reconciliation.compare()
        counts.set(rows=found.netsuite_rows, **asdict(found), **asked(client))
        for sentence in found.sentences(self.entity.name):
            self.log.warning("%s", sentence)
        reconciliation.refuse_too_many_gone(found, max_shrink=self.account.validation.max_shrink)


class Repair(EntityStep):
    """Read the records that differ again by id, and take them the ordinary way: land, validate, load."""

    step = "repair"
    asks_netsuite = True

    def work(self, run: SyncRun, counts: StepCounts) -> None:
        """Settle every difference; with none there is nothing to do."""
        reconciliation = Reconciliation(run.ledger, self.entity)
        before = counts.committed_before or {}
        if "repaired" in before and not reconciliation.is_compared:
            counts.set(**before)  # an earlier attempt ended just after it had settled everything
            return
        ids = reconciliation.ids_to_read_again()
        read_again = self._read_again(run, counts, ids) if ids else set()
        with counts.transaction() as connection:
            settled = reconciliation.settle(connection, read_again)
            counts.set(gone=len(ids) - len(read_again), repaired=settled.repaired)
        reconciliation.refuse_unsettled(settled)

    def _read_again(self, run: SyncRun, counts: StepCounts, ids: list[int]) -> set[int]:
        """The ids that NetSuite still shows, their records loaded."""
        client = netsuite_client(self.account, max_in_flight=self.pool_slots)
        landed = run.landed(self.entity)
        manifest = extract_by_id(
            client,
            self.account,
            self.entity,
            ids,
            landed,
            on_page=lambda rows: counts.add(read_again=rows),
            had=run.ledger.watermarks()[self.entity.name].columns,
        )
        found = {whole_number(id_) for part in landed.read() for id_ in part["id"].to_pylist()}
        if manifest.rows:
            self._load(run, counts)
        counts.set(**asked(client))
        return found

    def _load(self, run: SyncRun, counts: StepCounts) -> None:
        # Read by id, it is a read of changes whatever the entity: its length says nothing.
        outcome = stage_and_validate(run, replace(self.entity, incremental=True))
        counts.set(reasons=outcome.reasons, warnings=outcome.warnings, data_docs=str(outcome.docs))
        load_staged(run, self.entity, counts, moves_watermark=False)

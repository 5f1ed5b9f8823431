"""The run ledger ``ops.sync_runs``: each run's fence, the counts of its steps, and the watermarks."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from psycopg.types.json import Jsonb
from sqlalchemy import text

from include.warehouse.database import run_sql_file
from include.warehouse.errors import FenceNotPassed, WarehouseError, WarehouseUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from sqlalchemy import Connection, Engine, RowMapping

SQL = Path(__file__).parent / "sql"
SECONDS_BETWEEN_WRITES = 0.5
LONGEST_ERROR = 4000


class FencedEntity(Protocol):
    """What the ledger needs to know of an entity."""

    @property
    def name(self) -> str:
        """For example ``invoices``."""

    @property
    def incremental(self) -> bool:
        """Whether it is read from the watermark on, or in full."""

    @property
    def overlap(self) -> timedelta:
        """How far before the watermark an incremental read begins."""

    @property
    def from_beginning(self) -> bool:
        """Whether its first read reaches back to the beginning, or only the overlap before the first run."""


@dataclass(frozen=True, slots=True)
class Fence:
    """What a run reads: every entity up to ``cutoff_at``, from its instant in ``windows`` on (None: in full).

    ``fields``: per entity the fields of the account file that are read along. ``columns``: per entity, of the columns
    that differ between accounts, those that NetSuite offers, as SuiteQL spells them. ``ends``: the entities that are
    read only up to an earlier instant.
    """

    cutoff_at: datetime
    windows: dict[str, datetime | None]
    fields: dict[str, list[str]]
    columns: dict[str, list[str]]
    ends: dict[str, datetime] = field(default_factory=dict)

    def end_of(self, entity: str) -> datetime:
        """Up to where an entity is read."""
        return self.ends.get(entity, self.cutoff_at)


class Span(NamedTuple):
    """The half-open part of the time that is read; ``since`` None: the beginning, ``until`` None: the cut-off."""

    since: datetime | None
    until: datetime | None


class Watermark(NamedTuple):
    """How far an entity has been read, and the fields and columns (see Fence) that all of it was read with."""

    read_up_to: datetime
    fields: list[str]
    columns: list[str]


class RunLedger:
    """The ledger of one DAG run of one account. The run's row is there from its first step on.

    Cheap to make. Every method is a short transaction of its own, save those that take a connection.
    """

    def __init__(self, engine: Engine, account: str, run_id: str, dag_id: str) -> None:
        self.engine = engine
        self.account = account
        self.run_id = run_id
        self.dag_id = dag_id

    def pass_fence(
        self,
        cutoff_at: datetime,
        entities: Iterable[FencedEntity],
        fields: Mapping[str, Sequence[str]] | None = None,
        columns: Mapping[str, Sequence[str]] | None = None,
    ) -> Fence:
        """Fix what the run reads. A run that passes its fence again gets the first one, whatever the clock says.

        An entity is read in full when a field or column has joined it: the rows that are there lack it. The others are
        read from the watermark less the overlap, or, where NetSuite's clock has gone back, from the cut-off less it.

        Args:
            cutoff_at: NetSuite's own clock, with its time zone, less the margin for late commits.
            entities: what the run reads.
            fields: per entity the fields of the account file.
            columns: per entity the columns that NetSuite offers, of those that differ between accounts.
        """
        offered = {name: list(names) for name, names in (columns or {}).items()}
        joined = {name: list(names) for name, names in (fields or {}).items()}
        if cutoff_at.tzinfo is None:
            raise ValueError("The cut-off has no time zone.")
        watermarks = self.watermarks()
        starts = _Starts(cutoff_at.astimezone(UTC), self._first_cutoff())
        begins = {
            entity.name: starts.of(
                entity, watermarks.get(entity.name), joined.get(entity.name, ()), offered.get(entity.name, ())
            )
            for entity in entities
        }
        with self.engine.begin() as connection:
            run_sql_file(
                connection,
                SQL / "pass_fence.sql",
                account=self.account,
                run_id=self.run_id,
                dag_id=self.dag_id,
                cutoff_at=cutoff_at,
                windows=Jsonb({name: _text(start.read_from) for name, start in begins.items()}),
                covers_from=Jsonb({name: _text(start.covers_from) for name, start in begins.items()}),
                fields=Jsonb(joined),
                columns=Jsonb(offered),
            )
        return self.fence()

    def pass_fence_beside(
        self,
        cutoff_at: datetime,
        spans: Mapping[str, Span],
        fields: Mapping[str, Sequence[str]],
        columns: Mapping[str, Sequence[str]] | None = None,
    ) -> Fence:
        """Fix what a run reads that moves no watermark. A run that passes its fence again reads anew, up to now.

        Args:
            cutoff_at: NetSuite's own clock, with its time zone: how new the rows are that the run reads.
            spans: what it reads of each entity.
            fields: per entity the fields of the account file.
            columns: per entity the columns that NetSuite offers, of those that differ between accounts.
        """
        ends = {name: span.until and min(span.until, cutoff_at) for name, span in spans.items()}
        with self.engine.begin() as connection:
            run_sql_file(
                connection,
                SQL / "pass_fence_beside.sql",
                account=self.account,
                run_id=self.run_id,
                dag_id=self.dag_id,
                cutoff_at=cutoff_at,
                windows=Jsonb({name: _text(span.since) for name, span in spans.items()}),
                window_ends=Jsonb({name: _text(end) for name, end in ends.items()}),
                fields=Jsonb({name: list(names) for name, names in fields.items()}),
                columns=Jsonb({name: list(names) for name, names in (columns or {}).items()}),
            )
        return self.fence()

    def fence(self) -> Fence:
        """The fence that the run has passed.

        Raises:
            FenceNotPassed: it has not passed it yet.
        """
        found = self._one_row(
            "SELECT cutoff_at, windows, window_ends, fields, columns FROM ops.sync_runs "
            "WHERE account = :account AND run_id = :run_id"
        )
        if found is None or found["cutoff_at"] is None:
            raise FenceNotPassed(
                f"Run {self.run_id!r} of account {self.account!r} has not passed its fence (ops.sync_runs.cutoff_at). "
                "Clear the DAG's first task, with the tasks after it."
            )
        windows = {name: start and datetime.fromisoformat(start) for name, start in found["windows"].items()}
        ends = {name: datetime.fromisoformat(end) for name, end in (found["window_ends"] or {}).items() if end}
        return Fence(found["cutoff_at"], windows, found["fields"], found["columns"], ends)

    @contextmanager
    def step(self, entity: str, step: str) -> Iterator[StepCounts]:
        """Count what a step does, for people to see while it runs; the step's end, or its error, is written too.

        A step that runs again begins with no counts. ``entity`` is ``run`` for steps of the whole run.
        """
        counts = StepCounts(self, entity, step, self._committed_before(entity, step))
        counts.write()
        try:
            yield counts
        except BaseException as error:
            # A warehouse that is gone must not hide what went wrong first.
            with suppress(WarehouseError):
                counts.end("failed", _words_of(error))
            raise
        counts.end("success")

    def write_step(self, connection: Connection, entity: str, step: str, record: Mapping[str, object]) -> None:
        """Put one step's record in the place of its last one, in the connection's transaction."""
        run_sql_file(
            connection,
            SQL / "write_step.sql",
            account=self.account,
            run_id=self.run_id,
            dag_id=self.dag_id,
            entity=entity,
            step=step,
            record=Jsonb(record),
        )

    def wait(self) -> None:
        """Note that the run waits for a person's approval."""
        self._set_state("waiting")

    def go_on(self) -> None:
        """Note that the run works again."""
        self._set_state("running")

    def waiting_runs(self) -> list[str]:
        """The account's runs that wait for approval."""
        with self.engine.begin() as connection:
            found = connection.execute(
                text("SELECT run_id FROM ops.sync_runs WHERE account = :account AND state = 'waiting'"),
                {"account": self.account},
            )
            return list(found.scalars())

    def finish(self, state: Literal["success", "failed", "rejected"], error: str | None = None) -> None:
        """End the run."""
        with self.engine.begin() as connection:
            run_sql_file(
                connection,
                SQL / "finish_run.sql",
                account=self.account,
                run_id=self.run_id,
                state=state,
                error=error,
            )

    def watermarks(self) -> dict[str, Watermark]:
        """How far each entity of the account has been read; entities never loaded are missing."""
        with self.engine.begin() as connection:
            found = connection.execute(
                text("SELECT entity, read_up_to, fields, columns FROM ops.watermarks WHERE account = :account"),
                {"account": self.account},
            )
            return {row.entity: Watermark(row.read_up_to, row.fields, row.columns) for row in found}

    def advance_watermark(
        self,
        connection: Connection,
        entity: str,
        read_up_to: datetime,
        fields: Sequence[str] = (),
        columns: Sequence[str] = (),
    ) -> None:
        """Move the entity's watermark forward, in the connection's transaction; an earlier instant moves nothing."""
        run_sql_file(
            connection,
            SQL / "advance_watermark.sql",
            account=self.account,
            run_id=self.run_id,
            entity=entity,
            read_up_to=read_up_to,
            fields=list(fields),
            columns=list(columns),
        )

    def record_window(self, connection: Connection, entity: str, loaded: int, quarantined: int) -> None:
        """Record in the coverage ledger what the run read of an entity, in the connection's transaction.

        Args:
            connection: of the transaction that loads the rows and moves the watermark.
            entity: its name.
            loaded: good rows of the batch.
            quarantined: bad rows of the batch.
        """
        run_sql_file(
            connection,
            SQL / "record_window.sql",
            account=self.account,
            run_id=self.run_id,
            entity=entity,
            rows_loaded=loaded,
            rows_quarantined=quarantined,
        )

    def _set_state(self, state: Literal["running", "waiting"]) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                text(
                    "UPDATE ops.sync_runs SET state = :state, error = NULL, finished_at = NULL "
                    "WHERE account = :account AND run_id = :run_id"
                ),
                {"account": self.account, "run_id": self.run_id, "state": state},
            )

    def _first_cutoff(self) -> datetime | None:
        """The earliest cut-off of the account's runs; None before the first."""
        found = self._one_row("SELECT min(cutoff_at) AS cutoff_at FROM ops.sync_runs WHERE account = :account")
        return found["cutoff_at"] if found else None

    def _committed_before(self, entity: str, step: str) -> dict[str, Any] | None:
        """What an earlier attempt at the step counted in one transaction with its rows, if there was one."""
        found = self._one_row(
            "SELECT counts -> CAST(:entity AS text) -> CAST(:step AS text) AS record FROM ops.sync_runs "
            "WHERE account = :account AND run_id = :run_id",
            entity=entity,
            step=step,
        )
        record = (found and found["record"]) or {}
        committed = record if record.get("committed") else record.get("committed_before")
        return committed and {name: value for name, value in committed.items() if name not in StepCounts.OF_THE_LEDGER}

    def _one_row(self, statement: str, **params: object) -> RowMapping | None:
        with self.engine.begin() as connection:
            values = {"account": self.account, "run_id": self.run_id, **params}
            return connection.execute(text(statement), values).mappings().one_or_none()


class StepCounts:
    """What one step has counted so far; safe to use from several threads.

    ``committed_before`` are the counts of an earlier attempt that were committed together with its rows (see
    ``transaction``); None when there was none.
    """

    OF_THE_LEDGER = frozenset({"state", "started_at", "finished_at", "error", "committed", "committed_before"})

    def __init__(
        self, ledger: RunLedger, entity: str, step: str, committed_before: dict[str, Any] | None = None
    ) -> None:
        self.committed_before = committed_before
        self._ledger = ledger
        self._entity = entity
        self._step = step
        self._lock = threading.Lock()
        self._counts: dict[str, Any] = {"rows": 0}
        self._record: dict[str, object] = {"state": "running", "started_at": _now()}
        if committed_before:
            self._record["committed_before"] = committed_before
        self._next_write = 0.0

    def add(self, **counts: float) -> None:
        """Add to counts: ``add(rows=1000, pages=1)``. Written to the ledger now and then."""
        with self._lock:
            for name, more in counts.items():
                self._counts[name] = self._counts.get(name, 0) + more
        self._write_now_and_then()

    def set(self, **counts: object) -> None:
        """Set counts, or anything else that JSON can hold."""
        with self._lock:
            self._counts.update(counts)
        self._write_now_and_then()

    def as_dict(self) -> dict[str, Any]:
        """The counts, without the ledger's own keys (state, times, error)."""
        with self._lock:
            return dict(self._counts)

    def write(self) -> None:
        """Write what is counted so far, in a transaction of its own."""
        with self._ledger.engine.begin() as connection:
            self._write_to(connection, self._record)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that commits the step's rows and its counts together, or neither.

        A later attempt at the step finds these counts in ``committed_before``.
        """
        with self._ledger.engine.begin() as connection:
            yield connection
            # Last, since other steps of the run wait at its row until the commit.
            record = {**self._record, "state": "success", "finished_at": _now(), "committed": True}
            record.pop("committed_before", None)
            self._write_to(connection, record)
        self._record = record

    def end(self, state: Literal["success", "failed"], error: str | None = None) -> None:
        """Write the step's end."""
        self._record.update(state=state, finished_at=_now())
        if error is not None:
            self._record["error"] = error
        self.write()

    def _write_now_and_then(self) -> None:
        with self._lock:
            now = time.monotonic()
            if now < self._next_write:
                return
            self._next_write = now + SECONDS_BETWEEN_WRITES
        # Progress is for people to see; only the step's end must be written.
        with suppress(WarehouseUnreachable):
            self.write()

    def _write_to(self, connection: Connection, record: Mapping[str, object]) -> None:
        self._ledger.write_step(connection, self._entity, self._step, {**record, **self.as_dict()})


class _Start(NamedTuple):
    """Where an entity's window begins, and from where it is read, the overlap before that (None: the beginning)."""

    covers_from: datetime | None
    read_from: datetime | None


@dataclass(frozen=True, slots=True)
class _Starts:
    """Where the windows of a run begin that ends at ``cutoff_at``; ``first_cutoff`` is of the account's first run."""

    cutoff_at: datetime
    first_cutoff: datetime | None

    def of(
        self, entity: FencedEntity, watermark: Watermark | None, fields: Sequence[str], columns: Sequence[str]
    ) -> _Start:
        if watermark is not None and entity.incremental and _was_read_with(watermark, fields, columns):
            covers_from = min(watermark.read_up_to, self.cutoff_at)
            return _Start(covers_from, covers_from - entity.overlap)
        if entity.from_beginning:
            return _Start(None, None)
        # Not from this run's cut-off: an earlier run may have failed here, and its other rows be deleted since.
        first_read = min(self.first_cutoff or self.cutoff_at, self.cutoff_at) - entity.overlap
        return _Start(first_read, first_read)


def _was_read_with(watermark: Watermark, fields: Sequence[str], columns: Sequence[str]) -> bool:
    return set(fields) <= set(watermark.fields) and set(columns) <= set(watermark.columns)


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _words_of(error: BaseException) -> str:
    """The error's text as jsonb can hold it."""
    words = str(error).strip() or type(error).__name__
    return words.replace("\0", "").encode(errors="replace").decode()[:LONGEST_ERROR]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

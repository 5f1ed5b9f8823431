"""What holds for whatever schedule, failures and clocks: no gap, bounded overlap, no row lost (P3, B4).

A simulated NetSuite stamps a change by its own clock, which may be off by up to ``CLOCK_ERROR`` at any moment, and
shows it only later. Runs read it at their fence or later, fail, load late, load twice, or never.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from include.extract.entities import DELETIONS, INVOICES, Entity
from tests.warehouse.runs import Run, query

MINUTE = timedelta(minutes=1)
CLOCK_ERROR = 5 * MINUTE
ENTITIES = [INVOICES, DELETIONS]
# A change is shown at most so late that the overlap finds it, though the clock be off at the change and at the fence.
LATEST_COMMIT = INVOICES.overlap - 2 * CLOCK_ERROR - timedelta(seconds=1)

accounts = (f"account {number}" for number in itertools.count())
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# An ordinary evening, and the nights when New York's clocks go forward and back.
evenings = st.sampled_from([(2026, 1, 12), (2026, 3, 7), (2026, 10, 31)]).map(
    lambda day: datetime(*day, 21, tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)
)
clock_errors = st.integers(-300, 300).map(lambda seconds: timedelta(seconds=seconds))
pauses = st.one_of(st.integers(0, 90), st.integers(0, 90), st.integers(0, 3000)).map(lambda minutes: minutes * MINUTE)


@dataclass(frozen=True)
class Change:
    """A record comes into being at ``at``, stamped by NetSuite's clock, and is shown ``late`` after that."""

    at: timedelta
    clock_error: timedelta
    late: timedelta


@dataclass(frozen=True)
class Plan:
    """One run: how long after the last one, by what clock, and what becomes of each entity.

    ``loads_after``: so many runs later it is loaded (0: at once; None: never). ``loads_twice``: it is cleared then.
    """

    pause: timedelta
    clock_error: timedelta
    reads_after: timedelta
    loads_after: tuple[int | None, int | None]
    loads_twice: bool


changes = st.lists(
    st.builds(
        Change,
        # Most of them about the first runs, and late, where a run may just miss them.
        st.one_of(st.integers(-60, 240), st.integers(-600, 6000)).map(lambda minutes: minutes * MINUTE),
        clock_errors,
        st.one_of(st.just(LATEST_COMMIT), st.timedeltas(timedelta(0), LATEST_COMMIT)),
    ),
    min_size=8,
    max_size=24,
)
outcomes = st.sampled_from([0, 0, 0, 1, 2, 3, None])
plans = st.lists(
    st.builds(
        Plan,
        pauses,
        clock_errors,
        st.integers(0, 40).map(lambda minutes: minutes * MINUTE),
        st.tuples(outcomes, outcomes),
        st.booleans(),
    ),
    min_size=1,
    max_size=7,
)


@dataclass
class History:
    """Runs of an account of its own, in order; what each read is loaded when its plan says."""

    engine: Engine
    begin: datetime
    changes: Sequence[Change]
    account: str = field(default_factory=lambda: next(accounts))
    now: datetime = field(init=False)
    waiting: list[tuple[int, Entity, Run, list[int], bool]] = field(default_factory=list)
    delivered: dict[str, set[int]] = field(default_factory=lambda: {entity.name: set() for entity in ENTITIES})
    number: int = 0

    def __post_init__(self) -> None:
        self.now = self.begin

    def run(self, plan: Plan) -> None:
        """One run; then those before it whose time to load has come, so that runs end out of order."""
        self.now += plan.pause
        self.number += 1
        cutoff_at = (self.now + plan.clock_error).replace(microsecond=0).astimezone(ZoneInfo("America/New_York"))
        run = Run(self.engine, f"run {self.number}", self.account, cutoff_at)
        read_at = self.now + plan.reads_after
        for entity, after in zip(ENTITIES, plan.loads_after, strict=True):
            if after is not None:
                rows = self._shown(run, entity, read_at)
                self.waiting.append((self.number + after, entity, run, rows, plan.loads_twice))
        due = [item for item in self.waiting if item[0] <= self.number]
        self.waiting = [item for item in self.waiting if item[0] > self.number]
        for item in reversed(due):
            self._load(*item[1:])

    def _shown(self, run: Run, entity: Entity, read_at: datetime) -> list[int]:
        """Numbers of the changes that NetSuite shows at that moment within the window of the fence."""
        fence = run.ledger.fence()
        since = fence.windows[entity.name] or datetime.min.replace(tzinfo=UTC)
        return [
            number
            for number, change in enumerate(self.changes, 1)
            if since <= self.stamp(change) < fence.cutoff_at and self.begin + change.at + change.late <= read_at
        ]

    def _load(self, entity: Entity, run: Run, numbers: list[int], twice: bool) -> None:
        rows = [
            {
                "id": str(number),
                "record_type": "invoice",
                "last_modified_at": self.stamp(self.changes[number - 1]).isoformat(),
                "deleted_at": self.stamp(self.changes[number - 1]).isoformat(),
            }
            for number in numbers
        ]
        for _ in range(2 if twice else 1):
            run.stage_and_load(entity, rows)
        self.delivered[entity.name].update(numbers)

    def stamp(self, change: Change) -> datetime:
        return (self.begin + change.at + change.clock_error).replace(microsecond=0)

    def windows(self, entity: Entity) -> list[tuple[datetime | None, datetime, datetime | None]]:
        statement = (
            "SELECT window_from, window_to, read_from FROM ops.extraction_windows "
            "WHERE account = :account AND entity = :entity"
        )
        found = query(self.engine, statement, account=self.account, entity=entity.name)
        return sorted(found, key=lambda window: (window[0] or datetime.min.replace(tzinfo=UTC), window[1]))

    def watermark(self, entity: Entity) -> datetime | None:
        found = query(
            self.engine,
            "SELECT read_up_to FROM ops.watermarks WHERE account = :account AND entity = :entity",
            account=self.account,
            entity=entity.name,
        )
        return found[0][0] if found else None


def end_of_contiguous_coverage(windows: Sequence[tuple[datetime | None, datetime, datetime | None]]) -> datetime:
    """How far one can go from the first window's begin without leaving a window."""
    end = windows[0][1]
    for window_from, window_to, _ in windows:
        if window_from is None or window_from <= end:
            end = max(end, window_to)
    return end


@given(begin=evenings, changes=changes, plans=plans)
@quick
def test_windows_leave_no_gap_and_their_union_ends_at_the_watermark(shared_warehouse, begin, changes, plans):
    history = History(shared_warehouse, begin, changes)
    for plan in plans:
        history.run(plan)
        for entity in ENTITIES:
            windows = history.windows(entity)
            assert bool(windows) == (history.watermark(entity) is not None)
            if windows:
                assert end_of_contiguous_coverage(windows) == max(window_to for _, window_to, _ in windows)
                assert end_of_contiguous_coverage(windows) == history.watermark(entity)
    without_gap = query(
        shared_warehouse,
        "SELECT entity, without_gap FROM publish.coverage WHERE account = :account AND fresh_up_to IS NOT NULL",
        account=history.account,
    )
    assert all(true for _, true in without_gap)


@given(begin=evenings, plans=plans)
@quick
def test_what_is_read_twice_on_purpose_is_never_more_than_the_overlap(shared_warehouse, begin, plans):
    """A window begins where an earlier one ended, and is read from the overlap before that, whatever the clock."""
    history = History(shared_warehouse, begin, ())
    for plan in plans:
        history.run(plan)
    for entity in ENTITIES:
        windows = history.windows(entity)
        ends = {window_to for _, window_to, _ in windows}
        for window_from, _, read_from in windows:
            if window_from is None or read_from is None:
                assert (window_from, read_from) == (None, None)
            elif entity is INVOICES or window_from in ends:
                assert window_from in ends
                assert window_from - read_from == entity.overlap
            else:  # a first read of deletions
                assert entity is DELETIONS
                assert window_from == read_from


@given(begin=evenings, changes=changes, plans=plans)
@quick
def test_no_change_is_lost_that_was_committed_late_by_less_than_the_overlap(shared_warehouse, begin, changes, plans):
    history = History(shared_warehouse, begin, changes)
    at_once = Plan(timedelta(0), timedelta(0), timedelta(0), (0, 0), loads_twice=False)
    for plan in plans:
        history.run(plan)
    # A last run after everything, and what still waited ends after it.
    history.run(replace(at_once, pause=10_000 * MINUTE))
    for _ in range(3):
        history.run(at_once)
    everything = set(range(1, len(changes) + 1))
    assert history.delivered["invoices"] == everything
    statement = "SELECT id, last_modified_at FROM raw.invoices WHERE account = :account"
    found = query(shared_warehouse, statement, account=history.account)
    assert dict(found) == {number: history.stamp(change) for number, change in enumerate(changes, 1)}
    # Deletions count from the first run on: what was deleted before never came into raw.
    first_fence = query(
        shared_warehouse,
        "SELECT min(cutoff_at) FROM ops.sync_runs WHERE account = :account",
        account=history.account,
    )[0][0]
    since = {number for number in everything if history.stamp(changes[number - 1]) >= first_fence - DELETIONS.overlap}
    assert since <= history.delivered["deletions"]

"""However often a read is cut off and however its slices fall, every row lands exactly once (P3)."""

import itertools
import threading
from bisect import bisect_right

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from include.extract.id_ranges import gaps, overlap
from include.extract.landing import LandingArea
from include.netsuite.keyset import EVERY_ID, IdRange
from include.netsuite.page_table import TableAnswer
from include.netsuite.parallel_read import read_by_key
from include.netsuite.slices import Bounds

numbers = itertools.count()
RANGES = st.builds(lambda start, length: IdRange(start, start + length), st.integers(-60, 60), st.integers(1, 30))


class Rows:
    """A NetSuite in memory that holds rows with these ids."""

    def __init__(self, ids: set[int]) -> None:
        self.ids = sorted(ids)

    def bounds(self, ids: IdRange | None, stop: threading.Event) -> Bounds | None:
        found = self._among(ids or EVERY_ID)
        return Bounds(found[0], found[-1], len(found)) if found else None

    def page(self, ids: IdRange, page_size: int, stop: threading.Event) -> TableAnswer:
        found = self._among(ids)
        table = pa.table({"id": pa.array([str(id_) for id_ in found[:page_size]], pa.string())})
        return TableAnswer(table, len(found) > page_size, len(found))

    def _among(self, ids: IdRange) -> list[int]:
        return self.ids[bisect_right(self.ids, ids.after_id) : bisect_right(self.ids, ids.last_id)]


class CutOff(Exception):
    """Whatever ends an attempt."""


def attempt(source: Rows, folder, *, at_once: int, page_size: int, end_after: int | None) -> None:
    pages = 0
    with folder.resume(("id",), "plan") as writer:
        for ids in writer.gaps("rows"):
            for page in read_by_key(source, at_once=at_once, page_size=page_size, within=ids):
                writer.add(page.table, query="rows", ids=page.settled)
                pages += 1
                if pages == end_after:
                    raise CutOff


@given(
    ids=st.sets(st.integers(-500, 500), max_size=40),
    attempts=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 4)), max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_cut_off_and_resumed_lands_once(ids, attempts):
    source = Rows(ids)
    folder = LandingArea("memory://resume").folder("acme", f"run {next(numbers)}", "rows")
    for at_once, page_size, end_after in attempts:
        try:
            attempt(source, folder, at_once=at_once, page_size=page_size, end_after=end_after)
        except CutOff:
            continue
        break
    else:
        attempt(source, folder, at_once=3, page_size=5, end_after=None)
    landed = [int(row["id"]) for part in folder.read() for row in part.to_pylist()]
    assert sorted(landed) == source.ids
    assert folder.manifest().rows == len(landed)


@given(st.lists(RANGES, max_size=6), st.integers(-100, 100))
def test_an_id_lies_in_a_gap_exactly_if_it_lies_in_no_range(ranges, id_):
    one = IdRange(id_ - 1, id_)
    assert any(overlap(one, gap) for gap in gaps(ranges)) != any(overlap(one, settled) for settled in ranges)


@given(st.lists(RANGES, max_size=6))
def test_gaps_do_not_overlap_and_lie_in_order(ranges):
    found = gaps(ranges)
    assert all(before.last_id < after.after_id for before, after in itertools.pairwise(found))
    assert all(gap.after_id < gap.last_id for gap in found)

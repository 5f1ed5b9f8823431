"""Whatever the ids look like and however the slices are cut, every row is read exactly once."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.netsuite import slices
from include.netsuite.errors import UnknownAnswer
from include.netsuite.slices import Bounds, Slice, SlicePlan

if TYPE_CHECKING:
    from include.netsuite.keyset import IdRange

IDS = st.one_of(
    st.sets(st.integers(-50, 300), min_size=1),
    st.sets(st.one_of(st.integers(0, 40), st.integers(10**9, 10**9 + 40), st.integers(-5, 10**12)), min_size=1),
).map(sorted)


class Rows:
    """The rows of a NetSuite that holds these ids."""

    def __init__(self, ids: list[int]) -> None:
        self.ids = ids

    def within(self, ids: IdRange) -> list[int]:
        return self.ids[bisect_right(self.ids, ids.after_id) : bisect_right(self.ids, ids.last_id)]

    def bounds(self, ids: IdRange) -> Bounds | None:
        found = self.within(ids)
        return Bounds(found[0], found[-1], len(found)) if found else None


@settings(deadline=None)
@given(IDS, st.integers(1, 6), st.integers(1, 7), st.integers(5, 60), st.booleans(), st.data())
def test_every_id_is_read_exactly_once(
    ids: list[int], at_once: int, page_size: int, safe_rows: int, says_total: bool, data: st.DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slices, "SAFE_ROWS", safe_rows)
        rows = Rows(ids)
        plan = SlicePlan(Bounds(ids[0], ids[-1], len(ids)), at_once=at_once, page_size=page_size)
        # A page that is on its way was asked for before the slice may have been cut.
        on_their_way: list[tuple[Slice, IdRange]] = []
        read: list[int] = []
        while not plan.finished:
            if len(on_their_way) < at_once and (not on_their_way or data.draw(st.booleans())):
                piece = plan.take()
                assert piece or on_their_way, "an unfinished plan with nothing on its way must give work"
                if piece:
                    on_their_way.append((piece, piece.ids))
                    continue
            piece, asked = on_their_way.pop(data.draw(st.integers(0, len(on_their_way) - 1)))
            if not piece.counted:
                plan.counted(piece, rows.bounds(piece.ids))
                if piece.counted:
                    on_their_way.append((piece, piece.ids))
                continue
            found = rows.within(asked)
            assert len(found) <= safe_rows, "no query may match more rows than NetSuite gives"
            page = found[:page_size]
            kept = plan.advance(
                piece, asked, page, ended=len(page) < page_size, total=len(found) if says_total else None
            )
            read.extend(page[:kept])
            if piece.after_id < piece.last_id:
                on_their_way.append((piece, piece.ids))
        assert sorted(read) == ids


def test_an_idle_reader_is_given_part_of_the_largest_rest() -> None:
    plan = SlicePlan(Bounds(1, 10_000, 10_000), at_once=1, page_size=100)
    first = plan.take()
    assert first
    second = plan.take()
    assert second
    assert first.ids.last_id == second.ids.after_id
    assert 4_000 < second.rows_left < 6_000


def test_a_rest_of_about_one_page_is_not_cut() -> None:
    plan = SlicePlan(Bounds(1, 120, 120), at_once=1, page_size=100)
    assert plan.take()
    assert plan.take() is None


@pytest.mark.parametrize(
    ("ids", "reason"),
    [([11, 12, 12], "twice"), ([11, 13, 12], "does not advance"), ([10], "does not advance"), ([21], "21")],
)
def test_ids_that_do_not_strictly_ascend_within_the_slice_end_the_read(ids: list[int], reason: str) -> None:
    plan = SlicePlan(Bounds(11, 20, 10), at_once=1, page_size=10)
    piece = plan.take()
    assert piece
    with pytest.raises(UnknownAnswer, match=reason):
        plan.advance(piece, piece.ids, ids, ended=False, total=None)


def test_more_rows_than_ids_means_that_the_key_is_not_unique() -> None:
    with pytest.raises(UnknownAnswer, match="not unique"):
        Bounds(first_id=1, last_id=3, row_count=4)

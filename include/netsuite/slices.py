"""Which ids are read next: a range of ids is cut into slices, and the largest rest is cut again for whoever is idle.

Ids may lie as unevenly as they like. Every id belongs to exactly one slice at any time, so each row is read once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from include.netsuite.errors import UnknownAnswer, WrongPage
from include.netsuite.keyset import IdRange

if TYPE_CHECKING:
    from collections.abc import Sequence

# NetSuite answers at most 100,000 rows of one query, and sources disagree on whether it fails or cuts off in silence
# beyond that (netsuite.md 1.2). No query of a read may come near; rows may still be added between count and read.
SAFE_ROWS = 90_000


@dataclass(frozen=True)
class Bounds:
    """The least and the greatest id of a range's rows, and how many rows there are."""

    first_id: int
    last_id: int
    row_count: int

    def __post_init__(self) -> None:
        """Raise UnknownAnswer where the three contradict each other."""
        if self.row_count > self.last_id - self.first_id + 1:
            raise UnknownAnswer(
                f"NetSuite counts {self.row_count} rows with ids from {self.first_id} to {self.last_id}: the key of the"
                " query is not unique, so it cannot be read by key. Look for a join that doubles rows."
            )

    @property
    def ids(self) -> IdRange:
        """Return the ids as a range."""
        return IdRange(self.first_id - 1, self.last_id)


@dataclass(eq=False)
class Slice:
    """Ids above `after_id` up to `last_id` that are still to be read; `rows_left` is an estimate."""

    after_id: int
    last_id: int
    rows_left: int
    counted: bool
    rows_per_id: float | None = None

    @property
    def ids(self) -> IdRange:
        """Return what is still to be read."""
        return IdRange(self.after_id, self.last_id)


class SlicePlan:
    """Hands out slices and keeps track of what of them has been read. Not safe for threads by itself."""

    def __init__(self, bounds: Bounds, *, at_once: int, page_size: int) -> None:
        self._page_size = page_size
        self._waiting: deque[Slice] = deque()
        self._being_read: list[Slice] = []
        counted = bounds.row_count <= SAFE_ROWS
        pieces = min(at_once, ceil(bounds.row_count / page_size))
        if not counted:
            pieces = max(pieces, ceil(2 * bounds.row_count / SAFE_ROWS))
        self._add_pieces(bounds, pieces, counted=counted)

    @property
    def finished(self) -> bool:
        """Say whether every id has been read."""
        return not self._waiting and not self._being_read

    def take(self) -> Slice | None:
        """Return a slice to read: a waiting one, or a part cut off the largest rest; None if none is worth cutting."""
        taken = self._waiting.popleft() if self._waiting else self._cut_off()
        if taken:
            self._being_read.append(taken)
        return taken

    def counted(self, piece: Slice, bounds: Bounds | None) -> None:
        """Note what a slice really holds (None: no rows). One that holds too many rows is cut and waits again."""
        if bounds is None:
            self._being_read.remove(piece)
            return
        if not piece.after_id < bounds.first_id <= bounds.last_id <= piece.last_id:
            raise UnknownAnswer(
                f"NetSuite was asked for the bounds of the ids in {_shown(piece.ids)} and answered with"
                f" {bounds.first_id} to {bounds.last_id}."
            )
        if bounds.row_count > SAFE_ROWS:
            self._being_read.remove(piece)
            self._add_pieces(bounds, 2, counted=False)
            return
        piece.after_id, piece.last_id = bounds.ids
        piece.rows_left, piece.counted = bounds.row_count, True

    def advance(self, piece: Slice, asked: IdRange, ids: Sequence[int], *, ended: bool, total: int | None) -> int:
        """Note a page of `piece`, asked for as `asked`; returns how many of its rows belong to the slice.

        The rest belongs to a slice that was cut off meanwhile. `ended`: the page was the last of what was asked.
        Raises UnknownAnswer where ids repeat, and WrongPage where they do not ascend or lie outside what was asked.
        """
        _check_order(asked, ids)
        kept = bisect_right(ids, piece.last_id)
        if ids:
            piece.rows_per_id = len(ids) / (ids[-1] - asked.after_id)
        if ended or kept < len(ids):
            piece.after_id = piece.last_id
        elif ids:
            piece.after_id = ids[-1]
        if piece.after_id >= piece.last_id:
            self._being_read.remove(piece)
        elif total is not None and asked.last_id == piece.last_id:
            piece.rows_left = max(0, total - len(ids))
        else:
            piece.rows_left = max(0, piece.rows_left - kept)
        return kept

    def _add_pieces(self, bounds: Bounds, pieces: int, *, counted: bool) -> None:
        """Cut a range into slices of as many ids each; the last is the shortest."""
        start, end = bounds.ids
        span = ceil((end - start) / pieces)
        for after_id in range(start, end, span):
            last_id = min(after_id + span, end)
            rows = ceil(bounds.row_count * (last_id - after_id) / (end - start))
            self._waiting.append(Slice(after_id, last_id, rows, counted))

    def _cut_off(self) -> Slice | None:
        """Cut a new slice off the end of the one with most rows left, beyond the page it is waiting for."""
        candidates = [piece for piece in self._being_read if piece.counted]
        largest = max(candidates, key=lambda piece: piece.rows_left, default=None)
        if largest is None:
            return None
        spare = largest.rows_left - self._page_size
        if spare < self._page_size // 2:
            return None
        rows = spare - spare // 2
        cut = _cut_point(largest, largest.rows_left - rows)
        if cut is None:
            return None
        rest = Slice(cut, largest.last_id, rows, counted=True, rows_per_id=largest.rows_per_id)
        largest.last_id, largest.rows_left = cut, largest.rows_left - rows
        return rest


def _cut_point(piece: Slice, rows_before: int) -> int | None:
    """Return the id after which to cut, so that about `rows_before` rows stay before it; None: it cannot be cut.

    The last page's density tells where that is; if it points beyond the slice, the rows lie elsewhere: take the middle.
    """
    if piece.last_id - piece.after_id < 2:
        return None
    if piece.rows_per_id:
        cut = piece.after_id + ceil(rows_before / piece.rows_per_id)
        if cut < piece.last_id:
            return cut
    return (piece.after_id + piece.last_id) // 2


def _check_order(asked: IdRange, ids: Sequence[int]) -> None:
    for before, after in pairwise([asked.after_id, *ids]):
        if after == before and before != asked.after_id:
            raise UnknownAnswer(
                f"NetSuite sent the id {after} twice in one page: the key of the query is not unique, so it cannot be"
                " read by key. Look for a join that doubles rows."
            )
        if after <= before:
            raise WrongPage(
                f"NetSuite was asked for the ids in {_shown(asked)} in order, and sent {after} after {before}: the key"
                " does not advance, so rows could be lost or doubled. Run it again; if it stays so, look for a proxy"
                " that keeps answers, and check the ORDER BY of the query."
            )
    if ids and ids[-1] > asked.last_id:
        raise WrongPage(
            f"NetSuite was asked for the ids in {_shown(asked)} and sent {ids[-1]}. Run it again; if it stays so, look"
            " for a proxy that keeps answers, and check that the query's WHERE holds id > :after_id AND id <= :last_id."
        )


def _shown(ids: IdRange) -> str:
    return f"{ids.after_id + 1} to {ids.last_id}"

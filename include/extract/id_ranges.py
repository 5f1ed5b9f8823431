"""Ranges of ids: what of all ids is still to be read when some have been."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.netsuite.keyset import EVERY_ID, IdRange

if TYPE_CHECKING:
    from collections.abc import Iterable


def gaps(settled: Iterable[IdRange]) -> list[IdRange]:
    """The ids that lie in none of the ranges, as ranges in their order; the ranges may come in any."""
    found = []
    after_id = EVERY_ID.after_id
    for ids in sorted(settled):
        if ids.after_id > after_id:
            found.append(IdRange(after_id, ids.after_id))
        after_id = max(after_id, ids.last_id)
    if after_id < EVERY_ID.last_id:
        found.append(IdRange(after_id, EVERY_ID.last_id))
    return found


def overlap(one: IdRange, other: IdRange) -> bool:
    """Whether an id lies in both."""
    return max(one.after_id, other.after_id) < min(one.last_id, other.last_id)

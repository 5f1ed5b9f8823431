"""Columns that hold something else than their declared type throughout: the field has changed in NetSuite.

A single bad value is the record's fault, and its row goes to quarantine. Where most of a column's values are bad, the
share of bad rows may still be small, since the column is mostly empty; but it is the schema that has changed (P2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from sqlalchemy import Engine

    from include.validate.queries import BatchQueries
    from include.validate.rules import Rule

MOST = 0.5


@dataclass(frozen=True, slots=True)
class ChangedType:
    """A column whose values are not of its declared type any more; ``example`` is the first of them."""

    rule: Rule
    bad: int
    filled: int
    example: str

    @property
    def sentence(self) -> str:
        """What is said of it in the error."""
        return (
            f"{self.rule.column}: {self.bad} of its {self.filled} values are of another type than before, for example "
            f"{self.example!r} (expected: {self.rule.promise}). See what has become of the field in NetSuite; if it is "
            "the records that are wrong, correct them there."
        )


def changed_types(
    engine: Engine,
    queries: BatchQueries,
    broken: Sequence[Rule],
    reasons: Mapping[str, int],
    samples: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    tolerated: int,
    largest_share: float,
) -> list[ChangedType]:
    """The columns of which more values are bad than may be: more than ``tolerated`` and than half of them.

    ``largest_share`` of bad rows, where an account allows more than half, holds for a column's values too. ``reasons``
    counts and ``samples`` shows the bad rows of each broken rule.
    """
    found = []
    with engine.connect() as connection:
        for rule in broken:
            bad = reasons.get(rule.reason, 0)
            if not rule.is_of_type or bad <= tolerated:
                continue
            filled = connection.execute(text(queries.filled(rule))).scalar_one()
            if bad > max(MOST, largest_share) * filled:
                found.append(ChangedType(rule, bad, filled, str(samples[rule.reason][0]["checked_text"])))
    return found

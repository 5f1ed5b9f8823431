"""What the validation of one batch found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ValidationOutcome:
    """What was found in a batch.

    ``rows``: rows of the batch. ``bad_rows``: rows that break a rule and go to quarantine. ``reasons``: broken rule ->
    rows that break it (a row may break several). ``warnings``: the same for rules whose rows are loaded all the same.
    ``docs``: the data docs page.
    """

    rows: int
    bad_rows: int
    reasons: dict[str, int]
    warnings: dict[str, int]
    docs: Path

"""What can keep a batch from being loaded: the data is wrong, or the check itself is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.validate.outcome import ValidationOutcome


class ValidationError(Exception):
    """A batch that must not be loaded; the message says why and what to do.

    ``outcome`` holds what was counted until then; None where nothing could be counted.
    """

    def __init__(self, message: str, outcome: ValidationOutcome | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome


class BadBatch(ValidationError):
    """The data is wrong: the message lists every broken rule on the batch, with its figures."""


class BrokenCheck(ValidationError):
    """A check could not be carried out, so nothing is known of the data: the message names the check and the cause."""

"""What can be wrong with a question about recipients, as one small family.

The message is written for the person who must act.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.recipients.template import Mistake


class RecipientsError(Exception):
    """Anything of the room ``recipients`` that a person must mend."""


class WrongTemplate(RecipientsError):
    """A template that can't be used. ``mistakes`` holds every one of it, in the order of the text."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


class UnknownTemplate(RecipientsError):
    """The workflow engine's table holds no such template."""


class NoWarehouse(RecipientsError):
    """A question that only the warehouse can answer was asked without one."""

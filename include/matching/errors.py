"""What can go wrong in matching and publishing, as one small family; the message is for the person who must act."""

from __future__ import annotations


class MatchingError(Exception):
    """Anything of the room ``matching`` that a person must mend."""


class UnknownRun(MatchingError):
    """A run is to be published that is not in the run ledger."""


class UsersLocked(MatchingError):
    """Someone else kept the table of users locked for too long. Trying again later may help."""

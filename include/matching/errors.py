"""What can go wrong in matching and publishing, as one small family; the message is for the person who must act."""

from __future__ import annotations


class MatchingError(Exception):
    """Anything of the room ``matching`` that a person must mend."""


class UnknownRun(MatchingError):
    """A run is to be published that is not in the run ledger."""


class UsersLocked(MatchingError):
    """Someone else kept the table of users locked for too long. Trying again later may help."""


class NoSuchConflict(MatchingError):
    """A verdict about an employee who is not in conflict."""


class EvidenceChanged(MatchingError):
    """A verdict about evidence that is no longer what its author saw."""


class NoSuchCandidate(MatchingError):
    """A verdict for a user who is none of the conflict's candidates."""


class UserTaken(MatchingError):
    """A verdict for a user who is another employee by a verdict in force."""


class NoSuchVerdict(MatchingError):
    """There is no verdict to withdraw."""


class NoSuchUser(MatchingError):
    """The account has no such user."""


class UserModeRefused(MatchingError):
    """The user mode of the account file is not in force: match only is not confirmed, or can't be turned off."""

"""What can keep a re-sync from being read or rehearsed."""


class ResyncError(Exception):
    """Anything of the room ``resync`` that a person must act on; the message says what is wrong and what is allowed."""


class WrongRequest(ResyncError):
    """The parameters of the run don't say what to read again, or contradict each other."""


class NothingToRehearse(ResyncError):
    """What the run staged is not there any more."""

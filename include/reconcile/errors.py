"""What can keep an entity from being reconciled."""


class ReconcileError(Exception):
    """Anything of the room ``reconcile`` that a person must act on; the message says what is wrong and what to do."""


class NeverSynced(ReconcileError):
    """There is nothing to compare with yet."""


class TooManyGone(ReconcileError):
    """So many records are no longer in NetSuite that the role's sight is more likely to have changed than the data."""


class NotCompared(ReconcileError):
    """A repair finds no comparison of its run."""


class StillDifferent(ReconcileError):
    """Differences that reading the records again did not settle."""

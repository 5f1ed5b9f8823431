"""How many requests may be in flight: lowered when NetSuite refuses, raised again slowly.

NetSuite refuses at once and queues nothing (ORA:bridgehead_1525252812), and the account's limit is shared with every
other integration: sleeping alone is not enough, the client has to ask for less.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

_DECREASE = 0.7
# One more request at once after this many rounds without a refusal: probing a full account costs a refused request.
_ROUNDS_PER_INCREASE = 8
_STOP_CHECK_SECONDS = 0.1


class Abandoned(Exception):
    """Not an error: the read that a request belongs to has ended, and nobody wants the answer any more."""


class Governor:
    """Additive increase, multiplicative decrease of the requests in flight, never above `limit` and never below one."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._allowed = float(limit)
        self._in_flight = 0
        self._slots_given = 0
        self._slots_given_at_decrease = 0
        self._changed = threading.Condition()

    @property
    def allowed(self) -> int:
        """Return how many requests may be in flight now."""
        return max(1, int(self._allowed))

    @property
    def in_flight(self) -> int:
        """Return how many requests are in flight now."""
        return self._in_flight

    @contextmanager
    def slot(self, stop: threading.Event) -> Iterator[int]:
        """Wait for a free place and hold it; yields its number. Raises Abandoned once `stop` is set."""
        number = self._enter(stop)
        try:
            yield number
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify()

    def accepted(self) -> None:
        """Raise the limit a little: NetSuite took a request."""
        with self._changed:
            before = self.allowed
            self._allowed = min(float(self.limit), self._allowed + 1 / (_ROUNDS_PER_INCREASE * self._allowed))
            if self.allowed > before:
                self._changed.notify_all()

    def refused(self, slot: int) -> None:
        """Lower the limit. Refusals of requests that were sent before the last decrease say nothing new."""
        with self._changed:
            if slot <= self._slots_given_at_decrease:
                return
            self._slots_given_at_decrease = self._slots_given
            self._allowed = max(1.0, self._allowed * _DECREASE)
            log.warning(
                "NetSuite refuses more requests at once: its account limit is full. Going on with %s at once (of %s)",
                self.allowed,
                self.limit,
            )

    def _enter(self, stop: threading.Event) -> int:
        with self._changed:
            while self._in_flight >= self.allowed and not stop.is_set():
                self._changed.wait(_STOP_CHECK_SECONDS)
            if stop.is_set():
                raise Abandoned
            self._in_flight += 1
            self._slots_given += 1
            return self._slots_given

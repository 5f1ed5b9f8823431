"""What a client did, counted for the run ledger."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic


class ClientStats:
    """Counts of one client, safe to read while its threads work.

    requests: sent, sign-in included, retries included. retries: by reason. seconds_waiting_for_netsuite: summed over
    threads, so it may exceed the time on the clock. rows: items received. bytes: of the bodies received, unpacked.
    highest_in_flight: most requests that were open at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._retries: Counter[str] = Counter()
        self._in_flight = 0
        self.requests = 0
        self.seconds_waiting_for_netsuite = 0.0
        self.rows = 0
        self.bytes = 0
        self.highest_in_flight = 0

    @property
    def retries(self) -> dict[str, int]:
        """Return how often a request was sent again, by the name of the error that made it necessary."""
        with self._lock:
            return dict(self._retries)

    def as_dict(self) -> dict[str, object]:
        """Return all counts as plain JSON values."""
        return {
            "requests": self.requests,
            "retries": self.retries,
            "seconds_waiting_for_netsuite": round(self.seconds_waiting_for_netsuite, 3),
            "rows": self.rows,
            "bytes": self.bytes,
            "highest_in_flight": self.highest_in_flight,
        }

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count one request while it is open."""
        with self._lock:
            self.requests += 1
            self._in_flight += 1
            self.highest_in_flight = max(self.highest_in_flight, self._in_flight)
        started = monotonic()
        try:
            yield
        finally:
            self.waited(monotonic() - started)
            with self._lock:
                self._in_flight -= 1

    def waited(self, seconds: float) -> None:
        """Count seconds spent waiting for NetSuite."""
        with self._lock:
            self.seconds_waiting_for_netsuite += seconds

    def retried(self, reason: str) -> None:
        """Count one retry."""
        with self._lock:
            self._retries[reason] += 1

    def received(self, *, rows: int = 0, size: int = 0) -> None:
        """Count rows and bytes of one answer."""
        with self._lock:
            self.rows += rows
            self.bytes += size

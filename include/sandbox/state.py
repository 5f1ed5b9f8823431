"""What a running sandbox holds: its switches, its sign-ins, its rows, what was asked of it, and its faults."""

from __future__ import annotations

import threading
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.sandbox.errors import too_many_requests
from include.sandbox.faults import FaultQueue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.sandbox.database import Database
    from include.sandbox.oauth2 import OAuth2
    from include.sandbox.suiteql.run import QueryService
    from include.sandbox.switches import Switches
    from include.sandbox.tba import TokenBasedAuthentication

_QUERIES_KEPT = 500


@dataclass
class RequestLog:
    """Counts of what was asked, by path and status, and the last queries."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    queries: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_QUERIES_KEPT))
    in_flight: int = 0
    highest_in_flight: int = 0

    @contextmanager
    def one_of(self, most: int) -> Iterator[None]:
        """Hold one of `most` places while a SuiteQL request runs. Raises NetSuiteFault 429 when all are taken."""
        self.highest_in_flight = max(self.highest_in_flight, self.in_flight + 1)
        if self.in_flight >= most:
            raise too_many_requests()
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    def reset(self) -> None:
        """Forget everything but what is in flight now."""
        self.answers.clear()
        self.queries.clear()
        self.highest_in_flight = self.in_flight


@dataclass
class State:
    """One running sandbox."""

    switches: Switches
    database: Database
    queries: QueryService
    oauth2: OAuth2
    tba: TokenBasedAuthentication
    seed: int
    log: RequestLog = field(default_factory=RequestLog)
    faults: FaultQueue = field(default_factory=FaultQueue)
    _served: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_seed(self) -> int:
        """Return the seed of this request's unstable order: another each time, the same in every run."""
        with self._lock:
            self._served += 1
            return (self.seed * 1_000_003 + self._served * 7_919) % 2_147_483_647

"""Trying again where that can help: with full jitter, and within a budget."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import tenacity

from include.netsuite.errors import Passing
from include.netsuite.governor import Abandoned

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from include.netsuite.stats import ClientStats

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class RetryBudget:
    """How long one request may be sent again: at most `attempts` sendings, begun within `seconds` of the first.

    The wait between two of them is random between nothing and a bound that doubles from `first_wait` to `longest_wait`
    (full jitter); NetSuite's Retry-After is honoured where it is longer.
    """

    attempts: int = 12
    seconds: float = 300.0
    first_wait: float = 0.5
    longest_wait: float = 30.0


# For whoever waits to hear whether NetSuite is there at all: a run's first step, and the Test button.
FIRST_CONTACT = RetryBudget(attempts=6, seconds=45.0)


def with_retries(send: Callable[[], T], budget: RetryBudget, stats: ClientStats, stop: threading.Event) -> T:
    """Call `send` until it succeeds, fails for good, or the budget is used up; its last error is raised.

    Only Passing errors are tried again. Raises Abandoned once `stop` is set.
    """

    def unless_stopped() -> T:
        if stop.is_set():
            raise Abandoned
        return send()

    def note(state: tenacity.RetryCallState) -> None:
        error, wait = _error(state), state.upcoming_sleep
        stats.retried(type(error).__name__)
        stats.waited(wait)
        what = re.split(r" \(NetSuite says|\. ", error.message)[0].rstrip(".")
        log.warning("%s. Trying again in %.1f s (%s of at most %s)", what, wait, state.attempt_number, budget.attempts)

    jitter = tenacity.wait_random_exponential(multiplier=budget.first_wait, max=budget.longest_wait)
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Passing),
        wait=lambda state: max(jitter(state), _error(state).retry_after or 0.0),
        stop=lambda state: _used_up(budget, state),
        sleep=tenacity.sleep_using_event(stop),
        before_sleep=note,
        reraise=True,
    )
    return retrying(unless_stopped)


def _used_up(budget: RetryBudget, state: tenacity.RetryCallState) -> bool:
    worth = _error(state).worth_retrying_for
    seconds = budget.seconds if worth is None else min(worth, budget.seconds)
    elapsed = state.seconds_since_start or 0.0
    return state.attempt_number >= budget.attempts or elapsed + state.upcoming_sleep >= seconds


def _error(state: tenacity.RetryCallState) -> Passing:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, Passing):
        raise TypeError(f"only passing errors are tried again, not {error!r}")
    return error

"""The limit of requests in flight falls when NetSuite refuses, and rises again slowly."""

from __future__ import annotations

import threading

import pytest

from include.netsuite.governor import Abandoned, Governor


def slot_number(governor: Governor) -> int:
    with governor.slot(threading.Event()) as slot:
        return slot


def test_refusals_of_one_moment_lower_the_limit_once() -> None:
    governor = Governor(10)
    slots = [slot_number(governor) for _ in range(10)]
    for slot in slots:
        governor.refused(slot)
    assert governor.allowed == 7


def test_the_limit_never_falls_below_one() -> None:
    governor = Governor(3)
    for _ in range(20):
        governor.refused(slot_number(governor))
    assert governor.allowed == 1


def test_the_limit_rises_again_but_never_above_the_connections() -> None:
    governor = Governor(5)
    governor.refused(slot_number(governor))
    assert governor.allowed == 3
    for _ in range(1000):
        governor.accepted()
    assert governor.allowed == 5


def test_a_full_governor_makes_the_next_request_wait() -> None:
    governor = Governor(1)
    entered = threading.Event()

    def second() -> None:
        with governor.slot(threading.Event()):
            entered.set()

    waiting = threading.Thread(target=second)
    with governor.slot(threading.Event()):
        waiting.start()
        assert not entered.wait(0.1)
    assert entered.wait(2)
    waiting.join()


def test_a_wait_ends_when_nobody_wants_the_answer_any_more() -> None:
    governor, stop = Governor(1), threading.Event()
    threading.Timer(0.05, stop.set).start()
    with governor.slot(threading.Event()), pytest.raises(Abandoned), governor.slot(stop):
        pytest.fail("there was no free slot")

"""Locks between processes: one holds, the others wait or are told."""

import threading
from pathlib import Path

from include.local_stack.locks import held, held_if_free


def test_a_free_lock_is_held_without_waiting(tmp_path: Path) -> None:
    waited: list[str] = []
    with held(tmp_path / "folder" / "lock", lambda: waited.append("waited")):
        pass
    assert waited == []


def test_who_comes_second_says_so_and_waits_until_the_first_lets_go(tmp_path: Path) -> None:
    lock, waits, order = tmp_path / "lock", threading.Event(), []

    def second() -> None:
        with held(lock, waits.set):
            order.append("second")

    with held(lock, lambda: None):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(60)
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]


def test_who_does_not_want_to_wait_is_told_whether_the_lock_is_theirs(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with held_if_free(lock) as first, held_if_free(lock) as second:
        assert (first, second) == (True, False)
    with held_if_free(lock) as again:
        assert again

"""What the stack starts, it ends: for certain, whatever the processes do."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from include.local_stack.errors import ProcessError
from include.local_stack.parts import MARK, Parts, end_orphans
from include.local_stack.run_folder import RunFolder

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
# Starts a child in a session of its own; both ignore every polite request to end.
STUBBORN = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
print(os.getpid(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


@pytest.fixture
def parts(folder: RunFolder) -> Iterator[Parts]:
    parts = Parts(folder)
    yield parts
    parts.stop()


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def lives(pid: int) -> bool:
    """A zombie that its parent has not fetched yet does not live."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def printed_pids(folder: RunFolder, name: str) -> list[int]:
    return [int(line) for line in folder.log(name).read_text().split()]


def test_a_part_that_has_ended_is_named_with_the_end_of_its_log(folder: RunFolder, parts: Parts) -> None:
    parts.start("good", SLEEP, os.environ)
    parts.see_that_all_live()
    parts.start("bad", [sys.executable, "-c", "print('the disk is full'); raise SystemExit(3)"], os.environ)

    def is_noticed() -> bool:
        try:
            parts.see_that_all_live()
        except ProcessError as error:
            return "bad ended with exit code 3" in str(error) and "the disk is full" in str(error)
        return False

    assert eventually(is_noticed)


def test_a_part_that_ends_by_itself_with_an_error_is_an_error(parts: Parts) -> None:
    with pytest.raises(ProcessError, match="no such table"):
        parts.run("migrate", [sys.executable, "-c", "raise SystemExit('no such table')"], os.environ)


def test_no_process_survives_not_even_one_that_ignores_signals_in_a_session_of_its_own(
    folder: RunFolder, parts: Parts
) -> None:
    parts.start("stubborn", [sys.executable, "-c", STUBBORN], os.environ)
    assert eventually(lambda: len(printed_pids(folder, "stubborn")) == 2)
    pids = printed_pids(folder, "stubborn")
    parts.stop()
    assert [pid for pid in pids if lives(pid)] == []


def test_one_part_can_be_stopped_while_the_others_go_on(parts: Parts) -> None:
    ended = parts.start("scheduler", SLEEP, os.environ)
    lives = parts.start("triggerer", SLEEP, os.environ)
    parts.stop_one("scheduler")
    assert ended.returncode is not None
    assert lives.poll() is None
    parts.see_that_all_live()


def test_what_a_killed_starter_left_is_ended_and_what_a_living_one_has_started_goes_on(
    folder: RunFolder, parts: Parts
) -> None:
    starter = (
        "import sys, time, os; from pathlib import Path; from include.local_stack.parts import Parts;"
        "from include.local_stack.run_folder import RunFolder;"
        f"Parts(RunFolder(Path({str(folder.root)!r}))).start('orphan', {SLEEP!r}, os.environ);"
        "print('started', flush=True); time.sleep(600)"
    )
    ours = parts.start("ours", SLEEP, os.environ)
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        orphans = [child.pid for child in psutil.Process(process.pid).children()]
        process.send_signal(signal.SIGKILL)
    assert orphans
    assert all(map(lives, orphans))
    end_orphans(folder)
    assert eventually(lambda: not any(map(lives, orphans)))
    assert ours.poll() is None


def test_processes_of_another_run_folder_are_no_orphans_of_this_one(folder: RunFolder, tmp_path: Path) -> None:
    stranger = subprocess.Popen(SLEEP, env={**os.environ, MARK: f"{tmp_path / 'elsewhere'}|999999999|0.00"})
    try:
        end_orphans(folder)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()

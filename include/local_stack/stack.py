"""The running stack, seen from the commands: start its supervisor, wait for it, ask it, stop it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from include.local_stack.errors import ProcessError
from include.local_stack.parts import end_orphans
from include.local_stack.postgres import EmbeddedPostgres
from include.local_stack.run_folder import PROJECT, RunFolder
from include.local_stack.supervisor import SupervisorState, is_supervised, read_state
from include.local_stack.terminal import console

SECONDS_TO_STOP = 60


@contextmanager
def attached_stack(folder: RunFolder, caller: Mapping[str, str], invoices: int) -> Iterator[SupervisorState]:
    """A running stack: the one there is, or one that lives as long as this context, and dies with this process."""
    if is_supervised(folder):
        yield wait_until_ready(folder, None)
        return
    with _spawn(folder, caller, invoices, stdin=subprocess.PIPE) as supervisor:
        try:
            yield wait_until_ready(folder, supervisor)
        finally:
            console.print("Stopping everything …")
            stop_stack(folder)


def start_detached_stack(folder: RunFolder, caller: Mapping[str, str], invoices: int) -> SupervisorState:
    """Starts a stack that stays; stops it again when it doesn't become ready, or is interrupted before."""
    supervisor = _spawn(folder, caller, invoices, stdin=subprocess.DEVNULL)
    try:
        return wait_until_ready(folder, supervisor)
    except BaseException:
        stop_stack(folder)
        raise


def wait_until_ready(folder: RunFolder, supervisor: "subprocess.Popen[bytes] | None") -> SupervisorState:
    """Waits until Airflow is healthy, telling what the supervisor is doing.

    Raises:
        ProcessError: the supervisor ended; the message says why.
    """
    told = ""
    while True:
        state = read_state(folder)
        lives = supervisor.poll() is None if supervisor else is_supervised(folder)
        if not lives:
            why = state.error if state and state.error else f"see {folder.log('supervisor')}"
            raise ProcessError(f"The stack did not start: {why}")
        if state and state.is_ready:
            return state
        if state and state.doing != told:
            told = state.doing
            console.print(f"{told} …")
        time.sleep(0.1)


def stop_stack(folder: RunFolder) -> bool:
    """Stops the supervisor and all it has started, and what dead ones have left. True when there was a stack.

    Raises:
        ProcessError: it doesn't end.
    """
    was_there = is_supervised(folder)
    if was_there:
        _stop_supervisor(folder)
    end_orphans(folder)
    EmbeddedPostgres(folder.postgres_data).stop()
    folder.supervisor_state.unlink(missing_ok=True)
    return was_there


def _stop_supervisor(folder: RunFolder) -> None:
    deadline = time.monotonic() + SECONDS_TO_STOP
    asked = False
    while is_supervised(folder):
        state = read_state(folder)
        if state and not asked:
            with suppress(ProcessLookupError):
                os.kill(state.pid, signal.SIGTERM)
            asked = True
        if time.monotonic() > deadline:
            raise ProcessError(
                f"The supervisor (pid {state.pid if state else '?'}) doesn't end. Kill it, then `make down`."
            )
        time.sleep(0.1)


def _spawn(folder: RunFolder, caller: Mapping[str, str], invoices: int, stdin: int) -> "subprocess.Popen[bytes]":
    folder.supervisor_state.unlink(missing_ok=True)
    log = folder.log("supervisor")
    log.parent.mkdir(parents=True, exist_ok=True)
    options = ["--run-dir", str(folder.root), "supervise", "--invoices", str(invoices)]
    attached = ["--while-stdin-is-open"] if stdin == subprocess.PIPE else []
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "include.local_stack", *options, *attached],
            env=dict(caller),
            cwd=PROJECT,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

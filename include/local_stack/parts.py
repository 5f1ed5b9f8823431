"""The processes that the stack is made of: started in groups of their own, and ended for certain."""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

import psutil

from include.local_stack.errors import ProcessError
from include.local_stack.run_folder import PROJECT, RunFolder

SECONDS_TO_END_BY_ITSELF = 5
# Every process of ours, and every one it starts, carries this variable, so that none can hide: it says for which run
# folder it works and who started it. Airflow's parts start sessions and groups of their own, where signals get lost.
MARK = "NETSUITE_SYNC_PART_OF"


class Parts:
    """The processes that this process has started, by name. End them with `stop`, whatever happens."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._mark = _mark(folder, psutil.Process())
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Starts one part; what it prints goes to its log."""
        process = self._processes[name] = self._spawn(name, command, environment)
        return process

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Runs a part that ends by itself, and waits for it.

        Raises:
            ProcessError: it ended with an error.
        """
        code = self._spawn(name, command, environment).wait()
        if code != 0:
            raise ProcessError(self._last_words(name, code))

    def stop_one(self, name: str) -> None:
        """Asks one part to end, and kills it if it doesn't."""
        process = self._processes.pop(name)
        process.terminate()
        try:
            process.wait(SECONDS_TO_END_BY_ITSELF)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def see_that_all_live(self) -> None:
        """Raises:
        ProcessError: a part has ended; the message holds the end of its log.
        """
        for name, process in self._processes.items():
            code = process.poll()
            if code is not None:
                raise ProcessError(self._last_words(name, code))

    def stop(self) -> None:
        """Asks every part to end, waits a little, and kills what is left, and whatever they have started."""
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + SECONDS_TO_END_BY_ITSELF
        for process in self._processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0, deadline - time.monotonic()))
        _kill_all(lambda mark: mark == self._mark)
        for process in self._processes.values():
            process.wait()
        self._processes.clear()

    def _spawn(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        log = self._folder.log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            return subprocess.Popen(
                command,
                env={**environment, MARK: self._mark},
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _last_words(self, name: str, code: int) -> str:
        log = self._folder.log(name)
        end = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        return f"{name} ended with exit code {code}. The end of its log, {log}:\n{end}"


def end_orphans(folder: RunFolder) -> None:
    """Ends the processes of this run folder whose starter is dead (it was killed)."""
    prefix = f"{folder.root.resolve()}|"
    _kill_all(lambda mark: mark.startswith(prefix) and not _starter_lives(mark))


def _mark(folder: RunFolder, starter: psutil.Process) -> str:
    return f"{folder.root.resolve()}|{starter.pid}|{starter.create_time():.2f}"


def _starter_lives(mark: str) -> bool:
    _, pid, created = mark.rsplit("|", 2)
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" == created
    except psutil.NoSuchProcess:
        return False


def _kill_all(belongs: Callable[[str], bool]) -> None:
    """Kills every process whose mark belongs, until a look finds none: a dying one may have started another."""
    deadline = time.monotonic() + SECONDS_TO_END_BY_ITSELF
    while found := [process for process in psutil.process_iter() if belongs(_mark_of(process))]:
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=1)
        if time.monotonic() > deadline:
            pids = ", ".join(str(process.pid) for process in found)
            raise ProcessError(f"These processes don't end: {pids}. End them by hand.")


def _mark_of(process: psutil.Process) -> str:
    try:
        if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
            return ""
        return str(process.environ().get(MARK, ""))
    except (psutil.Error, OSError):
        return ""

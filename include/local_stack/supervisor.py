"""The process that runs the stack: starts its parts in order, watches over them, and ends them all."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from types import FrameType

from include.local_stack.airflow_api import is_healthy
from include.local_stack.demo import wanted_sandboxes
from include.local_stack.environment import airflow_environment
from include.local_stack.errors import LocalStackError, ProcessError
from include.local_stack.locks import held, try_lock
from include.local_stack.parts import Parts, end_orphans
from include.local_stack.pool_keeper import PoolKeeper
from include.local_stack.ports import LOOPBACK, free_port
from include.local_stack.postgres import EmbeddedPostgres
from include.local_stack.preparation import prepare
from include.local_stack.private_files import write_private
from include.local_stack.run_folder import RunFolder

UI_PORT = 8080
WAITING = "waiting for a `make sync` to end"
SECONDS_FOR_AIRFLOW = 180
SECONDS_BETWEEN_LOOKS = 0.3
SCHEDULES_OFF = {"AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False"}
AIRFLOW_PARTS = {
    "api-server": ["api-server"],
    # Without log servers, which would listen on all interfaces: the API server reads the same log files.
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}


@dataclass(frozen=True)
class SupervisorState:
    """What a supervisor says of itself.

    `doing` is for people; `address` is that of Airflow's UI; `error` says why it ended, if it failed.
    """

    pid: int
    doing: str
    is_ready: bool = False
    address: str = ""
    error: str = ""


class Stopped(BaseException):
    """Somebody asked this process to end."""


def read_state(folder: RunFolder) -> SupervisorState | None:
    """What the last supervisor wrote; it need not live any more (see `is_supervised`)."""
    try:
        return SupervisorState(**json.loads(folder.supervisor_state.read_text()))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return None


def is_supervised(folder: RunFolder) -> bool:
    """Whether a supervisor lives for this run folder."""
    if not folder.supervisor_lock.exists():
        return False
    with folder.supervisor_lock.open("a") as lock:
        return not try_lock(lock)


def let_schedules_start_runs(folder: RunFolder) -> None:
    """Tells the supervisor that the schedules may start runs from now on."""
    folder.schedules_wanted.touch()


def stop_on_signals() -> None:
    """Makes Ctrl-C, SIGTERM and a closed terminal raise `Stopped`, once; also where the caller had them ignored."""

    def stop(_: int, __: FrameType | None) -> None:
        _ignore_signals()
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def supervise(folder: RunFolder, caller: Mapping[str, str], *, invoices: int, is_wanted: Callable[[], bool]) -> None:
    """Runs the stack until a signal comes, a part ends, or it is no longer wanted; then ends everything.

    Raises:
        LocalStackError: it is running already, or a part failed (then the state file says so, too).
    """
    with _only_one(folder), ExitStack() as ends:
        stop_on_signals()
        try:
            _run(folder, caller, invoices, is_wanted, ends)
        except Stopped:
            folder.supervisor_state.unlink(missing_ok=True)
        except Exception as error:
            _write(folder, SupervisorState(os.getpid(), "failed", error=str(error)))
            raise


def _run(
    folder: RunFolder, caller: Mapping[str, str], invoices: int, is_wanted: Callable[[], bool], ends: ExitStack
) -> None:
    _write(folder, SupervisorState(os.getpid(), "starting PostgreSQL"))
    folder.schedules_wanted.unlink(missing_ok=True)
    end_orphans(folder)
    ends.enter_context(held(folder.sandbox_lock, lambda: _write(folder, SupervisorState(os.getpid(), WAITING))))
    postgres = ends.enter_context(EmbeddedPostgres(folder.postgres_data))
    parts = Parts(folder)
    ends.callback(parts.stop)
    ends.callback(_ignore_signals)
    _write(folder, SupervisorState(os.getpid(), "preparing databases and sandbox"))
    prepare(folder, postgres, parts, caller, sandboxes=wanted_sandboxes(caller), invoices=invoices)
    port = free_port(UI_PORT)
    address = f"http://{LOOPBACK}:{port}"
    environment = airflow_environment(folder, postgres, caller, ui_port=port)
    _start_airflow(parts, environment)
    _write(folder, SupervisorState(os.getpid(), "starting Airflow"))
    _wait_for_airflow(parts, folder, address, is_wanted)
    pools = PoolKeeper(folder, address)
    pools.keep()
    _write(folder, SupervisorState(os.getpid(), "running", is_ready=True, address=address))
    while is_wanted():
        parts.see_that_all_live()
        if folder.schedules_wanted.exists():
            folder.schedules_wanted.unlink()
            parts.stop_one("scheduler")
            _start_part(parts, "scheduler", environment)
        pools.keep()
        time.sleep(SECONDS_BETWEEN_LOOKS)
    raise Stopped


def _wait_for_airflow(parts: Parts, folder: RunFolder, address: str, is_wanted: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_FOR_AIRFLOW
    while not is_healthy(address):
        parts.see_that_all_live()
        if not is_wanted():
            raise Stopped
        if time.monotonic() > deadline:
            raise ProcessError(
                f"Airflow wasn't ready within {SECONDS_FOR_AIRFLOW} s; its logs: {folder.log('x').parent}"
            )
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _start_airflow(parts: Parts, environment: dict[str, str]) -> None:
    """Starts Airflow's parts, with schedules off: the run of an hour ago would be made up for before the demo's own."""
    for name in AIRFLOW_PARTS:
        _start_part(parts, name, environment | SCHEDULES_OFF)


def _start_part(parts: Parts, name: str, environment: Mapping[str, str]) -> None:
    parts.start(name, [sys.executable, "-m", "airflow", *AIRFLOW_PARTS[name]], environment)


@contextmanager
def _only_one(folder: RunFolder) -> Iterator[None]:
    folder.root.mkdir(parents=True, exist_ok=True)
    with folder.supervisor_lock.open("a") as lock:
        if not try_lock(lock):
            raise LocalStackError("The stack is running already. `make down` stops it.")
        yield


def _write(folder: RunFolder, state: SupervisorState) -> None:
    write_private(folder.supervisor_state, json.dumps(asdict(state)))


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)

"""The steps of one DAG run, each by its real operator: in this process, or in one of its own that can be killed.

A whole run tries every step in its order; here a single step can be ended in its midst and tried again, as a worker's
death and Airflow's retry would.
"""

from __future__ import annotations

import itertools
import os
import pickle
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import psycopg
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import ForkServerProcess

    from airflow.sdk import BaseOperator

WAIT_SECONDS = 120
_PROCESSES = get_context("forkserver")
_PROCESSES.set_forkserver_preload(["include.operators.sync_steps"])
_hold_keys = itertools.count(4711)


@dataclass
class Steps:
    """The steps of one DAG run of an account."""

    run_id: str
    account: str = "acme"
    kind: str = "netsuite_sync"
    run_type: str = "manual"
    done: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)

    def run(self, task_id: str) -> Any:
        """Do one step in this process; its return value."""
        result = _execute(self, self._operators()[task_id])
        self.done.append(task_id)
        return result

    def run_until(self, task_id: str) -> Self:
        """Do the steps that come before one, in their order, save those that are done."""
        for each in itertools.takewhile(lambda each: each != task_id, self._left()):
            self.run(each)
        return self

    def run_all(self, step: str) -> None:
        """Do one step of every entity, for example ``extract``."""
        for each in self._left():
            if each.endswith(f".{step}"):
                self.run(each)

    def run_rest(self) -> None:
        """Do the steps that are left."""
        for each in self._left():
            self.run(each)

    def begin(self, task_id: str | None = None, **limits: int) -> StepProcess:
        """Begin one step, or all that are left, in a process of its own; ``limits`` as RLIMIT_FSIZE."""
        return StepProcess(self, task_id, limits)

    def _left(self) -> list[str]:
        return [task_id for task_id in self._operators() if task_id not in self.done]

    def _operators(self) -> dict[str, BaseOperator]:
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag()
        assert not bag.import_errors
        operators = {task.task_id: task for task in bag.dags[f"{self.kind}__{self.account}"].topological_sort()}
        # The fence has Airflow skip them; there is no Airflow here.
        for skipped in operators["fence"].only_of_backfills:
            del operators[skipped]
        operators["fence"].only_of_backfills = ()
        return operators


def _execute(steps: Steps, operator: BaseOperator) -> Any:
    """What Airflow's task runner does with an operator, as far as ours need it."""
    from airflow.sdk.execution_time.context import OutletEventAccessors

    dag_run = SimpleNamespace(run_id=steps.run_id, run_type=steps.run_type)
    return operator.execute(
        {"run_id": steps.run_id, "dag_run": dag_run, "params": steps.params, "outlet_events": OutletEventAccessors()}
    )


class StepProcess:
    """A process that does one step, with the environment that this one has now."""

    def __init__(self, steps: Steps, task_id: str | None, limits: dict[str, int]) -> None:
        self._folder = TemporaryDirectory(prefix="netsuite-sync-step-")
        self._result = Path(self._folder.name) / "result"
        self._process: ForkServerProcess = _PROCESSES.Process(
            target=_do_step, args=(steps, task_id, dict(os.environ), limits, self._result)
        )
        self._process.start()

    @property
    def is_alive(self) -> bool:
        """Whether it still works."""
        return self._process.is_alive()

    def kill(self) -> None:
        """End it by SIGKILL, as the kernel does when memory is short; it must not have ended by itself."""
        self._process.kill()
        self._process.join(WAIT_SECONDS)
        assert self._process.exitcode == -9
        self._folder.cleanup()

    def join(self) -> Any:
        """Wait for its end; the step's return value. Raises what the step raised."""
        self._process.join(WAIT_SECONDS)
        assert self._process.exitcode == 0
        result = pickle.loads(self._result.read_bytes())
        self._folder.cleanup()
        if isinstance(result, BaseException):
            raise result
        return result


def _do_step(
    steps: Steps, task_id: str | None, environment: dict[str, str], limits: dict[str, int], result: Path
) -> None:
    os.environ.update(environment)
    with _limited(limits):
        try:
            answer: Any = steps.run(task_id) if task_id else steps.run_rest()
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent raises it
            answer = error
    result.write_bytes(pickle.dumps(answer))


@contextmanager
def _limited(limits: dict[str, int]) -> Iterator[None]:
    """Limits of the operating system on this process; what it prints goes nowhere then: they would hold for it too."""
    import resource

    if limits:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
    before = {name: resource.getrlimit(getattr(resource, name)) for name in limits}
    for name, limit in limits.items():
        resource.setrlimit(getattr(resource, name), (limit, before[name][1]))
    try:
        yield
    finally:
        for name, limit in before.items():
            resource.setrlimit(getattr(resource, name), limit)


class Hold:
    """Whoever comes to a point of the warehouse waits there, in the midst of a transaction, until it is released.

    A trigger that asks for an advisory lock, in a test's own database: the product knows nothing of it. ``step`` and
    ``statement`` are such points.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._key = next(_hold_keys)
        self._session = _session(url)
        self._session.execute("SELECT pg_advisory_lock(%s)", [self._key])

    def at(self, trigger: str) -> None:
        """Hold at a trigger: ``CREATE TRIGGER`` or ``CREATE EVENT TRIGGER`` up to ``EXECUTE``, named ``hold``."""
        is_event = "EVENT TRIGGER" in trigger
        tag = "AND current_query() LIKE '%\\_\\_bad\" (row_number%'" if is_event else ""
        self._session.execute(
            f"""
            CREATE FUNCTION public.hold() RETURNS {"event_trigger" if is_event else "trigger"} LANGUAGE plpgsql AS $$
            BEGIN
                IF true {tag} THEN
                    PERFORM pg_advisory_xact_lock_shared({self._key});
                END IF;
                {"" if is_event else "RETURN NEW;"}
            END $$;
            {trigger} EXECUTE FUNCTION public.hold();
            """.encode()
        )

    def wait_for(self, *processes: StepProcess) -> None:
        """Return when somebody waits at the hold. Fails when the processes that should come there end before."""

        def has_come() -> bool:
            if self.waiting():
                return True
            for process in processes:
                if not process.is_alive:
                    process.join()
                    raise AssertionError("the step ended without coming to the hold")
            return False

        until(has_come)

    def waiting(self) -> int:
        """How many wait at the hold."""
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
        row = self._session.execute(waiting, [self._key]).fetchone()
        assert row is not None
        return int(row[0])

    def release(self, url: str | None = None) -> None:
        """Let everybody go on, those who wait and those who come later; ``url``: where a server that died is now."""
        self._session.close()
        with _session(url or self._url) as session:
            session.execute("DROP FUNCTION IF EXISTS public.hold() CASCADE")


@contextmanager
def hold(url: str, trigger: str) -> Iterator[Hold]:
    """A hold that is released at the end of the block."""
    held = Hold(url)
    try:
        held.at(trigger)
        yield held
    finally:
        held.release()


def _session(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True)


def until(condition: Any) -> None:
    """Return when the condition holds; fails when it does not come to hold for a long time."""
    retry(retry=retry_if_result(lambda holds: not holds), wait=wait_fixed(0.02), stop=stop_after_delay(WAIT_SECONDS))(
        condition
    )()


def record_of(step: str, name: str, value: str) -> str:
    """The point where the ledger's record of a step is to be written with a value (``entity.step``)."""
    return _ledger_trigger(f"NEW.counts #>> '{{{_path(step)},{name}}}' = '{value}'")


def counted_rows_of(step: str) -> str:
    """The point where a step has counted its first rows."""
    return _ledger_trigger(f"NEW.counts #>> '{{{_path(step)},rows}}' <> '0'")


def after_commit_of(step: str) -> str:
    """The point where a step has committed its rows and its counts, and is to write its end."""
    return _ledger_trigger(f"OLD.counts #>> '{{{_path(step)},committed}}' = 'true'")


def change_of(table: str, event: str = "INSERT") -> str:
    """The point where a statement is about to change a table."""
    return f"CREATE TRIGGER hold BEFORE {event} ON {table} FOR EACH STATEMENT"


# The point where the process that validates is about to write down the bad rows of a batch.
AT_BAD_ROWS = "CREATE EVENT TRIGGER hold ON ddl_command_start WHEN TAG IN ('CREATE TABLE')"


def _path(step: str) -> str:
    return step.replace(".", ",")


def _ledger_trigger(condition: str) -> str:
    return f"CREATE TRIGGER hold BEFORE UPDATE ON ops.sync_runs FOR EACH ROW WHEN ({condition})"

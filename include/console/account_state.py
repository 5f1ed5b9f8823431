"""What a page shows of accounts: the warehouse's words and Airflow's, put together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.accounts.files import WrongAccountFile, load_account
from include.console.airflow_reader import RUN_ENDED, AirflowRun, dag_states, last_runs, open_questions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.accounts.model import Account
    from include.console.airflow_reader import DagState, Question
    from include.console.warehouse_reader import Read, Row

SYNC = "netsuite_sync"
SEPARATOR = "__"
LAST_RUNS = 5
EXAMPLES = 3


@dataclass(frozen=True)
class Failure:
    """A task that failed in a run: its error's own words (empty: it said none), and its last try, if Airflow knows."""

    task_id: str
    error: str
    try_number: int | None = None


@dataclass(frozen=True)
class Run:
    """A run as the ledger and Airflow know it together. ``counts``: the row of ``runs.sql``, empty without ledger."""

    dag_id: str
    run_id: str
    state: str
    started_at: datetime | None
    counts: Mapping[str, Any] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class AccountState:
    """All that is shown of one account; each list holds one dict per row of the SQL file of that name."""

    name: str
    dags: Mapping[str, DagState]
    overdue: str = ""
    wrong_file: str = ""
    freshness: list[Row] = field(default_factory=list)
    coverage: list[Row] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    @property
    def last_sync_failed(self) -> bool:
        """Whether the newest run of the sync is red."""
        states = [run.state for run in self.runs if run.dag_id.startswith(f"{SYNC}{SEPARATOR}")]
        return states[:1] == ["failed"]


def accounts_of(dag_ids: Iterable[str]) -> list[str]:
    """The accounts whose sync is among these DAGs, sorted."""
    kinds = (dag_id.partition(SEPARATOR) for dag_id in dag_ids)
    return sorted(account for kind, _, account in kinds if kind == SYNC and account)


def account_of(dag_id: str) -> str:
    """The account that a DAG belongs to; empty for a DAG of another kind."""
    return dag_id.partition(SEPARATOR)[2]


def account_states(names: list[str], readable: Iterable[str], read: Read | None) -> list[AccountState]:
    """The state of these accounts.

    Args:
        names: of the accounts.
        readable: ids of the DAGs that the visitor may read; what belongs to others is left out.
        read: the warehouse; None where it can't be read: then there is only what Airflow knows.

    Raises:
        WarehouseError: from ``read``.
    """
    dags = sorted(dag_id for dag_id in readable if account_of(dag_id) in names)
    found: dict[str, list[Row]] = {}
    if read:
        found = {name: read(name, accounts=names) for name in ("coverage", "freshness")}
        found["quarantine"] = read("quarantine", accounts=names, examples=EXAMPLES)
    runs = runs_of(dags, read)
    switches, questions = dag_states(dags), open_questions(dags)
    return [
        _with_schedule(
            AccountState(
                name,
                {dag_id: switch for dag_id, switch in sorted(switches.items()) if account_of(dag_id) == name},
                runs=[run for run in runs if account_of(run.dag_id) == name],
                questions=[question for question in questions if account_of(question.dag_id) == name],
                freshness=_of(name, found, "freshness"),
                coverage=_of(name, found, "coverage"),
                quarantine=_of(name, found, "quarantine"),
            ),
            datetime.now(UTC),
        )
        for name in names
    ]


def runs_of(dags: list[str], read: Read | None, run_id: str | None = None) -> list[Run]:
    """The last runs of each DAG, newest first; or only the run with that id (Airflow's)."""
    in_airflow = last_runs(dags, LAST_RUNS, run_id)
    if read is None:
        return _newest_first(_run(dag_id, id_, {}, [], run) for (dag_id, id_), run in in_airflow.items())
    ids = None if run_id is None else ledger_id(dags[0], run_id)
    in_ledger = {
        (row["dag_id"], airflow_id(row["dag_id"], row["run_id"])): row
        for row in read("runs", dags=dags, most=LAST_RUNS if ids is None else 2**31, run_id=ids)
    }
    failed = read("steps", dags=dags, runs=[row["run_id"] for row in in_ledger.values()], only_failed=True)
    return _newest_first(
        _run(dag_id, id_, in_ledger.get((dag_id, id_), {}), failed, in_airflow.get((dag_id, id_)))
        for dag_id, id_ in in_ledger.keys() | in_airflow.keys()
    )


def ledger_id(dag_id: str, run_id: str) -> str:
    """Airflow's run id as the ledger knows it: of all DAGs but the sync it carries the kind."""
    kind = dag_id.partition(SEPARATOR)[0]
    return run_id if kind == SYNC else f"{kind.removeprefix('netsuite_')}{SEPARATOR}{run_id}"


def airflow_id(dag_id: str, run_id: str) -> str:
    """The ledger's run id as Airflow knows it."""
    return run_id.removeprefix(ledger_id(dag_id, ""))


def overdue_since(schedule: str, timezone: str, now: datetime) -> datetime:
    """The scheduled instant before the last one: a run of then has long ended, unless something is wrong."""
    from croniter import croniter

    ticks = croniter(schedule, now.astimezone(ZoneInfo(timezone)))
    ticks.get_prev(datetime)
    before: datetime = ticks.get_prev(datetime)
    return before.astimezone(UTC)


def _of(account: str, found: Mapping[str, list[Row]], name: str) -> list[Row]:
    return [row for row in found.get(name, []) if row["account"] == account]


def _with_schedule(state: AccountState, now: datetime) -> AccountState:
    try:
        account = load_account(state.name)
    except WrongAccountFile as error:
        return replace(state, wrong_file=str(error))
    return replace(state, overdue=_overdue(account, state.coverage, now))


def _overdue(account: Account, coverage: list[Row], now: datetime) -> str:
    if not account.schedule or not coverage:
        return ""
    due = overdue_since(account.schedule, account.timezone, now)
    late = [row["entity"] for row in coverage if not _is_fresh(row, due - account.late_commit_margin)]
    if not late:
        return ""
    return (
        f"Overdue: {', '.join(late)}. By its schedule ({account.schedule}, {account.timezone}) the sync should have "
        f"read everything up to {due:%Y-%m-%d %H:%M} UTC."
    )


def _is_fresh(row: Row, due: datetime) -> bool:
    # A cut-off lies a moment after its tick, on NetSuite's clock.
    return row["fresh_up_to"] is not None and row["fresh_up_to"] >= due - timedelta(minutes=1)


def _run(dag_id: str, run_id: str, row: Row, failed_steps: list[Row], airflow: AirflowRun | None) -> Run:
    failed = [step for step in failed_steps if (step["dag_id"], step["run_id"]) == (dag_id, row.get("run_id"))]
    state, note = _state(row.get("state"), airflow)
    started_at = row.get("started_at") or (airflow.started_at if airflow else None)
    errors = {_task_id(step): str(step["counts"].get("error") or "") for step in failed}
    tries = {task.task_id: task.try_number for task in airflow.failed_tasks} if airflow else {}
    failures = [Failure(task, errors.get(task, ""), tries.get(task)) for task in {**errors, **tries}]
    return Run(dag_id, run_id, state, started_at, row, failures, note)


def _state(ledger: str | None, airflow: AirflowRun | None) -> tuple[str, str]:
    """The run's state, and what has to be said where the ledger and Airflow differ; Airflow decides."""
    if airflow is None:
        return ledger or "", "Airflow has forgotten this run." if ledger == "running" else ""
    if ledger == "failed" and airflow.state not in RUN_ENDED:
        return airflow.state, "A task failed; Airflow tries it again."
    if airflow.state == "failed" and ledger is None:
        return "failed", "It failed before it reached the warehouse; the task's log says why."
    if airflow.state == "failed" and ledger != "failed":
        return "failed", "It ended without a word to the warehouse: a task was killed, or marked as failed by hand."
    return airflow.state, ""


def _task_id(step: Row) -> str:
    return str(step["step"]) if step["entity"] == "run" else f"{step['entity']}.{step['step']}"


def _newest_first(runs: Iterable[Run]) -> list[Run]:
    beginning = datetime.min.replace(tzinfo=UTC)
    return sorted(runs, key=lambda run: run.started_at or beginning, reverse=True)

"""The DAG files: what is in them, that they are only wiring, and that one wrong account breaks no other."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.serialized_dag import SerializedDagModel
from airflow.serialization.serialized_objects import DagSerialization

from include.operators.alerts import MailFailure, MailKilled, ReportRetry

ROOT = Path(__file__).parents[2]
DAG_FILES = {
    "netsuite_sync.py",
    "netsuite_reconcile.py",
    "netsuite_resync.py",
    "netsuite_match_only.py",
    "netsuite_verdict.py",
}
KINDS = ("netsuite_sync", "netsuite_reconcile", "netsuite_resync", "netsuite_match_only", "netsuite_verdict")
GOOD = "connection: netsuite_acme\nowner_fields: [salesrep]\nconcurrency: 6\nschedule: '@hourly'\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NETSUITE_ACCOUNTS_DIR", str(tmp_path))
    (tmp_path / "acme.yml").write_text(GOOD)
    return tmp_path


def parse() -> DagBag:
    return DagBag(str(ROOT / "dags"))


def test_these_are_the_dag_files():
    assert {path.name for path in (ROOT / "dags").glob("*.py")} == DAG_FILES


def test_the_graph_reads_as_the_way_of_the_data(folder):
    dag = parse().dags["netsuite_sync__acme"]
    downstream = {task.task_id: set(task.downstream_task_ids) for task in dag.tasks}
    entities = {"invoices", "employees", "customers", "terms", "deletions"}
    assert downstream["fence"] == {f"{entity}.extract" for entity in entities}
    for entity in entities:
        assert downstream[f"{entity}.extract"] == {f"{entity}.validate"}
        assert downstream[f"{entity}.validate"] == {f"{entity}.load", "backfill.rehearse"}
        assert downstream[f"{entity}.load"] == {"look_up_owners"}
    assert downstream["backfill.rehearse"] == {"backfill.approve"}
    assert downstream["backfill.approve"] == {"backfill.load"}
    assert downstream["backfill.load"] == {"look_up_owners"}
    assert downstream["look_up_owners"] == {"match"}
    assert downstream["match"] == {"publish"}
    assert downstream["publish"] == {"lint_templates"}
    assert downstream["lint_templates"] == set()


def test_a_resync_loads_nothing_before_it_was_rehearsed_and_approved(folder):
    """B5."""
    dag = parse().dags["netsuite_resync__acme"]
    downstream = {task.task_id: set(task.downstream_task_ids) for task in dag.tasks}
    entities = {"invoices", "employees", "customers", "terms"}
    assert downstream["fence"] == {f"{entity}.extract" for entity in entities}
    for entity in entities:
        assert downstream[f"{entity}.validate"] == {"rehearse"}
    assert downstream["rehearse"] == {"approve"}
    assert downstream["approve"] == {"load"}
    assert downstream["load"] == {"look_up_owners"}
    assert dag.schedule is None
    assert not dag.is_paused_upon_creation
    assert all(param.schema["title"] and param.schema["section"] for param in map(dag.params.get_param, dag.params))


def test_backfills_of_a_sync_have_intervals_without_gap_or_overlap_over_a_night_when_clocks_change(folder):
    """P6: the run of each schedule reads what was modified since the one before."""
    (folder / "acme.yml").write_text(GOOD.replace("'@hourly'", "'30 1 * * *'\ntimezone: America/New_York"))
    dag = DagSerialization.from_dict(DagSerialization.to_dict(parse().dags["netsuite_sync__acme"]))
    start, end = datetime(2026, 10, 30, tzinfo=UTC), datetime(2026, 11, 4, tzinfo=UTC)
    intervals = [info.data_interval for info in dag.iter_dagrun_infos_between(start, end)]
    assert len(intervals) == 5
    assert [interval.end for interval in intervals[:-1]] == [interval.start for interval in intervals[1:]]
    hours = [(interval.end - interval.start).total_seconds() / 3600 for interval in intervals]
    assert sorted(hours) == [24, 24, 24, 24, 25]


def test_a_reconciliation_applies_reported_deletions_before_it_compares(folder):
    dag = parse().dags["netsuite_reconcile__acme"]
    downstream = {task.task_id: set(task.downstream_task_ids) for task in dag.tasks}
    entities = {"invoices", "employees", "customers", "terms"}
    assert downstream["fence"] == {"deletions.extract"}
    assert downstream["deletions.load"] == {f"{entity}.compare" for entity in entities}
    for entity in entities:
        assert downstream[f"{entity}.compare"] == {f"{entity}.repair"}
        assert downstream[f"{entity}.repair"] == {"look_up_owners"}
    assert downstream["match"] == {"publish"}


def test_a_reconciliation_runs_daily_unless_the_account_is_synced_by_hand(folder):
    (folder / "by_hand.yml").write_text(GOOD.replace("schedule: '@hourly'\n", ""))
    dags = parse().dags
    assert dags["netsuite_reconcile__acme"].schedule == "45 3 * * *"
    assert dags["netsuite_reconcile__by_hand"].schedule is None


def test_match_only_is_switched_on_by_hand_and_only_after_a_person_approved(folder):
    """E2."""
    dag = parse().dags["netsuite_match_only__acme"]
    assert dag.schedule is None
    assert {task.task_id: set(task.downstream_task_ids) for task in dag.tasks} == {
        "preview": {"approve"},
        "approve": {"switch_on"},
        "switch_on": set(),
    }


def test_a_verdict_asks_for_all_that_it_needs(folder):
    """B8."""
    dag = parse().dags["netsuite_verdict__acme"]
    assert dag.schedule is None
    assert [task.task_id for task in dag.tasks] == ["verdict"]
    required = {name: not dag.params.get_param(name).has_value for name in dag.params}
    assert required == {"employee_id": True, "user_id": True, "evidence_hash": True, "note": False}


def test_every_dag_and_task_says_what_it_is(folder):
    bag = parse()
    assert bag.import_errors == {}
    for dag in bag.dags.values():
        assert dag.doc_md
        assert {"netsuite", dag.dag_id.partition("__")[0].removeprefix("netsuite_")} <= set(dag.tags)
        assert not dag.catchup
        for task in dag.tasks:
            assert task.owner == "data-engineering"
            assert task.outlets, f"{task.task_id} has no asset to put its counts on"


def test_a_task_takes_as_many_slots_as_requests_it_may_have_in_flight(folder):
    dag = parse().dags["netsuite_sync__acme"]
    slots = {task.task_id: task.pool_slots for task in dag.tasks if task.pool == "netsuite__acme"}
    assert slots == {
        "fence": 1,
        "look_up_owners": 1,
        "backfill.rehearse": 1,
        "backfill.load": 1,
        "invoices.extract": 6,
        "employees.extract": 6,
        "customers.extract": 6,
        "terms.extract": 1,
        "deletions.extract": 1,
    }


def test_the_assets_are_the_tables(folder):
    dag = parse().dags["netsuite_sync__acme"]
    uris = {outlet.uri for task in dag.tasks for outlet in task.outlets}
    assert {"x-netsuite://acme/raw.invoices", "x-netsuite://acme/publish.recipients"} <= uris


def test_a_wrong_account_file_breaks_its_own_dag_and_no_other(folder):
    (folder / "broken.yml").write_text("connection: n\nowner_fields: [Sales Rep]\n")
    bag = parse()
    assert bag.import_errors == {}
    assert {f"{kind}__{account}" for kind in KINDS for account in ("acme", "broken")} == set(bag.dags)
    for kind in KINDS:
        broken = bag.dags[f"{kind}__broken"]
        assert [task.task_id for task in broken.tasks] == ["account_file"]
        for part in ("broken.yml", "owner_fields.0", "Sales Rep", "small letters"):
            assert part in broken.doc_md
            assert part in broken.tasks[0].message


def test_a_file_name_that_is_no_dag_id_still_gets_its_dag(folder):
    (folder / "my account.yml").write_text(GOOD)
    bag = parse()
    assert bag.import_errors == {}
    assert "the file's name is the account's name" in bag.dags["netsuite_sync__my_account"].doc_md


def test_parsing_twice_gives_the_same_dag(folder):
    (folder / "fresh.yml").write_text(GOOD + "alerts: {email_to: [data@corp.test], fresh_within_minutes: 90}\n")
    first, second = (
        {dag_id: SerializedDagModel.hash(DagSerialization.to_dict(dag)) for dag_id, dag in parse().dags.items()}
        for _ in range(2)
    )
    assert first == second


def test_every_step_of_an_account_tells_who_must_act_when_it_fails(folder):
    """P7: failures and retries alike, whatever the DAG; a step that was killed is told by its run."""
    for dag in parse().dags.values():
        assert type(dag.on_failure_callback) is MailKilled
        for task in dag.tasks:
            assert [type(callback) for callback in task.on_failure_callback] == [MailFailure]
            assert [type(callback) for callback in task.on_retry_callback] == [ReportRetry]


def test_only_an_account_that_says_how_fresh_it_must_be_has_a_deadline(folder):
    (folder / "fresh.yml").write_text(GOOD + "alerts: {email_to: [data@corp.test], fresh_within_minutes: 90}\n")
    dags = parse().dags
    intervals = {
        name: [deadline.interval for deadline in dag.deadline or ()]
        for name, dag in dags.items()
        if name.endswith(("__acme", "__fresh"))
    }
    assert {name for name, found in intervals.items() if found} == {"netsuite_sync__fresh", "netsuite_reconcile__fresh"}
    assert {tuple(found) for found in intervals.values()} == {(), (timedelta(minutes=90),)}


NO_WORK = """
import socket, sys, time
import airflow.sdk, airflow.sdk.exceptions, pendulum

def refuse(*_args, **_kwargs):
    raise AssertionError("network at import")

socket.socket.connect = refuse
started = time.process_time()
for name in sys.argv[1:]:
    __import__(name)
print(time.process_time() - started)
heavy = {"pandas", "great_expectations", "pyarrow", "sqlglot", "fastapi"} & set(sys.modules)
print(",".join(sorted(heavy - {name for name in sys.argv[1:]})))
"""


@pytest.mark.parametrize("path", sorted(ROOT.glob("dags/*.py")), ids=lambda path: path.name)
def test_a_dag_file_imports_quickly_without_network_or_heavy_libraries(path):
    done = subprocess.run(
        [sys.executable, "-c", NO_WORK, path.stem],
        cwd=path.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    seconds, heavy = done.stdout.splitlines()[-2:]
    assert float(seconds) < 1
    assert heavy == ""

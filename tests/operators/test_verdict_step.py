"""A verdict as a DAG run with params (B8): in the name of whoever started the run, and of nobody else."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.accounts.model import Account
from include.operators.verdict_step import GiveVerdict
from tests.matching.conftest import warehouse  # noqa: F401 # a fixture
from tests.matching.world import World

ACCOUNT = Account(name="acme", path=Path("acme.yml"), connection="netsuite_acme", owner_fields=("salesrep",))


@pytest.fixture
def world(warehouse: Any, monkeypatch: pytest.MonkeyPatch) -> World:  # noqa: F811
    url = warehouse.url.set(drivername="postgres").render_as_string(hide_password=False)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", url)
    world = World(warehouse).emptied()
    for email in ("ann@corp.test", "Ann@corp.test"):
        world.user(email)
    world.employee(7, "ann@corp.test")
    world.invoice(1, salesrep=7)
    world.sync()
    return world


def run(person: str | None, **params: Any) -> Any:
    context: Any = {"dag_run": SimpleNamespace(triggering_user_name=person), "params": params | {"note": ""}}
    return GiveVerdict(task_id="verdict", account=ACCOUNT).execute(context)


@pytest.mark.parametrize("choose_none", [False, True])
def test_the_verdict_is_given_by_who_started_the_run(world: World, choose_none: bool) -> None:
    ((seen, user),) = world.rows("SELECT evidence_hash, min(user_id::text) FROM publish.conflict_candidates GROUP BY 1")
    given = run("kim", employee_id=7, user_id="none" if choose_none else user, evidence_hash=seen)
    world.sync()
    assert given["given_by"] == "kim"
    assert world.recipient(1)[0] == ("no_user" if choose_none else "ok")
    assert world.rows("SELECT given_by, user_id::text, note FROM matching.verdicts") == [
        ("kim", None if choose_none else user, None)
    ]


def test_a_run_that_nobody_started_or_about_what_is_no_conflict_decides_nothing(world: World) -> None:
    with pytest.raises(AirflowFailException, match="names its author"):
        run(None, employee_id=7, user_id="none", evidence_hash="x")
    with pytest.raises(AirflowFailException, match="Employee 9 of account acme is not in conflict"):
        run("kim", employee_id=9, user_id="none", evidence_hash="x")
    assert world.rows("SELECT * FROM matching.verdicts") == []

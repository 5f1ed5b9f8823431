"""Visits to the pages of a real Airflow with the project's plugins, for the tests of this room."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

PROJECT = Path(__file__).parents[2]


class Visit(NamedTuple):
    """Who asks for what; ``place`` names the environment that the answering process has meanwhile."""

    path: str
    user: str | None = None
    method: str = "GET"
    cookie: bool = False
    place: str = "filled"


@dataclass
class AirflowRows:
    """What Airflow's database holds; ``tasks`` may hold a ``question``."""

    dags: list[str] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)


def answers_of_airflow(
    folder: Path, visits: list[Visit], places: dict[str, dict[str, str]], rows: AirflowRows | None = None
) -> dict[Visit, dict[str, Any]]:
    """What a real Airflow answers to an admin, ann, to a viewer, vic, and to nobody; started once for all visits."""
    (folder / "passwords.json").write_text(json.dumps({"ann": "ann", "vic": "vic"}))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "NETSUITE"))}
    environment |= {
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "ann:admin,vic:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
    }
    asked = [visit._asdict() for visit in visits]
    for visit in asked:
        visit |= {"path": visit["path"].format(folder=folder), "environment": places[visit.pop("place")]}
    done = subprocess.run(
        [sys.executable, "-m", "tests.console.airflow_visitor"],
        input=json.dumps({"visits": asked, "airflow": vars(rows or AirflowRows())}),
        env=environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(visits, json.loads(done.stdout.partition("\nANSWERS ")[2]), strict=True))

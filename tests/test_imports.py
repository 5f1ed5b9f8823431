"""Every room is imported quickly, without a network, a database or a library that takes seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = sorted(path.parent.name for path in ROOT.glob("include/*/__init__.py"))

IMPORT_A_ROOM = """
import importlib, pkgutil, socket, sys, time
import airflow.sdk, airflow.sdk.exceptions, pendulum  # Airflow's own time is not the room's

def refuse(*_args, **_kwargs):
    raise AssertionError("network at import")

socket.socket.connect = refuse
room = importlib.import_module(sys.argv[1])
started = time.process_time()
for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
    if not module.name.endswith(("__main__", ".env")):  # programs, and Alembic's script
        importlib.import_module(module.name)
print(time.process_time() - started)
print(",".join(sorted({"pandas", "great_expectations", "pyarrow"} & set(sys.modules))))
"""


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_in_under_a_second_and_does_no_work(room):
    command = [sys.executable, "-c", IMPORT_A_ROOM, f"include.{room}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    seconds, heavy = done.stdout.splitlines()[-2:]
    assert float(seconds) < 1
    assert heavy == ""

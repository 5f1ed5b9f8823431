"""The process beside the task that validates: whose it is, and when it ends."""

import subprocess
import sys
from pathlib import Path

import psutil

PROJECT = Path(__file__).parents[2]
TASK = "import os, sys; from include.operators.validation_process import _process; process = _process(os.getpid());"


def ended(program: str) -> subprocess.CompletedProcess[str]:
    """A task process that has run the program and ended; it reports on what it left behind."""
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", TASK + program]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)


def test_it_has_ended_when_its_task_process_has():
    done = ended("print(process.pid)")
    assert not psutil.pid_exists(int(done.stdout))
    assert "ResourceWarning" not in done.stderr


def test_a_forked_child_that_ends_leaves_its_parents_alone():
    """It is then still there to end in order, as its questions do."""
    leave = "child = os.fork(); child or sys.exit(); os.waitpid(child, 0);"
    assert ended(f"{leave} process.stdin.close(); print(process.wait())").stdout == "0\n"

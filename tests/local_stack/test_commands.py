"""The commands as a person runs them: real processes, a run folder of their own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from include.local_stack.locks import held
from include.local_stack.parts import MARK
from include.local_stack.postgres import EmbeddedPostgres
from include.local_stack.run_folder import PROJECT, RunFolder
from include.local_stack.supervisor import SupervisorState, is_supervised, read_state

SECONDS_TO_START = 120


@pytest.fixture
def folder() -> Iterator[RunFolder]:
    folder = RunFolder(Path(tempfile.mkdtemp(prefix="netsuite-sync-run-")))
    yield folder
    run(folder, "down")
    shutil.rmtree(folder.root)


def command(folder: RunFolder, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "include.local_stack", "--run-dir", str(folder.root), *arguments]


def run(folder: RunFolder, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    caller = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "NETSUITE"))}
    return subprocess.run(
        command(folder, *arguments), capture_output=True, text=True, cwd=PROJECT, env=caller | environment, check=False
    )


def processes_of(folder: RunFolder) -> list[psutil.Process]:
    """Everything that lives for this run folder: marked parts, the supervisor, and PostgreSQL's processes."""

    def belongs(process: psutil.Process) -> bool:
        try:
            return (
                process.environ().get(MARK, "").startswith(str(folder.root))
                or str(folder.root) in process.cmdline()
                or process.cwd() == str(folder.postgres_data)
            )
        except psutil.Error:
            return False

    return [process for process in psutil.process_iter() if belongs(process)]


def wait_until_doing(folder: RunFolder, doing: str) -> SupervisorState:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        state = read_state(folder)
        if state and state.doing == doing:
            return state
        time.sleep(0.05)
    raise AssertionError(f"The supervisor never was {doing!r}; it last said {read_state(folder)}")


def test_psql_prints_only_the_result_and_leaves_no_server_running(folder: RunFolder) -> None:
    result = run(folder, "psql", "--sql", "SELECT count(*), 'it''s $1' FROM publish.recipients")
    assert (result.returncode, result.stdout) == (0, "0|it's $1\n"), result.stderr
    assert processes_of(folder) == []


def test_psql_hands_on_the_exit_code_of_a_failing_statement(folder: RunFolder) -> None:
    result = run(folder, "psql", "--sql", "SELECT nonsense")
    assert result.returncode == 1
    assert 'column "nonsense" does not exist' in result.stderr


def test_psql_opens_the_callers_warehouse_and_starts_no_server(folder: RunFolder, empty_database: str) -> None:
    url = empty_database.replace("postgresql+psycopg", "postgresql")
    result = run(folder, "psql", "--sql", "SELECT current_database()", AIRFLOW_CONN_WAREHOUSE=url)
    assert result.stdout.strip() == empty_database.rpartition("/")[2]
    assert not folder.postgres_data.exists()


def test_an_account_that_does_not_exist_is_named_with_those_that_do_and_nothing_is_started(folder: RunFolder) -> None:
    result = run(folder, "sync", "--account", "nope")
    assert result.returncode == 1
    assert "nope.yml" in result.stdout
    assert "accounts there: demo" in result.stdout
    assert not folder.postgres_data.exists()


def test_sync_without_an_account_asks_which_and_names_those_there_are(folder: RunFolder) -> None:
    result = run(folder, "sync")
    assert result.returncode != 0
    assert "make sync ACCOUNT=" in result.stdout
    assert "accounts there: demo" in result.stdout


def test_an_account_file_that_is_wrong_is_said_before_anything_is_started(folder: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "acme.yml").write_text("connection: x\nowner_field: salesrep\n")
    result = run(folder, "sync", "--account", "acme", NETSUITE_ACCOUNTS_DIR=str(tmp_path))
    assert result.returncode == 1
    assert "owner_field" in result.stdout
    assert not folder.postgres_data.exists()


def test_down_without_anything_running_says_so(folder: RunFolder) -> None:
    result = run(folder, "down")
    assert (result.returncode, result.stdout) == (0, "Nothing was running.\n")


@pytest.mark.timeout(600)
def test_a_sync_in_the_foreground_publishes_and_a_second_one_changes_nothing(folder: RunFolder) -> None:
    """P3, O2, O3: one row per invoice and owner field; the same again gives the same."""
    published = "SELECT md5(string_agg(r::text, ',' ORDER BY invoice_id, owner_field)) FROM publish.recipients AS r"
    first = run(folder, "sync", "--account", "demo", INVOICES="300")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "its numbers add up" in first.stdout
    before = run(folder, "psql", "--sql", published).stdout
    second = run(folder, "sync", "--account", "demo", INVOICES="300")
    assert second.returncode == 0, second.stdout + second.stderr
    assert run(folder, "psql", "--sql", published).stdout == before
    assert processes_of(folder) == []


@pytest.mark.timeout(600)
def test_a_second_sync_in_the_foreground_waits_for_the_first(folder: RunFolder) -> None:
    """They would overwrite each other's sandbox and share Airflow's database."""
    with (
        held(folder.sync_lock, lambda: None),
        subprocess.Popen(command(folder, "sync", "--account", "demo"), cwd=PROJECT, stdout=subprocess.PIPE) as second,
    ):
        assert second.stdout is not None
        assert b"waiting for another `make sync` to end" in second.stdout.readline()
        assert not folder.postgres_data.exists()
        second.send_signal(signal.SIGTERM)
        assert second.wait(60) != 0


@pytest.mark.timeout(600)
def test_a_sync_that_fails_names_task_and_reason_and_exits_non_zero(folder: RunFolder) -> None:
    unreachable = (
        '{"conn_type": "netsuite", "host": "http://127.0.0.1:9", "login": "key", "password": "secret", "extra": '
        '{"account": "1234567", "auth": "tba", "token_id": "id", "token_secret": "hidden"}}'
    )
    result = run(folder, "sync", "--account", "demo", AIRFLOW_CONN_NETSUITE_DEMO=unreachable)
    assert result.returncode == 1
    assert "fence failed:" in result.stdout
    assert "127.0.0.1:9" in result.stdout
    assert "hidden" not in result.stdout + folder.log("sync-demo").read_text()
    assert list(folder.log("x").parent.glob("sandbox*")) == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_is_interrupted_leaves_no_process_and_a_whole_database(
    folder: RunFolder, number: signal.Signals
) -> None:
    with subprocess.Popen(command(folder, "demo"), cwd=PROJECT, stdout=subprocess.DEVNULL) as demo:
        wait_until_doing(folder, "starting Airflow")
        assert len(processes_of(folder)) > 5
        demo.send_signal(number)
        assert demo.wait(60) != 0
    deadline = time.monotonic() + 60
    while processes_of(folder) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_of(folder) == []
    with EmbeddedPostgres(folder.postgres_data) as postgres:
        assert postgres.has_database("airflow")
        assert not postgres.has_database("airflow_unfinished")


@pytest.mark.timeout(600)
def test_down_ends_everything_even_when_the_supervisor_was_killed(folder: RunFolder) -> None:
    with subprocess.Popen(command(folder, "up"), cwd=PROJECT, stdout=subprocess.PIPE) as up:
        state = wait_until_doing(folder, "starting Airflow")
        os.kill(state.pid, signal.SIGKILL)
        assert up.wait(60) != 0
    assert not is_supervised(folder)
    assert run(folder, "down").returncode == 0
    assert processes_of(folder) == []

"""The demo's accounts: two that share nothing but the warehouse, each with a sandbox of its own."""

import shutil
from pathlib import Path

import pytest

from include.accounts.files import load_account
from include.local_stack.demo import DEMO, DEMO_ACCOUNTS, DEMO_UK, demo_accounts, wanted_sandboxes
from include.local_stack.run_folder import PROJECT, RunFolder


@pytest.fixture(autouse=True)
def projects_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETSUITE_ACCOUNTS_DIR", raising=False)


def test_each_has_an_account_file_that_fits_its_sandbox() -> None:
    for demo in DEMO_ACCOUNTS:
        account = load_account(demo.name)
        assert demo.variable == f"AIRFLOW_CONN_{account.connection.upper()}"
        assert account.concurrency == demo.concurrency
        assert account.timezone == demo.timezone


def test_they_differ_in_all_that_an_account_has_of_its_own() -> None:
    first, second = (load_account(demo.name) for demo in DEMO_ACCOUNTS)
    assert first.schedule != second.schedule
    assert first.pool != second.pool
    assert set(first.owner_fields) ^ set(second.owner_fields)
    for own in ("netsuite_account", "seed", "port", "date_format"):
        assert getattr(DEMO, own) != getattr(DEMO_UK, own)
    folder = RunFolder(Path("run"))
    assert folder.sandbox_state(DEMO.name) != folder.sandbox_state(DEMO_UK.name)
    assert folder.sandbox_connections(DEMO.name) != folder.sandbox_connections(DEMO_UK.name)


@pytest.mark.parametrize(("asked_for", "second"), [(2000, 200), (300, 100), (1_000_000, 100_000)])
def test_the_first_is_as_large_as_was_asked_for_and_the_second_smaller(asked_for: int, second: int) -> None:
    sizes = [demo.sandbox_options(asked_for)["--invoices"] for demo in DEMO_ACCOUNTS]
    assert sizes == [asked_for, second]


def test_an_account_with_a_connection_of_the_callers_gets_no_sandbox() -> None:
    assert wanted_sandboxes({}) == [DEMO, DEMO_UK]
    assert wanted_sandboxes({"AIRFLOW_CONN_NETSUITE_DEMO": "{}"}) == [DEMO_UK]


def test_a_folder_of_the_callers_decides_which_of_them_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETSUITE_ACCOUNTS_DIR", str(tmp_path))
    assert demo_accounts() == []
    shutil.copy(PROJECT / "include" / "accounts" / "demo.yml", tmp_path)
    assert demo_accounts() == [DEMO]
    monkeypatch.setenv("NETSUITE_ACCOUNTS_DIR", str(tmp_path / "gone"))
    assert demo_accounts() == []

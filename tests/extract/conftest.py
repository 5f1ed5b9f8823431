"""A sandbox NetSuite over HTTP, a client for it, and an account file that reads it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from include.accounts.files import read_account_file
from include.accounts.model import Account
from include.netsuite.client import NetSuiteClient
from include.netsuite.connection import NetSuiteConnection
from tests.sandbox_process import SandboxProcess


def client_of(sandbox: SandboxProcess, max_in_flight: int | None = None) -> NetSuiteClient:
    fields = sandbox.connection("oauth2")
    return NetSuiteClient(
        NetSuiteConnection.from_airflow_fields(fields["host"], fields["login"], fields["password"], fields["extra"]),
        max_in_flight=max_in_flight,
    )


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess(invoices=2500) as process:
        yield process


@pytest.fixture
def client(sandbox: SandboxProcess) -> NetSuiteClient:
    return client_of(sandbox)


@pytest.fixture
def account_of(tmp_path: Path) -> Callable[[str], Account]:
    def write(text: str) -> Account:
        path = tmp_path / "acme.yml"
        path.write_text(f"connection: netsuite_acme\n{text}\n")
        return read_account_file(path)

    return write


@pytest.fixture
def account(account_of) -> Account:
    return account_of("owner_fields: [salesrep, custbody_collector]")

"""One sandbox for the room's tests, put back to its first settings before each of them."""

from __future__ import annotations

import pytest

from tests.sandbox.caller import Caller
from tests.sandbox_process import SandboxProcess

INVOICES = 300


@pytest.fixture(scope="session")
def running_sandbox():
    with SandboxProcess(invoices=INVOICES, seed=7, bad_rows=4) as sandbox:
        sandbox.first_settings = sandbox.control("GET", "/settings")
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox):
    running_sandbox.control("POST", "/settings", running_sandbox.first_settings)
    running_sandbox.control("DELETE", "/requests")
    running_sandbox.control("DELETE", "/tokens")
    running_sandbox.control("DELETE", "/faults")
    return running_sandbox


@pytest.fixture
def netsuite(sandbox):
    """A caller signed in with OAuth 2.0."""
    return Caller(sandbox).sign_in()

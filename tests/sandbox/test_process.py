"""The process: files it writes, what a restart keeps, how it stops."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time

import pytest

from tests.sandbox.caller import Caller
from tests.sandbox_process import SandboxProcess


def test_it_stops_with_exit_code_zero_and_leaves_no_files(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    sandbox = SandboxProcess(invoices=50).start()
    assert list(tmp_path.glob("sandbox-netsuite-*"))
    assert sandbox.stop() == 0
    assert not list(tmp_path.glob("sandbox-netsuite-*"))


def test_the_files_for_programs_are_private_and_complete(tmp_path):
    port_file = tmp_path / "port"
    with SandboxProcess(invoices=50, port_file=port_file, account="777", concurrency=3) as sandbox:
        assert sandbox.base_url.endswith(":" + port_file.read_text())
        assert stat.S_IMODE(port_file.stat().st_mode) == 0o600
        fields = sandbox.connection("oauth2")
        assert fields["conn_type"] == "netsuite"
        assert fields["extra"]["account"] == "777"
        assert fields["extra"]["concurrency"] == 3
        assert "BEGIN PRIVATE KEY" in fields["password"]
        assert set(sandbox.connection("tba")["extra"]) >= {"account", "auth", "token_id", "token_secret"}


def test_a_restart_on_the_same_state_has_the_same_keys_and_rows(tmp_path):
    with SandboxProcess(invoices=50, state_dir=tmp_path) as first:
        keys = first.connection("tba")
        first.control("POST", "/rows/employee", {"id": 11, "email": "kept@example.com"})
    with SandboxProcess(invoices=50, state_dir=tmp_path) as second:
        assert second.connection("tba") == {**keys, "host": second.base_url}
        assert Caller(second).sign_in().rows("SELECT email FROM employee WHERE id = 11") == [
            {"email": "kept@example.com"}
        ]
    with SandboxProcess(invoices=60, state_dir=tmp_path) as another_size:
        fresh = Caller(another_size).sign_in().rows("SELECT email FROM employee WHERE id = 11")
        assert fresh == [{"email": "ada.keller@example.com"}]


def test_a_person_sees_the_address_and_how_to_sign_in(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "include.sandbox", "--invoices", "50", "--port-file", str(tmp_path / "port")],
        stdout=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "port").exists():
        time.sleep(0.05)
    time.sleep(0.5)
    process.terminate()
    said, _ = process.communicate(timeout=10)
    port = json.loads((tmp_path / "port").read_text())
    assert f"http://127.0.0.1:{port}" in said
    for word in ("login", "certificate_id", "token_secret", "BEGIN PRIVATE KEY"):
        assert word in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"host": "0.0.0.0"}, "loopback"),
        ({"date_format": "YYYY/DD"}, "date format"),
        ({"session_timezone": "Nowhere"}, "time zone"),
        ({"key": "dsa"}, "ec or rsa"),
        ({"invoices": 3}, "at least 22"),
    ],
)
def test_a_wrong_option_is_named_and_nothing_starts(options, message):
    with pytest.raises(RuntimeError, match=message):
        SandboxProcess(**options).start()


def test_a_port_that_is_taken_is_named():
    with SandboxProcess(invoices=50) as sandbox, pytest.raises(RuntimeError, match="cannot listen"):
        SandboxProcess(invoices=50, port=sandbox.base_url.rpartition(":")[2]).start()

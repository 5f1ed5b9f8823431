"""Starts the sandbox NetSuite as a real process, for the tests of any room.

with SandboxProcess(invoices=500, row_cap=200, hide=["employee"]) as sandbox:
    fields = sandbox.connection("oauth2")      # an Airflow connection: conn_type, host, login, password, extra
    sandbox.control("POST", "/settings", {"latency_ms": 50})
    sandbox.control("POST", "/rows/employee", {"id": 12, "email": "noah@example.com"})
    sandbox.control("GET", "/requests")["highest_in_flight"]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from types import TracebackType

_PROJECT = Path(__file__).resolve().parents[1]
_START_SECONDS = 120
_STOP_SECONDS = 10


class SandboxProcess:
    """One `python -m include.sandbox` on a free port. Switches are the command's options with `_` for `-`;
    True is a bare flag, a list repeats the option."""

    def __init__(self, invoices: int = 200, seed: int = 7, **switches: Any) -> None:
        self._options = {"invoices": invoices, "seed": seed, **switches}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._connections: dict[str, dict[str, Any]] = {}

    def start(self) -> Self:
        """Start it and wait until it answers. Raises RuntimeError with its output when it does not."""
        self._folder = tempfile.TemporaryDirectory(prefix="sandbox-process-")
        file = Path(self._folder.name) / "connections.json"
        output = Path(self._folder.name) / "output.txt"
        command = [sys.executable, "-m", "include.sandbox", "--connection-file", str(file), *self._arguments()]
        with output.open("wb") as sink:
            self._process = subprocess.Popen(
                command,
                cwd=_PROJECT,
                env=dict(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = output.read_text(encoding="utf-8", errors="replace")
                self.stop()
                raise RuntimeError(f"the sandbox did not start:\n{said}")
            time.sleep(0.02)
        self._connections = json.loads(file.read_text(encoding="utf-8"))
        self.control("GET", "/health")
        return self

    def stop(self) -> int:
        """Stop it and return its exit code; 0 is a clean stop. Stopping twice is harmless."""
        code = 0
        if self._process is not None:
            self._process.terminate()
            try:
                code = self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                code = self._process.wait()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        return code

    @property
    def base_url(self) -> str:
        """Its address, without a slash at the end."""
        return str(self._connections["oauth2"]["host"])

    def connection(self, auth: Literal["oauth2", "tba"] = "oauth2") -> dict[str, Any]:
        """The fields of an Airflow connection of type netsuite; `extra` is a dict. Yours to change."""
        return json.loads(json.dumps(self._connections[auth]))

    def control(self, method: str, path: str, content: Any = None) -> Any:
        """Call the control surface, e.g. control("POST", "/settings", {"concurrency": 2}). Raises RuntimeError."""
        body = None if content is None else json.dumps(content).encode()
        request = Request(f"{self.base_url}/sandbox{path}", body, {"Content-Type": "application/json"}, method=method)
        try:
            with urlopen(request, timeout=30) as answer:
                return json.loads(answer.read())
        except HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def _arguments(self) -> list[str]:
        arguments = []
        for name, value in self._options.items():
            option = "--" + name.replace("_", "-")
            for one in value if isinstance(value, list | tuple) else [value]:
                arguments += [option] if one is True else [] if one is False else [option, str(one)]
        return arguments

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

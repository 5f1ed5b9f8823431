"""Pools follow the account files while the stack runs, against a server that keeps pools as Airflow's REST API does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from include.local_stack import pool_keeper
from include.local_stack.pool_keeper import PoolKeeper
from include.local_stack.run_folder import RunFolder

ACCOUNT = "connection: n\nowner_fields: [salesrep]\nconcurrency: {concurrency}\n"


class Airflow(ThreadingHTTPServer):
    """Keeps pools; ``calls`` are those that changed one. Refuses everything while it ``is_busy``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pools: dict[str, dict] = {}
        self.calls: list[str] = []
        self.is_busy = False


class Handler(BaseHTTPRequestHandler):
    server: Airflow

    def answer(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        if self.server.is_busy:
            self.reply(503, {})
        elif self.path == "/auth/token":
            self.reply(201, {"access_token": "token"})
        elif self.command == "GET":
            self.reply(200, {"pools": list(self.server.pools.values())})
        else:
            name = body.get("name") or body["pool"]
            self.server.calls.append(f"{self.command} {name} {body['slots']}")
            self.server.pools[name] = {"name": name, "slots": body["slots"]}
            self.reply(200, {})

    do_GET = do_POST = do_PATCH = answer  # noqa: N815 - the names that http.server calls

    def reply(self, status: int, content: dict) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def airflow() -> Iterator[Airflow]:
    with Airflow() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "accounts"
    folder.mkdir()
    monkeypatch.setenv("NETSUITE_ACCOUNTS_DIR", str(folder))
    monkeypatch.setattr(pool_keeper, "SECONDS_BETWEEN_LOOKS", 0.0)
    return folder


@pytest.fixture
def keeper(airflow: Airflow, tmp_path: Path) -> PoolKeeper:
    return PoolKeeper(RunFolder(tmp_path / "run"), f"http://127.0.0.1:{airflow.server_port}")


def test_an_account_that_comes_later_gets_its_pool_and_a_changed_limit_other_slots(
    airflow: Airflow, accounts: Path, keeper: PoolKeeper
) -> None:
    (accounts / "acme.yml").write_text(ACCOUNT.format(concurrency=5))
    keeper.keep()
    keeper.keep()
    assert airflow.calls == ["POST netsuite__acme 5"]
    (accounts / "globex.yml").write_text(ACCOUNT.format(concurrency=2))
    (accounts / "acme.yml").write_text(ACCOUNT.format(concurrency=9))
    keeper.keep()
    assert {name: pool["slots"] for name, pool in airflow.pools.items()} == {"netsuite__acme": 9, "netsuite__globex": 2}


def test_a_wrong_file_and_a_missing_folder_take_no_pool_away(
    airflow: Airflow, accounts: Path, keeper: PoolKeeper
) -> None:
    (accounts / "acme.yml").write_text(ACCOUNT.format(concurrency=5))
    keeper.keep()
    (accounts / "acme.yml").write_text("owner_fields: nonsense")
    keeper.keep()
    (accounts / "acme.yml").unlink()
    accounts.rmdir()
    keeper.keep()
    assert airflow.pools["netsuite__acme"]["slots"] == 5


def test_an_airflow_that_is_busy_is_asked_again(airflow: Airflow, accounts: Path, keeper: PoolKeeper) -> None:
    (accounts / "acme.yml").write_text(ACCOUNT.format(concurrency=5))
    airflow.is_busy = True
    keeper.keep()
    assert airflow.pools == {}
    airflow.is_busy = False
    keeper.keep()
    assert airflow.calls == ["POST netsuite__acme 5"]

"""Whole runs: a real NetSuite protocol over HTTP, a real Airflow in this process, a real PostgreSQL."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from include.local_stack.run_dag import run_dag
from include.warehouse.database import open_warehouse
from tests.end_to_end.backfill import run_backfill
from tests.sandbox_process import SandboxProcess
from tests.smtp_sink import SmtpSink

OWNER_FIELDS = ["salesrep", "custbody_collector", "custbody_account_manager"]


@pytest.fixture(scope="session")
def airflow_database() -> None:
    from airflow.utils.db import initdb

    initdb()


@dataclass
class Installation:
    """One warehouse, one folder of account files, and the Airflow that runs them."""

    warehouse: Engine
    accounts: Path
    monkeypatch: pytest.MonkeyPatch
    runs: list[datetime] = field(default_factory=list)

    def write_account(self, name: str = "acme", **keys: Any) -> None:
        content = {"connection": f"netsuite_{name}", "owner_fields": OWNER_FIELDS, "concurrency": 5, **keys}
        (self.accounts / f"{name}.yml").write_text(json.dumps(content))

    def connect(self, fields: dict[str, Any], name: str = "acme") -> None:
        self.monkeypatch.setenv(f"AIRFLOW_CONN_NETSUITE_{name.upper()}", json.dumps(fields))

    def connect_warehouse(self, url: str) -> None:
        self.warehouse.dispose()
        self.warehouse = open_warehouse(url)
        self.monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", url.replace("postgresql+psycopg", "postgres"))

    def sync(self, name: str = "acme", *, again: bool = False) -> dict[str, Any]:
        """Run the account's DAG once; ``again`` runs the last DAG run a second time."""
        if not again:
            self.runs.append(datetime.now(UTC))
        return run_dag(f"netsuite_sync__{name}", self.runs[-1])

    def reconcile(self, name: str = "acme", *, again: bool = False) -> dict[str, Any]:
        """Compare the account with NetSuite once, and mend what differs; ``again`` as for ``sync``."""
        if not again:
            self.runs.append(datetime.now(UTC))
        return run_dag(f"netsuite_reconcile__{name}", self.runs[-1])

    def resync(self, name: str = "acme", **params: Any) -> dict[str, Any]:
        """Read records of the account again, as the form says."""
        self.runs.append(datetime.now(UTC))
        return run_dag(f"netsuite_resync__{name}", self.runs[-1], params)

    def backfill(self, start: datetime, end: datetime, name: str = "acme", **params: Any) -> dict[str, Any]:
        """Make a backfill of the account's sync as `airflow backfill create` does, and run its only run."""
        return run_backfill(f"netsuite_sync__{name}", start, end, params)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        with self.warehouse.connect() as connection:
            return [dict(row) for row in connection.execute(text(sql)).mappings()]

    def execute(self, sql: str) -> None:
        with self.warehouse.begin() as connection:
            connection.execute(text(sql))

    def value(self, sql: str) -> Any:
        (row,) = self.rows(sql)
        (value,) = row.values()
        return value

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Everything that a second run must leave as it is; when a figure was refreshed is not part of it."""
        queries = {
            "raw.invoices": "SELECT * FROM raw.invoices ORDER BY account, id",
            "raw.invoice_owners": "SELECT * FROM raw.invoice_owners ORDER BY account, invoice_id, owner_field",
            "raw.employees": "SELECT * FROM raw.employees ORDER BY account, id",
            "raw.customers": "SELECT * FROM raw.customers ORDER BY account, id",
            "raw.terms": "SELECT * FROM raw.terms ORDER BY account, id",
            "quarantine.rows": "SELECT entity, record_id, reasons, payload FROM quarantine.rows ORDER BY 1, 2",
            "workflow.users": "SELECT * FROM workflow.users ORDER BY user_id",
            "publish.recipients": "SELECT * FROM publish.recipients ORDER BY account, invoice_id, owner_field",
            "publish.customer_credit": "SELECT *, 0 AS refreshed_at FROM publish.customer_credit ORDER BY customer_id",
        }
        return {name: self.rows(query) for name, query in queries.items()}

    def published(self) -> dict[str, list[dict[str, Any]]]:
        return {name: rows for name, rows in self.tables().items() if name.startswith(("publish", "workflow"))}


@contextmanager
def installed(warehouse_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """An installation on a warehouse, its files in a folder."""
    accounts = folder / "accounts"
    accounts.mkdir()
    monkeypatch.setenv("NETSUITE_ACCOUNTS_DIR", str(accounts))
    monkeypatch.setenv("NETSUITE_LANDING", (folder / "landing").as_uri())
    monkeypatch.setenv("NETSUITE_DATA_DOCS", str(folder / "data_docs"))
    installation = Installation(open_warehouse(warehouse_url), accounts, monkeypatch)
    installation.connect_warehouse(warehouse_url)
    yield installation
    installation.warehouse.dispose()


@pytest.fixture
def installation(
    airflow_database: None, warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    with installed(warehouse_url, tmp_path, monkeypatch) as installation:
        yield installation


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess(invoices=300, bad_rows=3) as process:
        yield process


@pytest.fixture
def acme(installation: Installation, sandbox: SandboxProcess) -> Installation:
    """An installation whose account ``acme`` reads the sandbox."""
    installation.write_account()
    installation.connect(sandbox.connection())
    return installation


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmtpSink]:
    """A mail server, and the Airflow connection `smtp_default` to it."""
    sink = SmtpSink()
    sink.start()
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", sink.connection())
    yield sink
    sink.stop()

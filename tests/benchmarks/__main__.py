"""`make bench`: how fast the sync is, as ratios within one run. Absolute seconds differ from machine to machine.

`python -m tests.benchmarks [INVOICES [INVOICES_TO_PUBLISH]]` (default 20,000 to read and load, 1,000,000 to publish).
"""

from __future__ import annotations

import logging
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from sqlalchemy import Engine, text

from include.accounts.model import Account
from include.extract.entities import CUSTOMERS, EMPLOYEES, INVOICES, Entity
from include.extract.extract import columns_of, extract, window_of
from include.extract.landing import LandedEntity, LandingArea
from include.local_stack.postgres import EmbeddedPostgres
from include.matching.publish import publish
from include.netsuite.client import NetSuiteClient
from include.netsuite.connection import NetSuiteConnection
from include.operators.sync_steps import DERIVED
from include.recipients.resolve import SQL, resolve
from include.recipients.template import parse_template
from include.validate.validate import validate_staged
from include.warehouse.database import open_warehouse
from include.warehouse.ledger import RunLedger
from include.warehouse.load import load
from include.warehouse.migrate import upgrade
from include.warehouse.staging import StagingTable, stage
from tests.benchmarks.people import publishing
from tests.sandbox_process import SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = Account(
    name="bench",
    path=Path("bench.yml"),
    connection="netsuite_bench",
    owner_fields=("salesrep", "custbody_collector", "custbody_account_manager"),
)
REPEATS = 3
LATENCY_MS = 50
IN_FLIGHT = 5

Measured = tuple[str, str, float, str, float]


def seconds(work: Callable[[], object]) -> float:
    """Median of some repeats."""
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def client_of(sandbox: SandboxProcess, in_flight: int) -> NetSuiteClient:
    fields = sandbox.connection()
    connection = NetSuiteConnection.from_airflow_fields(
        fields["host"], fields["login"], fields["password"], {**fields["extra"], "concurrency": IN_FLIGHT}
    )
    return NetSuiteClient(connection, max_in_flight=in_flight)


def land(sandbox: SandboxProcess, entity: Entity, landed: LandedEntity, in_flight: int = IN_FLIGHT) -> None:
    client = client_of(sandbox, in_flight)
    window = window_of(entity, None, client.server_clock())
    extract(client, ACCOUNT, entity, window, landed, on_page=lambda _rows: None)


def reading(sandbox: SandboxProcess, landed: LandedEntity) -> Measured:
    """Pages side by side against one after the other, at the latency of a near NetSuite."""
    sandbox.control("POST", "/settings", {"latency_ms": LATENCY_MS})
    side_by_side = seconds(lambda: land(sandbox, INVOICES, landed))
    in_a_row = seconds(lambda: land(sandbox, INVOICES, landed, in_flight=1))
    sandbox.control("POST", "/settings", {"latency_ms": 0})
    return (
        "read and land invoices",
        f"{IN_FLIGHT} requests at once, {LATENCY_MS} ms a page",
        side_by_side,
        "one request after the other",
        in_a_row,
    )


class Warehouse:
    """A fresh warehouse and what is landed for it."""

    def __init__(self, engine: Engine, area: LandingArea, docs: Path) -> None:
        self.engine = engine
        self.area = area
        self.docs = docs
        self.runs = 0

    def landed(self, entity: Entity) -> LandedEntity:
        return self.area.folder(ACCOUNT.name, "landed", entity.name)

    def sync(self, entity: Entity) -> None:
        """Stage, validate and load what is landed, as a run of its own."""
        self.runs += 1
        run_id = f"bench {self.runs}"
        ledger = RunLedger(self.engine, ACCOUNT.name, run_id, "bench")
        ledger.pass_fence(datetime.now(UTC), [entity])
        table = StagingTable(ACCOUNT.name, run_id, entity.name)
        stage(
            self.engine,
            table,
            columns_of(ACCOUNT, entity),
            self.landed(entity).read(),
            derive=DERIVED.get(entity.name, {}),
        )
        validate_staged(
            self.engine, account=ACCOUNT.name, run_id=run_id, entity=entity, table=(table.SCHEMA, table.name),
            owner_fields=ACCOUNT.owner_fields, custom_fields=(), settings=ACCOUNT.validation, live_rows=None,
            docs_dir=self.docs,
        )  # fmt: skip
        with ledger.step(entity.name, "load") as counts:
            load(ledger, entity=entity, counts=counts, owner_fields=ACCOUNT.owner_fields)

    def copy_only(self) -> None:
        """The floor of loading: the landed texts, by COPY alone."""
        columns = tuple(column.name for column in INVOICES.columns)
        stage(self.engine, StagingTable(ACCOUNT.name, "floor", INVOICES.name), columns, self.landed(INVOICES).read())

    def empty(self) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                text("TRUNCATE raw.invoices, raw.invoice_owners, raw.sales_teams, publish.recipients, ops.watermarks")
            )


def loading(warehouse: Warehouse) -> tuple[Measured, Measured]:
    """Stage, validate and load against COPY alone: into an empty table, and again where nothing changed."""
    floor = seconds(warehouse.copy_only)

    def first() -> None:
        warehouse.empty()
        warehouse.sync(INVOICES)

    into_empty = seconds(first)
    again = seconds(lambda: warehouse.sync(INVOICES))
    what = "stage, validate and load invoices"
    return (
        (what, "first load", into_empty, "COPY alone", floor),
        (what, "nothing changed", again, "COPY alone", floor),
    )


TEMPLATE = parse_template(
    "{{user_from_source_id:salesrep}}, {{user_from_source_id:custbody_collector}}", ACCOUNT.owner_fields
)


def resolving(warehouse: Warehouse) -> Measured:
    """Many invoices in one query against as many queries."""
    publish(warehouse.engine, account=ACCOUNT.name, run_id=f"bench {warehouse.runs}", user_mode="import")
    with warehouse.engine.connect() as connection:
        invoices = list(connection.scalars(text("SELECT id FROM raw.invoices ORDER BY id LIMIT 1000")))
        together = seconds(lambda: resolve(connection, ACCOUNT.name, TEMPLATE, invoices))
        each = seconds(lambda: [resolve(connection, ACCOUNT.name, TEMPLATE, [invoice]) for invoice in invoices])
    return ("resolve a template", f"{len(invoices):,} invoices in one query", together, "one query for each", each)


def milliseconds_in_the_database(warehouse: Warehouse) -> float:
    """What PostgreSQL itself says that resolving one invoice takes, to plan and to execute."""
    statement = (SQL / "resolve.sql").read_text()
    with warehouse.engine.connect() as connection:
        (plan,) = connection.scalar(
            text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"),
            {
                "account": ACCOUNT.name,
                "owner_fields": list(TEMPLATE.owner_fields),
                "invoice_ids": list(connection.scalars(text("SELECT min(id) FROM raw.invoices"))),
                "invoice_numbers": [None],
            },
        )
    return plan["Planning Time"] + plan["Execution Time"]


def report(invoices: int, measured: list[Measured]) -> None:
    table = pd.DataFrame(measured, columns=["what", "how", "seconds", "against", "its seconds"])
    table["ratio"] = table["seconds"] / table["its seconds"]
    print(f"{invoices:,} invoices, medians of {REPEATS}")
    print(table.to_string(index=False, float_format="{:.2f}".format))


def main(invoices: int = 20_000, people_invoices: int = 1_000_000) -> None:
    folder = Path(tempfile.mkdtemp(prefix="netsuite-sync-bench-"))
    area = LandingArea(str(folder / "landing"))
    try:
        with (
            SandboxProcess(invoices=invoices) as sandbox,
            EmbeddedPostgres(folder / "postgres") as postgres,
        ):
            postgres.ensure_database("bench")
            upgrade(postgres.url("bench"))
            warehouse = Warehouse(open_warehouse(postgres.url("bench")), area, folder / "docs")
            measured = [reading(sandbox, warehouse.landed(INVOICES))]
            for entity in (EMPLOYEES, CUSTOMERS):
                land(sandbox, entity, warehouse.landed(entity))
                warehouse.sync(entity)
            measured += [*loading(warehouse), *publishing(warehouse.engine, people_invoices), resolving(warehouse)]
            in_the_database = statistics.median(milliseconds_in_the_database(warehouse) for _ in range(REPEATS))
            warehouse.engine.dispose()
            report(invoices, measured)
            print(f"resolving one invoice: {in_the_database:.2f} ms in the database (at most 5)")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    logging.disable(logging.INFO)
    main(*(int(argument) for argument in sys.argv[1:]))

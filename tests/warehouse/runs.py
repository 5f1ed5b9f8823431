"""Runs of an account as the tests tell them: what is staged, what is bad, what the tables hold afterwards."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa
from sqlalchemy import Engine, text

from include.extract.entities import ENTITIES, INVOICES, Entity
from include.warehouse.ledger import RunLedger
from include.warehouse.load import LoadCounts, TeamSelling, load
from include.warehouse.staging import StagingTable, stage

ACCOUNT = "acme"
CUTOFF_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MODIFIED_AT = "2026-02-01T00:00:00Z"

Row = Mapping[str, str | None]


def query(engine: Engine, statement: str, **params: object) -> list[tuple]:
    with engine.begin() as connection:
        result = connection.execute(text(statement), params)
        return [tuple(row) for row in result] if result.returns_rows else []


def as_table(rows: Sequence[Row], columns: Sequence[str]) -> pa.Table:
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns})


@dataclass
class Run:
    """One DAG run; its account file may name owner fields and custom fields."""

    engine: Engine
    run_id: str = "run 1"
    account: str = ACCOUNT
    cutoff_at: datetime = CUTOFF_AT
    owner_fields: Sequence[str] = ("salesrep",)
    custom_fields: Sequence[str] = ()
    team_selling: TeamSelling | None = None
    ledger: RunLedger = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = RunLedger(self.engine, self.account, self.run_id, "netsuite_sync__acme")
        fields = {INVOICES.name: [*self.header_owner_fields, *self.custom_fields]}
        self.ledger.pass_fence(self.cutoff_at, ENTITIES, fields, {INVOICES.name: self.teams_read})

    @property
    def header_owner_fields(self) -> list[str]:
        """With Team Selling, the owner fields without the one that the sales team takes the place of."""
        return [each for each in self.owner_fields if not (self.team_selling and each == "salesrep")]

    @property
    def teams_read(self) -> list[str]:
        """With Team Selling, what NetSuite offers too."""
        return ["transactionsalesteam"] if self.team_selling else []

    def columns(self, entity: Entity) -> list[str]:
        declared = [column.name for column in entity.columns]
        derived = ["email_address", "email_key"] if entity.name == "employees" else []
        owners = self.header_owner_fields if entity.name == "invoices" else ()
        team = ["sales_team"] if self.team_selling and entity.name == "invoices" else []
        return list(dict.fromkeys([*declared, *derived, *owners, *self.custom_fields, *team]))

    def table(self, entity: Entity) -> StagingTable:
        return StagingTable(self.account, self.run_id, entity.name)

    def stage(self, entity: Entity, rows: Sequence[Row], bad: Iterable[tuple[int, str]] = ()) -> StagingTable:
        """Stage rows; ``bad``: (row number, reason), as validation would write them."""
        table = self.table(entity)
        columns = self.columns(entity)
        stage(self.engine, table, columns, [as_table(rows, columns)])
        with self.engine.begin() as connection:
            name = f"staging.{table.bad_name}"
            connection.execute(text(f"CREATE UNLOGGED TABLE {name} (row_number bigint NOT NULL, reason text NOT NULL)"))
            for number, reason in bad:
                connection.execute(text(f"INSERT INTO {name} VALUES (:n, :r)"), {"n": number, "r": reason})
        return table

    def load(self, entity: Entity, *, moves_watermark: bool = True) -> LoadCounts:
        with self.ledger.step(entity.name, "load") as counts:
            return load(
                self.ledger,
                entity=entity,
                counts=counts,
                owner_fields=self.owner_fields,
                custom_fields=self.custom_fields,
                team_selling=self.team_selling,
                moves_watermark=moves_watermark,
            )

    def stage_and_load(self, entity: Entity, rows: Sequence[Row], bad: Iterable[tuple[int, str]] = ()) -> LoadCounts:
        self.stage(entity, rows, bad)
        return self.load(entity)


def invoice(id: int | str | None, **columns: str | None) -> Row:
    number = {"id": None if id is None else str(id), "invoice_number": f"INV{id}", "last_modified_at": MODIFIED_AT}
    return number | columns

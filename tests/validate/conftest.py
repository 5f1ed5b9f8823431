"""Batches staged as the warehouse room stages them: all columns text, plus ``row_number``."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.accounts.model import Validation
from include.extract.entities import Entity
from include.local_stack.postgres import EmbeddedPostgres
from include.validate.outcome import ValidationOutcome
from include.validate.rules import columns_of
from include.validate.validate import validate_staged

ANY_SHARE = Validation(max_bad_share=1)
GOOD: Mapping[str, Mapping[str, str]] = {
    "invoices": {
        "invoice_number": "INV1",
        "customer_id": "7",
        "invoice_date": "2026-11-20",
        "due_date": "2026-12-20",
        "status": "A",
        "currency_id": "1",
        "currency": "USD",
        "exchange_rate": "1",
        "total": "120.50",
        "unpaid_amount": "20.5",
        "terms_id": "4",
        "memo": "hello",
        "created_at": "2026-11-20T08:30:00Z",
        "last_modified_at": "2026-11-20T08:30:00Z",
    },
    "employees": {
        "entity_id": "Ann",
        "email": " Ann@Example.com",
        "email_address": "Ann@Example.com",
        "email_key": "ann@example.com",
        "is_inactive": "F",
        "is_sales_rep": "T",
        "supervisor_id": "3",
        "last_modified_at": "2026-11-20T08:30:00Z",
    },
    "customers": {
        "company_name": "Acme",
        "credit_limit": "1000",
        "balance": "-12.5",
        "days_overdue": "3",
        "on_credit_hold": "F",
        "is_inactive": "F",
        "last_modified_at": "2026-11-20T08:30:00Z",
    },
    "terms": {"name": "Net 30", "days_until_net_due": "30", "is_inactive": "F"},
    "deletions": {"record_type": "invoice", "deleted_at": "2026-11-20T08:30:00Z"},
}


@dataclass
class StagedBatches:
    """Stages batches in one database and validates them."""

    engine: sa.Engine
    docs_dir: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def stage(
        self,
        entity: Entity,
        rows: Sequence[Mapping[str, str | None]],
        *,
        owner_fields: Sequence[str] = (),
        custom_fields: Sequence[str] = (),
        sales_team: Sequence[str] = (),
        without: str | None = None,
        extra: str | None = None,
    ) -> tuple[str, str]:
        """Stage rows, each given by what differs from a good row; ids are 1, 2, … where none is given."""
        whole_set = columns_of(entity, owner_fields, custom_fields, sales_team)
        columns = sorted(whole_set - {"row_number", without} | {extra} - {None})
        name = f"{entity.name}__{next(self.numbers):012x}"
        quoted = ", ".join(f'"{column}" text' for column in columns)
        values = ", ".join(f":{column}" for column in columns)
        whole = [{"id": str(number), **GOOD[entity.name], **row} for number, row in enumerate(rows, start=1)]
        with self.engine.begin() as connection:
            connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS staging"))
            connection.execute(sa.text(f'CREATE UNLOGGED TABLE staging."{name}" (row_number bigint, {quoted})'))
            if whole:
                connection.execute(
                    sa.text(f'INSERT INTO staging."{name}" VALUES (:row_number, {values})'),
                    [
                        {"row_number": number} | {column: row.get(column) for column in columns}
                        for number, row in enumerate(whole, start=1)
                    ],
                )
        return "staging", name

    def validate(self, entity: Entity, table: tuple[str, str], **options: Any) -> ValidationOutcome:
        """Validate a staged batch, by default as the account ``demo`` with the settings an account file has."""
        defaults: dict[str, Any] = {
            "account": "demo",
            "run_id": "manual__2026-11-21T00:00:00+00:00",
            "owner_fields": (),
            "custom_fields": (),
            "settings": Validation(),
            "live_rows": None,
            "docs_dir": self.docs_dir,
        }
        return validate_staged(self.engine, entity=entity, table=table, **(defaults | options))

    def outcome_of(self, entity: Entity, *rows: Mapping[str, str | None], **options: Any) -> ValidationOutcome:
        """Stage rows and validate them, with any share of bad rows allowed."""
        fields = {key: options[key] for key in ("owner_fields", "custom_fields", "sales_team") if key in options}
        return self.validate(entity, self.stage(entity, rows, **fields), **({"settings": ANY_SHARE} | options))

    def bad_rows(self, table: tuple[str, str]) -> list[tuple[int, str]]:
        """What was written down of a batch for quarantine."""
        with self.engine.connect() as connection:
            found = connection.execute(
                sa.text(f'SELECT row_number, reason FROM staging."{table[1]}__bad" ORDER BY 1, 2')
            )
            return [(row.row_number, row.reason) for row in found]


@pytest.fixture(scope="package")
def staging_engine(postgres: EmbeddedPostgres) -> Iterator[sa.Engine]:
    name = "validate_rooms_own"
    postgres.ensure_database(name)
    engine = sa.create_engine(postgres.url(name))
    yield engine
    engine.dispose()
    postgres.drop_database(name)


@pytest.fixture
def batches(staging_engine: sa.Engine, tmp_path: Path) -> Iterator[StagedBatches]:
    yield StagedBatches(staging_engine, tmp_path / "data_docs")
    with staging_engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA IF EXISTS staging CASCADE"))

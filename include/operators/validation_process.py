"""Run a validation in a process of its own, so that the memory of Great Expectations (265 MB) ends with it."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.validate.validate import validate_staged

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.accounts.model import Account
    from include.extract.entities import Entity
    from include.validate.outcome import ValidationOutcome
    from include.warehouse.staging import StagingTable

DATA_DOCS_VARIABLE = "NETSUITE_DATA_DOCS"
_DEFAULT = Path(__file__).parents[2] / ".run" / "data_docs"


def validate_in_own_process(
    warehouse: Engine, account: Account, run_id: str, entity: Entity, table: StagingTable
) -> ValidationOutcome:
    """Validate a staged batch; raises as ``validate_staged`` does."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as processes:
        return processes.submit(
            validate_staged,
            warehouse.url.render_as_string(hide_password=False),
            account=account.name,
            run_id=run_id,
            entity=entity,
            table=(table.SCHEMA, table.name),
            owner_fields=account.owner_fields,
            custom_fields=account.custom_fields.get(entity.name, ()),
            settings=account.validation,
            live_rows=_live_rows(warehouse, account, entity),
            docs_dir=os.environ.get(DATA_DOCS_VARIABLE) or _DEFAULT,
        ).result()


def _live_rows(warehouse: Engine, account: Account, entity: Entity) -> int | None:
    """Rows of a full read's table that are live now; None where a read of changes may have any length."""
    if entity.incremental:
        return None
    with warehouse.connect() as connection:
        count = text(f"SELECT count(*) FROM raw.{entity.name} WHERE account = :account AND deleted_at IS NULL")  # noqa: S608 (a name of ours)
        return connection.execute(count, {"account": account.name}).scalar_one()

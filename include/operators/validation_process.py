"""Validate in a process beside the task, so that the memory of Great Expectations (265 MB) is not the task's.

The process starts with the first validation and serves the later ones of the same task process (all of them, where a
whole run is one process). It ends with its parent, however that ends: its standard input ends then.
"""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from sqlalchemy import text

from include.validate.data_docs import data_docs_folder

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.accounts.model import Account
    from include.extract.entities import Entity
    from include.validate.outcome import ValidationOutcome
    from include.warehouse.staging import StagingTable

ROWS_BEFORE = Path(__file__).parent / "sql" / "rows_before.sql"


def validate_beside(
    warehouse: Engine, account: Account, run_id: str, entity: Entity, table: StagingTable
) -> ValidationOutcome:
    """Validate a staged batch; raises as ``validate_staged`` does, and RuntimeError where the process itself died."""
    arguments = {
        "account": account.name,
        "run_id": run_id,
        "entity": entity,
        "table": (table.SCHEMA, table.name),
        "owner_fields": account.header_owner_fields,
        "sales_team": account.sales_team_of(entity.name),
        "custom_fields": account.custom_fields.get(entity.name, ()),
        "settings": account.validation,
        "live_rows": _rows_before(warehouse, account, run_id, entity),
        "docs_dir": data_docs_folder(),
    }
    answer = _asked(_process(os.getpid()), (warehouse.url.render_as_string(hide_password=False), arguments))
    if isinstance(answer, Exception):
        raise answer
    return cast("ValidationOutcome", answer)


@cache
def _process(_parent: int) -> subprocess.Popen[bytes]:
    """The process of this task process; a forked child, having another id, gets its own."""
    process = subprocess.Popen([sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for its end too, where the task process ends in order."""
    if process.poll() is None:  # in a forked child it never is: the process is no child of that one
        with process:
            process.terminate()


def _asked(process: subprocess.Popen[bytes], question: object) -> object:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        pickle.dump(question, process.stdin)
        process.stdin.flush()
        return pickle.load(process.stdout)
    except (EOFError, BrokenPipeError) as error:
        _process.cache_clear()
        raise RuntimeError(
            f"The process that validates ended (exit code {process.wait()}), perhaps for want of memory; nothing was "
            "loaded. Run the task again."
        ) from error


def _rows_before(warehouse: Engine, account: Account, run_id: str, entity: Entity) -> int | None:
    """Rows that a full read should find again: those live in raw, or of the last load if it had fewer.

    The last load counts so that a shrinking that someone has once allowed is not held against the runs after it. None
    where a read of changes may have any length.
    """
    if entity.incremental:
        return None
    rows_before = text(ROWS_BEFORE.read_text(encoding="utf-8").format(table=f"raw.{entity.name}"))
    with warehouse.connect() as connection:
        found = connection.execute(rows_before, {"account": account.name, "entity": entity.name, "run_id": run_id})
        return cast("int", found.scalar_one())


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer validations until there are no more questions."""
    from include.validate.validate import validate_staged

    while True:
        try:
            url, arguments = pickle.load(questions)
        except EOFError:
            return
        try:
            answer: object = validate_staged(url, **arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent raises it
            answer = error
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    # What anybody prints goes to the log, not among the answers.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as pipe:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        serve(sys.stdin.buffer, pipe)

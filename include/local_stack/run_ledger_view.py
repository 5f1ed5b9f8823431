"""What the warehouse says of a run: its progress, its summary, and whether its numbers add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Engine

SQL = Path(__file__).parent / "sql"
Row = dict[str, Any]


@dataclass(frozen=True)
class Summary:
    """A run in numbers; each list holds one dict per row of the SQL file of the same name."""

    entities: list[Row]
    findings: list[Row]
    open_quarantine: list[Row]
    recipients: list[Row]
    users_and_credit: list[Row]
    live_invoices: list[Row]
    freshness: list[Row]


class RunView:
    """Reads one run of one account from the warehouse. Nothing is kept between two looks.

    Args:
        warehouse: an engine of the warehouse.
        account: the account's name.
        run_id: Airflow's run id.
    """

    def __init__(self, warehouse: "Engine", account: str, run_id: str) -> None:
        self._warehouse = warehouse
        self.account = account
        self.run_id = run_id

    def steps_so_far(self) -> list[Row]:
        """Entity, step, state and rows of every step that has begun, in order."""
        return self._rows("steps_so_far")

    def summary(self) -> Summary:
        """The run in numbers."""
        return Summary(**{name: self._rows(name) for name in Summary.__dataclass_fields__})

    def _rows(self, name: str) -> list[Row]:
        from include.warehouse.database import run_sql_file

        with self._warehouse.connect() as connection:
            return run_sql_file(connection, SQL / f"{name}.sql", account=self.account, run_id=self.run_id)[-1].rows


def what_does_not_add_up(summary: Summary, owner_fields: Sequence[str]) -> list[str]:
    """Sentences about numbers that should be equal and aren't; empty when all is well."""
    faults = [
        f"{row['entity']}: read {row['rows_read']}, but loaded {row['rows_loaded']} "
        f"and quarantined {row['quarantined']}"
        for row in summary.entities
        if row["rows_read"] != (row["rows_loaded"] or 0) + row["quarantined"]
    ]
    for row in summary.live_invoices:
        wanted = row["invoices"] * len(owner_fields)
        if row["recipients"] != wanted:
            faults.append(
                f"publish.recipients holds {row['recipients']} rows, but {row['invoices']} invoices "
                f"with {len(owner_fields)} owner fields make {wanted}"
            )
    if not summary.users_and_credit:
        faults.append("the run's publish is not in the ledger")
    return faults

"""Whether two warehouses hold the same."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

TIMES_OF_DAY = {
    "created_at",
    "updated_at",
    "refreshed_at",
    "resolved_at",
    "looked_up_at",
    "owner_valid_from",
    "owner_known_from",
}

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Installation


def tables(installation: Installation, *, of_any_run: bool = False) -> dict[str, list[tuple]]:
    """What may be compared between two warehouses: users go by their address, and times of day are left out."""
    emails = {str(row["user_id"]): row["email"] for row in installation.rows("SELECT * FROM workflow.users")}
    left_out = TIMES_OF_DAY | ({"run_id"} if of_any_run else set())

    def row_of(row: dict) -> tuple:
        return tuple((name, emails.get(str(value), str(value))) for name, value in row.items() if name not in left_out)

    extra = {
        "raw.owner_lookups": "SELECT * FROM raw.owner_lookups ORDER BY 1, 2",
        "matching.employee_matches": "SELECT * FROM matching.employee_matches ORDER BY account, employee_id",
        "ops.watermarks": "SELECT entity, run_id FROM ops.watermarks ORDER BY 1",
        "ops.extraction_windows": "SELECT entity, run_id, rows_read, rows_loaded FROM ops.extraction_windows",
    }
    rows = installation.tables() | {name: installation.rows(query) for name, query in extra.items()}
    return {name: sorted(map(row_of, content)) for name, content in rows.items()}


def differences(one: dict[str, list[tuple]], other: dict[str, list[tuple]]) -> dict[str, list[tuple]]:
    """Some rows that only one of the two has, by table; none where they are the same."""
    both = {name: (Counter(one[name]), Counter(other[name])) for name in one | other}
    return {name: [*(left - right), *(right - left)][:4] for name, (left, right) in both.items() if left != right}


def published(content: dict[str, list[tuple]]) -> dict[str, list[tuple]]:
    return {name: rows for name, rows in content.items() if name.startswith(("publish", "workflow"))}

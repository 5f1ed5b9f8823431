"""Which user is each employee that an invoice names? Decided in SQL, small step by small step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import text

from include.matching.email_key import TRIMMED, email_key
from include.warehouse.database import run_sql_file, without_nested_loops

if TYPE_CHECKING:
    from sqlalchemy import Connection

UserMode = Literal["import", "match_only"]

SQL = Path(__file__).parent / "sql"
VERDICTS = ("linked", "same_email", "new_user", "conflict", "no_user")

# One number per account, of the kind that PostgreSQL's advisory locks take.
LOCK_KEY = "hashtextextended('match and publish ' || :account, 0)"


def refresh_user_email_keys(connection: Connection, account: str) -> int:
    """Compute the match keys of users whose address changed since; returns how many."""
    stale = run_sql_file(connection, SQL / "users_without_current_key.sql", account=account)[0].rows
    if stale:
        run_sql_file(
            connection,
            SQL / "keep_user_email_keys.sql",
            user_ids=[user["user_id"] for user in stale],
            emails=[user["email"] for user in stale],
            email_keys=[email_key(user["email"]) for user in stale],
        )
    return len(stale)


def match(connection: Connection, *, account: str, run_id: str, user_mode: UserMode) -> dict[str, int]:
    """Bring ``matching.employee_matches`` of the account to the present state of employees and users.

    Changes no user: what it finds is put into effect by ``publish``, which matches again under its own locks. Waits for
    another match or publish of the account to end its transaction.

    Returns:
        employees per verdict, ``rows`` (all of them) and ``changed`` (rows that came, changed or went).
    """
    connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_KEY})"), {"account": account})
    with without_nested_loops(connection):
        refresh_user_email_keys(connection, account)
    run_sql_file(connection, SQL / "named_employees.sql", account=account, trimmed=TRIMMED)
    with without_nested_loops(connection):
        if user_mode == "match_only":
            run_sql_file(connection, SQL / "employees_of_users.sql", account=account, trimmed=TRIMMED)
        run_sql_file(connection, SQL / "human_verdicts.sql", account=account)
        run_sql_file(connection, SQL / "user_addresses.sql", account=account, user_mode=user_mode)
        run_sql_file(connection, SQL / "employee_verdicts.sql", account=account, user_mode=user_mode)
        kept = run_sql_file(connection, SQL / "keep_matches.sql", account=account, run_id=run_id)
    deleted, upserted, verdicts, _ = kept
    employees = dict.fromkeys(VERDICTS, 0) | {row["verdict"]: row["employees"] for row in verdicts.rows}
    return {"rows": sum(employees.values()), **employees, "changed": deleted.rowcount + upserted.rowcount}

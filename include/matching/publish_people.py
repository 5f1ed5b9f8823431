"""What is published of people beside the recipients: conflicts that wait for a person, and which employee a user is.

Both are parts of the transaction of ``publish``, and come after the users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.matching.match import SQL, refresh_user_email_keys
from include.warehouse.database import run_sql_file

if TYPE_CHECKING:
    from sqlalchemy import Connection


def publish_user_mapping(connection: Connection, account: str, run_id: str) -> dict[str, int]:
    """Bring ``publish.user_mapping`` to the users as they are now written.

    Returns:
        ``users_mapped`` and ``users_not_mapped``.
    """
    refresh_user_email_keys(connection, account)
    *_, users, _ = run_sql_file(connection, SQL / "publish_user_mapping.sql", account=account, run_id=run_id)
    return {"users_mapped": users.rows[0]["mapped"], "users_not_mapped": users.rows[0]["not_mapped"]}


def publish_conflicts(connection: Connection, account: str, run_id: str) -> dict[str, int]:
    """Bring ``publish.conflicts`` to the users as they are now written and mapped.

    Returns:
        ``conflicts`` (open now), ``conflicts_opened``, ``conflicts_changed`` and ``conflicts_settled``.
    """
    _, settled, changed, opened, conflicts, _ = run_sql_file(
        connection, SQL / "publish_conflicts.sql", account=account, run_id=run_id
    )
    return {
        "conflicts": conflicts.rows[0]["open_now"],
        "conflicts_opened": opened.rowcount,
        "conflicts_changed": changed.rowcount,
        "conflicts_settled": settled.rowcount,
    }

"""Roles of users (O14): changed by a permitted person, with who and when; never by a sync."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from include.matching.errors import NoSuchUser
from include.matching.match import SQL
from include.warehouse.database import run_sql_file

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

Role = Literal["viewer", "member", "admin"]


class RoleOfUser(NamedTuple):
    """A user's role, and who changed it last; nobody since the user was made where ``changed_by`` is None."""

    role: str
    changed_by: str | None
    changed_at: datetime | None


def change_role(connection: Connection, *, account: str, user_id: UUID, role: Role, changed_by: str) -> RoleOfUser:
    """Give a user a role, and log it in ``workflow.role_changes``; the role that the user has already changes nothing.

    Raises:
        NoSuchUser: the account has no such user.
    """
    *_, users = run_sql_file(
        connection, SQL / "change_role.sql", account=account, user_id=user_id, role=role, changed_by=changed_by
    )
    if not users.rows:
        raise NoSuchUser(f"Account {account} has no user {user_id}; workflow.users lists those that there are.")
    return RoleOfUser(**users.rows[0])

"""An account's users for a person to look at: role (O14), and employee or the reason why there is none (E5, E6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include.matching.match import SQL
from include.warehouse.database import run_sql_file

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection


class UserOfAccount(NamedTuple):
    """A user. ``role_changed_by`` None: nobody changed the role since the user was made, at ``created_at``.

    ``rule`` and ``reason`` as in ``publish.user_mapping``; the reason is ``not_published`` for a user whom no publish
    has seen yet. ``found``: how many users were asked for, on whatever page.
    """

    user_id: UUID
    email: str
    display_name: str | None
    is_active: bool
    origin: str
    created_at: datetime
    role: str
    role_changed_by: str | None
    role_changed_at: datetime | None
    netsuite_integrated: bool
    employee_id: int | None
    rule: str | None
    reason: str | None
    found: int


class UserCounts(NamedTuple):
    """How many users there are; ``not_mapped``: without an employee (E5), or not seen by a publish yet."""

    users: int
    mapped: int
    not_mapped: int
    in_conflict: int


def users_of_account(
    connection: Connection,
    account: str,
    *,
    limit: int,
    offset: int = 0,
    netsuite_integrated: bool | None = None,
    search: str = "",
) -> list[UserOfAccount]:
    """Users by address, at most ``limit`` after the first ``offset``; with an employee, without, or (None) all.

    ``search``: a part of their address or name, in any case.

    Raises:
        WarehouseError: the warehouse can't be asked.
    """
    (found,) = run_sql_file(
        connection,
        SQL / "users_of_account.sql",
        account=account,
        netsuite_integrated=netsuite_integrated,
        search=search,
        limit=limit,
        offset=offset,
    )
    return [UserOfAccount(**row) for row in found.rows]


def count_users(connection: Connection, account: str) -> UserCounts:
    """The card "Not mapped with NetSuite" (E5), and what it is a part of.

    Raises:
        WarehouseError: the warehouse can't be asked.
    """
    (found,) = run_sql_file(connection, SQL / "count_users.sql", account=account)
    return UserCounts(**found.rows[0])

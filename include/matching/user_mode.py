"""The switch to match only (E1-E3): asked for beforehand, written down with who and when, and never taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.types.json import Jsonb
from sqlalchemy import text

from include.matching.errors import UserModeRefused
from include.matching.match import LOCK_KEY, SQL, match
from include.warehouse.database import run_sql_file

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

    from include.matching.match import UserMode

CONFIRMING_DAG = "netsuite_match_only"


class Preview(NamedTuple):
    """What match only would do to the users that there are: how many of each, and examples by address."""

    match: int
    no_match: int
    conflict: int
    examples: dict[str, list[str]]


def check_user_mode(connection: Connection, account: str, user_mode: UserMode) -> None:
    """See that the account file's user mode is in force.

    Raises:
        UserModeRefused: match only has not been confirmed; or it has, and the file says otherwise.
    """
    check_not_taken_back(connection, account, user_mode)
    if user_mode == "match_only" and _switch(connection, account) is None:
        raise UserModeRefused(
            f"The account file of {account} says user_mode: match_only, which nobody has confirmed yet. Run the DAG "
            f"{CONFIRMING_DAG}__{account} and approve what it shows; this can't be undone. Or write user_mode: import."
        )


def check_not_taken_back(connection: Connection, account: str, user_mode: UserMode) -> None:
    """See that the user mode is not what match only, once switched on, has ruled out.

    Raises:
        UserModeRefused: match only is on, and the user mode is another.
    """
    switch = _switch(connection, account)
    if user_mode != "match_only" and switch is not None:
        raise UserModeRefused(
            f"The account file of {account} says user_mode: {user_mode}, but {switch['confirmed_by']} switched the "
            f"account to match_only on {switch['confirmed_at']:%Y-%m-%d}, and that can't be undone. Write "
            "user_mode: match_only."
        )


def check_not_switched(connection: Connection, account: str, user_mode: UserMode) -> None:
    """See that a confirmation is wanted.

    Raises:
        UserModeRefused: the account file does not ask for match only, or it is on already.
    """
    switch = _switch(connection, account)
    if switch is not None:
        raise UserModeRefused(
            f"{switch['confirmed_by']} switched account {account} to match_only on {switch['confirmed_at']:%Y-%m-%d}; "
            "there is nothing left to confirm."
        )
    if user_mode != "match_only":
        raise UserModeRefused(
            f"The account file of {account} says user_mode: {user_mode}. Write user_mode: match_only there first, then "
            "run this DAG again: no sync runs in between."
        )


def preview_match_only(connection: Connection, account: str, run_id: str) -> Preview:
    """How the present users would be matched with the employees read so far; nothing is kept."""
    attempt = connection.begin_nested()
    try:
        match(connection, account=account, run_id=run_id, user_mode="match_only")
        (outcomes,) = run_sql_file(connection, SQL / "preview_match_only.sql", account=account)
    finally:
        attempt.rollback()
    found = {row["outcome"]: row for row in outcomes.rows}
    counts = {name: found[name]["users"] if name in found else 0 for name in ("match", "no_match", "conflict")}
    return Preview(**counts, examples={name: row["examples"] for name, row in found.items()})


def switch_to_match_only(
    connection: Connection, account: str, *, confirmed_by: str, run_id: str, shown: dict[str, Any]
) -> None:
    """Write down that a person confirmed match only; in force from then on, for ever. Again, it changes nothing.

    Waits for a publish of the account that is under way, which began without it.
    """
    connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_KEY})"), {"account": account})
    connection.execute(
        text("""
        INSERT INTO ops.user_mode_switches (account, user_mode, confirmed_by, run_id, shown)
        VALUES (:account, 'match_only', :confirmed_by, :run_id, :shown)
        ON CONFLICT (account) DO NOTHING
        """),
        {"account": account, "confirmed_by": confirmed_by, "run_id": run_id, "shown": Jsonb(shown)},
    )


def _switch(connection: Connection, account: str) -> RowMapping | None:
    return (
        connection.execute(
            text("SELECT confirmed_by, confirmed_at FROM ops.user_mode_switches WHERE account = :account"),
            {"account": account},
        )
        .mappings()
        .one_or_none()
    )

"""Users, recipients and customer credit: published together or not at all (P5)."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg.errors import LockNotAvailable
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from include.matching.email_key import TRIMMED
from include.matching.errors import UnknownRun, UsersLocked
from include.matching.match import LOCK_KEY, SQL, match
from include.warehouse.database import run_sql_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from sqlalchemy import Connection, Engine

    from include.matching.match import UserMode

WAIT_FOR_USERS = "60s"


def publish(engine: Engine, *, account: str, run_id: str, user_mode: UserMode) -> dict[str, object]:
    """Create and update users, and bring recipients and customer credit to the present state of ``raw``.

    One transaction on one snapshot: readers see all of it or nothing, and a failure leaves every table as it was.
    Publishes of one account wait for each other. While it works, nobody else can write ``workflow.users``; so what is
    published holds for the users as they are when it becomes visible. Run twice, it changes nothing the second time.

    Returns:
        ``rows`` (recipients in all), ``users_created``, ``users_updated``, ``credit_inserted``, ``credit_updated``,
        ``credit_deleted``, ``verdicts`` (as ``match`` counts them), ``recipients``: owner field -> status ->
        ``rows`` (now), ``inserted``, ``updated``, ``deleted`` (in this run), and ``coverage``: entity ->
        ``covered_up_to``, ``last_reconciled_at`` (ISO 8601), ``differences``, ``open_differences`` (null: never
        compared).

    Raises:
        UnknownRun: the run ledger has no such run.
        UsersLocked: someone else kept ``workflow.users`` locked for a minute.
    """
    with session_of_account(engine, account) as connection, connection.begin():
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        hold_users(connection)
        return publish_in(connection, account, run_id, user_mode)


@contextmanager
def session_of_account(engine: Engine, account: str) -> Iterator[Connection]:
    """A session that holds the account's lock before its transaction, and so its snapshot, begins."""
    with engine.connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({LOCK_KEY})"), {"account": account})
        connection.commit()
        try:
            yield connection
        finally:
            # The lock ends with the session, whatever state that is in; the pool opens another one.
            connection.invalidate()


def hold_users(connection: Connection) -> None:
    """Keep others from writing users until the transaction ends.

    For a publish it comes first, since the snapshot is taken by the first query after it.

    Raises:
        UsersLocked: someone else kept them locked for a minute.
    """
    try:
        connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_FOR_USERS}'"))
        connection.execute(text("LOCK TABLE workflow.users IN SHARE ROW EXCLUSIVE MODE"))
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        raise UsersLocked(
            f"Another session kept the table workflow.users locked for {WAIT_FOR_USERS}; nothing was published. "
            "See pg_stat_activity for a transaction that was left open, end it, and run the task again."
        ) from error


def publish_in(connection: Connection, account: str, run_id: str, user_mode: UserMode) -> dict[str, object]:
    """Publish in the connection's transaction, whose session holds the account's lock and the users; as ``publish``."""
    cutoff_at = _cutoff(connection, account, run_id)
    verdicts = match(connection, account=account, run_id=run_id, user_mode=user_mode)
    updated, created = run_sql_file(
        connection, SQL / "create_and_follow_users.sql", account=account, user_mode=user_mode
    )
    run_sql_file(connection, SQL / "resolve_owners.sql", account=account, trimmed=TRIMMED)
    run_sql_file(connection, SQL / "recipient_changes.sql", account=account)
    *_, recipients = run_sql_file(connection, SQL / "publish_recipients.sql", account=account, run_id=run_id)
    _, deleted, refreshed, inserted = run_sql_file(
        connection, SQL / "publish_customer_credit.sql", account=account, cutoff_at=cutoff_at, trimmed=TRIMMED
    )
    *_, publication = run_sql_file(connection, SQL / "record_publication.sql", account=account, run_id=run_id)
    return {
        "rows": sum(counted["rows"] for counted in recipients.rows),
        "users_created": created.rowcount,
        "users_updated": updated.rowcount,
        "credit_inserted": inserted.rowcount,
        "credit_updated": refreshed.rowcount,
        "credit_deleted": deleted.rowcount,
        "verdicts": verdicts,
        "recipients": _by_field_and_status(recipients.rows),
        "coverage": _by_entity(publication.rows),
    }


def _cutoff(connection: Connection, account: str, run_id: str) -> datetime:
    cutoff: datetime | None = connection.scalar(
        text("SELECT cutoff_at FROM ops.sync_runs WHERE account = :account AND run_id = :run_id"),
        {"account": account, "run_id": run_id},
    )
    if cutoff is None:
        raise UnknownRun(
            f"Run {run_id} of account {account} is not in ops.sync_runs, so it never passed its fence; nothing was "
            "published. Run the DAG from its first task."
        )
    return cutoff


def _by_field_and_status(counted: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, dict[str, int]]]:
    recipients: defaultdict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    for row in counted:
        counts = {key: row[key] for key in ("rows", "inserted", "updated", "deleted")}
        recipients[row["owner_field"]][row["status"]] = counts
    return dict(recipients)


def _by_entity(publication: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["entity"]: {key: _as_json(row[key]) for key in row if key != "entity"} for row in publication}


def _as_json(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value

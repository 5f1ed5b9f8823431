"""Users, conflicts, recipients with their history and change log, and customer credit: published together (P5)."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg.errors import LockNotAvailable
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from include.matching.email_key import TRIMMED
from include.matching.errors import UnknownRun, UsersLocked
from include.matching.match import LOCK_KEY, SQL, match
from include.matching.publish_people import publish_conflicts, publish_user_mapping
from include.matching.user_mode import check_not_taken_back
from include.warehouse.database import run_sql_file, without_nested_loops

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from sqlalchemy import Connection, Engine

    from include.matching.match import UserMode

WAIT_FOR_USERS = "60s"

# Of the invoices or of the owners: when more have changed, resolving all recipients in one join is cheaper.
REBUILD_SHARE = 0.2

# What a verdict sets in motion comes to rest in two or three rounds; a state that never does waits for a person anyway.
MOST_ROUNDS = 8


def publish(
    engine: Engine, *, account: str, run_id: str, user_mode: UserMode, owner_fields: Sequence[str] | None = None
) -> dict[str, object]:
    """Create and update users, and bring recipients and customer credit to the present state of ``raw``.

    One transaction on one snapshot: readers see all of it or nothing, and a failure leaves every table as it was.
    Publishes of one account wait for each other. While it works, nobody else can write ``workflow.users``; so what is
    published holds for the users as they are when it becomes visible. Run twice, it changes nothing the second time.
    Only what can have changed since the last publish is resolved again: invoices that ``matching.changed_invoices``
    names, and those of owners whose state differs from ``matching.owner_states``.

    ``owner_fields``: those of the account file, kept in ``ops.owner_fields``; None leaves that table as it is.

    Returns:
        ``rows`` (recipients in all), ``rebuilt`` (whether all of them were resolved anew), ``users_created``,
        ``users_updated``, ``credit_inserted``, ``credit_updated``, ``credit_deleted``, ``verdicts`` (as ``match``
        counts them), what ``publish_user_mapping`` and ``publish_conflicts`` count,
        ``recipients``: owner field -> status -> ``rows`` (now),
        ``inserted``, ``updated``, ``deleted`` (in this run), and ``coverage``: entity -> ``covered_up_to``,
        ``last_reconciled_at`` (ISO 8601), ``differences``, ``open_differences`` (null: never compared).

    Raises:
        UnknownRun: the run ledger has no such run.
        UsersLocked: someone else kept ``workflow.users`` locked for a minute.
        UserModeRefused: a person has switched the account to match only, and ``user_mode`` is another.
    """
    with session_of_account(engine, account) as connection, connection.begin():
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        hold_users(connection)
        check_not_taken_back(connection, account, user_mode)
        if owner_fields is not None:
            fields = list(owner_fields)
            run_sql_file(connection, SQL / "keep_owner_fields.sql", account=account, run_id=run_id, owner_fields=fields)
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
    users = _bring_users_to_rest(connection, account, run_id, user_mode)
    with without_nested_loops(connection):
        conflicts = publish_conflicts(connection, account, run_id)
    recipients = _Recipients(connection, account, run_id, _publish_instant(connection, account))
    recipients.resolve()
    counted = recipients.apply()
    _, deleted, refreshed, inserted = run_sql_file(
        connection, SQL / "publish_customer_credit.sql", account=account, cutoff_at=cutoff_at, trimmed=TRIMMED
    )
    recipients.log()
    *_, publication = run_sql_file(connection, SQL / "record_publication.sql", account=account, run_id=run_id)
    return {
        "rows": sum(each["rows"] for each in counted),
        "rebuilt": recipients.rebuilt,
        **users,
        "credit_inserted": inserted.rowcount,
        "credit_updated": refreshed.rowcount,
        "credit_deleted": deleted.rowcount,
        **conflicts,
        "recipients": _by_field_and_status(counted),
        "coverage": _by_entity(publication.rows),
    }


def _bring_users_to_rest(connection: Connection, account: str, run_id: str, user_mode: UserMode) -> dict[str, object]:
    """Match, and write users and their mapping, until nothing moves any more.

    Once is enough where nobody has given a verdict. A verdict holds for its evidence, and what a sync does to links and
    addresses can be evidence about others: without another round, the next sync would judge anew with nothing changed.
    """
    created = updated = 0
    for _ in range(MOST_ROUNDS):
        verdicts = match(connection, account=account, run_id=run_id, user_mode=user_mode)
        with without_nested_loops(connection):
            parted, followed, made = run_sql_file(
                connection, SQL / "create_and_follow_users.sql", account=account, user_mode=user_mode
            )
            mapped = publish_user_mapping(connection, account, run_id)
        created += made.rowcount
        updated += followed.rowcount
        moved = parted.rowcount + followed.rowcount + made.rowcount
        if not moved or not _has_verdicts(connection, account):
            break
    return {"users_created": created, "users_updated": updated, "verdicts": verdicts, **mapped}


def _has_verdicts(connection: Connection, account: str) -> bool:
    given: bool = connection.scalar(
        text("SELECT EXISTS (SELECT FROM matching.verdicts WHERE account = :account)"), {"account": account}
    )
    return given


class _Recipients:
    """The steps from owners to published recipients, in one transaction.

    rebuilt: whether all recipients are resolved anew; decided by ``resolve``.
    """

    def __init__(self, connection: Connection, account: str, run_id: str, published_at: datetime) -> None:
        self._connection = connection
        self._values = {"account": account, "run_id": run_id, "published_at": published_at}
        self.rebuilt = True

    def resolve(self) -> None:
        """Find what differs from what is published, and why."""
        with without_nested_loops(self._connection):
            self._run("resolve_owners.sql", trimmed=TRIMMED)
            self._run("owner_changes.sql")
        (decision,) = self._run("take_changed_invoices.sql", rebuild_share=REBUILD_SHARE)
        self.rebuilt = decision["rebuilds"]
        self._run("all_recipients.sql" if self.rebuilt else "changed_recipients.sql")
        with without_nested_loops(self._connection) if self.rebuilt else nullcontext():
            self._run("recipient_changes.sql")

    def apply(self) -> list[dict[str, Any]]:
        """Keep what was so, publish what is; returns rows, inserted, updated and deleted per owner field and status."""
        self._run("keep_history.sql")
        self._run("publish_recipients.sql")
        self._run("count_all_recipients.sql" if self.rebuilt else "count_changed_recipients.sql")
        return self._run("count_recipients.sql")

    def log(self) -> None:
        """Append what changed to the change log, and the publish to its ledger; comes last."""
        self._run("log_recipient_changes.sql", rebuilt=self.rebuilt)

    def _run(self, file: str, **values: object) -> list[dict[str, Any]]:
        """Run a file; the rows of its last statement."""
        return run_sql_file(self._connection, SQL / file, **self._values, **values)[-1].rows


def _publish_instant(connection: Connection, account: str) -> datetime:
    *_, instant = run_sql_file(connection, SQL / "publish_instant.sql", account=account)
    published_at: datetime = instant.rows[0]["published_at"]
    return published_at


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

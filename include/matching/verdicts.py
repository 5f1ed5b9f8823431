"""The ambiguity court (B8): a person decides which user an employee in conflict is.

A verdict is put into effect by the next sync, names its author, and holds for exactly the evidence that they saw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.types.json import Jsonb
from sqlalchemy import text

from include.matching.errors import EvidenceChanged, NoSuchCandidate, NoSuchConflict, NoSuchVerdict, UserTaken
from include.matching.match import SQL
from include.warehouse.database import run_sql_file

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection


class Conflict(NamedTuple):
    """A conflict as it is published."""

    employee_id: int
    kind: str
    reason: str
    user_id: UUID | None
    evidence: dict[str, Any]
    evidence_hash: str
    reopened_because: str | None

    @property
    def candidates(self) -> set[str]:
        """The users who may be meant, by id."""
        return {candidate["user_id"] for candidate in self.evidence["candidates"]}


def conflicts(connection: Connection, account: str) -> list[Conflict]:
    """The account's conflicts that wait for a person, by employee."""
    (found,) = run_sql_file(connection, SQL / "open_conflicts.sql", account=account)
    return [Conflict(**row) for row in found.rows]


def give_verdict(
    connection: Connection,
    *,
    account: str,
    employee_id: int,
    user_id: UUID | None,
    evidence_hash: str,
    given_by: str,
    note: str | None = None,
) -> int:
    """Decide that an employee is a user, or (None) none of the candidates; the next sync puts it into effect.

    Args:
        evidence_hash: of the conflict as the person saw it (``publish.conflicts.evidence_hash``).
        given_by: the person.

    Returns:
        The verdict's number in ``matching.verdicts``.

    Raises:
        NoSuchConflict: the employee is not in conflict, or is not known at all.
        EvidenceChanged: the conflict is no longer what the person saw.
        NoSuchCandidate: the user is none of the conflict's candidates.
        UserTaken: a verdict in force says that the user is another employee.
    """
    _one_at_a_time(connection, account)
    conflict = {each.employee_id: each for each in conflicts(connection, account)}.get(employee_id)
    if conflict is None:
        raise NoSuchConflict(
            f"Employee {employee_id} of account {account} is not in conflict; publish.conflicts lists who is."
        )
    if conflict.evidence_hash != evidence_hash:
        raise EvidenceChanged(
            f"The evidence about employee {employee_id} of account {account} has changed since you saw it. Look at "
            f"publish.conflicts again and decide with the evidence hash {conflict.evidence_hash}."
        )
    if user_id is not None:
        _refuse_wrong_user(connection, account, conflict, user_id)
    return _append(
        connection,
        account,
        employee_id,
        decision="none" if user_id is None else "user",
        user_id=user_id,
        given_by=given_by,
        note=note,
        evidence=conflict.evidence,
        evidence_hash=conflict.evidence_hash,
    )


def withdraw_verdict(
    connection: Connection, *, account: str, employee_id: int, given_by: str, note: str | None = None
) -> int:
    """Take the newest verdict about an employee back; where the case is not clear without it, the conflict is back.

    Returns:
        The withdrawal's number in ``matching.verdicts``.

    Raises:
        NoSuchVerdict: there is none, or it has been withdrawn.
    """
    _one_at_a_time(connection, account)
    newest = connection.execute(
        text("SELECT * FROM matching.latest_verdicts WHERE account = :account AND employee_id = :employee"),
        {"account": account, "employee": employee_id},
    ).one_or_none()
    if newest is None or newest.decision == "withdrawn":
        raise NoSuchVerdict(f"No verdict stands about employee {employee_id} of account {account}.")
    return _append(
        connection,
        account,
        employee_id,
        decision="withdrawn",
        user_id=newest.user_id,
        given_by=given_by,
        note=note,
        evidence=newest.evidence,
        evidence_hash=newest.evidence_hash,
    )


def _one_at_a_time(connection: Connection, account: str) -> None:
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('verdicts ' || :account, 0))"), {"account": account}
    )


def _refuse_wrong_user(connection: Connection, account: str, conflict: Conflict, user_id: UUID) -> None:
    if str(user_id) not in conflict.candidates:
        known = ", ".join(sorted(conflict.candidates)) or "none: 'none of them' is all that can be decided"
        raise NoSuchCandidate(
            f"User {user_id} is no candidate for employee {conflict.employee_id} of account {account}; "
            f"candidates: {known}."
        )
    (claims,) = run_sql_file(
        connection,
        SQL / "claims_on_user.sql",
        account=account,
        user_id=user_id,
        employee_id=conflict.employee_id,
    )
    if claims.rows:
        claim = claims.rows[0]
        raise UserTaken(
            f"{claim['given_by']} decided that user {user_id} is employee {claim['employee_id']} of account {account}. "
            "Withdraw that verdict first, or choose another user."
        )


def _append(connection: Connection, account: str, employee_id: int, **columns: Any) -> int:
    (written,) = run_sql_file(
        connection,
        SQL / "append_verdict.sql",
        account=account,
        employee_id=employee_id,
        **(columns | {"evidence": Jsonb(columns["evidence"])}),
    )
    verdict_id: int = written.rows[0]["verdict_id"]
    return verdict_id

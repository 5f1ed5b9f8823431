"""No run provokes NetSuite's lock-out: after refused sign-ins nothing more is asked until a person has acted.

Five refusals lock the user for half an hour (ORA:subsect_156935170194). A client remembers its own, but every task of
every run has a client of its own: what they met is therefore kept in the run ledger, by a fingerprint of the
credentials. One that NetSuite takes, or other credentials, begin the count anew.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from include.netsuite.errors import NotSignedIn, SignInWithheld
from include.warehouse.database import run_sql_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from include.netsuite.connection import NetSuiteConnection
    from include.warehouse.ledger import RunLedger, StepCounts

REFUSED_SIGN_INS = Path(__file__).parent / "sql" / "refused_sign_ins.sql"

# Of the five that lock the user: so many for whatever runs by itself, and one more for a person.
UNATTENDED = 3
BY_HAND = 4
LOCKED_FOR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class SignInGuard:
    """What a step must know before it signs in. To be made before the step begins, whose counts are new then.

    ``met``: the rows of ``refused_sign_ins.sql``.
    """

    entity: str
    step: str
    run_id: str
    met: list[dict[str, Any]]

    @classmethod
    def of(cls, ledger: RunLedger, entity: str, step: str) -> SignInGuard:
        """Look up what the account's runs have met."""
        with ledger.engine.begin() as connection:
            (found,) = run_sql_file(connection, REFUSED_SIGN_INS, account=ledger.account)
        return cls(entity, step, ledger.run_id, found.rows)

    @contextmanager
    def watch(self, connection: NetSuiteConnection, counts: StepCounts, *, by_hand: bool) -> Iterator[None]:
        """Let the step ask NetSuite, and count a refusal of its sign-in.

        Args:
            connection: whose credentials the step uses.
            counts: of the step.
            by_hand: a person has begun the run to try whether they are taken.

        Raises:
            SignInWithheld: they were refused too often.
        """
        met = [row for row in self.met if row["credentials"] == connection.fingerprint]
        before = sum(row["times"] for row in met if self._is_mine(row))
        times = sum(row["times"] for row in met)
        last = max((row["refused_at"] for row in met), default=None)
        try:
            if last is not None:
                _withhold(connection, times, last, by_hand=by_hand)
            yield
        except NotSignedIn as error:
            self._count(connection, counts, before + error.times, datetime.now(UTC))
            raise
        except SignInWithheld:
            if before and last is not None:
                self._count(connection, counts, before, last)
            raise

    def _is_mine(self, row: dict[str, Any]) -> bool:
        return (row["run_id"], row["entity"], row["step"]) == (self.run_id, self.entity, self.step)

    @staticmethod
    def _count(connection: NetSuiteConnection, counts: StepCounts, times: int, refused_at: datetime) -> None:
        counts.set(
            refused_credentials=connection.fingerprint, refused_sign_ins=times, refused_at=refused_at.isoformat()
        )


def _withhold(connection: NetSuiteConnection, times: int, last: datetime, *, by_hand: bool) -> None:
    until = last + LOCKED_FOR
    if times < UNATTENDED or (by_hand and (times < BY_HAND or datetime.now(UTC) >= until)):
        return
    act = (
        f"wait until {until:%Y-%m-%d %H:%M} UTC, when a lock would have ended, and run the DAG by hand once more"
        if by_hand
        else "run the DAG by hand (Trigger), which tries once more"
    )
    raise SignInWithheld(
        f"NetSuite has refused the sign-in to account {connection.account} at {connection.base_url} {times} times in a"
        f" row, last at {last:%Y-%m-%d %H:%M} UTC, so nothing was asked this time: five refusals lock the user for 30"
        " minutes. The first runs that failed say why, and so does Setup > Users/Roles > Login Audit Trail in NetSuite."
        f" Correct the connection: the next run signs in with it. If the mistake was in NetSuite, {act}."
    )

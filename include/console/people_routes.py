"""What a person does about people, as routes of an app of Airflow's API server: verdicts on conflicts, and roles.

To see an account's conflicts is for whoever may read the DAG of its sync, as with all that belongs to an account. To
decide them is for whoever may run its DAG of verdicts. Roles have no DAG: to give them is for whoever may edit
connections and read the account. The person's name is Airflow's; nobody can act in another's.

``people_router`` imports Airflow's security only when it is called: every process loads the plugin. Annotations are
evaluated at once, since FastAPI would look for those names among the module's own.
"""

from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, Field

from include.console.api_access import may_read_sync, may_run_verdicts
from include.console.problems import Problem, Wrong, problem_answers
from include.matching.errors import EvidenceChanged, MatchingError, NoSuchConflict, NoSuchUser, NoSuchVerdict, UserTaken
from include.matching.roles import Role, change_role
from include.matching.verdicts import conflicts, give_verdict, withdraw_verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

Answer = TypeVar("Answer")
NOT_FOUND = (NoSuchConflict, NoSuchUser, NoSuchVerdict)
CLASHES = (EvidenceChanged, UserTaken)


class Verdict(BaseModel):
    """Which user an employee in conflict is; ``user_id`` null: none of the candidates."""

    user_id: UUID | None
    evidence_hash: str = Field(description="Of the conflict as you saw it.")
    note: str | None = Field(None, max_length=2000)


class NewRole(BaseModel):
    """The role that a user is to have."""

    role: Role


def people_router(warehouse: "Callable[[], Engine]") -> APIRouter:
    """The routes, each with its own permission.

    Args:
        warehouse: gives the engine of the warehouse.
    """
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_connection, requires_access_view

    def may_read(account: str, user: GetUserDep) -> None:
        if not may_read_sync(user, account):
            raise _not_permitted(f"you may not read account {account!r}", "read the DAG of its sync")

    def may_decide(account: str, user: GetUserDep) -> None:
        if not may_run_verdicts(user, account):
            raise _not_permitted(f"you may not decide conflicts of account {account!r}", "run its DAG of verdicts")

    router = APIRouter(
        tags=["people"],
        dependencies=[Depends(requires_access_view(AccessView.PLUGINS))],
        responses=problem_answers(404, 409, 422, 503),
    )
    reader, judge = [Depends(may_read)], [Depends(may_decide)]
    giver_of_roles = [Depends(requires_access_connection("PUT")), *reader]

    @router.get("/accounts/{account}/conflicts", dependencies=reader)
    def open_conflicts(account: str) -> list[dict[str, Any]]:
        """Employees of whom a person must decide which user they are, with all evidence."""
        return _done(warehouse, lambda connection: [conflict._asdict() for conflict in conflicts(connection, account)])

    @router.post("/accounts/{account}/conflicts/{employee_id}/verdict", status_code=201, dependencies=judge)
    def decide(account: str, employee_id: int, verdict: Verdict, user: GetUserDep) -> dict[str, int]:
        """Decide a conflict; the next sync puts it into effect."""
        return _done(
            warehouse,
            lambda connection: {
                "verdict_id": give_verdict(
                    connection,
                    account=account,
                    employee_id=employee_id,
                    user_id=verdict.user_id,
                    evidence_hash=verdict.evidence_hash,
                    given_by=user.get_name(),
                    note=verdict.note,
                )
            },
        )

    @router.delete("/accounts/{account}/conflicts/{employee_id}/verdict", dependencies=judge)
    def withdraw(account: str, employee_id: int, user: GetUserDep) -> dict[str, int]:
        """Take the newest verdict back."""
        return _done(
            warehouse,
            lambda connection: {
                "verdict_id": withdraw_verdict(
                    connection, account=account, employee_id=employee_id, given_by=user.get_name()
                )
            },
        )

    @router.put("/accounts/{account}/users/{user_id}/role", dependencies=giver_of_roles)
    def give_role(account: str, user_id: UUID, new: NewRole, user: GetUserDep) -> dict[str, Any]:
        """Change a user's role, with who and when."""
        return _done(
            warehouse,
            lambda connection: change_role(
                connection, account=account, user_id=user_id, role=new.role, changed_by=user.get_name()
            )._asdict(),
        )

    return router


def _not_permitted(what: str, right: str) -> Problem:
    return Problem(403, Wrong(what=f"{what}; that takes the right to {right}", where="account"))


def _done(warehouse: "Callable[[], Engine]", work: "Callable[[Connection], Answer]") -> Answer:
    """Work in one transaction; what a person must mend becomes an answer with the error's own words."""
    try:
        with warehouse().begin() as connection:
            return work(connection)
    except MatchingError as error:
        status = 404 if isinstance(error, NOT_FOUND) else 409 if isinstance(error, CLASHES) else 422
        raise HTTPException(status, str(error)) from error

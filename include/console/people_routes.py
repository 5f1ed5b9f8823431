"""What a person does about people, as routes of an app of Airflow's API server: users, verdicts on conflicts, roles.

To see an account's users and conflicts is for whoever may read the DAG of its sync, as with all that belongs to an
account. To decide conflicts is for whoever may run its DAG of verdicts. Roles have no DAG: to give them is for whoever
may edit connections and read the account. The person's name is Airflow's; nobody can act in another's.

``people_router`` imports Airflow's security only when it is called: every process loads the plugin. Annotations are
evaluated at once, since FastAPI would look for those names among the module's own.
"""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from include.console.api_access import may_read_sync, may_run_verdicts
from include.console.api_inputs import AccountName, Text, account_that_is_there, not_permitted, readable_account
from include.console.problems import problem_answers
from include.matching.errors import EvidenceChanged, MatchingError, NoSuchConflict, NoSuchUser, NoSuchVerdict, UserTaken
from include.matching.roles import Role, change_role
from include.matching.users import count_users, users_of_account
from include.matching.verdicts import conflicts, give_verdict, withdraw_verdict
from include.recipients.resolve import LARGEST_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

Answer = TypeVar("Answer")
NOT_FOUND = (NoSuchConflict, NoSuchUser, NoSuchVerdict)
CLASHES = (EvidenceChanged, UserTaken)
MOST_USERS = 1000
FURTHEST = 1_000_000

AccountInPath = Annotated[AccountName, Path()]
EmployeeInPath = Annotated[int, Path(ge=1, le=LARGEST_ID, description="NetSuite's internal id of the employee")]
Integrated = Annotated[bool | None, Query(description="with an employee, or without; leave it out for all")]
Limit = Annotated[int, Query(ge=1, le=MOST_USERS, description="how many at most")]
Offset = Annotated[int, Query(ge=0, le=FURTHEST, description="how many to leave out before them")]


class Verdict(BaseModel):
    """Which user an employee in conflict is; ``user_id`` null: none of the candidates."""

    model_config = ConfigDict(extra="forbid")

    user_id: UUID | None
    evidence_hash: Text = Field(description="Of the conflict as you saw it.")
    note: Text | None = Field(None, max_length=2000)


class NewRole(BaseModel):
    """The role that a user is to have."""

    model_config = ConfigDict(extra="forbid")

    role: Role


class UserBody(BaseModel):
    """A user, their role and their employee. ``role_changed_by`` null: nobody changed the role since ``created_at``."""

    user_id: UUID
    email: str
    display_name: str | None
    is_active: bool
    origin: str
    created_at: datetime
    role: Role
    role_changed_by: str | None
    role_changed_at: datetime | None
    netsuite_integrated: bool
    employee_id: int | None
    rule: str | None = Field(description="what brought user and employee together, as in publish.user_mapping")
    reason: str | None = Field(
        description="why there is no employee; not_published: the user is newer than the last sync"
    )


class UserCountsBody(BaseModel):
    """How many users there are; not_mapped: without an employee."""

    users: int
    mapped: int
    not_mapped: int
    in_conflict: int


def people_router(warehouse: "Callable[[], Engine]") -> APIRouter:
    """The routes, each with its own permission.

    Args:
        warehouse: gives the engine of the warehouse.
    """
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_connection, requires_access_view

    def may_read(account: AccountInPath, user: GetUserDep) -> str:
        return readable_account(account, partial(may_read_sync, user))

    def may_decide(account: AccountInPath, user: GetUserDep) -> str:
        if not may_run_verdicts(user, account):
            raise not_permitted(f"you may not decide conflicts of account {account!r}", "run its DAG of verdicts")
        return account_that_is_there(account, partial(may_read_sync, user))

    router = APIRouter(
        tags=["people"],
        dependencies=[Depends(requires_access_view(AccessView.PLUGINS))],
        responses=problem_answers(404, 409, 422, 503),
    )
    # Each gives the account's name to who has that right.
    readable, decidable = Depends(may_read), Depends(may_decide)

    @router.get("/accounts/{account}/users", response_model=list[UserBody])
    def users(
        netsuite_integrated: Integrated = None, limit: Limit = 100, offset: Offset = 0, account: str = readable
    ) -> list[dict[str, Any]]:
        """Users by address, each with their role, who gave it and when, and their employee or why there is none."""
        return _done(
            warehouse,
            lambda connection: [
                user._asdict()
                for user in users_of_account(
                    connection, account, limit=limit, offset=offset, netsuite_integrated=netsuite_integrated
                )
            ],
        )

    @router.get("/accounts/{account}/users/summary", response_model=UserCountsBody)
    def summary_of_users(account: str = readable) -> dict[str, int]:
        """How many users have an employee, and how many are not mapped with NetSuite."""
        return _done(warehouse, lambda connection: count_users(connection, account)._asdict())

    @router.get("/accounts/{account}/conflicts")
    def open_conflicts(account: str = readable) -> list[dict[str, Any]]:
        """Employees of whom a person must decide which user they are, with all evidence."""
        return _done(warehouse, lambda connection: [conflict._asdict() for conflict in conflicts(connection, account)])

    @router.post("/accounts/{account}/conflicts/{employee_id}/verdict", status_code=201)
    def decide(
        employee_id: EmployeeInPath, verdict: Verdict, user: GetUserDep, account: str = decidable
    ) -> dict[str, int]:
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

    @router.delete("/accounts/{account}/conflicts/{employee_id}/verdict")
    def withdraw(employee_id: EmployeeInPath, user: GetUserDep, account: str = decidable) -> dict[str, int]:
        """Take the newest verdict back."""
        return _done(
            warehouse,
            lambda connection: {
                "verdict_id": withdraw_verdict(
                    connection, account=account, employee_id=employee_id, given_by=user.get_name()
                )
            },
        )

    @router.put("/accounts/{account}/users/{user_id}/role", dependencies=[Depends(requires_access_connection("PUT"))])
    def give_role(user_id: UUID, new: NewRole, user: GetUserDep, account: str = readable) -> dict[str, Any]:
        """Change a user's role, with who and when."""
        return _done(
            warehouse,
            lambda connection: change_role(
                connection, account=account, user_id=user_id, role=new.role, changed_by=user.get_name()
            )._asdict(),
        )

    return router


def _done(warehouse: "Callable[[], Engine]", work: "Callable[[Connection], Answer]") -> Answer:
    """Work in one transaction; what a person must mend becomes an answer with the error's own words."""
    try:
        with warehouse().begin() as connection:
            return work(connection)
    except MatchingError as error:
        status = 404 if isinstance(error, NOT_FOUND) else 409 if isinstance(error, CLASHES) else 422
        raise HTTPException(status, str(error)) from error

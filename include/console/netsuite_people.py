"""The page "NetSuite people" inside the Airflow UI: who is who, in which role, what is in conflict, and why not.

O12 to O14, E5, E6, B8.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import quote, urlencode
from uuid import UUID  # noqa: TC003 - FastAPI reads the annotations

from include.accounts.files import WrongAccountFile, load_account
from include.console.access import protected_app, readable_dags, sent_by_own_page, who_may_give_roles
from include.console.account_state import accounts_of
from include.console.airflow_reader import NoWarehouseConnection, warehouse_url
from include.console.pages import NOT_FOUND, OK, UNAVAILABLE, page, with_warehouse
from include.matching.errors import NoSuchUser
from include.matching.roles import Role, change_role
from include.matching.users import users_of_account
from include.recipients.explain import Explained, Explanation, explain, explain_employee
from include.recipients.words import AUTHOR, CHECKS
from include.warehouse.database import open_warehouse
from include.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from include.console.warehouse_reader import Read, Row
    from include.matching.users import UserOfAccount

FORBIDDEN, UNPROCESSABLE, SEE_OTHER = 403, 422, 303
ROWS_PER_PAGE = 50
LAST_PAGE = 1_000_000
LONGEST_SEARCH = 254
LONGEST_TEMPLATE = 4000  # it stands in the page's address
ELSEWHERE = "This is no NetSuite account that you may see."
NO_ID = "An internal id is a whole number."
ROLES = get_args(Role)
Integrated = Literal["", "yes", "no"]

# publish.user_mapping.rule and .reason in words; not_published is this page's own.
RULES = {
    "human_verdict": "a person decided so",
    "same_email": "the same e-mail address",
    "linked_id": "the user holds the employee's id",
}
REASONS = {
    "email_invalid": "the user's e-mail address is not valid",
    "no_employee": "no employee has the user's e-mail address",
    "employee_not_found": "the user holds an id that is no employee of NetSuite",
    "employee_deleted": "the employee with the address was deleted in NetSuite",
    "employee_inactive": "the employee with the address is inactive in NetSuite",
    "conflict": "it is not clear who is who: a conflict waits for a person",
    "decided_none": "a person decided that the user is none of the employees",
    "employee_has_another_user": "the employee with the address is matched with another user",
    "not_on_an_invoice": "no synced invoice names the employee with the address",
    "not_published": "the user came after the last publish; the next sync looks at them",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """Which part of the list of users is shown."""

    integrated: Integrated = ""
    search: str = ""
    number: int = 1

    @property
    def filter(self) -> bool | None:
        """For ``users_of_account``."""
        return {"yes": True, "no": False}.get(self.integrated)

    def query(self, **changed: object) -> str:
        """The same as the query of an address, without what is as at first."""
        values = {"integrated": self.integrated, "search": self.search, "page": self.number} | changed
        return urlencode({name: value for name, value in values.items() if value not in ("", 1)})


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked under "Why?": about an invoice, or about an employee."""

    invoice: str = ""
    by_id: bool = False
    template: str = ""
    employee: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What can be said of it; ``wrong``: why nothing can."""

    invoice: Explanation | None = None
    employees: tuple[Explained, ...] = ()
    wrong: str = ""


async def netsuite_people(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application. Airflow's security is imported at the first request: every process loads the plugin."""
    await _app()(scope, receive, send)


@cache
def _app() -> FastAPI:
    app = protected_app()
    _add_pages(app)
    _add_role_change(app)
    _answer_in_words(app)
    return app


def _add_pages(app: FastAPI) -> None:
    from fastapi import Query

    dags, giver = readable_dags(), who_may_give_roles()
    a_search, an_invoice, an_employee = (
        Query("", alias=name, max_length=LONGEST_SEARCH) for name in ("search", "invoice", "employee")
    )
    a_template = Query("", max_length=LONGEST_TEMPLATE)
    any_page = Query(1, alias="page", ge=1, le=LAST_PAGE)

    def overview(readable: Any = dags) -> Response:
        return _overview_page(accounts_of(readable))

    def users(
        account: str,
        integrated: Integrated = "",
        search: str = a_search,
        number: int = any_page,
        changed: UUID | None = None,
        readable: Any = dags,
        may_give: str | None = giver,
    ) -> Response:
        shown = Shown(integrated, search.replace("\0", ""), number)
        return _users_page(account, accounts_of(readable), shown, changed, can_give=may_give is not None)

    def why(
        account: str,
        invoice: str = an_invoice,
        by_id: bool = False,
        template: str = a_template,
        employee: str = an_employee,
        readable: Any = dags,
    ) -> Response:
        asked = Asked(invoice.strip(), by_id, template.strip(), employee.strip())
        return _why_page(account, accounts_of(readable), asked)

    def conflicts(account: str, number: int = any_page, readable: Any = dags) -> Response:
        return _conflicts_page(account, accounts_of(readable), number)

    app.add_api_route("/", overview, methods=["GET"], response_model=None)
    app.add_api_route("/accounts/{account}", users, methods=["GET"], response_model=None)
    app.add_api_route("/accounts/{account}/why", why, methods=["GET"], response_model=None)
    app.add_api_route("/accounts/{account}/conflicts", conflicts, methods=["GET"], response_model=None)


def _add_role_change(app: FastAPI) -> None:
    from fastapi import Form

    dags, giver, own_page = readable_dags(), who_may_give_roles(), sent_by_own_page()
    new_role, unfiltered, a_search = Form(), Form(""), Form("", max_length=LONGEST_SEARCH)
    any_page = Form(1, alias="page", ge=1, le=LAST_PAGE)

    def give_role(
        account: str,
        user_id: UUID,
        role: Role = new_role,
        integrated: Integrated = unfiltered,
        search: str = a_search,
        number: int = any_page,
        readable: Any = dags,
        given_by: str | None = giver,
        is_own: bool = own_page,
    ) -> Response:
        if given_by is None:
            return _not_changed(FORBIDDEN, "Roles are changed by whoever may edit connections in Airflow.")
        if not is_own:
            return _not_changed(FORBIDDEN, "The form was not sent by this page. Programs use the API instead.")
        if account not in accounts_of(readable):
            return _not_changed(NOT_FOUND, ELSEWHERE)
        return _give_role(account, user_id, role, given_by, Shown(integrated, search.replace("\0", ""), number))

    app.add_api_route("/accounts/{account}/users/{user_id}/role", give_role, methods=["POST"], response_model=None)


def _answer_in_words(app: FastAPI) -> None:
    """A request that can't be read, or that Airflow refuses, is answered with a page too."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    async def on_wrong_request(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        what = "; ".join(f"{part['loc'][-1]}: {part['msg']}" for part in error.errors())
        return page("nothing.html", UNPROCESSABLE, depth=_depth(request), what=f"This can't be asked. {what}")

    async def on_refusal(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        answer = page("nothing.html", error.status_code, depth=_depth(request), what=str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    app.add_exception_handler(RequestValidationError, on_wrong_request)
    app.add_exception_handler(HTTPException, on_refusal)


def _depth(request: Request) -> int:
    """How many folders below the plugin's own address a request is about."""
    path = str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))
    return max(0, path.count("/") - 1)


def _overview_page(names: list[str]) -> Response:
    cards, problem = with_warehouse(lambda read: read("people_cards", accounts=names) if read else [])
    status = UNAVAILABLE if problem else OK
    return page("people_accounts.html", status, depth=0, accounts=names, cards=cards, problem=problem)


def _users_page(account: str, names: list[str], shown: Shown, changed: UUID | None, *, can_give: bool) -> Response:
    def users(read: Read) -> list[UserOfAccount]:
        return users_of_account(
            read.connection,
            account,
            limit=ROWS_PER_PAGE,
            offset=_skipped(shown.number),
            netsuite_integrated=shown.filter,
            search=shown.search,
        )

    words = {"rules": RULES, "reasons": REASONS, "roles": ROLES}
    options = {"shown": shown, "changed": changed, "can_give": can_give, "most": ROWS_PER_PAGE, **words}
    return _account_page("people_users.html", account, names, users, depth=1, **options)


def _why_page(account: str, names: list[str], asked: Asked) -> Response:
    def answer(read: Read) -> Answered:
        return _answered(read, account, asked)

    words = {"checks": CHECKS, "author": AUTHOR, "longest": {"text": LONGEST_SEARCH, "template": LONGEST_TEMPLATE}}
    return _account_page("people_why.html", account, names, answer, depth=2, asked=asked, **words)


def _conflicts_page(account: str, names: list[str], number: int) -> Response:
    def conflicts(read: Read) -> list[Row]:
        return read("people_conflicts", account=account, most=ROWS_PER_PAGE, skip=_skipped(number))

    options = {"number": number, "most": ROWS_PER_PAGE}
    return _account_page("people_conflicts.html", account, names, conflicts, depth=2, **options)


def _account_page(
    template: str, account: str, names: list[str], look: Callable[[Read], Any], *, depth: int, **values: object
) -> Response:
    """A page of one account: chooser and cards on top, below them what ``look`` finds (None without a warehouse)."""
    if account not in names:
        return page("nothing.html", NOT_FOUND, depth=depth, what=ELSEWHERE)

    def look_up(read: Read | None) -> tuple[Row | None, Any]:
        return (read("people_cards", accounts=[account])[0], look(read)) if read else (None, None)

    (cards, found), problem = with_warehouse(look_up)
    top = {"account": account, "accounts": names, "cards": cards, "problem": problem}
    return page(template, UNAVAILABLE if problem else OK, depth=depth, found=found, **top, **values)


def _answered(read: Read, account: str, asked: Asked) -> Answered:
    if asked.employee:
        key = int(asked.employee) if _is_number(asked.employee) else asked.employee
        return Answered(employees=explain_employee(read.connection, account, key))
    if not asked.invoice:
        return Answered()
    if asked.by_id and not _is_number(asked.invoice):
        return Answered(wrong=NO_ID)
    try:
        owner_fields = load_account(account).owner_fields
    except WrongAccountFile as error:
        return Answered(wrong=str(error))
    invoice = int(asked.invoice) if asked.by_id else asked.invoice
    return Answered(explain(read.connection, account, owner_fields, invoice, asked.template or None))


def _give_role(account: str, user_id: UUID, role: Role, given_by: str, shown: Shown) -> Response:
    from starlette.responses import RedirectResponse

    try:
        engine = open_warehouse(warehouse_url())
        try:
            with engine.begin() as connection:
                change_role(connection, account=account, user_id=user_id, role=role, changed_by=given_by)
        finally:
            engine.dispose()
    except NoSuchUser as error:
        return _not_changed(NOT_FOUND, str(error))
    except (NoWarehouseConnection, WarehouseError) as error:
        return _not_changed(UNAVAILABLE, str(error))
    return RedirectResponse(f"../../../{quote(account)}?{shown.query(changed=user_id)}", SEE_OTHER)


def _not_changed(status: int, what: str) -> Response:
    return page("nothing.html", status, depth=4, heading="The role was not changed", what=what)


def _skipped(number: int) -> int:
    return (number - 1) * ROWS_PER_PAGE


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()

"""The routes of the API that are about recipients: resolve, lint, explain (O10 to O13, B1, B7)."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from include.accounts.files import load_account
from include.console.api_inputs import AccountName, readable_account
from include.console.problems import Problem, Wrong, problem_answers
from include.recipients.explain import explain, explain_employee
from include.recipients.lint import NamedTemplate, lint, templates_of_account
from include.recipients.resolve import LARGEST_ID, resolve
from include.recipients.template import LONGEST, SmartField, Template, parse_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from include.accounts.model import Account
    from include.console.api_access import Access
    from include.recipients.explain import Explained
    from include.recipients.resolve import InvoiceKey, InvoiceRecipients

MOST_INVOICES = 1000
MOST_TEMPLATES = 200

InternalId = Annotated[StrictInt, Field(ge=1, le=LARGEST_ID)]
InvoiceNumber = Annotated[StrictStr, Field(min_length=1, max_length=200)]
TemplateText = Annotated[
    str,
    Field(max_length=LONGEST, description="plain addresses and smart fields such as {{user_from_source_id:salesrep}}"),
]
InvoiceParameter = Annotated[str, Path(max_length=200, description="the invoice's number, or its internal id")]
By = Annotated[Literal["number", "id"], Query(description="what the invoice is asked for by")]


class Request(BaseModel):
    """What every body has in common."""

    model_config = ConfigDict(extra="forbid")

    account: AccountName


class ResolveRequest(Request):
    """A template and the invoices that it is to be resolved for."""

    template: TemplateText
    invoices: list[InternalId | InvoiceNumber] = Field(
        min_length=1,
        max_length=MOST_INVOICES,
        description="a number (JSON) is NetSuite's internal id, a text is an invoice number",
    )


class RecipientBody(BaseModel):
    """An address to mail about the invoice, and what it came from."""

    email: str
    owner_fields: list[str] = Field(description="with Team Selling also salesrep:2, salesrep:3, … of the sales team")
    in_template: bool = Field(description="whether the template itself names the address")


class UnresolvedBody(BaseModel):
    """An owner field that gives no recipient, and why."""

    owner_field: str = Field(description="with Team Selling also salesrep:2, salesrep:3, … of the sales team")
    status: str
    why: str
    who_can_mend: str | None
    employee_id: int | None


class InvoiceBody(BaseModel):
    """What a template resolves to for one invoice. Only with state ok is anyone to be mailed."""

    asked: int | str
    state: Literal["ok", "unknown_invoice", "invoice_deleted", "ambiguous_number"]
    why: str | None
    invoice_id: int | None
    invoice_number: str | None
    recipients: list[RecipientBody]
    unresolved: list[UnresolvedBody]


class MailedOnceBody(BaseModel):
    """One address, and the internal ids of all invoices that it came from."""

    email: str
    invoice_ids: list[int]


class ResolveAnswer(BaseModel):
    """Per invoice in the order asked for, and the union: whoever is reached twice is mailed once."""

    account: str
    invoices: list[InvoiceBody]
    union: list[MailedOnceBody]


class TemplateBody(BaseModel):
    """A template to be checked."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=200)
    recipients: TemplateText


class LintRequest(Request):
    """The templates to be checked."""

    templates: list[TemplateBody] | None = Field(
        None, max_length=MOST_TEMPLATES, description="leave it out for those of the table workflow.templates"
    )


class FindingBody(BaseModel):
    """Something about one template; line and column count from 1, offset from 0."""

    source: str
    template: str
    severity: Literal["error", "warning"]
    code: str
    message: str
    who_can_mend: str | None
    found: str
    suggestion: str | None
    offset: int | None
    line: int | None
    column: int | None


class LintAnswer(BaseModel):
    """All findings; a template with an error must not be used."""

    account: str
    templates: int
    errors: int
    warnings: int
    compared_with_sync: bool
    findings: list[FindingBody]


class CheckBody(BaseModel):
    """One check; seen is null where it was not reached."""

    check: str
    outcome: Literal["pass", "fail", "not_reached"]
    seen: str | None
    who_can_mend: str | None


class ExplainedBody(BaseModel):
    """The checks of one owner field, or of one employee, in their order; blocker: the first that fails."""

    subject: str
    blocker: str | None
    checks: list[CheckBody]


class ExplainAnswer(BaseModel):
    """Why each owner field of an invoice gives a recipient or none."""

    account: str
    asked: int | str
    state: Literal["ok", "unknown_invoice", "invoice_deleted", "ambiguous_number"]
    why: str | None
    invoice_id: int | None
    invoice_number: str | None
    fields: list[ExplainedBody]
    template_mistakes: list[str]


class EmployeeAnswer(BaseModel):
    """Why each employee that was found is a user or not."""

    account: str
    employees: list[ExplainedBody]


def recipients_router(access: Access, warehouse: Callable[[], Engine]) -> APIRouter:
    """The routes.

    Args:
        access: who may ask what.
        warehouse: gives the engine of the warehouse.
    """
    router = APIRouter(tags=["recipients"], responses=problem_answers(404, 409, 422, 503))
    asked = _Asked(access, warehouse)
    _add_template_routes(router, asked)
    _add_invoice_routes(router, asked)
    _add_employee_routes(router, asked)
    return router


@dataclass(frozen=True, slots=True)
class _Asked:
    """What every route needs to answer a request."""

    access: Access
    warehouse: Callable[[], Engine]

    @property
    def visitor(self) -> Any:
        """The dependency that gives who asks."""
        return Depends(self.access.visitor)

    def account(self, name: str, user: Any) -> Account:
        """The account of that name, for who may read it."""
        return load_account(readable_account(name, partial(self.access.may_read, user)))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that can only read."""
        with self.warehouse().connect().execution_options(postgresql_readonly=True) as connection:
            yield connection


def _add_template_routes(router: APIRouter, asked: _Asked) -> None:
    visitor = asked.visitor

    @router.post("/recipients/resolve", response_model=ResolveAnswer)
    def resolve_template(body: ResolveRequest, user: Any = visitor) -> dict[str, Any]:
        """Resolve a template for up to 1,000 invoices. Mistakes in the template are a problem with their places."""
        account = asked.account(body.account, user)
        template = parse_template(body.template, account.owner_fields)
        with asked.reading() as connection:
            found = resolve(connection, account.name, template, body.invoices)
        return {
            "account": account.name,
            "invoices": [_invoice(invoice) for invoice in found.invoices],
            "union": [asdict(mailed) for mailed in found.union],
        }

    @router.post("/templates/lint", response_model=LintAnswer)
    def lint_templates(body: LintRequest, user: Any = visitor) -> dict[str, Any]:
        """Check templates against the account file and the last sync. Mistakes are part of the answer, no problem."""
        account = asked.account(body.account, user)
        with asked.reading() as connection:
            if body.templates is None:
                templates = templates_of_account(connection, account.name)
            else:
                templates = [
                    NamedTemplate(f"templates.{number}", each.name, each.recipients)
                    for number, each in enumerate(body.templates)
                ]
            return lint(account.name, account.owner_fields, templates, connection).as_dict()


def _add_invoice_routes(router: APIRouter, asked: _Asked) -> None:
    visitor = asked.visitor

    @router.get("/recipients/{invoice:path}", response_model=InvoiceBody)
    def recipients_of_invoice(
        invoice: InvoiceParameter, account: Annotated[AccountName, Query()], by: By = "number", user: Any = visitor
    ) -> dict[str, Any]:
        """What every owner field of the account file resolves to for one invoice."""
        settings = asked.account(account, user)
        template = Template(tuple(SmartField(field) for field in settings.owner_fields))
        with asked.reading() as connection:
            (found,) = resolve(connection, settings.name, template, [_key(invoice, by)]).invoices
        if found.state == "unknown_invoice":
            raise Problem(404, Wrong(what=str(found.why), where="invoice"))
        return _invoice(found)

    @router.get("/explain", response_model=ExplainAnswer)
    def explain_invoice(
        account: Annotated[AccountName, Query()],
        invoice: Annotated[str, Query(max_length=200, description="the invoice's number, or its internal id")],
        by: By = "number",
        template: Annotated[TemplateText | None, Query()] = None,
        user: Any = visitor,
    ) -> dict[str, Any]:
        """Say for each owner field of an invoice, or of a template, which check stands in the way."""
        settings = asked.account(account, user)
        with asked.reading() as connection:
            found = explain(connection, settings.name, settings.owner_fields, _key(invoice, by), template)
        return {
            "account": found.account,
            "asked": found.asked,
            "state": found.state,
            "why": found.why,
            "invoice_id": found.invoice_id,
            "invoice_number": found.invoice_number,
            "fields": [_explained(field) for field in found.fields],
            "template_mistakes": [str(mistake) for mistake in found.mistakes],
        }


def _add_employee_routes(router: APIRouter, asked: _Asked) -> None:
    visitor = asked.visitor

    @router.get("/explain-employee", response_model=EmployeeAnswer)
    def explain_an_employee(
        account: Annotated[AccountName, Query()],
        employee: Annotated[str, Query(max_length=254, description="NetSuite's internal id, or the e-mail address")],
        user: Any = visitor,
    ) -> dict[str, Any]:
        """Say why an employee is a user of the workflow engine or not."""
        settings = asked.account(account, user)
        key = _whole_number(employee)
        with asked.reading() as connection:
            found = explain_employee(connection, settings.name, employee if key is None else key)
        return {"account": settings.name, "employees": [_explained(each) for each in found]}


def _key(invoice: str, by: str) -> InvoiceKey:
    if by == "number":
        return invoice
    number = _whole_number(invoice)
    if number is None:
        raise Problem(422, Wrong(what="an internal id is a whole number", where="invoice", allowed=["by=number"]))
    return number


def _whole_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


def _invoice(found: InvoiceRecipients) -> dict[str, Any]:
    recipients = [
        {
            "email": recipient.email,
            "owner_fields": [field for field in recipient.owner_fields if field is not None],
            "in_template": None in recipient.owner_fields,
        }
        for recipient in found.recipients
    ]
    return {**asdict(found), "recipients": recipients}


def _explained(explained: Explained) -> dict[str, Any]:
    return {
        "subject": explained.subject,
        "blocker": explained.blocker and explained.blocker.name,
        "checks": [{**asdict(check), "check": check.name} for check in explained.checks],
    }

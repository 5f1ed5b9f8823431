"""Why an owner is mailed or not, check by check (B1, O12, O13), and why an employee is a user or not (O12)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from include.matching.email_key import email_key
from include.recipients.resolve import SQL, askable_id, askable_number
from include.recipients.template import SmartField, read_template
from include.recipients.words import AUTHOR, CHECKS, DATA, NETSUITE, STATUSES, printable
from include.warehouse.database import run_sql_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from include.recipients.resolve import InvoiceKey, State
    from include.recipients.template import Mistake

Outcome = Literal["pass", "fail", "not_reached"]
FIELD_MISTAKES = ("unknown_field", "wrong_case_field")


@dataclass(frozen=True, slots=True)
class Check:
    """One check: ``name`` is a key of ``CHECKS``; ``seen`` is None where it was not reached."""

    name: str
    outcome: Outcome
    seen: str | None = None
    who_can_mend: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """The checks of one owner field of an invoice, or of one employee, in their order."""

    subject: str
    checks: tuple[Check, ...]

    @property
    def blocker(self) -> Check | None:
        """The first check that fails; None: all pass."""
        return next((check for check in self.checks if check.outcome == "fail"), None)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What can be said of one invoice. ``fields`` is empty unless ``state`` is ``ok`` or ``invoice_deleted``."""

    account: str
    asked: InvoiceKey
    state: State
    why: str | None = None
    invoice_id: int | None = None
    invoice_number: str | None = None
    fields: tuple[Explained, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


def explain(
    connection: Connection,
    account: str,
    owner_fields: Sequence[str],
    invoice: InvoiceKey,
    template: str | None = None,
) -> Explanation:
    """Every check for every owner field of an invoice; with a template, for the fields that it names.

    Args:
        connection: of the warehouse.
        account: name of the account.
        owner_fields: those of the account file.
        invoice: internal id (int) or number (str).
        template: the text of a recipient template; mistakes in it are part of the answer.

    Raises:
        WarehouseError: the warehouse can't be asked.
    """
    (answer,) = run_sql_file(
        connection,
        SQL / "explain_invoice.sql",
        account=account,
        invoice_id=askable_id(invoice),
        invoice_number=askable_number(invoice),
    )
    explanation = _of_rows(account, invoice, answer.rows)
    explained = {field.subject: field for field in explanation.fields}
    if template is None:
        shown = [*explained.values(), *(_not_published(field) for field in owner_fields if field not in explained)]
        return replace(explanation, fields=tuple(shown) if explanation.invoice_id is not None else ())
    reading = read_template(template, owner_fields)
    named = dict.fromkeys(entry.owner_field for entry in reading.entries if isinstance(entry, SmartField))
    fields = [_named_exactly(each) for field in named for each in _of_field(explained, field)]
    fields += [_named_wrongly(mistake) for mistake in reading.mistakes if mistake.code in FIELD_MISTAKES]
    return replace(
        explanation,
        fields=tuple(fields) if explanation.invoice_id is not None else (),
        mistakes=tuple(reading.mistakes),
    )


def explain_employee(connection: Connection, account: str, employee: int | str) -> tuple[Explained, ...]:
    """Every check on the way from an employee to a user, for the employee with this id, or those with this address.

    One answer at least: an employee that is not there fails the check ``employee_exists``.

    Raises:
        WarehouseError: the warehouse can't be asked.
    """
    (answer,) = run_sql_file(
        connection,
        SQL / "explain_employee.sql",
        account=account,
        employee_id=askable_id(employee),
        email_key=email_key(employee) if isinstance(employee, str) else None,
    )
    by_employee = groupby(answer.rows, key=lambda row: (row["employee_id"], row["name"]))
    found = tuple(Explained(f"{name} ({number})".strip(), _checks(rows)) for (number, name), rows in by_employee)
    missing = Check("employee_exists", "fail", "no such employee has been synced from NetSuite", NETSUITE)
    return found or (Explained(str(employee), (missing,)),)


def explanation_text(explanation: Explanation) -> str:
    """The explanation as a person would want to read it; no text from NetSuite can steer the terminal."""
    return "\n".join(map(printable, _lines(explanation)))


def explained_lines(explained: Explained) -> Iterator[str]:
    """One owner field or employee in the same way: the verdict first, then every check."""
    return map(printable, _verdict_and_checks(explained))


def _verdict_and_checks(explained: Explained) -> Iterator[str]:
    blocker = explained.blocker
    if blocker is None:
        yield f"{explained.subject}: all checks pass"
    else:
        yield f"{explained.subject}: {CHECKS[blocker.name].fails}; the {blocker.who_can_mend} can mend it"
    width = max(len(CHECKS[check.name].holds) for check in explained.checks)
    for check in explained.checks:
        mark = {"pass": "ok  ", "fail": "FAIL", "not_reached": "-   "}[check.outcome]
        yield f"  {mark}  {CHECKS[check.name].holds:<{width}}  {check.seen or ''}".rstrip()


def _lines(explanation: Explanation) -> Iterator[str]:
    number = explanation.invoice_number or str(explanation.asked)
    known = f" (internal id {explanation.invoice_id})" if explanation.invoice_id is not None else ""
    yield f"Invoice {number}{known} of account {explanation.account}"
    if explanation.why:
        yield f"  nobody is mailed: {explanation.why}"
    for mistake in explanation.mistakes:
        yield f"  the template, {mistake} (the {AUTHOR} can mend it)"
    for field in explanation.fields:
        yield ""
        yield from explained_lines(field)


def _of_rows(account: str, asked: InvoiceKey, rows: list[dict[str, Any]]) -> Explanation:
    live = {row["invoice_id"]: row for row in rows if not row["is_deleted"]}
    if len(live) > 1:
        ids = ", ".join(str(invoice_id) for invoice_id in live)
        return Explanation(account, asked, "ambiguous_number", f"{STATUSES['ambiguous_number'].words} ({ids})")
    if not rows:
        return Explanation(account, asked, "unknown_invoice", STATUSES["unknown_invoice"].words)
    first = rows[0]
    of_it = [row for row in rows if row["invoice_id"] == first["invoice_id"] and row["owner_field"] is not None]
    state: State = "invoice_deleted" if first["is_deleted"] else "ok"
    return Explanation(
        account,
        asked,
        state,
        STATUSES[state].words if state != "ok" else None,
        first["invoice_id"],
        first["invoice_number"],
        tuple(Explained(field, _checks(rows)) for field, rows in groupby(of_it, key=lambda row: row["owner_field"])),
    )


def _of_field(explained: dict[str, Explained], field: str) -> list[Explained]:
    """What a template's owner field stands for: itself, and the further members of a sales team."""
    of_it = [each for subject, each in explained.items() if subject == field or subject.startswith(f"{field}:")]
    return of_it or [_not_published(field)]


def _checks(rows: Iterable[dict[str, Any]]) -> tuple[Check, ...]:
    return tuple(
        Check(row["check"], row["outcome"], row["seen"], row["who_can_mend"], row.get("status")) for row in rows
    )


def _named_exactly(field: Explained) -> Explained:
    return Explained(field.subject, (Check("field_name_exact", "pass", field.subject), *field.checks))


def _named_wrongly(mistake: Mistake) -> Explained:
    return Explained(mistake.found, (Check("field_name_exact", "fail", mistake.message, AUTHOR),))


def _not_published(field: str) -> Explained:
    seen = "in the account file now, but not at the last publish; the next sync takes it up"
    return Explained(field, (Check("field_configured", "fail", seen, DATA),))

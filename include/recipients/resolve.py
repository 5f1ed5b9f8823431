"""Whom a template reaches, for one invoice or for a set of invoices in one query (O10, O11, D7)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from include.matching.email_key import email_key
from include.recipients.words import STATUSES
from include.warehouse.database import run_sql_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from include.recipients.template import Template

SQL = Path(__file__).parent / "sql"
PLAIN = None
LARGEST_ID = 2**63 - 1

InvoiceKey = int | str
"""An invoice as it is asked for: by NetSuite's internal id (int), or by its number (str)."""

Source = TypeVar("Source")
State = Literal["ok", "unknown_invoice", "invoice_deleted", "ambiguous_number"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address to mail about one invoice, and all that it came from: owner fields, None for the template itself."""

    email: str
    owner_fields: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An owner field that gives no recipient for one invoice: which check failed, in words, and who can mend it.

    With Team Selling there is one for each member of the sales team that gives none: ``salesrep``, ``salesrep:2``, …
    """

    owner_field: str
    status: str
    why: str
    who_can_mend: str | None
    employee_id: int | None


@dataclass(frozen=True, slots=True)
class InvoiceRecipients:
    """What a template resolves to for one invoice that was asked for. Only with state ``ok`` is anyone mailed."""

    asked: InvoiceKey
    state: State
    why: str | None
    invoice_id: int | None
    invoice_number: str | None
    recipients: tuple[Recipient, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()


@dataclass(frozen=True, slots=True)
class MailedOnce:
    """One address, and the internal ids of all invoices that it came from (D7)."""

    email: str
    invoice_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a template resolves to for a set of invoices, in the order they were asked for, and their union."""

    invoices: tuple[InvoiceRecipients, ...]
    union: tuple[MailedOnce, ...]


def resolve(connection: Connection, account: str, template: Template, invoices: Sequence[InvoiceKey]) -> Resolution:
    """Whom the template reaches for these invoices, by what was published last. One query.

    Addresses that one match key makes equal (D5) collapse into one; mailed is the spelling of a record before that of
    the template, and the first of several.

    Raises:
        WarehouseError: the warehouse can't be asked.
    """
    rows = _rows(connection, account, template.owner_fields, invoices)
    resolver = _Resolver(template)
    found = tuple(resolver.invoice(asked, rows[position]) for position, asked in enumerate(invoices, start=1))
    return Resolution(found, _union(found))


def _rows(
    connection: Connection, account: str, owner_fields: Iterable[str], invoices: Sequence[InvoiceKey]
) -> dict[int, list[dict[str, Any]]]:
    """The query's rows by the position of the invoice asked for, from 1."""
    (answer,) = run_sql_file(
        connection,
        SQL / "resolve.sql",
        account=account,
        owner_fields=list(owner_fields),
        invoice_ids=[askable_id(key) for key in invoices],
        invoice_numbers=[askable_number(key) for key in invoices],
    )
    return {position: list(rows) for position, rows in groupby(answer.rows, key=lambda row: row["position"])}


def askable_id(key: InvoiceKey) -> int | None:
    """The internal id, if it is one and fits into the column."""
    return key if isinstance(key, int) and abs(key) <= LARGEST_ID else None


def askable_number(key: InvoiceKey) -> str | None:
    """The number, if it is one. PostgreSQL's text holds neither NUL nor half a character, so none bears such a one."""
    if not isinstance(key, str) or "\0" in key:
        return None
    return key if key == key.encode(errors="ignore").decode() else None


@lru_cache(maxsize=10_000)
def _key(email: str) -> str:
    return email_key(email) or email


@dataclass(frozen=True, slots=True)
class _Resolver:
    template: Template

    def invoice(self, asked: InvoiceKey, rows: list[dict[str, Any]]) -> InvoiceRecipients:
        """One invoice that was asked for."""
        found: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            if row["invoice_id"] is not None:
                found[row["invoice_id"]].append(row)
        live = {invoice_id: fields for invoice_id, fields in found.items() if not fields[0]["is_deleted"]}
        if len(live) > 1:
            ids = ", ".join(str(invoice_id) for invoice_id in live)
            return _nobody(asked, "ambiguous_number", f"{STATUSES['ambiguous_number'].words} ({ids})")
        if live:
            return self._live(asked, *live.values())
        if found:
            first = next(iter(found.values()))[0]
            return _nobody(
                asked,
                "invoice_deleted",
                STATUSES["invoice_deleted"].words,
                first["invoice_id"],
                first["invoice_number"],
            )
        return _nobody(asked, "unknown_invoice", STATUSES["unknown_invoice"].words)

    def _live(self, asked: InvoiceKey, rows: list[dict[str, Any]]) -> InvoiceRecipients:
        by_field = {row["owner_field"]: row for row in rows if row["owner_field"] is not None}
        given = [(row["email"], row["owner_field"]) for row in rows if row["email"] is not None]
        given += [(address, PLAIN) for address in self.template.addresses]
        return InvoiceRecipients(
            asked=asked,
            state="ok",
            why=None,
            invoice_id=rows[0]["invoice_id"],
            invoice_number=rows[0]["invoice_number"],
            recipients=tuple(
                Recipient(email, tuple(dict.fromkeys(sources))) for email, sources in _collapsed(given).items()
            ),
            unresolved=tuple(_unresolved(row) for row in by_field.values() if row["status"] != "ok"),
        )


def _unresolved(row: dict[str, Any]) -> Unresolved:
    reason = STATUSES[row["status"]]
    return Unresolved(row["owner_field"], row["status"], reason.words, reason.who_can_mend, row["employee_id"])


def _nobody(
    asked: InvoiceKey, state: State, why: str, invoice_id: int | None = None, invoice_number: str | None = None
) -> InvoiceRecipients:
    return InvoiceRecipients(asked, state, why, invoice_id, invoice_number)


def _union(found: Iterable[InvoiceRecipients]) -> tuple[MailedOnce, ...]:
    return tuple(
        MailedOnce(email, tuple(dict.fromkeys(invoice_ids)))
        for email, invoice_ids in _collapsed(_with_invoice(found)).items()
    )


def _with_invoice(found: Iterable[InvoiceRecipients]) -> list[tuple[str, int]]:
    """Addresses with their invoice, those of records first, since their spelling is mailed."""
    given = [
        (PLAIN in recipient.owner_fields and len(recipient.owner_fields) == 1, recipient.email, invoice.invoice_id)
        for invoice in found
        if invoice.invoice_id is not None
        for recipient in invoice.recipients
    ]
    return [(email, invoice_id) for _, email, invoice_id in sorted(given, key=lambda each: each[0])]


def _collapsed(given: Iterable[tuple[str, Source]]) -> dict[str, list[Source]]:
    """Sources by address; addresses with one match key are one, in its first spelling."""
    spelling: dict[str, str] = {}
    collapsed: dict[str, list[Source]] = defaultdict(list)
    for email, source in given:
        key = _key(email)
        collapsed[spelling.setdefault(key, email)].append(source)
    return collapsed

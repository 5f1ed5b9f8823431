"""Are the templates right? Each against the account file, and the fields it names against the last sync (B7).

Errors: what ``template.CODES`` lists, and ``unreadable`` for a file. Warnings, about a field of a template that is
written rightly: ``not_synced``, ``stale``, ``never_filled`` and ``reaches_nobody``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from include.recipients.errors import UnknownTemplate
from include.recipients.resolve import SQL
from include.recipients.template import SmartField, read_template
from include.recipients.words import AUTHOR, DATA, NETSUITE, STATUSES, printable
from include.warehouse.database import run_sql_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from include.recipients.template import Mistake

STALE_AFTER = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class NamedTemplate:
    """A template to be checked. ``source`` says where it lies: a file's path, or ``workflow.templates/<id>``."""

    source: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one template. A warning is about a field as a whole, so it has no position."""

    source: str
    template: str
    severity: Literal["error", "warning"]
    code: str
    message: str
    who_can_mend: str | None
    found: str
    suggestion: str | None = None
    offset: int | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = f":{self.line}:{self.column}" if self.line else ""
        mend = f" -> {self.who_can_mend}" if self.who_can_mend else ""
        return f"{self.source}{place}: {self.severity} {self.code}: {self.message}{mend}"


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in all templates. ``compared_with_sync``: False where there was no warehouse to ask."""

    account: str
    templates: int
    findings: tuple[Finding, ...]
    compared_with_sync: bool

    @property
    def errors(self) -> int:
        """How many errors there are."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many warnings there are."""
        return len(self.findings) - self.errors

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON can hold it."""
        return {
            "account": self.account,
            "templates": self.templates,
            "errors": self.errors,
            "warnings": self.warnings,
            "compared_with_sync": self.compared_with_sync,
            "findings": [asdict(finding) for finding in self.findings],
        }

    def as_text(self) -> str:
        """The report for people: one line per finding, and one that sums up."""
        sync = (
            "" if self.compared_with_sync else "; not compared with the last sync, since there is no warehouse to ask"
        )
        summary = f"{self.templates} templates of {self.account}: {self.errors} errors, {self.warnings} warnings{sync}"
        return "\n".join([*(printable(str(finding)) for finding in self.findings), summary])


def lint(
    account: str,
    owner_fields: Sequence[str],
    templates: Iterable[NamedTemplate],
    connection: Connection | None,
    stale_after: timedelta = STALE_AFTER,
) -> Report:
    """Check templates against the owner fields of the account file and, with a connection, against the last sync.

    Args:
        account: name of the account.
        owner_fields: those of the account file.
        templates: what is checked.
        connection: of the warehouse; None leaves out what only the last sync can tell.
        stale_after: a sync older than this is worth a warning.

    Raises:
        WarehouseError: the warehouse can't be asked.
    """
    read = [(template, read_template(template.text, owner_fields)) for template in templates]
    named = {
        template: dict.fromkeys(entry.owner_field for entry in reading.entries if isinstance(entry, SmartField))
        for template, reading in read
    }
    facts = _facts(connection, account, named.values(), stale_after) if connection is not None else {}
    findings: list[Finding] = []
    for template, reading in read:
        findings += [_error(template, mistake) for mistake in reading.mistakes]
        findings += [
            warning for field in named[template] if field in facts for warning in _warn(template, facts[field])
        ]
    return Report(account, len(read), tuple(findings), connection is not None)


def templates_of_account(connection: Connection, account: str) -> list[NamedTemplate]:
    """The account's templates in ``workflow.templates``.

    Raises:
        WarehouseError: the warehouse can't be asked.
    """
    (found,) = run_sql_file(connection, SQL / "templates.sql", account=account)
    return [
        NamedTemplate(f"workflow.templates/{row['template_id']}", row["name"], row["recipients"]) for row in found.rows
    ]


def template_by_name(connection: Connection, account: str, wanted: str) -> NamedTemplate:
    """The template of ``workflow.templates`` with this id, or else the only one with this name.

    Raises:
        UnknownTemplate: there is none, or more than one of that name; says which there are.
        WarehouseError: the warehouse can't be asked.
    """
    templates = templates_of_account(connection, account)
    for template in templates:
        if template.source == f"workflow.templates/{wanted}":
            return template
    named = [template for template in templates if template.name == wanted]
    if len(named) == 1:
        return named[0]
    there = ", ".join(printable(template.source.partition("/")[2]) for template in named or templates) or "none"
    problem = "several templates bear the name" if named else "there is no template"
    raise UnknownTemplate(
        f"workflow.templates of account {account}: {problem} {wanted!r}; ask for one of these ids: {there}"
    )


def file_template(path: Path) -> tuple[NamedTemplate | None, Finding | None]:
    """A file that holds the text of one template (UTF-8), or what keeps it from being read."""
    try:
        return NamedTemplate(str(path), path.name, path.read_text(encoding="utf-8-sig")), None
    except (OSError, UnicodeDecodeError) as error:
        message = f"can't be read as UTF-8 text: {error}"
        return None, Finding(str(path), path.name, "error", "unreadable", message, AUTHOR, "")


def _facts(
    connection: Connection, account: str, named: Iterable[Iterable[str]], stale_after: timedelta
) -> dict[str, Mapping[str, Any]]:
    fields = list(dict.fromkeys(field for fields in named for field in fields))
    if not fields:
        return {}
    (found,) = run_sql_file(
        connection, SQL / "field_facts.sql", account=account, owner_fields=fields, stale_after=stale_after
    )
    return {row["owner_field"]: row for row in found.rows}


def _error(template: NamedTemplate, mistake: Mistake) -> Finding:
    return Finding(
        template.source, template.name, "error", mistake.code, mistake.message, AUTHOR,
        mistake.found, mistake.suggestion, mistake.offset, mistake.line, mistake.column,
    )  # fmt: skip


def _warn(template: NamedTemplate, facts: Mapping[str, Any]) -> Iterator[Finding]:
    field = facts["owner_field"]

    def warning(code: str, message: str, who_can_mend: str | None) -> Finding:
        return Finding(template.source, template.name, "warning", code, message, who_can_mend, field)

    if not facts["is_synced"]:
        yield warning("not_synced", f"{field}: no sync has read this field of all invoices yet", DATA)
        return
    if facts["is_stale"]:
        yield warning("stale", f"{field}: last read up to {facts['read_up_to']:%Y-%m-%d %H:%M} UTC", DATA)
    if not facts["filled"]:
        yield warning(
            "never_filled", f"{field}: filled on none of the {facts['invoices']:,} invoices published", NETSUITE
        )
    elif not facts["ok"]:
        reason = STATUSES[facts["mostly"]]
        yield warning(
            "reaches_nobody",
            f"{field}: filled on {facts['filled']:,} invoices and a recipient on none, mostly since {reason.words}",
            reason.who_can_mend,
        )

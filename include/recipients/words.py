"""The words for every status and every check: what is wrong, and who can mend it (O11 to O13)."""

from __future__ import annotations

from typing import NamedTuple
from unicodedata import category

NETSUITE = "NetSuite administrator"
AUTHOR = "author of the template"
WORKFLOW_ENGINE = "administrator of the workflow engine"
DATA = "data engineer"

# Unicode's categories of what is not shown but acted upon, and of what is no character.
STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class Reason(NamedTuple):
    """Why there is no recipient, as half a sentence, and who can mend it; None where that depends on the case."""

    words: str
    who_can_mend: str | None


# publish.recipients.status, and what publish.template_recipients adds to it.
STATUSES = {
    "owner_empty": Reason("the field is empty on the invoice", NETSUITE),
    "team_without_primary": Reason("not exactly one member of the sales team is marked primary", NETSUITE),
    "team_below_contribution": Reason("nobody of the sales team has the least contribution", NETSUITE),
    "employee_not_found": Reason("NetSuite shows no such employee", NETSUITE),
    "employee_deleted": Reason("the employee was deleted", NETSUITE),
    "not_an_employee": Reason("the field holds a record that is no employee", NETSUITE),
    "employee_inactive": Reason("the employee is inactive in NetSuite", NETSUITE),
    "email_missing": Reason("the employee's record holds no e-mail address", NETSUITE),
    "email_invalid": Reason(
        "the e-mail address on the employee's record, or the linked user's own, can't be mailed", NETSUITE
    ),
    "conflict": Reason("it is not clear which user the employee is", None),
    "no_user": Reason("the employee has no user in the workflow engine", WORKFLOW_ENGINE),
    "user_inactive": Reason("the user was deactivated", WORKFLOW_ENGINE),
    "field_not_published": Reason("the last publish has no such field for the invoice; run the sync", DATA),
    "invoice_deleted": Reason("the invoice was deleted in NetSuite", NETSUITE),
    "unknown_invoice": Reason("no such invoice has been synced", DATA),
    "ambiguous_number": Reason("several invoices bear this number; ask by internal id", NETSUITE),
}


class Check(NamedTuple):
    """What holds when the check passes, and half a sentence for when it fails."""

    holds: str
    fails: str


# publish.recipient_explain.check and publish.employee_explain.check; the first is only checked with a template at hand,
# those of the sales team where the account has team_selling.
CHECKS = {
    "field_name_exact": Check("field name is exact", "the field name is not exact"),
    "invoice_live": Check("invoice is not deleted", "the invoice was deleted"),
    "field_configured": Check("field is configured", "the field is not configured"),
    "field_synced": Check("field was synced", "the field was not in the sync"),
    "owner_filled": Check("field is filled on the invoice", "the field is empty on the invoice"),
    "team_has_primary": Check("sales team has a primary", "the sales team has no primary, or several"),
    "team_reaches_contribution": Check(
        "sales team has the contribution", "nobody of the sales team has the least contribution"
    ),
    "employee_exists": Check("employee exists", "there is no such employee"),
    "employee_not_deleted": Check("employee is not deleted", "the employee was deleted"),
    "is_employee": Check("is an employee", "the record is no employee"),
    "employee_active": Check("employee is active", "the employee is inactive"),
    "email_present": Check("e-mail address is there", "there is no e-mail address"),
    "email_valid": Check("e-mail address is valid", "there is no valid e-mail address"),
    "no_conflict": Check("no conflict", "there is a conflict"),
    "invoice_synced": Check("an invoice names the employee", "no invoice of theirs was synced"),
    "user_exists": Check("user exists", "there is no user"),
    "user_has_access": Check("user has access to the account", "the user has no access to the account"),
    "user_matched": Check("user is linked with the employee", "the user is not linked with the employee"),
    "user_active": Check("user is active", "the user was deactivated"),
    "published": Check("published", "it is not published yet"),
}


def printable(text: str) -> str:
    r"""A text for one line of a terminal: what would steer it (escape, line feed, bidi marks) stands as ``\x1b``."""
    return "".join(_escaped(character) if category(character) in STEERING else character for character in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")

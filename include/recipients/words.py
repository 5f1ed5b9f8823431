"""The words for every status and every check: what is wrong, and who can mend it (O11 to O13)."""

from __future__ import annotations

from typing import NamedTuple

NETSUITE = "NetSuite administrator"
AUTHOR = "author of the template"
WORKFLOW_ENGINE = "administrator of the workflow engine"
DATA = "data engineer"


class Reason(NamedTuple):
    """Why there is no recipient, as half a sentence, and who can mend it; None where that depends on the case."""

    words: str
    who_can_mend: str | None


# publish.recipients.status, and what publish.template_recipients adds to it.
STATUSES = {
    "owner_empty": Reason("the field is empty on the invoice", NETSUITE),
    "employee_not_found": Reason("NetSuite shows no such employee", NETSUITE),
    "employee_deleted": Reason("the employee was deleted", NETSUITE),
    "not_an_employee": Reason("the field holds a record that is no employee", NETSUITE),
    "employee_inactive": Reason("the employee is inactive in NetSuite", NETSUITE),
    "email_missing": Reason("the employee's record holds no e-mail address", NETSUITE),
    "email_invalid": Reason("the e-mail address on the employee's record can't be mailed", NETSUITE),
    "conflict": Reason("it is not clear which user the employee is", None),
    "no_user": Reason("the employee has no user in the workflow engine", WORKFLOW_ENGINE),
    "user_inactive": Reason("the user was deactivated", WORKFLOW_ENGINE),
    "field_not_published": Reason("the last publish has no such field for the invoice; run the sync", DATA),
    "invoice_deleted": Reason("the invoice was deleted in NetSuite", NETSUITE),
    "unknown_invoice": Reason("no such invoice has been synced", DATA),
    "ambiguous_number": Reason("several invoices bear this number; ask by internal id", NETSUITE),
}

# publish.recipient_explain.check and publish.employee_explain.check, as what holds when the check passes.
CHECKS = {
    "field_name_exact": "field name exact",
    "invoice_live": "invoice is not deleted",
    "field_configured": "field is configured",
    "field_synced": "field was synced",
    "owner_filled": "field is filled on the invoice",
    "employee_exists": "employee exists",
    "employee_not_deleted": "employee is not deleted",
    "is_employee": "is an employee",
    "employee_active": "employee is active",
    "email_present": "e-mail address is there",
    "email_valid": "e-mail address is valid",
    "no_conflict": "no conflict",
    "invoice_synced": "an invoice names the employee",
    "user_exists": "user exists",
    "user_has_access": "user has access to the account",
    "user_matched": "user is linked with the employee",
    "user_active": "user is active",
    "published": "published",
}

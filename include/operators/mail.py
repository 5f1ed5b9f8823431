"""Mail to the people who must act, through Airflow's SMTP connection."""

from __future__ import annotations

import logging
from html import escape
from typing import TYPE_CHECKING

from airflow.sdk._shared.secrets_masker import redact
from airflow.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from include.accounts.model import Alerts

LONGEST_SUBJECT = 200

log = logging.getLogger(__name__)


def mail(alerts: Alerts, subject: str, text: str) -> bool:
    """Mail the text to the account's addressees, secrets masked; whether it went out.

    An alert that can't be mailed is logged and nothing else: what it tells of must be seen as before.
    """
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    try:
        with SmtpHook(smtp_conn_id=alerts.smtp_connection) as smtp:
            smtp.send_email_smtp(
                to=list(alerts.email_to), subject=_header(subject), html_content=f"<pre>{escape(_clean(text))}</pre>"
            )
    except (AirflowException, OSError, ValueError, RuntimeError) as error:
        log.error(
            "The alert %r could not be mailed to %s: %s. Look at the Airflow connection %r (type SMTP: host, port, "
            "from_email), which the account file names under alerts.smtp_connection.",
            _header(subject),
            ", ".join(alerts.email_to),
            redact(str(error)),
            alerts.smtp_connection,
        )
        return False
    log.info("Mailed %r to %s", _header(subject), ", ".join(alerts.email_to))
    return True


def airflow_address() -> str:
    """Where people reach Airflow, without a slash at the end."""
    from airflow.sdk.configuration import conf

    return str(conf.get("api", "base_url", fallback="http://localhost:8080")).rstrip("/")


def _clean(text: str) -> str:
    """The text without secrets, and without what no mail can carry."""
    return str(redact(text)).replace("\0", "").encode(errors="replace").decode()


def _header(subject: str) -> str:
    """The subject on one line."""
    return " ".join(_clean(subject).split())[:LONGEST_SUBJECT]

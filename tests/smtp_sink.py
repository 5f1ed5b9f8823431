"""A mail server of the tests' own, in a thread: it takes everything and keeps it."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session


class SmtpSink(Controller):
    """Listens on a free port while it is started; `mails` holds what has arrived, in its order."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        super().__init__(self, hostname="127.0.0.1", port=0)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"

    def connection(self) -> str:
        """An Airflow connection to it, as JSON."""
        return smtp_connection(self.port)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def smtp_connection(port: int) -> str:
    """An Airflow connection to a mail server of this machine, as JSON."""
    extra: dict[str, Any] = {"from_email": "airflow@corp.test", "disable_tls": True, "disable_ssl": True, "timeout": 60}
    return json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra})


def words(mail: EmailMessage) -> str:
    """What a person reads: the mail's one part, without the tags around it and the escapes in it."""
    from html import unescape

    (part,) = mail.iter_parts()
    content = part.get_content().strip()
    assert content.startswith("<pre>")
    assert content.endswith("</pre>")
    inner = content.removeprefix("<pre>").removesuffix("</pre>")
    assert "<" not in inner
    return unescape(inner)

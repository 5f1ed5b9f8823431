"""The errors a NetSuite answers with, and their bodies (netsuite.md 1.3; ORA:section_156570709583)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

_RFC = "https://www.rfc-editor.org/rfc/rfc9110.html#section-"
_TYPES = {
    400: _RFC + "15.5.1",
    401: _RFC + "15.5.2",
    403: _RFC + "15.5.4",
    404: _RFC + "15.5.5",
    405: _RFC + "15.5.6",
    429: "https://www.rfc-editor.org/rfc/rfc6585.html#section-4",
    500: _RFC + "15.6.1",
}
QUERY_PREFIX = "Invalid search query. Detailed unprocessed description follows. "


class SandboxError(Exception):
    """Anything the sandbox answers with an error status."""


class NetSuiteFault(SandboxError):
    """An error answer in NetSuite's own shape: `o:errorDetails` with one detail, and at most one locator."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        locator: tuple[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.locator = locator
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """Return the JSON body. A 429 has the odd title "Bad Request" and a second code at the top, as documented."""
        title = "Bad Request" if self.status == HTTPStatus.TOO_MANY_REQUESTS else HTTPStatus(self.status).phrase
        details = {"detail": self.detail, "o:errorCode": self.code}
        if self.locator:
            name, value = self.locator
            details[name] = value
        body: dict[str, Any] = {
            "type": _TYPES.get(self.status, _RFC + "15"),
            "title": title,
            "status": self.status,
            "o:errorDetails": [details],
        }
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            body["o:errorCode"] = "USER_ERROR"
        return body


class OAuthFault(SandboxError):
    """An error of the token endpoint, in the form of RFC 6749 section 5.2."""

    def __init__(self, error: str, why: str, *, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(f"{status} {error}: {why}")
        self.error = error
        self.why = why
        self.status = status


def too_many_requests() -> NetSuiteFault:
    """Refuse a request because all places are taken; no Retry-After (netsuite.md 5)."""
    return NetSuiteFault(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked.")


def query_fault(detail: str) -> NetSuiteFault:
    """Refuse a SuiteQL text: always 400 INVALID_PARAMETER on `q`, whatever was wrong with it."""
    return NetSuiteFault(400, "INVALID_PARAMETER", QUERY_PREFIX + detail, locator=("o:errorQueryParam", "q"))


def unsupported(why: str) -> NetSuiteFault:
    """Refuse what SuiteQL does not know. The reason in brackets is the sandbox's own; NetSuite says less."""
    return query_fault(f"Search error occurred: Invalid or unsupported search. ({why})")


def unknown_identifier(name: str, available: dict[str, str]) -> NetSuiteFault:
    """Refuse a column that is not there; `available` maps alias to table."""
    known = ", ".join(f"{alias}={table}" for alias, table in available.items())
    return query_fault(
        f"Search error occurred: Unknown identifier '{name}'. Available identifiers are: {{{known}}}.",
    )


def invalid_login(headers: dict[str, str] | None = None) -> NetSuiteFault:
    """Refuse a sign-in: on the wire every reason looks the same; the audit trail knows which it was."""
    detail = (
        "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at "
        "Setup > Users/Roles > User Management > View Login Audit Trail."
    )
    return NetSuiteFault(401, "INVALID_LOGIN", detail, headers=headers)

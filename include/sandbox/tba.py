"""Token-based authentication, OAuth 1.0a with HMAC-SHA256 (netsuite.md 4.1; ORA:section_1534941088)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from include.sandbox import clock
from include.sandbox.errors import invalid_login

if TYPE_CHECKING:
    from include.sandbox.credentials import Credentials
    from include.sandbox.switches import Switches

_FIELD = re.compile(r'\s*([A-Za-z_]+)="([^"]*)"\s*')
_SKEW = 300
_SHORTEST_NONCE = 6
_FAILURES_TO_LOCK = 5
_LOCKED_FOR = 30 * 60


def _escape(text: str) -> str:
    return quote(text, safe="-._~")


def signature(method: str, url: str, oauth: dict[str, str], secrets: tuple[str, str]) -> str:
    """Return the HMAC-SHA256 signature: query parameters are signed; realm and a JSON body are not.

    `secrets` are the consumer's and the token's; `oauth` may hold realm and oauth_signature, which are left out.
    """
    parts = urlsplit(url)
    signed = [(name, value) for name, value in oauth.items() if name not in ("realm", "oauth_signature")]
    pairs = sorted((_escape(name), _escape(value)) for name, value in signed + parse_qsl(parts.query, True))
    host = (parts.hostname or "").lower()
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    base_url = f"{parts.scheme}://{host}{port}{parts.path}"
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join((method.upper(), _escape(base_url), _escape(joined)))
    key = "&".join(map(_escape, secrets))
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()


class TokenBasedAuthentication:
    """Verifies TBA requests; locks the user for 30 minutes after five failures."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._used: set[tuple[str, str]] = set()
        self._failures = 0
        self._locked_until = 0
        self.audit_trail: deque[str] = deque(maxlen=100)

    def check(self, method: str, url: str, authorization: str, switches: Switches) -> None:
        """Pass a well signed request. Raises NetSuiteFault 401 whatever the reason; `audit_trail` has it."""
        now = clock.now(switches)
        fields = {name: unquote(value) for name, value in _FIELD.findall(authorization.partition(" ")[2])}
        reason = self._reason_to_refuse(method, url, fields, now)
        if reason is None:
            self._failures = 0
            self._used.add((fields["oauth_timestamp"], fields["oauth_nonce"]))
            return
        self.audit_trail.append(reason)
        self._count_failure(fields, reason, now)
        raise invalid_login()

    def unlock(self) -> None:
        """Let the user in again."""
        self._failures = self._locked_until = 0

    def _reason_to_refuse(self, method: str, url: str, fields: dict[str, str], now: int) -> str | None:
        ours = self._credentials
        if now < self._locked_until:
            return "temporary_locked"
        checks = (
            ("realm", fields.get("realm") == ours.account.upper().replace("-", "_")),
            ("consumer_key_unknown", fields.get("oauth_consumer_key") == ours.consumer_key),
            ("token_rejected", fields.get("oauth_token") == ours.token_id),
            ("UnknownAlgorithm", fields.get("oauth_signature_method") == "HMAC-SHA256"),
            ("VersionRejected", fields.get("oauth_version", "1.0") == "1.0"),
            ("InvalidTimestamp", _near(fields.get("oauth_timestamp", ""), now)),
            ("NonceRejected", len(fields.get("oauth_nonce", "")) >= _SHORTEST_NONCE),
            ("NonceUsed", (fields.get("oauth_timestamp", ""), fields.get("oauth_nonce", "")) not in self._used),
            ("InvalidSignature", self._signed(method, url, fields)),
        )
        return next((reason for reason, passed in checks if not passed), None)

    def _signed(self, method: str, url: str, fields: dict[str, str]) -> bool:
        secrets = (self._credentials.consumer_secret, self._credentials.token_secret)
        return hmac.compare_digest(signature(method, url, fields, secrets), fields.get("oauth_signature", ""))

    def _count_failure(self, fields: dict[str, str], reason: str, now: int) -> None:
        """Count a failure against the token's user; an unknown token belongs to nobody."""
        if fields.get("oauth_token") != self._credentials.token_id or reason == "temporary_locked":
            return
        self._failures += 1
        if self._failures >= _FAILURES_TO_LOCK:
            self._failures = 0
            self._locked_until = now + _LOCKED_FOR


def _near(timestamp: str, now: int) -> bool:
    return timestamp.isdigit() and abs(int(timestamp) - now) <= _SKEW

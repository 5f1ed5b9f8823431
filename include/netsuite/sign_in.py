"""Signing in: OAuth 2.0 client credentials, or token-based authentication (OAuth 1.0a).

Five refused sign-ins lock the user for half an hour (ORA:subsect_156935170194). Whatever was refused once is therefore
remembered, and no further request is sent with it.
"""

from __future__ import annotations

import logging
import threading
import uuid
from time import monotonic, time
from typing import TYPE_CHECKING, Any, Protocol

from requests.auth import AuthBase

from include.netsuite.answers import quotation
from include.netsuite.connection import OAuth2Credentials, TbaCredentials
from include.netsuite.errors import BadQuery, NetSuiteError, NotPermittedOrMissing, NotSignedIn, Said, UnknownAnswer
from include.netsuite.private_key import load_private_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from include.netsuite.connection import NetSuiteConnection

log = logging.getLogger(__name__)

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 300
_DEFAULT_TOKEN_SECONDS = 3600
# A token is renewed this long before its end, or a fifth of its life, whichever is less.
_RENEW_AHEAD_SECONDS = 300
_TOKENS_REFUSED_FOR_GOOD = 2
# NetSuite accepts five minutes (ORA:subsect_156935170194); an answer may have been on its way for a while.
_CLOCKS_DIFFER_SECONDS = 280


class SignIn(Protocol):
    """How each request proves who we are. Both ways are safe to use from several threads."""

    def auth(self) -> AuthBase:
        """Return the proof for one request. Raises NotSignedIn without asking again once it was refused."""

    def renewed(self, used: AuthBase) -> bool:
        """Say, after NetSuite refused `used`, whether `auth` can give a fresh one that is worth one more try."""

    def accepted(self) -> None:
        """Note that NetSuite took a proof."""

    def refused(self, error: NotSignedIn, *, in_flight: int) -> NotSignedIn:
        """Remember that NetSuite refused us for good; returns the error, worded for this way of signing in.

        `in_flight`: requests that were under way then, the refused one included.
        """


class BearerToken(AuthBase):
    """An OAuth 2.0 access token on a request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class OAuth2SignIn:
    """OAuth 2.0 client credentials with a signed assertion (ORA:section_162755359851).

    `ask_token` posts the form to the token endpoint and returns the JSON of its success; the token is kept here and
    renewed before it ends.
    """

    def __init__(
        self, connection: NetSuiteConnection, ask_token: Callable[[Mapping[str, str]], dict[str, Any]]
    ) -> None:
        if not isinstance(connection.credentials, OAuth2Credentials):
            raise TypeError("OAuth2SignIn needs OAuth 2.0 credentials")
        self._credentials = connection.credentials
        self._key = load_private_key(connection.credentials.private_key.get_secret_value())
        self._connection = connection
        self._ask_token = ask_token
        self._lock = threading.Lock()
        self._token: BearerToken | None = None
        self._renew_at = 0.0
        self._refusal: NotSignedIn | None = None
        self._tokens_refused_in_a_row = 0

    def auth(self) -> AuthBase:
        """Return the current token, fetching one if there is none or its end is near."""
        with self._lock:
            if self._refusal:
                raise self._refusal
            if self._token is None or monotonic() >= self._renew_at:
                self._token = self._fetched()
            return self._token

    def renewed(self, used: AuthBase) -> bool:
        """Forget the token that was refused, unless another thread has already replaced it.

        A token that ends or is revoked is no refusal of ours. Two in a row of which NetSuite took none are.
        """
        with self._lock:
            if self._token is used:
                log.info("NetSuite no longer takes the access token; fetching a new one")
                self._token = None
                self._tokens_refused_in_a_row += 1
            return self._tokens_refused_in_a_row < _TOKENS_REFUSED_FOR_GOOD

    def accepted(self) -> None:
        """Note that a token was taken."""
        with self._lock:
            self._tokens_refused_in_a_row = 0

    def refused(self, error: NotSignedIn, *, in_flight: int) -> NotSignedIn:
        """Remember a refusal that a fresh token did not mend."""
        with self._lock:
            self._refusal = self._worded(error)
            return self._refusal

    def _fetched(self) -> BearerToken:
        try:
            answer = self._ask_token(
                {
                    "grant_type": "client_credentials",
                    "client_assertion_type": _ASSERTION_TYPE,
                    "client_assertion": self._assertion(),
                }
            )
        except (NotSignedIn, NotPermittedOrMissing, BadQuery) as error:
            self._refusal = self._worded(error)
            raise self._refusal from None
        token = answer.get("access_token")
        if not token or not isinstance(token, str):
            raise UnknownAnswer(
                f"NetSuite's token endpoint answered without an access token; it sent: {sorted(answer)}."
            )
        self._renew_at = monotonic() + _seconds_until_renewal(answer.get("expires_in"))
        return BearerToken(token)

    def _assertion(self) -> str:
        import jwt

        now = int(time())
        return jwt.encode(
            {
                "iss": self._credentials.client_id,
                "scope": ["rest_webservices"],
                "aud": self._connection.base_url + TOKEN_PATH,
                "iat": now,
                "exp": now + _ASSERTION_SECONDS,
                "jti": uuid.uuid4().hex,
            },
            self._key.key,
            algorithm=self._key.algorithm,
            headers={"typ": "JWT", "kid": self._credentials.certificate_id},
        )

    def _worded(self, error: NetSuiteError) -> NotSignedIn:
        return _not_signed_in(
            error,
            f"account {self._connection.account} at {self._connection.base_url}, OAuth 2.0 client id"
            f" {_shortened(self._credentials.client_id)}, certificate id {self._credentials.certificate_id}",
            _oauth2_advice(self._key.algorithm),
        )


class TbaSignIn(AuthBase):
    """Token-based authentication: every request is signed by itself, with its own nonce and time stamp.

    HMAC-SHA256 over method, URL and query parameters; a JSON body is not part of the signature
    (ORA:section_1534941088). The realm is the account id in upper case with '_'.
    """

    def __init__(
        self, connection: NetSuiteConnection, *, nonce: str | None = None, timestamp: str | None = None
    ) -> None:
        """`nonce` and `timestamp` are for published test vectors only; they are fresh for each request otherwise."""
        if not isinstance(connection.credentials, TbaCredentials):
            raise TypeError("TbaSignIn needs TBA credentials")
        self._credentials = connection.credentials
        self._connection = connection
        self._nonce = nonce
        self._timestamp = timestamp
        self._refusal: NotSignedIn | None = None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign one request as it will be sent."""
        from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

        signer = Client(
            self._credentials.consumer_key,
            client_secret=self._credentials.consumer_secret.get_secret_value(),
            resource_owner_key=self._credentials.token_id,
            resource_owner_secret=self._credentials.token_secret.get_secret_value(),
            realm=self._connection.account,
            signature_method=SIGNATURE_HMAC_SHA256,
            nonce=self._nonce,
            timestamp=self._timestamp,
        )
        _, headers, _ = signer.sign(request.url, http_method=request.method)
        request.headers.update(headers)
        return request

    def auth(self) -> AuthBase:
        """Return the signer itself."""
        if self._refusal:
            raise self._refusal
        return self

    def renewed(self, used: AuthBase) -> bool:
        """Say no: a signature that was refused is refused again, and counts towards the lock."""
        return False

    def accepted(self) -> None:
        """Note nothing: every request is signed by itself."""

    def refused(self, error: NotSignedIn, *, in_flight: int) -> NotSignedIn:
        """Remember the refusal; what else is under way bears the same signature, and is refused too."""
        refusal = _not_signed_in(
            error,
            f"account {self._connection.account} at {self._connection.base_url}, TBA consumer key"
            f" {_shortened(self._credentials.consumer_key)}, token id {_shortened(self._credentials.token_id)}",
            "Check, in this order: the account id; that consumer key and secret, token id and token secret are whole"
            " and belong together; that token, integration record, user and role are active; that this machine's clock"
            " is right to five minutes.",
        )
        refusal.times = in_flight
        self._refusal = self._refusal or refusal
        return self._refusal


def sign_in_for(
    connection: NetSuiteConnection, ask_token: Callable[[Mapping[str, str]], dict[str, Any]]
) -> OAuth2SignIn | TbaSignIn:
    """Return the way of signing in that the connection asks for."""
    return OAuth2SignIn(connection, ask_token) if connection.auth == "oauth2" else TbaSignIn(connection)


def _not_signed_in(error: NetSuiteError, who: str, advice: str) -> NotSignedIn:
    said = Said(status=error.status, code=error.code, detail=error.detail)
    seconds_ahead = error.seconds_ahead if isinstance(error, NotSignedIn) else None
    return NotSignedIn(
        f"NetSuite refused the sign-in{quotation(said)}: {who}. {_clock_words(seconds_ahead)}{advice}"
        " In NetSuite, Setup > Users/Roles > Login Audit Trail shows the reason. Try again only then: after five"
        " refusals NetSuite locks the user for 30 minutes.",
        seconds_ahead=seconds_ahead,
        **said,
    )


def _clock_words(seconds_ahead: float | None) -> str:
    """Say that the clocks differ, where they do so much that this is likely why; NetSuite itself does not."""
    if seconds_ahead is None or abs(seconds_ahead) < _CLOCKS_DIFFER_SECONDS:
        return ""
    direction = "ahead of" if seconds_ahead > 0 else "behind"
    return (
        f"This machine's clock is {abs(seconds_ahead) / 60:.0f} minutes {direction} NetSuite's, which accepts up to"
        " five: set it right (NTP) and run again. If that is not it: "
    )


def _seconds_until_renewal(expires_in: object) -> float:
    try:
        lifetime = float(str(expires_in))
    except ValueError:
        lifetime = _DEFAULT_TOKEN_SECONDS
    return lifetime - min(_RENEW_AHEAD_SECONDS, lifetime / 5)


def _oauth2_advice(algorithm: str) -> str:
    # The error's code does not tell the causes apart: servers answer a bad signature with any of them.
    advice = (
        "Check, in this order: the account id; that the client id is whole, and its integration record is enabled for"
        " client credentials; that the certificate id belongs to this private key, and its certificate has neither"
        " ended nor been revoked (a sandbox refresh removes it); that the mapped user and role are active; that this"
        " machine's clock is right."
    )
    return f"{advice} An RSA key must have 3072 or 4096 bits." if algorithm == "PS256" else advice


def _shortened(identifier: str) -> str:
    return f"{identifier[:6]}…" if len(identifier) > 12 else identifier

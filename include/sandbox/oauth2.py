"""OAuth 2.0 client credentials: the token endpoint and the bearer check (netsuite.md 4.2; ORA:section_162755359851)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import jwt

from include.sandbox import clock
from include.sandbox.errors import OAuthFault, invalid_login

if TYPE_CHECKING:
    from include.sandbox.credentials import Credentials
    from include.sandbox.switches import Switches

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
ALGORITHMS = ("PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_LIFE = 3600
_SKEW = 300


class OAuth2:
    """Gives access tokens for JWT assertions and knows which are still good."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._public_key = credentials.public_key
        self._expires: dict[str, int] = {}
        self._signing = secrets.token_bytes(32)

    def token(self, content_type: str, body: str, token_url: str, switches: Switches) -> dict[str, Any]:
        """Answer a token request. Raises OAuthFault."""
        form = self._form(content_type, body)
        claims = self._verified(form["client_assertion"])
        self._check_claims(claims, token_url, clock.now(switches))
        expires = clock.now(switches) + switches.token_lifetime
        content = {"iss": token_url, "sub": claims["iss"], "exp": expires, "jti": secrets.token_hex(16)}
        token = jwt.encode(content, self._signing, algorithm="HS256")
        self._expires[token] = expires
        return {"access_token": token, "expires_in": str(switches.token_lifetime), "token_type": "bearer"}

    def check_bearer(self, token: str, switches: Switches) -> None:
        """Pass a good access token. Raises NetSuiteFault 401 with the WWW-Authenticate header."""
        if self._expires.get(token, 0) <= clock.now(switches):
            account = self._credentials.account
            raise invalid_login({"WWW-Authenticate": f'Bearer realm="{account}", error="invalid_token"'})

    def revoke_all(self) -> int:
        """Forget every access token; return how many there were."""
        count = len(self._expires)
        self._expires.clear()
        return count

    @staticmethod
    def _form(content_type: str, body: str) -> dict[str, str]:
        if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
            raise OAuthFault("invalid_request", "the body must be application/x-www-form-urlencoded")
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if form.get("grant_type") != "client_credentials":
            raise OAuthFault("unsupported_grant_type", "grant_type must be client_credentials")
        if form.get("client_assertion_type") != _ASSERTION_TYPE or "client_assertion" not in form:
            raise OAuthFault("invalid_request", "client_assertion and its type are expected")
        return form

    def _verified(self, assertion: str) -> dict[str, Any]:
        """Return the claims of a JWT signed with our key. Raises OAuthFault."""
        try:
            header = jwt.get_unverified_header(assertion)
        except jwt.PyJWTError as error:
            raise OAuthFault("invalid_request", f"the assertion is no JWT: {error}") from error
        if header.get("alg") not in ALGORITHMS:
            raise OAuthFault("invalid_client", f"algorithm {header.get('alg')} is not accepted", status=401)
        if header.get("kid") != self._credentials.certificate_id:
            raise OAuthFault("invalid_client", "kid is no certificate id of this account", status=401)
        try:
            claims: dict[str, Any] = jwt.decode(
                assertion,
                self._public_key,
                algorithms=[header["alg"]],
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
            )
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            raise OAuthFault("invalid_client", f"the signature does not verify: {error}", status=401) from error
        return claims

    def _check_claims(self, claims: dict[str, Any], token_url: str, now: int) -> None:
        if claims.get("iss") != self._credentials.client_id:
            raise OAuthFault("invalid_client", "iss is no client id of this account", status=401)
        audience = claims.get("aud")
        if token_url not in (audience if isinstance(audience, list) else [audience]):
            raise OAuthFault("invalid_grant", f"aud must be {token_url}")
        scope = claims.get("scope")
        scopes = scope if isinstance(scope, list) else str(scope or "").replace(" ", "").split(",")
        if "rest_webservices" not in scopes:
            raise OAuthFault("invalid_scope", "scope must hold rest_webservices")
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            raise OAuthFault("invalid_request", "iat and exp are expected")
        if expires - issued > _LONGEST_LIFE or expires <= now or issued > now + _SKEW:
            raise OAuthFault(
                "invalid_grant", "the assertion is expired, from the future, or lives longer than 60 minutes"
            )

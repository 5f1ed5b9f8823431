"""Where a NetSuite account is and how to sign in there: the Airflow connection `netsuite`, checked before use."""

import hashlib
import ipaddress
import logging
import re
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from include.netsuite.errors import WrongConnection
from include.netsuite.private_key import load_private_key

log = logging.getLogger(__name__)

# Checked before a host is built from it: an unchecked id could send a signed assertion to another host.
_ACCOUNT = re.compile(r"[A-Za-z0-9]{3,20}(?:[_-][A-Za-z0-9]{1,10})?")
_DOMAIN = "suitetalk.api.netsuite.com"
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".test", ".svc")
Auth = Literal["oauth2", "tba"]


class OAuth2Credentials(BaseModel):
    """OAuth 2.0 client credentials with a certificate (ORA:section_162755359851). The key is a PEM, already checked."""

    model_config = ConfigDict(frozen=True)

    client_id: str
    certificate_id: str
    private_key: SecretStr


class TbaCredentials(BaseModel):
    """Token-based authentication, OAuth 1.0a (ORA:section_1534941088)."""

    model_config = ConfigDict(frozen=True)

    consumer_key: str
    consumer_secret: SecretStr
    token_id: str
    token_secret: SecretStr


class NetSuiteConnection(BaseModel):
    """One NetSuite account: its base URL, who signs in, and how hard it may be used.

    account: upper case with '_' (`1234567_SB1`), which is also the OAuth 1.0a realm. base_url: no slash at the end.
    concurrency: most requests in flight at once. timeout: seconds to wait for one answer.
    """

    model_config = ConfigDict(frozen=True)

    account: str
    base_url: str
    credentials: OAuth2Credentials | TbaCredentials
    concurrency: Annotated[int, Field(ge=1, le=100)] = 4
    timeout: Annotated[float, Field(ge=0.1, le=900)] = 120

    @property
    def auth(self) -> Auth:
        """Return how this connection signs in, in the words of the connection's field `auth`."""
        return "oauth2" if isinstance(self.credentials, OAuth2Credentials) else "tba"

    @property
    def fingerprint(self) -> str:
        """Tell one set of credentials from another, without telling what they are."""
        values = (value.get_secret_value() if isinstance(value, SecretStr) else value for _, value in self.credentials)
        return hashlib.sha256("|".join((self.base_url, self.account, *values)).encode()).hexdigest()[:16]

    @classmethod
    def from_airflow_fields(
        cls, host: str | None, login: str | None, password: str | None, extra: Mapping[str, object]
    ) -> "NetSuiteConnection":
        """Check the fields of an Airflow connection (docs: the connection `netsuite`) and build the connection.

        `host` may be empty (derived from the account id), a host name, or http(s)://host[:port]. Plain http is for
        test servers only: the name must be one that cannot be on the public internet.
        Raises WrongConnection, which names the field and what is allowed there.
        """
        fields = {name: str(value).strip() for name, value in extra.items() if value is not None}
        account = _account(fields.get("account", ""))
        values: dict[str, object] = {
            "account": account,
            "base_url": _base_url((host or "").strip(), account),
            "credentials": _credentials(_auth(fields.get("auth", "")), (login or "").strip(), password or "", fields),
        }
        values |= {name: fields[name] for name in ("concurrency", "timeout") if fields.get(name)}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            raise WrongConnection(f"Connection field '{name}' cannot be used: {first['msg']}.") from None


def _account(text: str) -> str:
    if not text:
        raise WrongConnection(
            "Connection field 'account' (in extra) is empty. Enter the account id as Setup > Company > Company"
            " Information shows it, for example 1234567 or 1234567_SB1."
        )
    if not _ACCOUNT.fullmatch(text):
        raise WrongConnection(
            f"Connection field 'account' is {text[:60]!r}. An account id is letters and digits, with at most one"
            " '_' before the name of a sandbox: 1234567 or 1234567_SB1."
        )
    return text.upper().replace("-", "_")


def _auth(text: str) -> Auth:
    match text.lower():
        case "" | "oauth2":
            return "oauth2"
        case "tba":
            return "tba"
    raise WrongConnection(f"Connection field 'auth' is {text[:60]!r}. Allowed: 'oauth2' (the default) or 'tba'.")


def _base_url(host: str, account: str) -> str:
    label = account.lower().replace("_", "-")
    if not host:
        return f"https://{label}.{_DOMAIN}"
    url = _split(host)
    name = url.hostname or ""
    if name.endswith(f".{_DOMAIN}") and name != f"{label}.{_DOMAIN}":
        raise WrongConnection(
            f"Connection field 'host' is the host of another account ({name}) than field 'account' ({account})."
            " Correct one of them, or leave 'host' empty."
        )
    if url.scheme == "http":
        if not _is_private(name):
            raise WrongConnection(
                f"Connection field 'host' is http://{name}: sign-in over plain http is allowed only for test servers on"
                " this machine or in a private network. Use https://."
            )
        if not is_loopback(name):
            log.warning("NetSuite at %s is reached over plain http: anyone in that network can read the traffic", name)
    return f"{url.scheme}://{url.netloc.lower()}"


def _split(host: str) -> SplitResult:
    try:
        url = urlsplit(host if "://" in host else f"https://{host}")
        well_formed = url.scheme in ("http", "https") and url.hostname and (url.port is None or url.port > 0)
    except ValueError:
        well_formed = False
    if not well_formed or url.path.strip("/") or url.query or url.fragment or "@" in url.netloc:
        raise WrongConnection(
            f"Connection field 'host' is {_without_userinfo(host)[:100]!r}. Allowed: empty (derived from the account"
            " id), a host name, or https://host[:port], with nothing after it."
        )
    return url


def _without_userinfo(host: str) -> str:
    return re.sub(r"//[^/]*@", "//…@", host)


def is_loopback(name: str) -> bool:
    """Say whether a host name is this machine itself."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _is_private(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return "." not in name or name.endswith(_PRIVATE_SUFFIXES)
    return address.is_private or address.is_loopback


def _credentials(
    auth: Auth, login: str, password: str, fields: Mapping[str, str]
) -> OAuth2Credentials | TbaCredentials:
    if auth == "oauth2":
        _require(auth, {"login": login, "password": password, "certificate_id": fields.get("certificate_id", "")})
        return OAuth2Credentials(
            client_id=login,
            certificate_id=fields["certificate_id"],
            private_key=SecretStr(load_private_key(password).pem),
        )
    names = ("token_id", "token_secret")
    _require(auth, {"login": login, "password": password} | {name: fields.get(name, "") for name in names})
    if "PRIVATE KEY" in password:
        raise WrongConnection(
            "Connection field 'password' holds a private key, but 'auth' is 'tba', which takes the consumer secret"
            " there. Set 'auth' to 'oauth2', or enter the consumer secret."
        )
    return TbaCredentials(
        consumer_key=login,
        consumer_secret=SecretStr(password.strip()),
        token_id=fields["token_id"],
        token_secret=SecretStr(fields["token_secret"]),
    )


_MEANING = {
    "oauth2": {
        "login": "the client id of the integration record",
        "password": "the private key, as PEM",
        "certificate_id": "the certificate id of the OAuth 2.0 client credentials mapping",
    },
    "tba": {
        "login": "the consumer key of the integration record",
        "password": "the consumer secret",
        "token_id": "the token id",
        "token_secret": "the token secret",
    },
}


def _require(auth: Auth, values: Mapping[str, str]) -> None:
    missing = [f"'{name}' ({_MEANING[auth][name]})" for name, value in values.items() if not value.strip()]
    if missing:
        raise WrongConnection(
            f"Sign-in by '{auth}' needs the connection field{'s' * (len(missing) > 1)} {', '.join(missing)}."
            " If the account is to sign in the other way, set 'auth' to"
            f" {'tba' if auth == 'oauth2' else 'oauth2'!r}."
        )

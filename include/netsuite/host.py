"""One exchange with NetSuite's host: sent once, its JSON read, and every failure told apart."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError, ReadTimeoutError

from include.netsuite.answers import error_of
from include.netsuite.connection import is_loopback
from include.netsuite.errors import NetSuiteDown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from requests.auth import AuthBase
    from urllib3 import HTTPResponse

    from include.netsuite.connection import NetSuiteConnection
    from include.netsuite.stats import ClientStats

T = TypeVar("T")
# What makes an answer of the success of a request; raises the family of NetSuiteError where it cannot.
Reader: TypeAlias = Callable[[requests.Response], T]

_CONNECT_SECONDS = 10.0
_PIECE_BYTES = 1 << 18
# A refused connection or an unknown host is hardly ever mended by waiting; a server that restarts may be.
_UNREACHABLE_SECONDS = 5.0


@dataclass(frozen=True)
class Request:
    """A request that only reads, so that sending it again is harmless. `form` or `body`, or neither."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Host:
    """The account's host, over one pool of connections that threads share: no cookies, no redirects."""

    def __init__(self, connection: NetSuiteConnection, stats: ClientStats) -> None:
        self._connection = connection
        self._stats = stats
        self._session = _session(connection)
        self._last_date: str | None = None

    @property
    def last_date(self) -> str | None:
        """Return the header Date of the last answer: the host's clock."""
        return self._last_date

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    def exchange(self, request: Request, auth: AuthBase, read: Reader[T]) -> T:
        """Send a request once and return what `read` makes of its success. Raises the family of NetSuiteError."""
        response = self._answer(request, auth)
        self._last_date = response.headers.get("Date", self._last_date)
        self._stats.received(size=len(response.content))
        if not 200 <= response.status_code < 300:
            raise error_of(response)
        return read(response)

    def _answer(self, request: Request, auth: AuthBase) -> requests.Response:
        timeout = self._connection.timeout
        until = monotonic() + timeout
        try:
            with self._stats.request():
                response = self._session.request(
                    request.method,
                    self._connection.base_url + request.path,
                    params=request.query,
                    json=request.body,
                    data=request.form,
                    headers=dict(request.headers),
                    auth=auth,
                    timeout=(min(_CONNECT_SECONDS, timeout), timeout),
                    allow_redirects=False,
                    stream=True,
                )
                with closing(response.raw) as raw:
                    body = _body(raw, until)
        except (requests.RequestException, HTTPError) as error:
            raise self._down(error) from error
        response.raw = BytesIO(body)
        return response

    def _down(self, error: Exception) -> NetSuiteDown:
        host = urlsplit(self._connection.base_url).netloc
        causes = list(_causes(error))
        if any(isinstance(cause, NameResolutionError) for cause in causes):
            return NetSuiteDown(
                f"The host {host}, of account {self._connection.account}, was not found. Check the connection's account"
                " id and base URL, and that this machine can look up names.",
                worth_retrying_for=_UNREACHABLE_SECONDS,
            )
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            return NetSuiteDown(
                f"The certificate of {host} is not trusted ({causes[-1]}). If a proxy of your company stands in"
                " between, name its certificate in REQUESTS_CA_BUNDLE; otherwise check the connection's base URL.",
                worth_retrying_for=0.0,
            )
        if any(isinstance(cause, NewConnectionError) for cause in causes):
            return NetSuiteDown(
                f"Nothing answers at {host}: no connection ({causes[-1]}). Check the connection's base URL, and that"
                " this machine may reach it (firewall, proxy).",
                worth_retrying_for=_UNREACHABLE_SECONDS,
            )
        if isinstance(error, requests.Timeout | ReadTimeoutError):
            return NetSuiteDown(
                f"{host} did not answer within {self._connection.timeout:g} s (the connection's field 'timeout')."
            )
        return NetSuiteDown(f"The connection to {host} broke before the answer was complete ({causes[-1]}).")


def _body(raw: HTTPResponse, until: float) -> bytes:
    """Read the body piece by piece: the socket's timeout is for each piece, and a body may trickle for ever.

    Raises requests.ReadTimeout when it is not complete at `until`.
    """
    pieces = []
    while piece := raw.read1(_PIECE_BYTES, decode_content=True):
        if monotonic() > until:
            raise requests.ReadTimeout
        pieces.append(piece)
    return b"".join(pieces)


def _session(connection: NetSuiteConnection) -> requests.Session:
    session = requests.Session()
    # Answers must not depend on which thread asked before: no cookies.
    session.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    session.mount(connection.base_url, HTTPAdapter(pool_maxsize=connection.concurrency))
    # A proxy from the environment is for the world outside, not for this machine itself.
    session.trust_env = not is_loopback(urlsplit(connection.base_url).hostname or "")
    return session


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk from an error to its root: requests and urllib3 keep their causes in three different places."""
    seen: set[int] = set()
    pending: list[BaseException] = [error]
    while pending:
        cause = pending.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
        pending.extend(each for each in reversed(inner) if isinstance(each, BaseException))

"""A request on its way: signed, governed, and sent again where that can help."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

from requests.auth import AuthBase

from include.netsuite.answers import json_object
from include.netsuite.errors import NotSignedIn, TooManyRequests
from include.netsuite.host import Host, Reader, Request
from include.netsuite.retries import RetryBudget, with_retries
from include.netsuite.sign_in import TOKEN_PATH, sign_in_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from include.netsuite.connection import NetSuiteConnection
    from include.netsuite.governor import Governor
    from include.netsuite.stats import ClientStats

T = TypeVar("T")

_NEVER = threading.Event()
_PROOFS_PER_REQUEST = 4


class Transport:
    """Sends the requests of one client, from any number of threads."""

    def __init__(
        self, connection: NetSuiteConnection, governor: Governor, stats: ClientStats, budget: RetryBudget
    ) -> None:
        self._governor = governor
        self._stats = stats
        self._budget = budget
        self._sign_in = sign_in_for(connection, self._ask_token)
        self.host = Host(connection, stats)

    def ask(self, request: Request, read: Reader[T], stop: threading.Event = _NEVER) -> T:
        """Send a request that only reads, and return what `read` makes of its success.

        Raises the family of NetSuiteError, passing ones when the retry budget is used up; Abandoned once `stop` is set.
        """
        return with_retries(lambda: self._signed(request, read, stop), self._budget, self._stats, stop)

    def _signed(self, request: Request, read: Reader[T], stop: threading.Event) -> T:
        proofs = 0
        while True:
            with self._governor.slot(stop) as slot:
                # A proof may end while a request waits for its slot: it is made once there is one.
                auth = self._sign_in.auth()
                try:
                    answer = self.host.exchange(request, auth, read)
                except TooManyRequests:
                    self._governor.refused(slot)
                    raise
                except NotSignedIn as error:
                    proofs += 1
                    if not self._sign_in.renewed(auth) or proofs == _PROOFS_PER_REQUEST:
                        raise self._sign_in.refused(error, in_flight=self._governor.in_flight) from None
                else:
                    self._sign_in.accepted()
                    self._governor.accepted()
                    return answer

    def _ask_token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Ask once: the request that needs the token is what is tried again, with an assertion of its own."""
        request = Request("POST", TOKEN_PATH, form=form, headers={"Accept": "application/json"})
        return self.host.exchange(request, _Unsigned(), json_object)


class _Unsigned(AuthBase):
    """No proof on the request; given explicitly, lest requests add what a .netrc holds."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request

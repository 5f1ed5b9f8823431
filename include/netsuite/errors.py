"""What can go wrong between us and NetSuite, as one small family.

`message` is written for the person who must act: what is wrong, where, and what to do. No secret ever stands in it.
"""

from __future__ import annotations

from typing import TypedDict, Unpack


class Said(TypedDict, total=False):
    """What NetSuite itself said.

    status: the HTTP status (None: there was no answer). code: NetSuite's `o:errorCode`, or the OAuth `error`.
    detail: NetSuite's own text.
    """

    status: int | None
    code: str | None
    detail: str | None


class NetSuiteError(Exception):
    """Anything that kept NetSuite from answering a question; `status`, `code` and `detail` as in Said."""

    def __init__(self, message: str, **said: Unpack[Said]) -> None:
        super().__init__(message)
        self.message = message
        self.status = said.get("status")
        self.code = said.get("code")
        self.detail = said.get("detail")


class WrongConnection(NetSuiteError):
    """The connection's fields cannot work; found before any request was sent."""


class NotSignedIn(NetSuiteError):
    """NetSuite does not accept who we say we are.

    Never retried: five refused sign-ins lock the user for half an hour (ORA:subsect_156935170194).
    `seconds_ahead`: how far this machine's clock is ahead of the host's, by the answer's header Date; None: not said.
    `times`: how many sign-ins were refused, or are about to be, since they are under way.
    """

    def __init__(
        self, message: str, *, seconds_ahead: float | None = None, times: int = 1, **said: Unpack[Said]
    ) -> None:
        super().__init__(message, **said)
        self.seconds_ahead = seconds_ahead
        self.times = times


class SignInWithheld(NetSuiteError):
    """Nothing was asked, since NetSuite has refused these credentials so often that it might lock the user."""


class NotPermittedOrMissing(NetSuiteError):
    """A record type that is not there, or that the role may not see: NetSuite does not tell them apart.

    `name` is the record type, where NetSuite names it.
    """

    def __init__(self, message: str, *, name: str | None = None, **said: Unpack[Said]) -> None:
        super().__init__(message, **said)
        self.name = name


class BadQuery(NetSuiteError):
    """NetSuite (or this client, before sending) refuses the query as it is written."""


class UnknownColumn(BadQuery):
    """The query names a column that SuiteQL does not offer to this role; `column` is its name in lower case."""

    def __init__(self, message: str, *, column: str = "", **said: Unpack[Said]) -> None:
        super().__init__(message, **said)
        self.column = column


class Passing(NetSuiteError):
    """Trying again may help. Raised to callers only when the retry budget is used up.

    `retry_after`: the seconds that NetSuite asked us to wait, if it did.
    `worth_retrying_for`: seconds after which trying again stops making sense; None: the whole budget.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        worth_retrying_for: float | None = None,
        **said: Unpack[Said],
    ) -> None:
        super().__init__(message, **said)
        self.retry_after = retry_after
        self.worth_retrying_for = worth_retrying_for


class TooManyRequests(Passing):
    """The account's concurrency limit stayed full for the whole retry budget."""


class NetSuiteDown(Passing):
    """NetSuite was not reached, or broke while answering, for the whole retry budget."""


class RowsMissing(NetSuiteDown):
    """NetSuite counts more rows than it has sent: some page was wrong, and nobody can say which."""


class UnknownAnswer(NetSuiteError):
    """NetSuite answered something that this client does not understand, and will not guess at."""


class WrongPage(UnknownAnswer):
    """A page that holds other rows than were asked for, as a cache on the way sends it: another read may be right."""

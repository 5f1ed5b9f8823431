"""What can go wrong between us and NetSuite, as one small family.

`message` is written for the person who must act: what is wrong, where, and what to do. No secret ever stands in it.
"""


class NetSuiteError(Exception):
    """Anything that kept NetSuite from answering a question.

    `status` is the HTTP status (None: there was no answer), `code` NetSuite's `o:errorCode` or the OAuth `error`,
    `detail` NetSuite's own text.
    """

    def __init__(
        self, message: str, *, status: int | None = None, code: str | None = None, detail: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.detail = detail


class WrongConnection(NetSuiteError):
    """The connection's fields cannot work; found before any request was sent."""


class NotSignedIn(NetSuiteError):
    """NetSuite does not accept who we say we are.

    Never retried: five refused sign-ins lock the user for half an hour (ORA:subsect_156935170194).
    """


class NotPermittedOrMissing(NetSuiteError):
    """A record type that is not there, or that the role may not see: NetSuite does not tell them apart.

    `name` is the record type, where NetSuite names it.
    """

    def __init__(
        self,
        message: str,
        *,
        name: str | None = None,
        status: int | None = None,
        code: str | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(message, status=status, code=code, detail=detail)
        self.name = name


class BadQuery(NetSuiteError):
    """NetSuite (or this client, before sending) refuses the query as it is written."""


class UnknownColumn(BadQuery):
    """The query names a column that SuiteQL does not offer to this role; `column` is its name in lower case."""

    def __init__(
        self,
        message: str,
        *,
        column: str,
        status: int | None = None,
        code: str | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(message, status=status, code=code, detail=detail)
        self.column = column

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling: Airflow's processes hand exceptions to one another."""
        return _unknown_column, (self.message, self.column, self.status, self.code, self.detail)


class TooManyRequests(NetSuiteError):
    """The account's concurrency limit stayed full for the whole retry budget.

    `retry_after` is the number of seconds NetSuite asked us to wait, if it did.
    """

    retry_after: float | None = None


class NetSuiteDown(NetSuiteError):
    """NetSuite was not reached, or broke while answering, for the whole retry budget."""


class UnknownAnswer(NetSuiteError):
    """NetSuite answered something that this client does not understand, and will not guess at."""


def _unknown_column(
    message: str, column: str, status: int | None, code: str | None, detail: str | None
) -> UnknownColumn:
    return UnknownColumn(message, column=column, status=status, code=code, detail=detail)

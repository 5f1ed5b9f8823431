"""The client: questions in SuiteQL, typed answers, large reads in parallel."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from include.netsuite.answers import json_object
from include.netsuite.columns import Column, typed
from include.netsuite.errors import BadQuery, NotPermittedOrMissing, UnknownAnswer
from include.netsuite.governor import Governor
from include.netsuite.host import Request
from include.netsuite.keyset import EVERY_ID, IdRange
from include.netsuite.markers import bind
from include.netsuite.page_table import read_table
from include.netsuite.parallel_read import read_by_key
from include.netsuite.retries import RetryBudget
from include.netsuite.slices import Bounds
from include.netsuite.stats import ClientStats
from include.netsuite.suiteql import LARGEST_PAGE, Answer, read_answer, request_for, saved_query
from include.netsuite.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from include.netsuite.connection import NetSuiteConnection
    from include.netsuite.keyset import KeysetQuery, Page
    from include.netsuite.page_table import TableAnswer

log = logging.getLogger(__name__)

SERVER_TIME_PATH = "/services/rest/system/v1/serverTime"
_REFUSED = (BadQuery, NotPermittedOrMissing, UnknownAnswer)
_BOUNDS = (Column("first_id", "id"), Column("last_id", "id"), Column("row_count", "id"))
_SIGN_IN_WORDS = {"oauth2": "OAuth 2.0 client credentials", "tba": "token-based authentication (TBA)"}


class NetSuiteClient:
    """Reads one NetSuite account. Safe to use from several threads, which then share its limit of requests in flight.

    `max_in_flight` lowers the connection's `concurrency`, never raises it. Nothing is sent before the first question.
    Every method raises the family of NetSuiteError (errors.py). `stats` counts what was done, for the run ledger.
    """

    def __init__(
        self,
        connection: NetSuiteConnection,
        *,
        max_in_flight: int | None = None,
        retry_budget: RetryBudget | None = None,
    ) -> None:
        limit = min(connection.concurrency, max_in_flight or connection.concurrency)
        self.connection = connection
        self.stats = ClientStats()
        self._limit = max(1, limit)
        self._transport = Transport(connection, Governor(self._limit), self.stats, retry_budget or RetryBudget())

    def query(
        self,
        sql: str,
        params: Mapping[str, object] | None = None,
        *,
        columns: Sequence[Column],
        limit: int | None = None,
    ) -> list[dict[str, object]]:
        """Return the rows of a small query, typed, every declared column present, None for null.

        `limit` (1 to 1000): at most so many of its rows. Without it the whole answer must fit into one page of 1000
        rows; BadQuery otherwise. Named markers (`:name`) in the SQL take their values from `params` (markers.py).
        """
        if limit is not None and not 1 <= limit <= LARGEST_PAGE:
            raise BadQuery(f"limit is {limit}; allowed are 1 to {LARGEST_PAGE}. Read larger answers with read_by_key.")
        answer = self._rows(sql, params or {}, limit or LARGEST_PAGE, threading.Event())
        if limit is None and (answer.has_more or (answer.total or 0) > len(answer.rows)):
            raise BadQuery(
                f"The query matches more rows ({answer.total or 'unknown'}) than one page of {LARGEST_PAGE} holds."
                " Narrow it, or read it with read_by_key."
            )
        return [typed(row, columns) for row in answer.rows[:limit]]

    def probe(self, sql: str, params: Mapping[str, object] | None = None) -> None:
        """Ask for one row, only to see whether NetSuite accepts the query; raises UnknownColumn and the like if not."""
        self._rows(sql, params or {}, 1, threading.Event())

    def read_by_key(
        self, query: KeysetQuery, *, page_size: int = LARGEST_PAGE, within: IdRange | None = None
    ) -> Iterator[Page]:
        """Yield the pages of a large query, in no particular order, read in parallel up to the limit.

        `within`: only the rows with these ids. Every row comes exactly once, as text. Memory stays bounded while the
        consumer is slow; closing the iterator ends the read.
        """
        if not 1 <= page_size <= LARGEST_PAGE:
            raise BadQuery(f"page_size is {page_size}; allowed are 1 to {LARGEST_PAGE}.")
        source = _KeysetSource(self._transport, self.stats, query)
        return read_by_key(source, at_once=self._limit, page_size=page_size, within=within)

    def count_rows(self, query: KeysetQuery) -> int:
        """Return how many rows a large query matches now."""
        bounds = _KeysetSource(self._transport, self.stats, query).bounds(None, threading.Event())
        return bounds.row_count if bounds else 0

    def server_clock(self) -> datetime:
        """Return NetSuite's own clock, in UTC, to the second. Never this machine's.

        By SuiteQL; where the account refuses that, by the serverTime operation (ORA:article_0528010158), and at last by
        the host's header Date.
        """
        for name in ("server_clock", "server_clock_systimestamp"):
            try:
                return self._one_instant(saved_query(name))
            except _REFUSED as error:
                log.warning("NetSuite does not tell its clock by %s.suiteql: %s", name, error)
        try:
            return self._server_time()
        except _REFUSED as error:
            log.warning("NetSuite does not tell its clock by the serverTime operation: %s", error)
        return self._date_of_last_answer()

    def who_am_i(self) -> str:
        """Sign in and say in one paragraph who and where that is; for the connection's Test button."""
        now = self.server_clock()
        return (
            f"Signed in to NetSuite account {self.connection.account} at {self.connection.base_url} by"
            f" {_SIGN_IN_WORDS[self.connection.auth]}. Its clock says {now:%Y-%m-%d %H:%M:%S} UTC."
            f" {self._what_it_sees()}"
        )

    def _rows(self, sql: str, params: Mapping[str, object], limit: int, stop: threading.Event) -> Answer:
        answer = self._transport.ask(request_for(bind(sql, params), limit=limit), read_answer, stop)
        self.stats.received(rows=len(answer.rows))
        return answer

    def _one_instant(self, sql: str) -> datetime:
        rows = self.query(sql, columns=[Column("now_utc", "instant")], limit=1)
        instant = rows[0]["now_utc"] if rows else None
        if not isinstance(instant, datetime):
            raise UnknownAnswer("NetSuite answered the question for its clock without an instant.")
        return instant

    def _server_time(self) -> datetime:
        text = str(self._transport.ask(Request("GET", SERVER_TIME_PATH), json_object).get("serverTime"))
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            raise UnknownAnswer(f"NetSuite's serverTime operation answered {text[:100]!r}, no instant.") from None
        # Oracle promises UTC whether or not the text says so.
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)

    def _date_of_last_answer(self) -> datetime:
        date = self._transport.host.last_date
        if date is None:
            raise UnknownAnswer(
                "NetSuite does not tell its clock in any way; without it there is no cut-off to read to."
            )
        log.warning("Taking NetSuite's clock from its header Date: %s", date)
        return parsedate_to_datetime(date).astimezone(UTC)

    def _what_it_sees(self) -> str:
        try:
            row = self.query(saved_query("readable_employees"), columns=[Column("employees", "id")], limit=1)
        except _REFUSED as error:
            return f"It may not read employees: {error.message}"
        return f"The role may read {row[0]['employees'] if row else 0} employees."


class _KeysetSource:
    """The rows of one keyset query."""

    def __init__(self, transport: Transport, stats: ClientStats, query: KeysetQuery) -> None:
        self._transport = transport
        self._stats = stats
        self._query = query

    def bounds(self, ids: IdRange | None, stop: threading.Event) -> Bounds | None:
        request = self._request(self._query.bounds_sql, ids or EVERY_ID, 1)
        answer = self._transport.ask(request, read_answer, stop)
        row = typed(answer.rows[0], _BOUNDS) if answer.rows else {}
        first, last, count = (row.get(column.name) for column in _BOUNDS)
        if isinstance(count, int) and isinstance(first, int) and isinstance(last, int) and count > 0:
            return Bounds(first, last, count)
        if count == 0:
            return None
        raise UnknownAnswer(f"NetSuite answered the bounds of a read with {row}. Check bounds_sql.")

    def page(self, ids: IdRange, page_size: int, stop: threading.Event) -> TableAnswer:
        request = self._request(self._query.sql, ids, page_size)
        answer = self._transport.ask(request, lambda response: read_table(response, self._query.columns), stop)
        self._stats.received(rows=answer.table.num_rows)
        return answer

    def _request(self, sql: str, ids: IdRange, limit: int) -> Request:
        params = {**self._query.params, "after_id": str(ids.after_id), "last_id": str(ids.last_id)}
        return request_for(bind(sql, params), limit=limit)

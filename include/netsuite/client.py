"""The client: questions in SuiteQL, typed answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from include.netsuite.columns import Column
from include.netsuite.connection import NetSuiteConnection
from include.netsuite.keyset import KeysetQuery, Page


@dataclass
class ClientStats:
    """Skeleton: see the brief."""

    requests: int = 0
    retries: dict[str, int] = field(default_factory=dict)
    seconds_waiting_for_netsuite: float = 0.0
    rows: int = 0
    bytes: int = 0
    highest_in_flight: int = 0


class NetSuiteClient:
    """Skeleton: signatures that the other rooms call."""

    stats: ClientStats

    def __init__(self, connection: NetSuiteConnection, *, max_in_flight: int | None = None) -> None:
        self.stats = ClientStats()

    def query(
        self,
        sql: str,
        params: Mapping[str, object] | None = None,
        *,
        columns: Sequence[Column],
        limit: int | None = None,
    ) -> list[dict[str, object]]:
        """Return at most one page of rows, typed."""
        raise NotImplementedError

    def probe(self, sql: str, params: Mapping[str, object] | None = None) -> None:
        """Raise the family if NetSuite does not accept the query."""
        raise NotImplementedError

    def read_by_key(self, query: KeysetQuery, *, page_size: int = 1000) -> Iterator[Page]:
        """Yield the pages of a large query."""
        raise NotImplementedError

    def server_clock(self) -> datetime:
        """Return NetSuite's own clock in UTC."""
        raise NotImplementedError

    def who_am_i(self) -> str:
        """Say who and where we are."""
        raise NotImplementedError

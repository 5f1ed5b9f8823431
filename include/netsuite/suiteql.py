"""SuiteQL over REST: one request is one page, and what a page's envelope says (netsuite.md 1.1, 1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from include.netsuite.answers import json_object
from include.netsuite.errors import UnknownAnswer
from include.netsuite.host import Request

if TYPE_CHECKING:
    import requests

    from include.netsuite.markers import BoundQuery

SUITEQL_PATH = "/services/rest/query/v1/suiteql"
LARGEST_PAGE = 1000
_HEADERS = {"Prefer": "transient", "Accept": "application/json"}
_FLAGS = {True: "T", False: "F"}
_FOLDER = Path(__file__).parent / "queries"

Row = dict[str, str | None]


@dataclass(frozen=True)
class Answer:
    """One page as it came: its rows as text under lower-case names; nulls are missing names.

    `total` is how many rows the whole query matches, None where NetSuite does not say.
    """

    rows: list[Row]
    has_more: bool
    total: int | None


def request_for(query: BoundQuery, *, limit: int) -> Request:
    """Build the request for the first `limit` rows of a query. `limit` and `offset` go in the URL, never in the SQL."""
    body: dict[str, object] = {"q": query.q}
    if query.params:
        body["params"] = query.params
    return Request("POST", SUITEQL_PATH, query={"limit": str(limit), "offset": "0"}, body=body, headers=_HEADERS)


def read_answer(response: requests.Response) -> Answer:
    """Read a page as rows. Raises UnknownAnswer where it is no page, NetSuiteDown where it is cut off."""
    envelope = json_object(response)
    items = envelope.get("items")
    if not isinstance(items, list):
        raise UnknownAnswer(f"NetSuite's answer to a query has no list of items; it has: {sorted(envelope)}.")
    return Answer(
        rows=[_row(item) for item in items],
        has_more=str(envelope.get("hasMore", "")).lower() == "true",
        total=_whole(envelope.get("totalResults")),
    )


def saved_query(name: str) -> str:
    """Return the text of one of this room's .suiteql files."""
    return (_FOLDER / f"{name}.suiteql").read_text(encoding="utf-8")


def _row(item: object) -> Row:
    if not isinstance(item, dict):
        raise UnknownAnswer(f"NetSuite's answer holds an item that is no row: {str(item)[:100]!r}.")
    row: Row = {}
    for key, value in item.items():
        name = key.lower()  # Oracle does not promise the case of names (ORA:section_156257796125)
        if name == "links":
            continue
        if name in row:
            raise UnknownAnswer(f"NetSuite's answer has the column {name!r} twice in one row. Give each its own alias.")
        row[name] = value if isinstance(value, str) or value is None else _text(name, value)
    return row


def _text(name: str, value: object) -> str:
    """Numbers have been read as text already; what else is not text is a flag."""
    if isinstance(value, bool):
        return _FLAGS[value]
    raise UnknownAnswer(f"NetSuite's column {name!r} holds no plain value, but {str(value)[:100]!r}.")


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, str) and value.isdecimal() else None

"""A page as a table of text columns.

Parsing is what a read spends its time on, so a page of the documented form goes through pyarrow's JSON parser (about
four times as fast, and without the interpreter's lock). Any other form is read by the slow path, which is the
one that judges: it accepts what is odd but clear, and says what is wrong with the rest.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.netsuite.suiteql import Row, read_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    import requests


@dataclass(frozen=True)
class TableAnswer:
    """One page: all declared columns as text in the declared order, null where NetSuite had null.

    `total` is how many rows the whole query matches, None where NetSuite does not say.
    """

    table: pa.Table
    has_more: bool
    total: int | None


def read_table(response: requests.Response, columns: Sequence[str]) -> TableAnswer:
    """Read a page as a table. Raises UnknownAnswer where it is no page, NetSuiteDown where it is cut off."""
    return _documented_form(response.content, columns) or _any_form(response, columns)


def _documented_form(content: bytes, columns: Sequence[str]) -> TableAnswer | None:
    """Read a page whose values are all strings under the expected names; None for every other page."""
    import pyarrow as pa
    from pyarrow import json

    row = pa.struct([(name, pa.string()) for name in columns])
    envelope = pa.schema([("hasMore", pa.bool_()), ("totalResults", pa.int64()), ("items", pa.list_(row))])
    try:
        parsed = json.read_json(
            io.BytesIO(content),
            read_options=json.ReadOptions(use_threads=False, block_size=len(content) + 1),
            parse_options=json.ParseOptions(
                explicit_schema=envelope, newlines_in_values=True, unexpected_field_behavior="infer"
            ),
        )
    except pa.ArrowException:
        return None
    if parsed.num_rows != 1 or parsed["items"].null_count:
        return None
    rows = parsed["items"].chunk(0).flatten()
    has_more, total = parsed["hasMore"][0].as_py(), parsed["totalResults"][0].as_py()
    names = {field.name for field in rows.type} - {"links"}
    if has_more is None or total is None or rows.null_count or names != set(columns):
        return None
    table = pa.Table.from_arrays([rows.field(name) for name in columns], names=list(columns))
    return TableAnswer(table, has_more, total)


def _any_form(response: requests.Response, columns: Sequence[str]) -> TableAnswer:
    import pyarrow as pa

    answer = read_answer(response)
    arrays = [pa.array([_storable(row, name) for row in answer.rows], pa.string()) for name in columns]
    return TableAnswer(pa.Table.from_arrays(arrays, names=list(columns)), answer.has_more, answer.total)


def _storable(row: Row, name: str) -> str | None:
    """Half a surrogate pair, which JSON can spell and UTF-8 cannot, becomes U+FFFD."""
    text = row.get(name)
    if text is None or text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

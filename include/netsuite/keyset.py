"""The question behind a keyset read, and the pages it yields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa


class IdRange(NamedTuple):
    """The ids above `after_id`, up to and including `last_id`."""

    after_id: int
    last_id: int


# Wider than any internal id, and exact in every number type.
EVERY_ID = IdRange(-(10**15), 10**15)


@dataclass(frozen=True)
class KeysetQuery:
    """Rows that are read in the order of their `id`, in slices of ids side by side.

    sql: SELECT … AS id, … WHERE … AND id > :after_id AND id <= :last_id ORDER BY id. The key's alias is `id`, unique.
    bounds_sql: SELECT MIN(id) AS first_id, MAX(id) AS last_id, COUNT(*) AS row_count over the same rows, with the same
        two markers: it also counts slices, so that no query ever matches as many rows as NetSuite's cap.
    params: a value for each further marker, as text.
    columns: the aliases of `sql` in lower case, in the order that the pages shall have; `id` among them.
    """

    sql: str
    bounds_sql: str
    params: Mapping[str, str] = field(default_factory=dict)
    columns: Sequence[str] = ("id",)

    def __post_init__(self) -> None:
        """Raise ValueError where the parts do not fit together: a mistake in the project, not in NetSuite."""
        for name, sql in (("sql", self.sql), ("bounds_sql", self.bounds_sql)):
            for marker in (":after_id", ":last_id"):
                if marker not in sql:
                    raise ValueError(f"KeysetQuery.{name} has no marker {marker}; add it to its WHERE")
        if "id" not in self.columns:
            raise ValueError(f"KeysetQuery.columns must contain 'id', the key; it has {list(self.columns)}")


class Page(NamedTuple):
    """Rows of one answer. Pages of different slices come in no particular order.

    table: every column of the query, as text, null where NetSuite had null, `id` strictly ascending.
    slice: the id range that was being read; number: 1, 2, … within the whole read, in the order of arrival.
    settled: the ids that need not be read again: the page holds every row among them.
    """

    table: pa.Table
    slice: IdRange
    number: int
    settled: IdRange

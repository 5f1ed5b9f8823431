"""Write down which rows of a staged batch are bad, by the very queries that the suite checked them with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from sqlalchemy import Engine

    from include.validate.queries import BatchQueries
    from include.validate.rules import Rule


def write_bad_rows(engine: Engine, queries: BatchQueries, broken_rules: Iterable[Rule]) -> None:
    """Write ``<table>__bad (row_number, reason)``, one row per row and rule it breaks; an older one is replaced."""
    with engine.begin() as connection:
        connection.execute(text(queries.drop_bad_table()))
        connection.execute(text(queries.create_bad_table()))
        for rule in broken_rules:
            connection.execute(text(queries.quarantine(rule)), {"reason": rule.reason})


def samples_of(
    engine: Engine, queries: BatchQueries, broken_rules: Iterable[Rule]
) -> dict[str, list[Mapping[str, Any]]]:
    """Some rows that break each rule, by its reason: ``row_number`` and ``checked_text``."""
    with engine.connect() as connection:
        return {
            rule.reason: [dict(row) for row in connection.execute(text(queries.samples(rule))).mappings()]
            for rule in broken_rules
        }

"""What names mean inside one SELECT: the tables of its FROM, their columns, and the SELECT around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.sandbox.errors import NetSuiteFault, query_fault, unknown_identifier, unsupported
from include.sandbox.suiteql.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.sandbox.database import TableInfo


@dataclass(frozen=True)
class Relation:
    """A table, or a SELECT in parentheses, under the alias it has in this FROM."""

    alias: str
    table: str
    columns: dict[str, Value]
    has_rowid: bool


@dataclass
class Scope:
    """The names of one SELECT."""

    outer: Scope | None = None
    relations: dict[str, Relation] = field(default_factory=dict)

    def add(self, relation: Relation) -> None:
        """Take in a table. Raises NetSuiteFault when the alias is there already."""
        if relation.alias in self.relations:
            raise unsupported(f"the name {relation.alias} is used twice in FROM")
        self.relations[relation.alias] = relation

    def find(self, column: str, alias: str = "") -> Value:
        """Return a column by its name, looking outwards. Raises NetSuiteFault: unknown, or in two tables at once."""
        holders = [
            relation
            for relation in self.relations.values()
            if alias in ("", relation.alias) and column in relation.columns
        ]
        if len(holders) > 1:
            raise unsupported(f"column ambiguously defined: {column}")
        if holders:
            return holders[0].columns[column]
        if self.outer is not None and alias not in self.relations:
            return self._find_outside(column, alias)
        raise self.unknown(column if alias in ("", *self.relations) else alias)

    def _find_outside(self, column: str, alias: str) -> Value:
        assert self.outer is not None
        try:
            return self.outer.find(column, alias)
        except NetSuiteFault:
            raise self.unknown(column) from None

    def unknown(self, name: str) -> NetSuiteFault:
        """Return the error for a name that means nothing here."""
        return unknown_identifier(name, {relation.alias: relation.table for relation in self.relations.values()})


@dataclass(frozen=True)
class Catalogue:
    """The tables as one role in one account sees them."""

    tables: Mapping[str, TableInfo]
    hidden_tables: frozenset[str]
    hidden_columns: frozenset[str]
    empty_tables: frozenset[str] = frozenset()
    tables_of_features_off: frozenset[str] = frozenset()

    def relation(self, table: str, alias: str) -> Relation:
        """Return a table under an alias. Raises NetSuiteFault: no such table, or not for this role (1.3)."""
        if table in self.hidden_tables:
            raise query_fault(f"Search error occurred: Record '{table}' was not found.")
        if table not in self.tables or table in self.tables_of_features_off:
            raise query_fault(f"Invalid search type: {table}.")
        columns = {
            name: Value(column.kind, f'"{alias}"."{name}"', column=column)
            for name, column in self.tables[table].columns.items()
            if f"{table}.{name}" not in self.hidden_columns and not name.startswith("sandbox_")
        }
        return Relation(alias, table, columns, has_rowid=table not in self.empty_tables)

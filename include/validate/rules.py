"""The rules on rows, as data: those that follow from a column's declared type, and the few of a single entity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from include.extract.entities import Entity
    from include.netsuite.columns import ColumnType


@dataclass(frozen=True, slots=True)
class Check:
    """What a column is held to. ``sql`` names the file in ``sql/`` that selects the rows that fail it.

    ``holds`` and ``fails`` say it of a column: 'is a number', 'is not a number'. ``beside``: other columns it reads.
    """

    sql: str
    holds: str
    fails: str
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A check on one column. A row that breaks it goes to quarantine, or is only counted if it is a ``warning``."""

    column: str
    check: Check
    warning: bool = False

    @property
    def reads(self) -> frozenset[str]:
        """The columns of the staging table without which the rule says nothing."""
        return frozenset({"row_number", self.column, *self.check.beside})

    @property
    def reason(self) -> str:
        """Why a row is in quarantine, in words that stay the same from run to run: 'total is not a number'."""
        return f"{self.column} {self.check.fails}"

    @property
    def is_of_type(self) -> bool:
        """Whether the rule is that the column's text can be read as its declared type."""
        return self.check in (*CHECK_OF_TYPE.values(), TEAM)

    @property
    def promise(self) -> str:
        """What the rule asks for: 'total is a number'."""
        return f"{self.column} {self.check.holds}"


PRESENT = Check("present.sql", "is there", "is missing")
UNIQUE = Check("unique.sql", "is unique in the batch", "is not unique in the batch")
UNIQUE_PER_RECORD_TYPE = Check(
    "unique_per_record_type.sql", "is unique per record type", "is not unique per record type", ("record_type",)
)
WHOLE_POSITIVE = Check("whole_positive.sql", "is a whole positive number", "is not a whole positive number")
NUMBER = Check("number.sql", "is a number", "is not a number")
DATE = Check("date.sql", "is a date (YYYY-MM-DD)", "is not a date (YYYY-MM-DD)")
INSTANT = Check("instant.sql", "is an instant (YYYY-MM-DDTHH:MM:SSZ)", "is not an instant (YYYY-MM-DDTHH:MM:SSZ)")
FLAG = Check("flag.sql", "is T or F", "is not T or F")
ADDRESS = Check("address.sql", "is a valid e-mail address", "is not a valid e-mail address", ("email_key",))
NOT_NEGATIVE = Check("not_negative.sql", "is not below zero", "is below zero")

TEAM = Check(
    "team.sql",
    "can be read (employee:isprimary:contribution of each member)",
    "can't be read (employee:isprimary:contribution of each member)",
)

CHECK_OF_TYPE: Mapping[ColumnType, Check] = {
    "id": WHOLE_POSITIVE,
    "number": NUMBER,
    "date": DATE,
    "instant": INSTANT,
    "flag": FLAG,
}

# A deletion is nothing without its type and its time; its ids are unique only within a type, and told twice it is
# still true.
RULES_OF_ENTITY: Mapping[str, tuple[Rule, ...]] = {
    "invoices": (
        Rule("id", UNIQUE),
        Rule("invoice_number", PRESENT, warning=True),
        Rule("total", PRESENT, warning=True),
    ),
    "employees": (Rule("id", UNIQUE), Rule("email", ADDRESS, warning=True)),
    "customers": (Rule("id", UNIQUE), Rule("credit_limit", NOT_NEGATIVE, warning=True)),
    "terms": (Rule("id", UNIQUE),),
    "deletions": (
        Rule("id", UNIQUE_PER_RECORD_TYPE, warning=True),
        Rule("record_type", PRESENT),
        Rule("deleted_at", PRESENT),
    ),
}

# Columns of the staging table that are not NetSuite's: the row's number, and what was computed from its columns.
STAGED_COLUMNS: Mapping[str, frozenset[str]] = {
    "employees": frozenset({"row_number", "email_address", "email_key"}),
}
ROW_NUMBER_ONLY = frozenset({"row_number"})


def rules_of(entity: Entity, owner_fields: Iterable[str] = (), sales_team: Iterable[str] = ()) -> tuple[Rule, ...]:
    """Every rule on the rows of an entity; each owner field is a reference to a record, so an id."""
    return (
        *_rules_of_columns(entity, owner_fields),
        *(Rule(column, TEAM) for column in sales_team),
        *RULES_OF_ENTITY.get(entity.name, ()),
    )


def columns_of(
    entity: Entity,
    owner_fields: Iterable[str] = (),
    custom_fields: Iterable[str] = (),
    sales_team: Iterable[str] = (),
) -> frozenset[str]:
    """The columns that the staging table of an entity must have, no more and no less."""
    declared = {column.name for column in entity.columns}
    staged = STAGED_COLUMNS.get(entity.name, ROW_NUMBER_ONLY)
    return frozenset(declared | {*owner_fields, *custom_fields, *sales_team} | staged)


def _rules_of_columns(entity: Entity, owner_fields: Iterable[str]) -> Iterator[Rule]:
    for column in entity.columns:
        if column.name == "id" or column.name in entity.references:
            yield Rule(column.name, PRESENT)
        if check := CHECK_OF_TYPE.get(column.type):
            yield Rule(column.name, check)
    yield from (Rule(field, WHOLE_POSITIVE) for field in owner_fields)

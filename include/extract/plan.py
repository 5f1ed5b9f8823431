"""Plan a read: add the account's fields, and settle with NetSuite which columns this account has."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from include.extract.errors import MissingField, NoSalesTeam, NotPermitted, VanishedColumn
from include.extract.suiteql import (
    LINE_EDITS,
    SALES_TEAMS,
    WHENEVER,
    Query,
    SelectItem,
    Window,
    columns_that_differ,
    read_column,
    read_query,
)
from include.netsuite.errors import BadQuery, NetSuiteDown, NetSuiteError, NotPermittedOrMissing, UnknownColumn
from include.netsuite.keyset import KeysetQuery

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from include.accounts.model import Account
    from include.extract.entities import Entity
    from include.netsuite.client import NetSuiteClient

log = logging.getLogger(__name__)

# What people call a field on the record where SuiteQL may call it otherwise (netsuite.md 2.1: an invoice's sales rep
# is `employee` in at least one account that has no `salesrep`).
OTHER_NAMES = {("transaction", "salesrep"): ("employee",)}

PERMISSIONS = {
    "transaction": "Transactions > Find Transaction and Transactions > Invoice",
    "employee": "Lists > Employees",
    "customer": "Lists > Customers",
    "term": "Setup > Accounting Lists",
    SALES_TEAMS: "Transactions > Find Transaction, Transactions > Invoice and Lists > Employees",
    "entity": "Lists > Employees, Customers, Vendors and Contacts",
    "deletedrecord": "Setup > Deleted Records",
}

# The boundaries of a window over no time: a probe asks whether the query is accepted, not for rows.
_NO_ROWS = {"after_id": "0", "last_id": "0"}


@dataclass(frozen=True, slots=True)
class Plan:
    """One query of an entity, settled: what this account is asked, and which declared columns it does not have.

    ``spellings``: of the columns that differ between accounts, what this one is asked for, as SuiteQL spells it.
    """

    query: Query
    missing: tuple[str, ...]
    spellings: tuple[str, ...] = ()

    def keyset(self, window: Window) -> KeysetQuery:
        """The read of a window by ascending key."""
        return KeysetQuery(
            sql=self.query.sql(window),
            bounds_sql=self.query.bounds_sql(window),
            params=self.query.params(window),
            columns=self.query.columns,
        )

    def keyset_among(self, ids: Sequence[int]) -> KeysetQuery:
        """The read of the records with these ids, whenever they were modified."""
        read = replace(self, query=self.query.among(len(ids))).keyset(WHENEVER)
        return replace(read, params={**read.params, **{f"among_{number}": str(id_) for number, id_ in enumerate(ids)}})


def plan_entity(
    client: NetSuiteClient,
    account: Account,
    entity: Entity,
    window: Window,
    *,
    had: Collection[str] = (),
    line_edits: bool = True,
) -> tuple[Plan, ...]:
    """A plan for each query of an entity, tried on NetSuite.

    ``had`` are the spellings that the account had when it was last loaded: they must still be there. ``line_edits``:
    whether to ask for rows too of which only a line was edited, if NetSuite tells and the account file wants it.

    Raises:
        MissingField: names the field, and the account file where that asks for it.
        VanishedColumn: names the column that the account had, and what to do where that is meant.
        NoSalesTeam: the account file says that the account has Team Selling; names its key, and what to see to.
        NotPermitted: names the record and the permission that the role needs.
    """
    return tuple(
        _Settling(client, account, entity, window, had, line_edits=line_edits and account.line_edits).settle(
            _with_fields(name, account, entity)
        )
        for name in entity.queries
    )


def _with_fields(name: str, account: Account, entity: Entity) -> Query:
    query = read_query(name)
    items = tuple(_item_of_field(query, field) for field in account.fields_of(entity.name))
    return replace(query, items=query.items + items)


def _item_of_field(query: Query, field: str) -> SelectItem:
    spellings = (field, *OTHER_NAMES.get((query.table, field), ()))
    first, *others = (f"{query.row_alias}.{spelling}" for spelling in spellings)
    return SelectItem(field, first, tuple(others))


class _Settling:
    """Ask NetSuite about one query until it is accepted: other spellings first, then without what may be missing."""

    def __init__(
        self,
        client: NetSuiteClient,
        account: Account,
        entity: Entity,
        window: Window,
        had: Collection[str],
        *,
        line_edits: bool,
    ) -> None:
        self._client = client
        self._account = account
        self._entity = entity
        self._window = window
        self._had = had
        self._line_edits = line_edits

    def settle(self, query: Query) -> Plan:
        missing: list[str] = []
        with_lines, query = query, query.without_line_edits()
        while refused := self._refused_item(query):
            self._require_what_was_there(query, refused)
            other = refused.next_spelling()
            if other is None:
                self._require_optional(query, refused)
                missing.append(refused.alias)
            log.info(
                "NetSuite has no %s for %s of %s: %s",
                refused.expression,
                refused.alias,
                self._entity.name,
                f"asking for {other.expression}" if other else "it stays empty",
            )
            items = (other if item is refused else item for item in query.items)
            query = replace(query, items=tuple(item for item in items if item is not None))
        differing = columns_that_differ(self._entity)
        spellings = [item.expression for item in query.items if item.alias in differing]
        if self._tells_line_edits(with_lines):
            query = replace(query, rest=with_lines.rest)
            spellings.append(LINE_EDITS)
        for column in self._account.sales_team_of(self._entity.name):
            query = self._with_sales_team(query, read_column(column))
            spellings.append(SALES_TEAMS)
        return Plan(query, tuple(missing), tuple(spellings))

    def _with_sales_team(self, query: Query, asked_for: Sequence[SelectItem]) -> Query:
        """The query with the sales team, by the first spelling that NetSuite accepts.

        Tried last, with all the rest settled, so that whatever NetSuite refuses here can only be this.
        """
        refusals = []
        for item in asked_for:
            with_team = replace(query, items=(*query.items, item))
            refusal = self._refusal_of(with_team)
            if refusal is None:
                return with_team
            log.info("NetSuite does not tell the %s in this way: %s", item.alias, refusal)
            refusals.append(refusal)
        down = next((refusal for refusal in refusals if isinstance(refusal, NetSuiteDown)), None)
        raise down or self._no_sales_team(refusals)

    def _refusal_of(self, query: Query) -> NetSuiteError | None:
        try:
            self._client.probe(*self._probing(query))
        except (BadQuery, NotPermittedOrMissing, NetSuiteDown) as error:
            return error
        return None

    def _no_sales_team(self, refusals: Sequence[NetSuiteError]) -> NoSalesTeam | VanishedColumn:
        account, connection = self._account.name, self._account.connection
        said = "; ".join(dict.fromkeys(error.detail or error.message for error in refusals))
        see_to = (
            "See that the feature Team Selling is on (Setup > Company > Enable Features > CRM > Team Selling) and that "
            f"the role of connection {connection!r} may see the record {SALES_TEAMS!r} with its columns transaction, "
            f"employee, isprimary and contribution (permissions {PERMISSIONS[SALES_TEAMS]}). If the account has no "
            f"sales teams, take team_selling out of {self._account.path}. NetSuite said: {said}"
        )
        if SALES_TEAMS in self._had:
            return VanishedColumn(
                f"NetSuite no longer shows the sales teams of {self._entity.name} ({SALES_TEAMS}), as it did when "
                f"account {account} was last loaded. Nothing was emptied. {see_to}"
            )
        return NoSalesTeam(
            f"NetSuite does not show the sales teams of {self._entity.name} ({SALES_TEAMS}), which team_selling in "
            f"{self._account.path} asks for (account {account}). {see_to}"
        )

    def _tells_line_edits(self, query: Query) -> bool:
        """Whether NetSuite tells of which rows a line was edited in the window.

        Tried last, with the other columns settled, so that whatever NetSuite refuses here can only be this.
        """
        if not self._line_edits or not query.reads_line_edits or self._window.since is None:
            return False
        try:
            self._client.probe(*self._probing(query.only(("id",))))
        except (BadQuery, NotPermittedOrMissing, NetSuiteDown) as error:
            if LINE_EDITS not in self._had:
                log.warning("NetSuite does not tell when a line of %s was edited: %s", self._entity.name, error)
                return False
            if isinstance(error, NetSuiteDown):
                raise
            raise VanishedColumn(
                f"NetSuite no longer tells when a line was edited ({LINE_EDITS}), as it did when account "
                f"{self._account.name} was last loaded; invoices of which only a line is edited would be lost. "
                f"Check that the role of connection {self._account.connection!r} may still see lines of transactions, "
                f"or write line_edits: false into {self._account.path}. NetSuite said: {error.detail or error.message}"
            ) from error
        return True

    def _refused_item(self, query: Query) -> SelectItem | None:
        try:
            self._probe(query)
        except UnknownColumn as error:
            refused = _item_naming(query, error.column) or self._refused_alone(query)
            if refused is None:
                raise self._missing(query, error.column) from error
            return refused
        except BadQuery:
            refused = self._refused_alone(query)
            if refused is None:
                raise
            return refused
        return None

    def _refused_alone(self, query: Query) -> SelectItem | None:
        """The first item that NetSuite refuses beside the key: its error does not always name the culprit."""
        key = next(item for item in query.items if item.alias == "id")
        if not self._accepts(replace(query, items=(key,))):
            return None
        others = (item for item in query.items if item is not key)
        return next((item for item in others if not self._accepts(replace(query, items=(key, item)))), None)

    def _accepts(self, query: Query) -> bool:
        try:
            self._probe(query)
        except BadQuery:
            return False
        return True

    def _probe(self, query: Query) -> None:
        try:
            self._client.probe(*self._probing(query))
        except NotPermittedOrMissing as error:
            raise not_permitted(self._account, query.table, error) from error

    def _probing(self, query: Query) -> tuple[str, dict[str, str]]:
        return query.sql(self._window), {**query.params(self._window), **_NO_ROWS}

    def _require_what_was_there(self, query: Query, item: SelectItem) -> None:
        accepted = self._account.accept_missing.get(self._entity.name, ())
        if item.expression in self._had and item.alias not in accepted:
            raise VanishedColumn(
                f"NetSuite no longer has {item.expression} on {query.table}, which column {item.alias} of "
                f"{self._entity.name} was read from when account {self._account.name} was last loaded. Perhaps a "
                f"feature was switched off, or the role of connection {self._account.connection!r} may no longer see "
                f"it. Nothing was emptied. If it is gone for good, write accept_missing: {{{self._entity.name}: "
                f"[{item.alias}]}} into {self._account.path}; the sync goes on without it then."
            )

    def _require_optional(self, query: Query, item: SelectItem) -> None:
        if item.alias not in self._entity.optional:
            asked_by_file = item.alias in self._account.fields_of(self._entity.name)
            raise self._missing(query, item.alias if asked_by_file else item.expression)

    def _missing(self, query: Query, field: str) -> MissingField:
        if field in self._account.fields_of(self._entity.name):
            key = "owner_fields" if field in self._account.owner_fields else f"custom_fields.{self._entity.name}"
            return MissingField(
                f"NetSuite has no field {field!r} on {query.table}; {key} in {self._account.path} names it. Check the "
                "spelling (the field's internal id, in small letters), that the field applies to this record type, and "
                f"that the role of connection {self._account.connection!r} may see it."
            )
        return MissingField(
            f"NetSuite has no field {field!r} on {query.table}, which the sync of account {self._account.name} needs. "
            f"Check that the role of connection {self._account.connection!r} may see it."
        )


def _item_naming(query: Query, column: str) -> SelectItem | None:
    """The item whose expression names the column that NetSuite does not know."""
    word = re.compile(rf"\b{re.escape(column.rpartition('.')[2])}\b", re.IGNORECASE)
    return next((item for item in query.items if word.search(item.expression)), None)


def not_permitted(account: Account, table: str, error: NotPermittedOrMissing) -> NotPermitted:
    """The error for a record that NetSuite says is not there, which mostly means that the role may not see it."""
    permission = PERMISSIONS.get(table, table)
    return NotPermitted(
        f"The role of connection {account.connection!r} may not read the record {table!r} (account {account.name}). "
        f"In NetSuite, give that role the permission {permission}, level View, and run again. "
        f"NetSuite said: {error.detail or error.message}"
    )

"""Read one entity of one account, within its window or by id, and land it."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import astuple
from typing import TYPE_CHECKING

from include.extract.landing import landing_errors
from include.extract.plan import plan_entity
from include.extract.suiteql import LINE_EDITS, WHENEVER, Window
from include.netsuite.errors import RowsMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from include.accounts.model import Account
    from include.extract.entities import Entity
    from include.extract.landing import LandedEntity, LandingWriter, Manifest
    from include.extract.plan import Plan
    from include.netsuite.client import NetSuiteClient

log = logging.getLogger(__name__)

# SuiteQL takes 1,000 values in an IN list (ORA:section_156257796125).
IDS_PER_QUESTION = 500


def window_of(entity: Entity, since: datetime | None, cutoff: datetime) -> Window:
    """What a run reads of an entity, given how far it has been read (None: not yet)."""
    if since is None and not entity.from_beginning:
        since = cutoff - entity.overlap
    return Window(since, cutoff)


def probed_window(entity: Entity, cutoff: datetime) -> Window:
    """A window of the form that most runs ask for, to try an entity's queries with before the run's own is known."""
    return Window(cutoff - entity.overlap if entity.incremental else None, cutoff)


def columns_of(account: Account, entity: Entity) -> tuple[str, ...]:
    """What an entity lands and is staged with: its declared columns, the account's own fields, and the sales team."""
    declared = (column.name for column in entity.columns)
    return (*declared, *account.fields_of(entity.name), *account.sales_team_of(entity.name))


def extract(
    client: NetSuiteClient,
    account: Account,
    entity: Entity,
    window: Window,
    landed: LandedEntity,
    *,
    on_page: Callable[[int], None],
    had: Collection[str] = (),
) -> Manifest:
    """Read an entity's pages in parallel and land them; ``on_page`` is told the rows of each page as it comes.

    An attempt that was cut off is resumed: what it landed for the same questions, window and columns is not read again.
    ``had``: spellings of columns that must be there (see ``plan_entity``), as the fence found them. Memory holds one
    part and the pages in flight, whatever the size of the entity.

    Raises:
        ExtractError: the account lacks a field, or the role a permission.
        LandingRefused: the landing area is full, or may not be written.
        NetSuiteError: NetSuite did not answer.
    """
    columns = columns_of(account, entity)
    plans = plan_entity(client, account, entity, window, had=had, line_edits=LINE_EDITS in had)
    with landing_errors(landed.folder), landed.resume(columns, _digest(plans, window, columns)) as writer:
        for plan in plans:
            writer.note_missing(plan.missing)
            _read_gaps(client, plan, window, writer, on_page)
        if writer.resumed and not _has_all(client, plans, window, writer):
            log.warning("NetSuite counts more rows of %s than an earlier attempt had landed: all are read", entity.name)
            writer.start_anew()
            for plan in plans:
                _read_gaps(client, plan, window, writer, on_page)
    return landed.manifest()


def _digest(plans: Sequence[Plan], window: Window, columns: Sequence[str]) -> str:
    """What the parts of two attempts must have in common to be one read: questions, window and columns."""
    questions = [astuple(plan.keyset(window)) for plan in plans]
    return hashlib.sha256(json.dumps([questions, columns]).encode()).hexdigest()


def _read_gaps(
    client: NetSuiteClient, plan: Plan, window: Window, writer: LandingWriter, on_page: Callable[[int], None]
) -> None:
    """Read the ids of a query that no landed part settles: all of them, if there was no attempt before."""
    for ids in writer.gaps(plan.query.name):
        try:
            for page in client.read_by_key(plan.keyset(window), within=ids):
                writer.add(page.table, query=plan.query.name, ids=page.settled)
                on_page(page.table.num_rows)
        except RowsMissing:
            # Nobody knows which page was wrong, so none may be resumed.
            writer.start_anew()
            raise


def _has_all(client: NetSuiteClient, plans: Sequence[Plan], window: Window, writer: LandingWriter) -> bool:
    """Whether as many rows are there as NetSuite counts; fewer may be left, as rows change while they are read."""
    return all(client.count_rows(plan.keyset(window)) <= writer.rows_of(plan.query.name) for plan in plans)


def extract_by_id(
    client: NetSuiteClient,
    account: Account,
    entity: Entity,
    ids: Sequence[int],
    landed: LandedEntity,
    *,
    on_page: Callable[[int], None],
    had: Collection[str] = (),
) -> Manifest:
    """Read these records of an entity, whenever they were modified, and land them; those that are gone are left out.

    Raises:
        ExtractError: the account lacks a field, or the role a permission.
        LandingRefused: the landing area is full, or may not be written.
        NetSuiteError: NetSuite did not answer.
    """
    with landing_errors(landed.folder), landed.write(columns_of(account, entity)) as writer:
        for plan in plan_entity(client, account, entity, WHENEVER, had=had):
            writer.note_missing(plan.missing)
            for start in range(0, len(ids), IDS_PER_QUESTION):
                some = ids[start : start + IDS_PER_QUESTION]
                for page in client.read_by_key(plan.keyset_among(some)):
                    writer.add(page.table)
                    on_page(page.table.num_rows)
    return landed.manifest()

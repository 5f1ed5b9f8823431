"""Compare what the account file says of Team Selling with what NetSuite shows (D6)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from include.extract.entities import SALES_REP
from include.extract.suiteql import FOLDER, SALES_TEAMS
from include.netsuite.columns import Column
from include.netsuite.errors import BadQuery, NotPermittedOrMissing, Passing, UnknownAnswer

if TYPE_CHECKING:
    from include.accounts.model import Account
    from include.netsuite.client import NetSuiteClient

log = logging.getLogger(__name__)

ANY_SALES_TEAM = FOLDER / "any_sales_team.suiteql"


def warn_of_team_selling(client: NetSuiteClient, account: Account) -> None:
    """Warn where the account file and NetSuite differ about sales teams: owners would be missing for no visible reason.

    One request, and none where the sales rep is no owner field. It never fails a run for what NetSuite refuses.
    """
    if SALES_REP not in account.owner_fields:
        return
    shown = _shows_sales_teams(client)
    if shown and not account.team_selling:
        log.warning(
            "NetSuite has sales teams (%s), but %s has no key team_selling: with the feature Team Selling on, %s may "
            "be empty on invoices. Write team_selling: {choice: primary} (or all, or contribution) into that file to "
            "read the sales team instead.",
            SALES_TEAMS,
            account.path,
            SALES_REP,
        )
    if account.team_selling and not shown:
        log.warning(
            "NetSuite shows no member of any sales team (%s), though team_selling in %s asks for them: no invoice will "
            "have a %s. See whether the role of connection %r may see these rows.",
            SALES_TEAMS,
            account.path,
            SALES_REP,
            account.connection,
        )


def _shows_sales_teams(client: NetSuiteClient) -> bool:
    """Whether any transaction has a sales team; where NetSuite refuses the question, the feature is off."""
    try:
        return bool(client.query(ANY_SALES_TEAM.read_text(encoding="utf-8"), columns=[Column("id", "id")], limit=1))
    except (BadQuery, NotPermittedOrMissing, UnknownAnswer, Passing) as error:
        log.debug("NetSuite does not say whether it has sales teams: %s", error)
        return False

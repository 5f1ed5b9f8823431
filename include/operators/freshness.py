"""The deadline on what is published: an account file says how old it may become, and who is mailed when it is older."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert

from include.accounts.files import load_account
from include.operators.connections import NoConnection, warehouse_engine
from include.operators.deadline_reference import SYNC, LastSuccessfulSync
from include.operators.mail import airflow_address, mail
from include.warehouse.database import run_sql_file
from include.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.accounts.model import Account

SQL = Path(__file__).parent / "sql"

NOT_BEGUN = (
    "see why no run of the sync begins: whether its DAG is paused, whether an older run waits or hangs, and whether "
    "its first step gets a slot of the account's pool."
)
HANGS = "open the run and the log of the step that is running; where it hangs, mark it failed and clear it."
FAILED = "mend what the error names, then clear the failed task in the run. The next run makes up for what was missed."

log = logging.getLogger(__name__)


class LastSyncs(NamedTuple):
    """From when what is published dates, and how the last sync went; None: there was none."""

    published_up_to: datetime | None
    published_at: datetime | None
    run_id: str | None
    state: str | None
    started_at: datetime | None
    error: str | None
    now: datetime


def freshness_deadline(account: Account) -> DeadlineAlert | None:
    """The deadline that every scheduled DAG of the account carries; None where its file names none.

    It is missed when no sync has succeeded in time: a run hangs, fails, or waits for ever. Where no sync begins at all
    (its DAG is paused), the next reconciliation carries the deadline and misses it.
    """
    if account.alerts is None or account.alerts.fresh_within is None:
        return None
    return DeadlineAlert(
        reference=LastSuccessfulSync(account.name),
        interval=account.alerts.fresh_within,
        callback=SyncCallback(mail_stale_data, kwargs={"account": account.name}),
        name="freshness of the published tables",
    )


def mail_stale_data(context: Mapping[str, Any], account: str) -> None:
    """Mail that what is published is older than the account allows; Airflow calls it when the deadline is missed.

    Nothing is mailed where another sync has published since the run was queued that carries the deadline.

    Args:
        context: holds ``dag_run`` (as Airflow's REST API shows it) and ``deadline``.
        account: name of the account file.

    Raises:
        WrongAccountFile: it is gone, or something in it is wrong.
    """
    settings = load_account(account)
    if settings.alerts is None:
        return
    try:
        last = last_syncs(account)
    except (WarehouseError, NoConnection) as error:
        happened = [f"Last sync:        can't be told, since the run ledger can't be read: {error}"]
        mail(settings.alerts, f"[{account}] What is published is too old", _text(settings, context, happened))
        return
    if last.published_at and last.published_at > _queued_at(context, last.now):
        log.info("What is published of %s was renewed at %s: nothing to mail", account, last.published_at)
        return
    allowed = _words(settings.alerts.fresh_within)
    if last.published_up_to:
        subject = f"[{account}] What is published is {_words(last.now - last.published_up_to)} old, more than {allowed}"
    else:
        subject = f"[{account}] Nothing was published within {allowed}"
    mail(settings.alerts, subject, _text(settings, context, _happened(last)))


def last_syncs(account: str) -> LastSyncs:
    """What the run ledger says.

    Raises:
        NoConnection: there is no Airflow connection to the warehouse.
        WarehouseError: it can't be used.
    """
    warehouse = warehouse_engine()
    try:
        with warehouse.connect() as connection:
            (result,) = run_sql_file(connection, SQL / "last_syncs.sql", account=account, dag_id=f"{SYNC}__{account}")
    finally:
        warehouse.dispose()
    return LastSyncs(**result.rows[0])


def _queued_at(context: Mapping[str, Any], now: datetime) -> datetime:
    queued_at = context["dag_run"].get("queued_at")
    return datetime.fromisoformat(queued_at) if queued_at else now


def _text(account: Account, context: Mapping[str, Any], happened: list[str]) -> str:
    assert account.alerts is not None
    address = airflow_address()
    run = context["dag_run"]
    return "\n".join(
        (
            f"No sync of the NetSuite account {account.name} has published in time.",
            "",
            f"Account:          {account.name}",
            f"Allowed age:      {_words(account.alerts.fresh_within)} (alerts.fresh_within_minutes in its file)",
            *happened,
            "",
            "Published tables: as the last sync that succeeded left them.",
            "",
            f"Sync:             {address}/dags/{SYNC}__{account.name}",
            f"Run that noticed: {address}/dags/{run['dag_id']}/runs/{quote(run['dag_run_id'])}",
            "",
        )
    )


def _happened(last: LastSyncs) -> list[str]:
    """What the last sync did, and what to do now."""
    run = f"{last.run_id} of {_instant(last.started_at)}"
    match last.state:
        case "running":
            last_sync, todo = f"{run} has not ended", HANGS
        case "failed":
            last_sync, todo = f"{run} failed: {last.error}", FAILED
        case "success":
            last_sync, todo = f"{run} succeeded, none has begun since", NOT_BEGUN
        case _:
            last_sync, todo = "none has begun yet", NOT_BEGUN
    return [
        f"Published up to:  {_instant(last.published_up_to)}",
        f"Last sync:        {last_sync}",
        f"What to do:       {todo}",
    ]


def _words(age: timedelta | None) -> str:
    """An age in days, hours and minutes: ``1 d 2 h``."""
    minutes = int((age or timedelta(0)).total_seconds()) // 60
    parts = {"d": minutes // 1440, "h": minutes // 60 % 24, "min": minutes % 60}
    return " ".join(f"{number} {unit}" for unit, number in parts.items() if number) or "0 min"


def _instant(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC" if instant else "nothing has been published yet"

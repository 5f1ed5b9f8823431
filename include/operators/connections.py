"""From Airflow's connections to the warehouse and to NetSuite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from include.netsuite.hook import NetSuiteHook
from include.warehouse.database import open_as_writer, open_warehouse

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.accounts.model import Account
    from include.netsuite.client import NetSuiteClient
    from include.netsuite.retries import RetryBudget

WAREHOUSE_CONNECTION = "warehouse"


class NoConnection(Exception):
    """An Airflow connection that the sync needs does not exist."""


def warehouse_engine() -> Engine:
    """The warehouse that the Airflow connection ``warehouse`` names.

    Raises:
        NoConnection: there is no such connection.
        WarehouseError: it can't be used.
    """
    return open_warehouse(_warehouse_url())


def sync_engine() -> Engine:
    """The same warehouse for a sync: with the rights that a sync needs and no more, where the login has that role.

    Raises:
        NoConnection, WarehouseError: as ``warehouse_engine``.
    """
    return open_as_writer(_warehouse_url())


def _warehouse_url() -> str:
    try:
        connection = BaseHook.get_connection(WAREHOUSE_CONNECTION)
    except AirflowNotFoundException as error:
        raise NoConnection(
            f"There is no Airflow connection {WAREHOUSE_CONNECTION!r}. Create it (type Postgres, the warehouse's host, "
            "database and user), or start the project with its make targets, which bring a warehouse along."
        ) from error
    uri: str = connection.get_uri()
    return uri


def netsuite_client(account: Account, *, max_in_flight: int, retry_budget: RetryBudget | None = None) -> NetSuiteClient:
    """A client for the account's NetSuite connection, with at most ``max_in_flight`` requests at once.

    Raises:
        NoConnection: the connection that the account file names does not exist.
        WrongConnection: a field of it can't work.
    """
    try:
        return NetSuiteHook(account.connection).get_conn(max_in_flight=max_in_flight, retry_budget=retry_budget)
    except AirflowNotFoundException as error:
        raise NoConnection(
            f"There is no Airflow connection {account.connection!r}, which {account.path} names. Create it under "
            "Admin > Connections (type NetSuite), or correct the key 'connection' of that file."
        ) from error

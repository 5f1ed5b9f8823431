"""The assets that a sync touches: ``x-netsuite://<account>/<table>``."""

from __future__ import annotations

from airflow.sdk import Asset


def table_asset(account: str, table: str) -> Asset:
    """The asset of one table of an account, for example ``raw.invoices`` or ``publish.recipients``."""
    uri = f"x-netsuite://{account}/{table}"
    return Asset(name=uri, uri=uri, group="netsuite")

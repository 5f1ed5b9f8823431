"""The migrations: ``upgrade`` brings a warehouse to the newest version of its tables.

On the command line: ``python -m include.warehouse.migrate [URL]``; without a URL it takes AIRFLOW_CONN_WAREHOUSE.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from include.warehouse.database import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_SCHEMA = "ops"
LOCK = "netsuite-sync migrations"


def upgrade(url: str) -> None:
    """Bring the warehouse to the newest version. Safe when two run at once: the second waits, then finds nothing to do.

    All of it is one transaction: a migration that fails leaves the warehouse as it was.

    Raises:
        WarehouseError: the warehouse can't be reached, or its user may not create schemas.
    """
    with _locked(url) as config:
        command.upgrade(config, "head")


def downgrade(url: str, revision: str = "base") -> None:
    """Take the warehouse back to ``revision``; ``base`` drops every table of the project, with its rows.

    Raises:
        WarehouseError: as for ``upgrade``.
    """
    with _locked(url) as config:
        command.downgrade(config, revision)


def is_at_head(url: str) -> bool:
    """Whether the warehouse has the newest version of its tables.

    Raises:
        WarehouseUnreachable: there is no connection.
    """
    engine = open_warehouse(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"version_table_schema": VERSION_SCHEMA})
            head = ScriptDirectory.from_config(_config(connection)).get_current_head()
            return context.get_current_revision() == head
    finally:
        engine.dispose()


@contextmanager
def _locked(url: str) -> Iterator[Config]:
    """Alembic's configuration over one transaction that holds the migrations' lock."""
    engine = open_warehouse(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))"), {"lock": LOCK})
            # Alembic's own table lives here too, so the schema must be there before the first migration.
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {VERSION_SCHEMA}"))
            yield _config(connection)
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection, "version_table_schema": VERSION_SCHEMA})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def main() -> None:
    """The command line."""
    url = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("AIRFLOW_CONN_WAREHOUSE")
    if not url:
        sys.exit("Which warehouse? Give its URL, or set AIRFLOW_CONN_WAREHOUSE.")
    upgrade(url)


if __name__ == "__main__":
    main()

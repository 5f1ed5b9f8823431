"""Schemas, run ledger, raw, quarantine, the workflow engine's users, matching and publish."""

from pathlib import Path

from alembic import op

from include.warehouse.database import run_sql_file

revision = "0001"
down_revision = None

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create all of them."""
    connection = op.get_bind()
    for name in ("0001_schemas_and_ledger", "0001_raw", "0001_workflow_and_publish"):
        run_sql_file(connection, SQL / f"{name}.sql")


def downgrade() -> None:
    """Drop all of them, with their rows."""
    run_sql_file(op.get_bind(), SQL / "0001_drop.sql")

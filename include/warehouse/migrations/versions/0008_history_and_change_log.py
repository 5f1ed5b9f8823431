"""Incremental publishing, the history of recipients and the log of their changes."""

from pathlib import Path

from alembic import op

from include.warehouse.database import run_sql_file

revision = "0008"
down_revision = "0007"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create them; the history of what is published already begins when it was resolved."""
    connection = op.get_bind()
    for name in ("0008_publish_incrementally", "0008_history", "0008_recipient_changes"):
        run_sql_file(connection, SQL / f"{name}.sql")


def downgrade() -> None:
    """Drop them, with their rows."""
    run_sql_file(op.get_bind(), SQL / "0008_drop.sql")

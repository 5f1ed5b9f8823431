"""What each reconciliation found and repaired."""

from pathlib import Path

from alembic import op

from include.warehouse.database import run_sql_file

revision = "0002"
down_revision = "0001"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create ops.reconciliations."""
    run_sql_file(op.get_bind(), SQL / "0002_reconciliations.sql")


def downgrade() -> None:
    """Drop it, with its rows."""
    op.execute("DROP TABLE ops.reconciliations")

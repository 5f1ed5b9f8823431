"""What backfills and re-syncs read and would change, and their waiting for approval."""

from pathlib import Path

from alembic import op

from include.warehouse.database import run_sql_file

revision = "0004"
down_revision = "0003"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create ops.blast_radius; let the run ledger hold windows that end before the cut-off, and runs that wait."""
    run_sql_file(op.get_bind(), SQL / "0004_blast_radius.sql")


def downgrade() -> None:
    """Take it back, with its rows."""
    run_sql_file(op.get_bind(), SQL / "0004_drop.sql")

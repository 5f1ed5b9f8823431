"""The coverage ledger of extraction windows, and publish.coverage over it."""

from pathlib import Path

from alembic import op

from include.warehouse.database import run_sql_file

revision = "0003"
down_revision = "0002"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create them; windows of runs that have loaded already are taken from the run ledger."""
    run_sql_file(op.get_bind(), SQL / "0003_coverage.sql")


def downgrade() -> None:
    """Drop them, with their rows."""
    run_sql_file(op.get_bind(), SQL / "0003_drop.sql")

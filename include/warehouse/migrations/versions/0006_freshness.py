"""What each publish was made from, and publish.freshness over it."""

from pathlib import Path

from alembic import op

from include.warehouse.database import run_sql_file

revision = "0006"
down_revision = "0005"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create them; what stands published already is taken from the run ledger."""
    run_sql_file(op.get_bind(), SQL / "0006_freshness.sql")


def downgrade() -> None:
    """Drop them, with their rows."""
    run_sql_file(op.get_bind(), SQL / "0006_drop.sql")

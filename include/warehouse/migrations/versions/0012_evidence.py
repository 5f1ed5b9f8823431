"""Evidence that a verdict's own effect never changes, gathered for all employees at once."""

from pathlib import Path

from alembic import op

from include.warehouse.database import run_sql_file

revision = "0012"
down_revision = "0011"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Define the views anew; their columns stay."""
    run_sql_file(op.get_bind(), SQL / "0012_evidence.sql")


def downgrade() -> None:
    """Define the views as they were."""
    run_sql_file(op.get_bind(), SQL / "0012_drop.sql")

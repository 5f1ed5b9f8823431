"""Evidence that a verdict's own effect never changes; why past owners went; whose address is mailed, in comments."""

from pathlib import Path

from alembic import op

from include.warehouse.database import run_sql_file

revision = "0012"
down_revision = "0011"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Define the views anew; their columns stay."""
    for name in ("0012_evidence", "0012_history", "0012_addresses"):
        run_sql_file(op.get_bind(), SQL / f"{name}.sql")


def downgrade() -> None:
    """Define the views and the comments as they were."""
    run_sql_file(op.get_bind(), SQL / "0012_drop.sql")

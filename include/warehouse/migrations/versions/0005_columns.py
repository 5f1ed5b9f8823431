"""Which columns an account has shown, so that one that vanishes is noticed."""

from pathlib import Path

from alembic import op

from include.warehouse.database import run_sql_file

revision = "0005"
down_revision = "0004"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add them; of what was loaded before nothing is known, so incremental entities are read in full once."""
    run_sql_file(op.get_bind(), SQL / "0005_columns.sql")


def downgrade() -> None:
    """Drop them."""
    run_sql_file(op.get_bind(), SQL / "0005_drop.sql")

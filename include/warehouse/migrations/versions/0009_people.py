"""Evidence, conflicts and verdicts, the mapping of users, match only, role changes, and the database's roles."""

from pathlib import Path

from alembic import op

from include.warehouse.database import run_sql_file

revision = "0009"
down_revision = "0008"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create them."""
    for name in ("0009_matching", "0009_people", "0009_roles"):
        run_sql_file(op.get_bind(), SQL / f"{name}.sql")


def downgrade() -> None:
    """Drop them, with their rows; the server's roles stay, without rights here: other databases may use them."""
    run_sql_file(op.get_bind(), SQL / "0009_drop.sql")

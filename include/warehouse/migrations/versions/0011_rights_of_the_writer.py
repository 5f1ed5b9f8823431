"""The sync works with the writer's rights: what that needs; and an index less that stood there twice."""

from pathlib import Path

from alembic import op

from include.warehouse.database import run_sql_file

revision = "0011"
down_revision = "0010"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Grant it, drop the index."""
    run_sql_file(op.get_bind(), SQL / "0011_rights_of_the_writer.sql")


def downgrade() -> None:
    """Take it back."""
    run_sql_file(op.get_bind(), SQL / "0011_drop.sql")

"""Sales teams (Team Selling): who is on them, who of them is chosen, and why nobody is."""

from pathlib import Path

from alembic import op

from include.warehouse.database import run_sql_file

revision = "0010"
down_revision = "0009"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create them, and let what is published tell of them."""
    for name in ("0010_sales_teams", "0010_publish", "0010_explain", "0010_template_recipients"):
        run_sql_file(op.get_bind(), SQL / f"{name}.sql")


def downgrade() -> None:
    """Drop them, with their rows; who was chosen beside the first member goes, and the reasons become owner_empty."""
    for name in ("0010_drop", "0007_explain", "0007_template_recipients"):
        run_sql_file(op.get_bind(), SQL / f"{name}.sql")

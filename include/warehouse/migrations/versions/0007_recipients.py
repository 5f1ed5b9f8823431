"""Templates, the configured owner fields, publish.template_recipients and the views that explain recipients."""

from pathlib import Path

from alembic import op

from include.warehouse.database import run_sql_file

revision = "0007"
down_revision = "0006"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create them; the owner fields of what is published already are taken from there."""
    connection = op.get_bind()
    for name in ("0007_templates_and_owner_fields", "0007_template_recipients", "0007_explain"):
        run_sql_file(connection, SQL / f"{name}.sql")


def downgrade() -> None:
    """Drop them, with their rows."""
    run_sql_file(op.get_bind(), SQL / "0007_drop.sql")

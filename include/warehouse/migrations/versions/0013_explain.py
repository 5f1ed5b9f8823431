"""Why an employee is a user where the account only matches; no answer to times that are none; smart fields to join."""

from pathlib import Path

from alembic import op

from include.warehouse.database import run_sql_file

revision = "0013"
down_revision = "0012"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Replace the view and the functions, and create the view of smart fields."""
    for name in ("0013_employee_explain", "0013_as_of", "0013_smart_fields"):
        run_sql_file(op.get_bind(), SQL / f"{name}.sql")


def downgrade() -> None:
    """Put back those of 0007 and 0008."""
    run_sql_file(op.get_bind(), SQL / "0013_drop.sql")

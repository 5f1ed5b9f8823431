"""Alembic's entry: runs the migrations in the transaction of the connection that ``migrate`` hands over."""

from alembic import context

attributes = context.config.attributes
context.configure(connection=attributes["connection"], version_table_schema=attributes["version_table_schema"])
context.run_migrations()

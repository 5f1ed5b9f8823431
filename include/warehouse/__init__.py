"""The warehouse: connection, migrations, bulk load and the run ledger."""

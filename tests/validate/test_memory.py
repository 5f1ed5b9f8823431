"""Memory stays flat, however many rows are bad."""

import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from include.extract.entities import INVOICES
from tests.validate.conftest import StagedBatches

VALIDATE = """
import sys
from include.accounts.model import Validation
from include.extract.entities import INVOICES
from include.operators.memory import peak_memory_mb
from include.validate.errors import BadBatch
from include.validate.validate import validate_staged

url, name, docs = sys.argv[1:]
try:
    validate_staged(url, account="demo", run_id="run", entity=INVOICES, table=("staging", name), owner_fields=(),
                    custom_fields=(), settings=Validation(), live_rows=None, docs_dir=docs)
except BadBatch as error:
    print(error.outcome.bad_rows, peak_memory_mb())
"""


def test_a_hundred_thousand_bad_rows_take_less_than_400_mb(batches: StagedBatches, tmp_path: Path):
    schema, name = batches.stage(INVOICES, [{"total": "rubbish", "invoice_date": "rubbish", "memo": "x" * 200}])
    columns = ", ".join(column.name for column in INVOICES.columns if column.name != "id")
    with batches.engine.begin() as connection:
        copies = f"SELECT n, n::text, {columns} FROM {schema}.{name}, generate_series(2, 100000) AS n"
        connection.execute(sa.text(f"INSERT INTO {schema}.{name} (row_number, id, {columns}) {copies}"))
    url = batches.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", VALIDATE, url, name, str(tmp_path)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    bad_rows, megabytes = map(int, printed.split()[-2:])
    assert bad_rows == 100_000
    assert megabytes < 400

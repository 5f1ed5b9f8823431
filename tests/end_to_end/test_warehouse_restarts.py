"""PostgreSQL dies and starts again: what was committed is there, what was not is done again."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.local_stack.postgres import EmbeddedPostgres
from include.warehouse.migrate import upgrade
from tests.end_to_end.compare import differences, tables
from tests.end_to_end.conftest import installed
from tests.end_to_end.steps import Hold, Steps, change_of

RUN = "manual__2026-11-01T00:00:00+00:00"


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """A server that may die; durable, since what it has said was committed must be there afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="netsuite-sync-restarted-"))
    server = EmbeddedPostgres(folder / "data", port=56200)
    try:
        with server:
            server.ensure_database("warehouse")
            upgrade(server.url("warehouse"))
            yield server
    finally:
        shutil.rmtree(folder)


def restart_at_once(server: EmbeddedPostgres) -> None:
    """As pg_ctl's stop in mode immediate does: without a checkpoint, so that the start is a recovery."""
    postmaster = psutil.Process(int((server.data_dir / "postmaster.pid").read_text().splitlines()[0]))
    os.kill(postmaster.pid, signal.SIGQUIT)
    postmaster.wait(60)
    server.stop()
    server.start()


def test_a_load_that_the_server_died_under_completes_when_it_is_tried_again(
    acme, sandbox, server, tmp_path, monkeypatch
):
    """P3: the staged rows are gone then, as PostgreSQL keeps no log of them; what has landed is staged again."""
    Steps(RUN).run_rest()
    undisturbed = tables(acme)
    folder = tmp_path / "restarted"
    folder.mkdir()
    with installed(server.url("warehouse"), folder, monkeypatch) as restarted:
        restarted.write_account()
        steps = Steps(RUN).run_until("invoices.load")
        held = Hold(server.url("warehouse"))
        held.at(change_of("raw.invoice_owners"))
        load = steps.begin("invoices.load")
        held.wait_for(load)
        restart_at_once(server)
        with pytest.raises(AirflowException, match="can't be reached") as error:
            load.join()
        assert not isinstance(error.value, AirflowFailException), "Airflow would not try it again"
        restarted.connect_warehouse(server.url("warehouse"))
        held.release(server.url("warehouse"))
        assert restarted.value("SELECT count(*) FROM raw.invoices") == 0
        steps.run_rest()
        assert differences(tables(restarted), undisturbed) == {}

"""The embedded PostgreSQL starts, stops, recovers, and can be shared."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import create_engine, text

from include.local_stack.errors import PortTakenError, PostgresError
from include.local_stack.ports import LOOPBACK, free_port
from include.local_stack.postgres import EmbeddedPostgres


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="netsuite-sync-server-"))
    server = EmbeddedPostgres(folder / "data", port=56000, durable=False)
    yield server
    server.stop()
    shutil.rmtree(folder)


def ask(server: EmbeddedPostgres, question: str, database: str = "postgres") -> str:
    with psycopg.connect(server.url(database, driver=""), autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
        assert row is not None
        return str(row[0])


def postmaster_pid(server: EmbeddedPostgres) -> int:
    return int((server.data_dir / "postmaster.pid").read_text().splitlines()[0])


def test_what_was_written_is_there_after_a_restart(server: EmbeddedPostgres) -> None:
    server.start()
    server.ensure_database("warehouse")
    with psycopg.connect(server.url("warehouse", driver=""), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()
    assert not server.is_running()
    server.start()
    server.ensure_database("warehouse")
    assert ask(server, "SELECT answer FROM kept", "warehouse") == "42"


def test_it_keeps_what_it_said_was_committed_by_default(server: EmbeddedPostgres) -> None:
    durable = EmbeddedPostgres(server.data_dir)
    with durable:
        assert ask(durable, "SHOW fsync") == "on"


def test_it_listens_on_loopback_only_and_wants_its_password(server: EmbeddedPostgres) -> None:
    server.start()
    listening = {c.laddr for c in psutil.Process(postmaster_pid(server)).net_connections() if c.status == "LISTEN"}
    assert listening == {(LOOPBACK, server.port)}
    wrong = server.url("postgres", driver="").replace(server.password, "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_only_its_owner_may_read_the_password(server: EmbeddedPostgres) -> None:
    server.start()
    mode = server.data_dir.with_name("data.password").stat().st_mode
    assert mode & 0o077 == 0


def test_letters_outside_ascii_fold_and_instants_are_utc(server: EmbeddedPostgres) -> None:
    server.start()
    assert ask(server, "SELECT lower('ÉŁÖ')") == "éłö"
    assert ask(server, "SHOW timezone") == "UTC"


def test_a_taken_port_is_stepped_around(server: EmbeddedPostgres) -> None:
    with socket.socket() as squatter:
        taken = free_port(56000)
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind((LOOPBACK, taken))
        squatter.listen()
        server.start()
        assert server.port > taken
        assert ask(server, "SELECT 1") == "1"


def test_no_free_port_is_an_error_that_names_the_range() -> None:
    with socket.socket() as squatter:
        squatter.bind((LOOPBACK, 0))
        squatter.listen()
        taken = squatter.getsockname()[1]
        with pytest.raises(PortTakenError, match=str(taken)):
            free_port(taken, attempts=1)


def test_it_starts_again_after_being_killed(server: EmbeddedPostgres) -> None:
    server.start()
    server.ensure_database("warehouse")
    os.kill(postmaster_pid(server), signal.SIGKILL)
    server.stop()
    server.start()
    assert ask(server, "SELECT 1", "warehouse") == "1"


def test_a_pid_file_that_names_a_stranger_is_no_obstacle_and_the_stranger_lives(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    lines = [str(os.getpid()), str(server.data_dir), "0", "5432", "", LOOPBACK, "1 1", "ready   "]
    (server.data_dir / "postmaster.pid").write_text("\n".join(lines) + "\n")
    assert not server.is_running()
    server.start()
    assert ask(server, "SELECT 1") == "1"


def test_it_runs_until_the_last_holder_stops_it(server: EmbeddedPostgres) -> None:
    other = EmbeddedPostgres(server.data_dir)
    server.start()
    other.start()
    server.stop()
    assert ask(other, "SELECT 1") == "1"
    other.stop()
    assert not other.is_running()


def test_a_stop_without_a_hold_leaves_a_held_server_alone(server: EmbeddedPostgres) -> None:
    server.start()
    EmbeddedPostgres(server.data_dir).stop()
    assert ask(server, "SELECT 1") == "1"


def test_an_interrupted_initialisation_leaves_no_half_made_database(server: EmbeddedPostgres) -> None:
    unfinished = server.data_dir.with_name("data.unfinished")
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    server.start()
    assert ask(server, "SELECT 1") == "1"
    assert not unfinished.exists()


def test_a_server_that_cannot_start_shows_the_end_of_its_log(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    with (server.data_dir / "postgresql.conf").open("a") as conf:
        conf.write("no_such_setting = 1\n")
    with pytest.raises(PostgresError, match="no_such_setting"):
        server.start()


def test_the_port_of_a_stopped_server_is_a_clear_error(server: EmbeddedPostgres) -> None:
    with pytest.raises(PostgresError, match="not running"):
        _ = server.port


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_its_urls_work_with_sqlalchemy(server: EmbeddedPostgres, driver: str) -> None:
    server.start()
    engine = create_engine(server.url("postgres", driver=driver))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    engine.dispose()


def test_each_test_gets_a_database_of_its_own(empty_database: str) -> None:
    engine = create_engine(empty_database)
    with engine.begin() as connection:
        tables = connection.execute(text("SELECT count(*) FROM pg_stat_user_tables")).scalar_one()
    engine.dispose()
    assert tables == 0

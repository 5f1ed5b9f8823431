"""Where everything that a run leaves behind lies. Deleting the folder is a fresh start."""

from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class RunFolder:
    """The folder `.run` and the places in it."""

    root: Path = PROJECT / ".run"

    @property
    def postgres_data(self) -> Path:
        """The embedded server's data directory."""
        return self.root / "postgres" / "data"

    @property
    def airflow_home(self) -> Path:
        """Airflow's own folder; its task logs lie in `logs` there."""
        return self.root / "airflow"

    @property
    def landing(self) -> Path:
        """What was read from NetSuite, as Parquet, before it is loaded."""
        return self.root / "landing"

    @property
    def data_docs(self) -> Path:
        """Great Expectations' pages."""
        return self.root / "data_docs"

    def sandbox_state(self, account: str) -> Path:
        """Keys and rows of an account's sandbox, so that a restart has the same."""
        return self.root / "sandbox" / account

    def sandbox_connections(self, account: str) -> Path:
        """The Airflow connections to an account's running sandbox, one per sign-in (JSON)."""
        return self.secrets / f"sandbox-connections-{account}.json"

    @property
    def sandbox_lock(self) -> Path:
        """Held by the process whose sandboxes those of this folder are: the supervisor, or a sync in the foreground."""
        return self.root / "sandbox.lock"

    @property
    def sync_lock(self) -> Path:
        """Held by the sync in the foreground."""
        return self.root / "sync.lock"

    @property
    def secrets(self) -> Path:
        """Generated passwords and keys, each in a file of its own that only its owner may read."""
        return self.root / "secrets"

    @property
    def supervisor_state(self) -> Path:
        """What the running supervisor says of itself (JSON)."""
        return self.root / "supervisor.json"

    @property
    def supervisor_lock(self) -> Path:
        """Held for as long as a supervisor lives."""
        return self.root / "supervisor.lock"

    @property
    def schedules_wanted(self) -> Path:
        """Exists when the supervisor is to let schedules start runs."""
        return self.root / "schedules-wanted"

    def log(self, part: str) -> Path:
        """The log of one part of the stack, for example `scheduler`."""
        return self.root / "logs" / f"{part}.log"

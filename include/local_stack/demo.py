"""The demo's accounts, each with a sandbox NetSuite of its own."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from include.accounts.files import WrongAccountFile, account_files

# So that the demo shows what quarantine is for.
BAD_ROWS = 3
SMALLEST = 100


@dataclass(frozen=True)
class DemoAccount:
    """An account file of the demo, and the NetSuite account that the sandbox plays for it.

    ``one_in``: its size, as a part of what was asked for. ``port``: tried first.
    """

    name: str
    netsuite_account: str
    one_in: int
    seed: int
    port: int
    concurrency: int
    timezone: str
    date_format: str

    @property
    def variable(self) -> str:
        """The environment variable of its Airflow connection."""
        return f"AIRFLOW_CONN_NETSUITE_{self.name.upper()}"

    def sandbox_options(self, invoices: int) -> dict[str, object]:
        """Options of its sandbox, when so many invoices were asked for."""
        return {
            "--account": self.netsuite_account,
            "--invoices": invoices if self.one_in == 1 else max(invoices // self.one_in, SMALLEST),
            "--bad-rows": BAD_ROWS,
            "--seed": self.seed,
            "--concurrency": self.concurrency,
            "--session-timezone": self.timezone,
            "--date-format": self.date_format,
        }


DEMO = DemoAccount("demo", "1234567_SB1", 1, 7, 8181, 5, "America/Los_Angeles", "M/D/YYYY")
DEMO_UK = DemoAccount("demo_uk", "7654321_SB1", 10, 11, 8281, 2, "Europe/London", "DD/MM/YYYY")
DEMO_ACCOUNTS = (DEMO, DEMO_UK)


def demo_accounts() -> list[DemoAccount]:
    """Those that have an account file: the caller's folder of account files may hold none, or some."""
    with suppress(WrongAccountFile):
        files = account_files()
        return [demo for demo in DEMO_ACCOUNTS if demo.name in files]
    return []


def wanted_sandboxes(caller: Mapping[str, str]) -> list[DemoAccount]:
    """The demo's accounts that talk to a sandbox: all, save those that the caller brings a connection for."""
    return [demo for demo in demo_accounts() if not caller.get(demo.variable)]

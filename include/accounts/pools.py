"""The Airflow pools that the accounts need: one per account, with as many slots as NetSuite allows requests at once."""

from __future__ import annotations

import json
import sys
from typing import TypedDict

from include.accounts.files import WrongAccountFile, account_files, read_account_file


class Pool(TypedDict):
    """What Airflow is told of one pool."""

    slots: int
    description: str
    include_deferred: bool


def pools() -> dict[str, Pool]:
    """Pool by name, in the form that ``airflow pools import`` reads; wrong account files are left out."""
    found: dict[str, Pool] = {}
    for path in account_files().values():
        try:
            account = read_account_file(path)
        except WrongAccountFile:
            continue  # its own DAG shows the error
        found[account.pool] = {
            "slots": account.concurrency,
            "description": f"Requests that NetSuite allows at once for {account.name}",
            "include_deferred": False,
        }
    return found


if __name__ == "__main__":
    json.dump(pools(), sys.stdout, indent=2)

"""One DAG per account file; in the place of a wrong file's, one that says what is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow.sdk import DAG

from include.accounts.files import WrongAccountFile, account_files, read_account_file
from include.operators.account_file import ReportWrongAccountFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from include.accounts.model import Account

OWNER = "data-engineering"


def account_dags(kind: str, build: Callable[[Account], DAG], *, tags: Sequence[str]) -> dict[str, DAG]:
    """The DAG ``<kind>__<account>`` of every account file by its id; a wrong file breaks its own alone."""
    dags = (_dag_of(path, kind, build, tags) for path in account_files().values())
    return {dag.dag_id: dag for dag in dags}


def _dag_of(path: Path, kind: str, build: Callable[[Account], DAG], tags: Sequence[str]) -> DAG:
    try:
        return build(read_account_file(path))
    except WrongAccountFile as error:
        return _wrong_account(path, error, kind, tags)


def _wrong_account(path: Path, error: WrongAccountFile, kind: str, tags: Sequence[str]) -> DAG:
    with DAG(
        dag_id=f"{kind}__{re.sub(r'[^A-Za-z0-9_.-]', '_', path.stem)}",
        description=str(error),
        doc_md=f"# The account file is wrong\n\n{error}",
        schedule=None,
        default_args={"owner": OWNER},
        tags=[*tags, "wrong account file"],
    ) as dag:
        ReportWrongAccountFile(task_id="account_file", message=str(error))
    return dag

"""A throw-away Airflow for the tests; to be imported before Airflow, which reads its settings at import."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parents[1]
HOME = Path(tempfile.mkdtemp(prefix="netsuite-sync-airflow-"))
_OWNER = os.getpid()

os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW_CONFIG": str(PROJECT / "airflow.cfg"),
    "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(HOME / "logs"),
    "AIRFLOW__API_AUTH__JWT_SECRET": "of-the-tests-" * 8,
}


@atexit.register
def _remove() -> None:
    if os.getpid() == _OWNER:
        shutil.rmtree(HOME, ignore_errors=True)

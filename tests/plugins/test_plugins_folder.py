"""The plugins folder: every plugin is loaded, nothing else stands there, and loading costs next to nothing."""

import subprocess
import sys
from pathlib import Path

from airflow.plugins_manager import AirflowPlugin

PROJECT = Path(__file__).parents[2]
PLUGINS = PROJECT / "plugins"


def loaded_files(folder: Path) -> set[str]:
    """The files that Airflow executes as plugins."""
    from airflow._shared.module_loading import find_path_from_directory

    return {
        Path(file).name
        for file in find_path_from_directory(str(folder), ".airflowignore", "glob")
        if file.endswith(".py")
    }


def test_every_python_file_is_a_plugin_that_airflow_loads():
    files = {file.name for file in PLUGINS.rglob("*.py")}
    assert files == {"netsuite_sync_plugin.py"}
    assert loaded_files(PLUGINS) == files


def test_a_file_that_is_no_plugin_is_not_executed(tmp_path: Path):
    """Airflow executes files under their bare name: an email.py would shadow the standard library's."""
    (tmp_path / ".airflowignore").write_text((PLUGINS / ".airflowignore").read_text())
    (tmp_path / "pages").mkdir()
    for name in ("email.py", "other_plugin.py", "pages/helpers.py"):
        (tmp_path / name).touch()
    assert loaded_files(tmp_path) == {"other_plugin.py"}


def test_the_plugin_brings_no_web_framework_and_no_checks_into_every_process():
    heavy = ("fastapi", "great_expectations", "pandas", "airflow.api_fastapi.core_api.security")
    program = (
        "import sys; from airflow.plugins_manager import AirflowPlugin; before = set(sys.modules);"
        "import netsuite_sync_plugin as plugin;"
        f"print([name for name in {heavy} if name in set(sys.modules) - before], plugin.NetSuiteSyncPlugin.name)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=PLUGINS, env=None, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] netsuite_sync"


def test_the_plugin_is_one(monkeypatch):
    monkeypatch.syspath_prepend(str(PLUGINS))
    import netsuite_sync_plugin

    assert issubclass(netsuite_sync_plugin.NetSuiteSyncPlugin, AirflowPlugin)

"""Makes the virtual environment (`install.py .venv`), or the lock file (`install.py --lock .venv`).

Standard library only, since nothing is installed yet.

uv comes from the package index and then installs the locked requirements. What pip is told about package indexes
(PIP_* variables, pip.conf) holds for uv too, which doesn't read it by itself.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
OLDEST_PYTHON = (3, 11)
UV = "uv>=0.9,<1"


def main(folder: Path) -> None:
    """Makes the environment in `folder`, or brings it up to date; ends with a clear error if it can't."""
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"Python 3.11 or newer is needed, and {sys.executable} is {found}. Name another: make PYTHON=python3.12 …"
        )
    python = folder / "bin" / "python"
    _make_virtual_environment(folder, python)
    _run([str(python), "-m", "pip", "install", "--quiet", UV])
    uv = [str(folder / "bin" / "uv"), "pip", "install", "--quiet", "--python", str(python), "--compile-bytecode"]
    from_pip, environment = uv_settings(_pip_settings(python), os.environ)
    _run([*uv, *from_pip, "--require-hashes", "--requirements", str(PROJECT / "requirements.txt")], environment)
    _run([*uv, *from_pip, "--no-deps", "--no-build-isolation", "--editable", str(PROJECT)], environment)


def lock(folder: Path) -> None:
    """Writes requirements.txt anew from requirements.in: the newest that fit, for every platform, with hashes."""
    # A folder of wheels, or another index, may hold this platform's files only, and the lock is for every platform.
    pip = _pip_settings(folder / "bin" / "python")
    main_index = {name: value for name, value in pip.items() if name not in ("find-links", "extra-index-url")}
    from_pip, environment = uv_settings(main_index, os.environ)
    what = ["requirements.in", "--output-file", "requirements.txt", "--generate-hashes", "--universal"]
    how = ["--python-version", ".".join(map(str, OLDEST_PYTHON)), "--custom-compile-command", "make lock", "--upgrade"]
    # Where this machine takes its packages from is nobody else's business.
    silent = ["--quiet", "--no-emit-index-url", "--no-emit-find-links"]
    os.chdir(PROJECT)
    _run([str(folder / "bin" / "uv"), "pip", "compile", *what, *how, *silent, *from_pip], environment)


def uv_settings(pip: Mapping[str, str], caller: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """uv's arguments and environment that mean what pip's settings mean; uv's own variables win.

    Args:
        pip: pip's settings by name, such as `index-url`; those of several values hold them separated by blanks.
        caller: the environment of whoever called us.
    """
    environment = dict(caller)
    for variable, setting in {
        "UV_DEFAULT_INDEX": "index-url",
        "UV_INDEX": "extra-index-url",
        "SSL_CERT_FILE": "cert",
    }.items():
        if setting in pip:
            environment.setdefault(variable, pip[setting])
    # As pip does, take a package from whichever index has it; the locked hashes make that safe.
    arguments = ["--index-strategy", "unsafe-best-match"]
    for option, setting in {"--find-links": "find-links", "--allow-insecure-host": "trusted-host"}.items():
        for value in pip.get(setting, "").split():
            arguments += [option, value]
    return arguments, environment


def parse_pip_config(listing: str) -> dict[str, str]:
    """pip's settings by name from what `pip config list` prints; the environment wins over files."""
    found: dict[str, str] = {}
    lines = [line.partition("=") for line in listing.splitlines() if "=" in line]
    for key, _, value in sorted(lines, key=lambda line: line[0].startswith(":env:")):
        found[key.rpartition(".")[2]] = " ".join(str(ast.literal_eval(value)).split())
    return found


def _make_virtual_environment(folder: Path, python: Path) -> None:
    has_pip = [str(python), "-m", "pip", "--version"]
    if python.exists() and subprocess.run(has_pip, capture_output=True, check=False).returncode == 0:
        return
    made = subprocess.run([sys.executable, "-m", "venv", str(folder)], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        sys.exit(
            f"{sys.executable} can't make a virtual environment:\n{made.stdout}{made.stderr}\n"
            "On Debian and Ubuntu install python3-venv, or name another Python: make PYTHON=python3.12 …"
        )


def _pip_settings(python: Path) -> dict[str, str]:
    listing = subprocess.run([str(python), "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    return parse_pip_config(listing.stdout)


def _run(command: list[str], environment: Mapping[str, str] | None = None) -> None:
    code = subprocess.run(command, env=environment, check=False).returncode
    if code != 0:
        sys.exit(f"This command failed with exit code {code}; see above for why:\n  {' '.join(command)}")


if __name__ == "__main__":
    if sys.argv[1] == "--lock":
        lock(Path(sys.argv[2]).absolute())
    else:
        main(Path(sys.argv[1]).absolute())

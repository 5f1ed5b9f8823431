"""Files that only their owner may read: passwords, keys, connections."""

import os
from collections.abc import Callable
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Writes the file whole or not at all, readable by its owner only from the first moment on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)


def kept_secret(path: Path, generate: Callable[[], str]) -> str:
    """The secret in this file, generated the first time."""
    if not path.exists():
        write_private(path, generate())
    return path.read_text()

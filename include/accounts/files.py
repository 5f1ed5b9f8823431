"""Find and read the account files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from include.accounts.model import Account, Alerts, TeamSelling, Validation

if TYPE_CHECKING:
    from collections.abc import Hashable

    from pydantic import BaseModel

DIRECTORY_VARIABLE = "NETSUITE_ACCOUNTS_DIR"
ACCOUNT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


class WrongAccountFile(ValueError):
    """An account file that can't be used; the message names file, key and what is allowed."""


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML without silent overwriting: a key that stands twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands there twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def accounts_dir() -> Path:
    """The folder of the account files: ``NETSUITE_ACCOUNTS_DIR``, or this one."""
    return Path(os.environ.get(DIRECTORY_VARIABLE) or Path(__file__).parent)


def account_files() -> dict[str, Path]:
    """Every account file by the name of its account, sorted by name.

    Raises:
        WrongAccountFile: the folder does not exist.
    """
    folder = accounts_dir()
    if not folder.is_dir():
        raise WrongAccountFile(
            f"{DIRECTORY_VARIABLE} names {folder}, which is no folder; allowed: a folder of *.yml files"
        )
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix in (".yml", ".yaml")}


def load_account(name: str) -> Account:
    """The account of that name.

    Raises:
        WrongAccountFile: there is no such file, or something in it is wrong.
    """
    files = account_files()
    if name not in files:
        known = ", ".join(files) or "none"
        raise WrongAccountFile(f"There is no account file {accounts_dir() / name}.yml; accounts there: {known}")
    return read_account_file(files[name])


def read_account_file(path: Path) -> Account:
    """One account file, checked.

    Raises:
        WrongAccountFile: names the file, each wrong key and what is allowed.
    """
    if path.suffix != ".yml" or not ACCOUNT_NAME.fullmatch(path.stem):
        raise WrongAccountFile(
            f"{path}: the file's name is the account's name; allowed: small letters, digits, '_' and '-', "
            "beginning with a letter or digit, at most 50, and the ending .yml"
        )
    return _checked(path, _parsed(path))


def _parsed(path: Path) -> dict[str, object]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise WrongAccountFile(f"{path}: can't be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise WrongAccountFile(f"{path}: must hold keys and values; allowed keys: {_allowed_keys()}")
    for key in ("name", "path"):
        if key in content:
            raise WrongAccountFile(f"{path}: key {key!r} is not allowed; allowed keys: {_allowed_keys()}")
    return content


def _checked(path: Path, content: dict[str, object]) -> Account:
    try:
        return Account.model_validate({**content, "name": path.stem, "path": path})
    except ValidationError as error:
        raise WrongAccountFile(f"{path}: " + "; ".join(_sentence(dict(e)) for e in error.errors())) from error


def _sentence(error: dict[str, object]) -> str:
    """One pydantic error as a sentence that names key, value and what is allowed."""
    location = error["loc"]
    assert isinstance(location, tuple)
    key = ".".join(str(part) for part in location)
    kind, message = str(error["type"]), str(error["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return f"key {key!r} is not known; allowed keys: {_allowed_keys(*location[:-1])}"
    if kind == "missing":
        return f"key {key!r} is missing"
    if kind == "string_pattern_mismatch":
        return (
            f"key {key!r}: {error['input']!r} is no field name; allowed: the field's internal id in small letters, "
            "such as 'salesrep' or 'custbody_collector'"
        )
    if not key:
        return message
    return f"key {key!r}: {message}" + ("" if kind == "value_error" else f" (it holds {error['input']!r})")


def _allowed_keys(part: object = None) -> str:
    """Of the file, or of one of its parts that has keys of its own."""
    parts: dict[object, type[BaseModel]] = {"validation": Validation, "alerts": Alerts, "team_selling": TeamSelling}
    model = parts.get(part, Account)
    return ", ".join(sorted(set(model.model_fields) - {"name", "path"}))

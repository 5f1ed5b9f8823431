"""What several routes of the API take: the name of an account, and text that a person wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from include.accounts.files import account_files
from include.console.problems import Problem, Wrong

if TYPE_CHECKING:
    from collections.abc import Callable


def without_nul(text: str) -> str:
    """Text that PostgreSQL can hold.

    Raises:
        ValueError: it holds the character NUL.
    """
    if "\0" in text:
        raise ValueError("holds the character NUL, which is no text")
    return text


Text = Annotated[str, AfterValidator(without_nul)]
AccountName = Annotated[Text, Field(min_length=1, max_length=50, description="name of the account file")]


def readable_account(name: str, may_read: Callable[[str], bool]) -> str:
    """The name of an account that there is, for who may read it.

    Raises:
        Problem: they may not, or there is no such account file; names those that they may read.
    """
    if not may_read(name):
        raise not_permitted(f"you may not read account {name!r}", "read the DAG of its sync")
    return account_that_is_there(name, may_read)


def account_that_is_there(name: str, may_read: Callable[[str], bool]) -> str:
    """The name of an account that has a file.

    Raises:
        Problem: there is none; names those that the person may read.
    """
    known = account_files()
    if name not in known:
        allowed = [each for each in known if may_read(each)]
        raise Problem(404, Wrong(what=f"there is no account {name!r}", where="account", allowed=allowed))
    return name


def not_permitted(what: str, right: str) -> Problem:
    """The answer to who lacks a right."""
    return Problem(403, Wrong(what=f"{what}; that takes the right to {right}", where="account"))

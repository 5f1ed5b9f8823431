"""Sales teams as the tests tell them, and who owns an invoice by its team: said once more, in Python (D6)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Member(NamedTuple):
    """One of a sales team; ``share`` is 1 for the whole."""

    employee: int
    is_primary: bool | None = None
    share: Decimal | None = None

    def __str__(self) -> str:
        primary = {True: "T", False: "F", None: ""}[self.is_primary]
        return f"{self.employee}:{primary}:{'' if self.share is None else self.share}"


class Choice(NamedTuple):
    """``team_selling`` of an account file."""

    choice: str
    least_contribution: Decimal | None = None


class Owner(NamedTuple):
    """What an owner field holds, or why it holds nothing."""

    employee: int | None
    reason: str | None = None


PRIMARY, ALL, QUARTER = Choice("primary"), Choice("all"), Choice("contribution", Decimal("0.25"))


def team(*members: tuple[int, bool | None, str | None]) -> tuple[Member, ...]:
    return tuple(Member(number, primary, Decimal(share) if share else None) for number, primary, share in members)


def owners_of(members: Sequence[Member], choice: Choice) -> dict[str, Owner]:
    """Owner field -> owner."""
    if not members:
        return {"salesrep": Owner(None)}
    primaries = [member for member in members if member.is_primary]
    if choice.choice == "primary":
        chosen = primaries if len(primaries) == 1 else []
    elif choice.least_contribution is not None:
        chosen = [each for each in members if each.share is not None and each.share >= choice.least_contribution]
    else:
        chosen = list(members)
    if not chosen:
        return {"salesrep": Owner(None, "team_" + ("without_primary" if choice == PRIMARY else "below_contribution"))}
    ordered = sorted(
        chosen, key=lambda each: (not each.is_primary, each.share is None, -(each.share or 0), each.employee)
    )
    return {
        "salesrep" if number == 1 else f"salesrep:{number}": Owner(member.employee)
        for number, member in enumerate(ordered, start=1)
    }

"""The blast radius in words, for the person who is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.resync.blast_radius import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.resync.blast_radius import Change

VERBS = {"comes": "come", "changes": "change", "goes": "go"}
MOST_LINES = 40
# Of Markdown and of tables in it; a record's text must not draw anything.
SIGNS = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


def subject(changes: Sequence[Change]) -> str:
    """One sentence: how many recipients and users would come, change and go."""
    if not changes:
        return "No recipient and no user would change"
    parts = []
    for who, kinds in counted(changes).items():
        if said := [f"{rows:,} {VERBS[kind]}" for kind, rows in kinds.items() if rows]:
            parts.append(f"{who}: {', '.join(said)}")
    return f"Load this? {'; '.join(parts)}"


def body(changes: Sequence[Change], run_id: str) -> str:
    """A table of the changes and one of examples, as Markdown."""
    counts = [_row(each.subject, each.change, each.owner_field, *_ends(each), f"{each.rows:,}") for each in changes]
    examples = [
        _row(each.owner_field or "user", example["what"], example["before"], example["after"])
        for each in changes
        for example in each.examples
    ]
    return "\n".join(
        [
            "Nothing has been changed yet. **Approve** loads what was read and publishes it; **Reject** drops it.",
            "",
            *_table(("who", "change", "owner field", "before", "after", "rows"), counts),
            "",
            "Examples:",
            "",
            *_table(("owner field", "invoice or user", "before", "after"), examples),
            "",
            f"All of it is in `ops.blast_radius` under the run_id `{run_id}`. It was true at the rehearsal; "
            "what changes until the approval changes it too.",
        ]
    )


def _ends(change: Change) -> tuple[str | None, str | None]:
    return change.status_before, change.status_after


def _table(heads: Sequence[str], rows: Sequence[str]) -> list[str]:
    more = [f"\n… and {len(rows) - MOST_LINES} lines more"] if len(rows) > MOST_LINES else []
    return [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}", *rows[:MOST_LINES], *more]


def _row(*cells: str | None) -> str:
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _plain(text: str | None) -> str:
    """The text as Markdown shows it literally, on one line."""
    return SIGNS.sub(r"\\\1", " ".join((text or "").split())) or "-"

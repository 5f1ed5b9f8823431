"""The blast radius as the person who is asked reads it (B5)."""

from include.resync.blast_radius import Change
from include.resync.in_words import MOST_LINES, body, subject

EXAMPLE = {"what": "INV1", "before": "ok ada@example.com", "after": "owner_empty"}


def change(rows: int = 1200, **other: object) -> Change:
    values = {
        "subject": "recipients",
        "change": "changes",
        "owner_field": "salesrep",
        "status_before": "ok",
        "status_after": "owner_empty",
        "rows": rows,
        "examples": [EXAMPLE],
    }
    return Change(**(values | other))  # type: ignore[arg-type]


def user(rows: int) -> Change:
    return change(rows, subject="users", change="comes", owner_field=None, status_before=None, status_after=None)


def test_the_subject_counts_recipients_and_users():
    assert subject([change(), change(5), user(2)]) == "Load this? recipients: 1,205 change; users: 2 come"
    assert subject([]) == "No recipient and no user would change"


def test_the_body_tables_every_kind_of_change_with_examples():
    lines = body([change(), user(2)], "resync__1").splitlines()
    assert r"| recipients | changes | salesrep | ok | owner\_empty | 1,200 |" in lines
    assert "| users | comes | - | - | - | 2 |" in lines
    assert r"| salesrep | INV1 | ok ada@example.com | owner\_empty |" in lines


def test_what_a_record_holds_draws_nothing():
    odd = EXAMPLE | {"what": "a|b <img src=x>\n# c", "before": None}
    line = next(line for line in body([change(examples=[odd])], "r").splitlines() if "img" in line)
    assert line.startswith(r"| salesrep | a\|b \<img src=x\> \# c | - |")


def test_a_long_table_is_cut_and_says_so():
    said = body([change(rows) for rows in range(MOST_LINES + 3)], "r")
    assert "… and 3 lines more" in said

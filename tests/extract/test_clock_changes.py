"""The night when clocks change, and seconds in which everything was changed: every row is in exactly one window."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from include.extract.entities import INVOICES
from include.extract.extract import extract
from include.extract.landing import LandingArea
from include.extract.suiteql import Window
from tests.extract.conftest import client_of
from tests.sandbox_process import SandboxProcess

PAGE = 1_000
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

# When the clocks of a zone change, and a date format that its users have.
NIGHTS = {
    "an hour that comes twice": ("America/Los_Angeles", "M/D/YYYY", "2026-11-01T09:00:00+00:00"),
    "an hour that is missing": ("America/Los_Angeles", "M/D/YYYY", "2026-03-08T10:00:00+00:00"),
    "twice, east of Greenwich": ("Europe/Berlin", "DD.MM.YYYY", "2026-10-25T01:00:00+00:00"),
    "missing, east of Greenwich": ("Europe/Berlin", "DD.MM.YYYY", "2026-03-29T01:00:00+00:00"),
    "half an hour that comes twice": ("Australia/Lord_Howe", "D/M/YYYY", "2026-04-04T15:00:00+00:00"),
    "half an hour that is missing": ("Australia/Lord_Howe", "D/M/YYYY", "2026-10-03T15:30:00+00:00"),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess(invoices=2 * PAGE) as process:
        yield process


@pytest.fixture
def read(sandbox, account, tmp_path):
    client = client_of(sandbox)

    def read(since, cutoff) -> list[dict[str, str | None]]:
        landed = LandingArea(str(tmp_path)).folder("acme", f"until {cutoff}", INVOICES.name)
        extract(client, account, INVOICES, Window(since, cutoff), landed, on_page=lambda _: None)
        return [row for part in landed.read() for row in part.to_pylist()]

    return read


@pytest.fixture
def ids(read) -> list[str]:
    """Of all invoices."""
    return sorted(row["id"] for row in read(None, datetime(2100, 1, 1, tzinfo=UTC)))


def modify(sandbox, stamps: dict[str, datetime]) -> None:
    rows = [{"id": int(id_), "lastmodifieddate": stamp.isoformat()} for id_, stamp in stamps.items()]
    sandbox.control("POST", "/rows/transaction", rows)


@pytest.mark.parametrize("night", NIGHTS)
def test_three_windows_over_the_night_hold_every_row_once(sandbox, read, ids, night):
    """P3, B4: whatever NetSuite's session clock shows, windows are compared in UTC."""
    zone, date_format, change = NIGHTS[night]
    at = datetime.fromisoformat(change)
    sandbox.control("POST", "/settings", {"session_timezone": zone, "date_format": date_format})
    stamps = dict(zip(ids, (at + 5 * minute * MINUTE for minute in range(-24, 24)), strict=False))
    modify(sandbox, stamps)
    bounds = [at - 2 * HOUR, at - 30 * MINUTE, at + 30 * MINUTE, at + 2 * HOUR]
    windows = [read(since, cutoff) for since, cutoff in pairwise(bounds)]
    for rows, (since, cutoff) in zip(windows, pairwise(bounds), strict=True):
        found = {row["id"]: row["last_modified_at"] for row in rows if row["id"] in stamps}
        assert found == {id_: f"{stamp:%Y-%m-%dT%H:%M:%SZ}" for id_, stamp in stamps.items() if since <= stamp < cutoff}
    together = [row["id"] for rows in windows for row in rows]
    assert len(together) == len(set(together))
    assert set(stamps) <= set(together)


@pytest.mark.parametrize("rows", [PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
def test_rows_of_one_second_are_read_whole_wherever_a_page_ends(sandbox, read, ids, rows):
    """P3: no cursor stands on the modified instant, so that it may be the same in any number of rows."""
    second = datetime(2026, 8, 1, 12, tzinfo=UTC) + rows * HOUR
    modify(sandbox, dict.fromkeys(ids[:rows], second))
    assert read(second - timedelta(seconds=1), second) == []
    assert sorted(row["id"] for row in read(second, second + timedelta(seconds=1))) == ids[:rows]
    assert read(second + timedelta(seconds=1), second + MINUTE) == []

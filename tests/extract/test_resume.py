"""A retry resumes from what an attempt that was cut off had landed; together they land what one read gives (P3)."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from include.extract import landing
from include.extract.entities import INVOICES
from include.extract.errors import NothingLanded
from include.extract.extract import extract, window_of
from include.extract.landing import LandingArea
from include.netsuite import parallel_read
from include.netsuite.errors import RowsMissing
from tests.extract.conftest import client_of

ROWS = 2500


class CutOff(Exception):
    """Whatever ends an attempt."""


class Killed(BaseException):
    """An end that leaves no time to land what was read last."""


@pytest.fixture(autouse=True)
def one_page_per_part(monkeypatch):
    monkeypatch.setattr(landing, "ROWS_PER_PART", 1)


@pytest.fixture
def folder(tmp_path):
    return LandingArea(str(tmp_path)).folder("acme", "run", INVOICES.name)


@pytest.fixture
def cutoff(client):
    return client.server_clock()


@pytest.fixture
def attempt(sandbox, account, folder, cutoff):
    """One attempt at the extract task; returns its manifest, its rows by id, and what it asked NetSuite for."""

    def attempt(*, end_after: int | None = None, by: type[BaseException] = CutOff, window=None, at_once=None):
        client = client_of(sandbox, max_in_flight=at_once)
        pages: list[int] = []

        def on_page(rows: int) -> None:
            pages.append(rows)
            if len(pages) == end_after:
                raise by

        manifest = extract(
            client, account, INVOICES, window or window_of(INVOICES, None, cutoff), folder, on_page=on_page
        )
        rows = [row for part in folder.read() for row in part.to_pylist()]
        assert manifest.rows == len(rows)
        by_id = {row["id"]: row for row in rows}
        assert len(by_id) == len(rows)
        return manifest, by_id, sum(pages)

    return attempt


def cut_off(attempt, after: int, by: type[BaseException] = CutOff, **options) -> None:
    with pytest.raises(by):
        attempt(end_after=after, by=by, **options)


def parts(folder) -> list[Path]:
    return sorted(Path(folder.folder).glob("*.parquet"))


def test_a_retry_reads_only_what_had_not_landed(attempt, folder, sandbox):
    _, uninterrupted, _ = attempt()
    cut_off(attempt, after=2)
    with pytest.raises(NothingLanded):
        folder.manifest()
    landed = [int(id_) for part in parts(folder) for id_ in pq.read_table(part)["id"].to_pylist()]
    assert 0 < len(landed) < ROWS
    sandbox.control("DELETE", "/requests")
    manifest, resumed, read = attempt()
    assert resumed == uninterrupted
    assert (manifest.resumed_parts, manifest.resumed_rows) == (2, len(landed))
    assert read == ROWS - len(landed)
    asked = [query for query in sandbox.control("GET", "/requests")["queries"] if query["limit"] > 1]
    assert asked
    for query in asked:
        after_id, last_id = (int(bind) for bind in query["params"][-2:])
        assert not [id_ for id_ in landed if after_id < id_ <= last_id]


def test_attempts_that_are_cut_off_again_and_again_get_there(attempt, folder):
    for _ in range(2):
        cut_off(attempt, after=1)
    manifest, rows, read = attempt()
    assert len(rows) == ROWS
    assert manifest.resumed_parts == 2
    assert manifest.resumed_rows + read == ROWS


def test_a_killed_attempt_leaves_whole_parts_only(attempt, folder):
    """Half a part, or one that was still being written, is read again."""
    cut_off(attempt, after=3, by=Killed)
    whole, *others = parts(folder)
    assert others
    for half in others:
        half.write_bytes(half.read_bytes()[:-100])
    whole.with_name("part-00009-0.parquet.unfinished").write_bytes(b"PAR1")
    manifest, rows, _ = attempt()
    assert len(rows) == ROWS
    assert manifest.resumed_parts == 1
    assert not list(Path(folder.folder).glob("*.unfinished"))


def test_a_finished_attempt_is_read_anew(attempt, sandbox):
    """Clearing the task means: read again."""
    _, before, _ = attempt()
    changed = min(before, key=int)
    sandbox.control("POST", "/rows/transaction?touch=false", {"id": int(changed), "memo": "changed since"})
    manifest, after, read = attempt()
    assert (manifest.resumed_parts, read) == (0, ROWS)
    assert after[changed]["memo"] == "changed since"


def test_parts_of_another_window_are_not_resumed(attempt, cutoff):
    cut_off(attempt, after=1)
    stamps = window_of(INVOICES, cutoff.replace(year=2000), cutoff)
    manifest, rows, _ = attempt(window=stamps)
    assert (manifest.resumed_parts, len(rows)) == (0, ROWS)


def test_two_attempts_that_ran_at_once_are_resumed_without_doubling_a_row(attempt, folder):
    cut_off(attempt, after=1)
    for part in parts(folder):
        part.with_name("part-00002-ffffffff.parquet").write_bytes(part.read_bytes())
    manifest, rows, _ = attempt()
    assert len(rows) == ROWS
    assert manifest.resumed_parts == 1


def test_a_row_that_appears_among_ids_that_had_landed_is_not_lost(attempt, folder, sandbox):
    """B4: its commit came late, so NetSuite counts more rows than there are; then all are read again."""
    _, before, _ = attempt()
    late = sorted(before, key=int)[3]
    row = sandbox.control("GET", f"/rows/transaction/{late}")
    sandbox.control("DELETE", f"/rows/transaction/{late}")
    cut_off(attempt, after=1, at_once=1)
    sandbox.control("POST", "/rows/transaction", row)
    manifest, after, _ = attempt()
    assert after.keys() == before.keys()
    assert manifest.resumed_parts == 0


def test_of_a_read_that_lacks_rows_nothing_is_resumed(attempt, folder, sandbox, monkeypatch):
    """Nobody knows which page was wrong."""

    def lacking(source, bounds, rows):
        raise RowsMissing("NetSuite counts more rows")

    with monkeypatch.context() as wrong:
        wrong.setattr(parallel_read, "_check_still_counted", lacking)
        # As if a row had gone between the count and the pages.
        counted = parallel_read.Bounds
        wrong.setattr("include.netsuite.client.Bounds", lambda first, last, rows: counted(first, last + 1, rows + 1))
        with pytest.raises(RowsMissing):
            attempt()
    assert parts(folder) == []
    manifest, rows, _ = attempt()
    assert (manifest.resumed_parts, len(rows)) == (0, ROWS)

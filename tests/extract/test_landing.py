"""What lands is read back exactly; without a manifest nothing has landed."""

import errno
import os

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.extract import landing
from include.extract.errors import LandingRefused, NothingLanded
from include.extract.landing import LandingArea, landing_errors

CELL = st.none() | st.text()


def page(*rows: tuple[str | None, str | None]) -> pa.Table:
    return pa.table(
        {"id": pa.array([row[0] for row in rows], pa.string()), "memo": pa.array([row[1] for row in rows], pa.string())}
    )


@pytest.fixture
def folder(tmp_path):
    return LandingArea(f"file://{tmp_path}").folder("demo", "manual__2026-11-20T00:00:00+00:00", "invoices")


def rows_of(folder) -> list[dict[str, str | None]]:
    return [row for part in folder.read() for row in part.to_pylist()]


@given(st.lists(st.lists(st.tuples(CELL, CELL), max_size=4), max_size=6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_text_comes_back_as_it_was_with_null_and_empty_kept_apart(folder, pages):
    with folder.write(("id", "memo")) as writer:
        for rows in pages:
            writer.add(page(*rows))
    expected = [{"id": row[0], "memo": row[1]} for rows in pages for row in rows]
    assert rows_of(folder) == expected
    assert folder.manifest().rows == len(expected)


def test_large_reads_become_several_parts(folder, monkeypatch):
    monkeypatch.setattr(landing, "ROWS_PER_PART", 3)
    with folder.write(("id", "memo")) as writer:
        for number in range(8):
            writer.add(page((str(number), None)))
    assert [part.rpartition("-")[0] for part in folder.manifest().parts] == ["part-00001", "part-00002", "part-00003"]
    assert [row["id"] for row in rows_of(folder)] == [str(number) for number in range(8)]


def test_a_column_that_the_account_lacks_lands_as_null(folder):
    with folder.write(("id", "memo", "terms_id")) as writer:
        writer.note_missing(("terms_id",))
        writer.add(page(("1", "a")))
    assert rows_of(folder) == [{"id": "1", "memo": "a", "terms_id": None}]
    assert folder.manifest().missing == ("terms_id",)


def test_an_extraction_that_broke_has_not_landed(folder):
    with pytest.raises(ConnectionError), folder.write(("id", "memo")) as writer:
        writer.add(page(("1", "a")))
        raise ConnectionError
    with pytest.raises(NothingLanded, match="clear the extract step"):
        folder.manifest()


def test_landing_again_replaces_what_an_earlier_try_left(folder):
    for text in ("first", "second"):
        with folder.write(("id", "memo")) as writer:
            writer.add(page(("1", text)))
    assert [row["memo"] for row in rows_of(folder)] == ["second"]


def test_runs_whose_ids_differ_only_in_odd_characters_land_apart(tmp_path):
    area = LandingArea(str(tmp_path))
    assert area.folder("demo", "a+b", "terms").folder != area.folder("demo", "a b", "terms").folder


def test_pruning_keeps_the_newest_runs_of_the_account(tmp_path):
    area = LandingArea(str(tmp_path))
    for number in range(4):
        with area.folder("demo", f"run {number}", "terms").write(("id", "memo")) as writer:
            writer.add(page((str(number), None)))
    assert area.prune("demo", keep=2) == 2
    kept = [rows_of(area.folder("demo", f"run {number}", "terms"))[0]["id"] for number in (2, 3)]
    assert kept == ["2", "3"]
    with pytest.raises(NothingLanded):
        area.folder("demo", "run 1", "terms").manifest()


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free space there"),
        (errno.EDQUOT, "Free space there"),
        (errno.EROFS, "Let Airflow's user write there"),
        (errno.EACCES, "Let Airflow's user write there"),
    ],
)
def test_a_folder_that_takes_nothing_is_named_with_cause_and_remedy(number, remedy):
    with pytest.raises(LandingRefused) as error, landing_errors("s3://bucket/acme"):
        raise OSError(number, os.strerror(number))
    assert f"{os.strerror(number)}, at s3://bucket/acme. {remedy}" in str(error.value)


def test_what_may_pass_by_itself_stays_as_it_is():
    with pytest.raises(ConnectionResetError), landing_errors("s3://bucket/x"):
        raise ConnectionResetError(errno.ECONNRESET, "reset")


def test_pruning_spares_runs_that_wait(tmp_path):
    area = LandingArea(str(tmp_path))
    for number in range(4):
        with area.folder("demo", f"run {number}", "terms").write(("id", "memo")) as writer:
            writer.add(page((str(number), None)))
    assert area.prune("demo", keep=1, spare=["run 0", "run 9"]) == 2
    assert area.folder("demo", "run 0", "terms").manifest().rows == 1

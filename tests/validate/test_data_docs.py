"""The data docs: one page per run and entity, an index over them, nothing but what belongs there (P7)."""

import fcntl
import json
import multiprocessing
import re
import threading
from html.parser import HTMLParser
from pathlib import Path

import pytest

from include.extract.entities import CUSTOMERS, INVOICES, TERMS
from include.validate.errors import BadBatch
from include.validate.outcome import ValidationOutcome
from tests.validate.conftest import StagedBatches

HOSTILE = "<script>alert('x')</script>"


class Links(HTMLParser):
    """Everything that a page refers to, and every element it has."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(page.read_text())

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [
            value for name, value in attrs if name in {"href", "src"} and value and not value.startswith("#")
        ]


def test_the_page_shows_every_rule_the_figures_and_some_of_the_rows(batches: StagedBatches):
    outcome = batches.outcome_of(INVOICES, {"total": "12 apples"}, {"invoice_number": None}, {})
    page = outcome.docs.read_text()
    shown = (
        "3 rows",
        "total is not a number",
        "12 apples",
        "quarantined",
        "invoice_number is missing",
        "total is a number",
    )
    assert [text for text in shown if text not in page] == []
    assert "manual__2026-11-21T00:00:00+00:00" in page


def test_the_page_of_a_refused_batch_says_why(batches: StagedBatches):
    with pytest.raises(BadBatch) as refused:
        batches.outcome_of(TERMS, {"is_inactive": "x"}, live_rows=10)
    page = refused.value.outcome.docs.read_text()
    assert "bad batch" in page
    assert "1 rows were read, but 10 are loaded" in page
    assert "nothing of this batch is loaded" in page
    assert "quarantined" not in page


def test_the_index_leads_to_every_page_and_every_page_back(batches: StagedBatches):
    first = batches.outcome_of(INVOICES, {}, run_id="run one")
    second = batches.outcome_of(TERMS, {}, run_id="run/../two", account="other")
    index = batches.docs_dir / "index.html"
    linked = {(index.parent / link).resolve() for link in Links(index).links}
    assert linked == {first.docs.resolve(), second.docs.resolve()}
    for page in linked:
        assert {(page.parent / link).resolve() for link in Links(page).links} == {index.resolve()}


def test_names_that_are_no_folder_names_stay_inside_and_apart(batches: StagedBatches):
    runs = ["../../up", "..", "a:b", "a+b", "a b", "ä" * 200, "a_b", ".hidden"]
    pages = {batches.outcome_of(TERMS, {}, run_id=run).docs for run in runs}
    assert len(pages) == len(runs)
    assert all(page.resolve().is_relative_to(batches.docs_dir.resolve() / "demo") for page in pages)


def test_text_of_netsuite_is_never_markup_and_pages_need_no_network(batches: StagedBatches):
    """C3: names with HTML in them are data."""
    outcome = batches.outcome_of(CUSTOMERS, {"balance": HOSTILE}, run_id=HOSTILE)
    for page in (outcome.docs, batches.docs_dir / "index.html"):
        links = Links(page)
        assert "script" not in links.tags
        assert [link for link in links.links if "//" in link] == []
        assert "default-src 'none'" in page.read_text()


def test_only_the_newest_runs_of_an_account_are_kept(batches: StagedBatches):
    other = batches.outcome_of(TERMS, {}, account="other")
    pages = [batches.outcome_of(TERMS, {}, run_id=f"run {number}", keep_runs=2).docs for number in range(4)]
    assert [page.exists() for page in pages] == [False, False, True, True]
    assert other.docs.exists()
    index = (batches.docs_dir / "index.html").read_text()
    assert [f"run {number}" in index for number in range(4)] == [False, False, True, True]


def test_a_run_validated_again_stands_in_the_index_once(batches: StagedBatches):
    for _ in range(2):
        batches.outcome_of(TERMS, {}, run_id="again")
    assert (batches.docs_dir / "index.html").read_text().count("again") == 2  # the run, and its link


def test_pages_written_at_the_same_time_all_stand_in_the_index(tmp_path: Path):
    start = multiprocessing.get_context("spawn").Process
    writers = [start(target=write_pages, args=(tmp_path, f"entity{number}")) for number in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    expected = {f"demo/run{run}/entity{number}.html" for run in range(10) for number in range(2)}
    assert set(Links(tmp_path / "index.html").links) == expected
    assert all(json.loads(path.read_text()) for path in tmp_path.rglob("*.json"))
    assert [path for path in tmp_path.rglob(".*") if not re.fullmatch(r"\.lock", path.name)] == []


def test_a_page_is_written_only_when_no_other_is_being_written(tmp_path: Path):
    writer = threading.Thread(target=write_pages, args=(tmp_path, "entity"))
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        writer.start()
        writer.join(timeout=1)
        assert writer.is_alive()
        assert list(tmp_path.rglob("*.html")) == []
    writer.join()
    assert (tmp_path / "index.html").exists()


def write_pages(folder: Path, entity: str) -> None:
    from great_expectations.core import ExpectationSuiteValidationResult

    from include.validate.data_docs import DataDocs, Page

    result = ExpectationSuiteValidationResult(
        success=True, results=[], suite_name=entity, suite_parameters={}, statistics={}, meta={}
    )
    docs = DataDocs(folder)
    for run in range(10):
        path = docs.page_of("demo", f"run{run}", entity)
        outcome = ValidationOutcome(1, 0, {}, {}, path)
        docs.write(Page("demo", f"run{run}", entity, outcome, [], {}, None, result), keep_runs=20)

"""Data docs: one page per run and entity, rendered by Great Expectations, and an index over all that are kept.

``<folder>/index.html`` and ``<folder>/<account>/<run>/<entity>.html``, each page with a ``.json`` of its figures beside
it, from which the index is made. Pages need no network and run no scripts: they show text that comes from NetSuite.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.validate.errors import BadBatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.validate.errors import ValidationError
    from include.validate.outcome import ValidationOutcome
    from include.validate.suites import Finding

DATA_DOCS_VARIABLE = "NETSUITE_DATA_DOCS"
TEMPLATES = Path(__file__).parent / "templates"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_DEFAULT_FOLDER = Path(__file__).parents[2] / ".run" / "data_docs"


def data_docs_folder() -> Path:
    """Where the data docs of this installation lie: ``NETSUITE_DATA_DOCS``, by default below ``.run/``."""
    return Path(os.environ.get(DATA_DOCS_VARIABLE) or _DEFAULT_FOLDER)


@dataclass(frozen=True, slots=True)
class Page:
    """What a page shows.

    ``samples``: for each reason some of the rows. ``error``: why the batch was stopped, if it was. ``result``: GX's
    validation result.
    """

    account: str
    run_id: str
    entity: str
    outcome: ValidationOutcome
    findings: list[Finding]
    samples: Mapping[str, list[Mapping[str, Any]]]
    error: ValidationError | None
    result: Any

    @property
    def verdict(self) -> str:
        """In two words, for the index."""
        if self.error:
            return "bad batch" if isinstance(self.error, BadBatch) else "broken check"
        return "bad rows" if self.outcome.bad_rows else "good"


class DataDocs:
    """The data docs in one folder. Several processes may write at once: each page is its own file, behind one lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def page_of(self, account: str, run_id: str, entity: str) -> Path:
        """Where the page of one run and entity lies."""
        return self._folder / _folder_name(account) / _folder_name(run_id) / f"{entity}.html"

    def write(self, page: Page, *, keep_runs: int) -> None:
        """Write a page, forget all but the newest ``keep_runs`` runs of its account, and bring the index up to date."""
        path = self.page_of(page.account, page.run_id, page.entity)
        html, figures = _rendered(page), json.dumps(_figures(page, path.relative_to(self._folder)))
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, html)
            _replace(path.with_suffix(".json"), figures)
            self._prune(path.parents[1], keep_runs)
            _replace(self._folder / "index.html", _index(self._all_figures(self._folder)))

    def _prune(self, account_folder: Path, keep_runs: int) -> None:
        newest_first = sorted(account_folder.iterdir(), key=self._last_written, reverse=True)
        for run in newest_first[max(1, keep_runs) :]:
            shutil.rmtree(run)

    def _last_written(self, run_folder: Path) -> str:
        return max((figures["validated_at"] for figures in self._all_figures(run_folder)), default="")

    def _all_figures(self, folder: Path) -> list[dict[str, Any]]:
        """The figures of all pages below a folder, newest first."""
        figures = [json.loads(path.read_text(encoding="utf-8")) for path in folder.rglob("*.json")]
        return sorted(figures, key=lambda page: page["validated_at"], reverse=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _figures(page: Page, path: Path) -> dict[str, Any]:
    return {
        "account": page.account,
        "run_id": page.run_id,
        "entity": page.entity,
        "verdict": page.verdict,
        "rows": page.outcome.rows,
        "bad_rows": page.outcome.bad_rows,
        "warnings": sum(page.outcome.warnings.values()),
        "validated_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "page": path.as_posix(),
    }


def _rendered(page: Page) -> str:
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    document = ValidationResultsPageRenderer().render(page.result).to_json_dict()
    # The first section, GX's overview, links to pages that are not written.
    return _render("page.html", {**document, "sections": document["sections"][1:], "page": page})


def _index(pages: list[dict[str, Any]]) -> str:
    return _render("index.html", {"pages": pages})


def _render(template: str, values: dict[str, Any]) -> str:
    from great_expectations.render.view.view import DefaultJinjaPageView

    view = DefaultJinjaPageView(custom_views_directory=str(TEMPLATES))
    return str(view.env.get_template(template).render(values))


def _replace(path: Path, text: str) -> None:
    """Write a file so that whoever reads it sees the old one or the new one, whole."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _folder_name(name: str) -> str:
    """A name as a folder: as it is where that is safe, else cleaned and made distinct by a hash."""
    if _PLAIN_NAME.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '_', name)[:80]}-{digest}"

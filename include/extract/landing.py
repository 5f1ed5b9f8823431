"""The landing area: what was read of NetSuite, as Parquet parts, in a local folder or any object store (fsspec).

``<landing>/<account>/<run>/<entity>/part-00001.parquet``, and a manifest written last: without it nothing has landed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import fsspec

from include.extract.errors import LandingRefused, NothingLanded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from types import TracebackType

    import pyarrow as pa

LANDING_VARIABLE = "NETSUITE_LANDING"
ROWS_PER_PART = 10_000
_DEFAULT = Path(__file__).parents[2] / ".run" / "landing"
_MANIFEST = "manifest.json"
# What stays until a person has acted; other errors, of an object store for example, may pass.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What has landed of one entity in one run: the parts in order, the rows in all, the columns that were missing."""

    parts: tuple[str, ...]
    rows: int
    missing: tuple[str, ...]


class LandingArea:
    """Where runs land what they read; ``url`` is any folder that fsspec can open."""

    def __init__(self, url: str | None = None) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url or os.environ.get(LANDING_VARIABLE) or str(_DEFAULT))

    def folder(self, account: str, run_id: str, entity: str) -> LandedEntity:
        """The folder of one entity in one run."""
        return LandedEntity(self._fs, f"{self._root}/{account}/{_run_folder(run_id)}/{entity}")

    def prune(self, account: str, *, keep: int, spare: Collection[str] = ()) -> int:
        """Remove the landed parts of all but the newest ``keep`` runs of an account; returns how many runs went.

        The runs whose ids are in ``spare`` keep theirs, however old.
        """
        folder = f"{self._root}/{account}"
        if not self._fs.exists(folder):
            return 0
        spared = {_run_folder(run_id) for run_id in spare}
        runs = sorted(self._fs.ls(folder, detail=False), key=self._written_at, reverse=True)
        old = [run for run in runs[keep:] if run.rstrip("/").rpartition("/")[2] not in spared]
        for run in old:
            self._fs.rm(run, recursive=True)
        return len(old)

    def _written_at(self, run_folder: str) -> str:
        """When anything was last written below a run's folder; object stores know no time of a folder itself."""
        files = self._fs.find(run_folder, detail=True).values()
        return max((str(info.get("LastModified") or info.get("mtime") or "") for info in files), default="")


class LandedEntity:
    """The parts of one entity in one run."""

    def __init__(self, fs: fsspec.AbstractFileSystem, folder: str) -> None:
        self._fs = fs
        self.folder = folder

    def write(self, columns: tuple[str, ...]) -> LandingWriter:
        """Land anew: what an earlier try left there is removed first."""
        if self._fs.exists(self.folder):
            self._fs.rm(self.folder, recursive=True)
        self._fs.makedirs(self.folder, exist_ok=True)
        return LandingWriter(self._fs, self.folder, columns)

    def manifest(self) -> Manifest:
        """What has landed.

        Raises:
            NothingLanded: the extraction has not finished, or its parts are gone.
        """
        try:
            content = json.loads(self._fs.cat_file(f"{self.folder}/{_MANIFEST}"))
        except FileNotFoundError as error:
            raise NothingLanded(
                f"Nothing has landed in {self.folder}; clear the extract step of this run and let it run again"
            ) from error
        return Manifest(tuple(content["parts"]), content["rows"], tuple(content["missing"]))

    def read(self) -> Iterator[pa.Table]:
        """The landed parts, one at a time; every column is text."""
        import pyarrow.parquet as pq

        for part in self.manifest().parts:
            with self._fs.open(f"{self.folder}/{part}", "rb") as file:
                yield pq.read_table(file)


class LandingWriter:
    """Collects pages, writes parts of about ``ROWS_PER_PART`` rows, and the manifest where it ends without an error."""

    def __init__(self, fs: fsspec.AbstractFileSystem, folder: str, columns: tuple[str, ...]) -> None:
        self._fs = fs
        self._folder = folder
        self._columns = columns
        self._pages: list[pa.Table] = []
        self._parts: list[str] = []
        self._missing: tuple[str, ...] = ()
        self._buffered = 0
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._flush()
            self._write_manifest()

    def note_missing(self, columns: tuple[str, ...]) -> None:
        """Remember columns that this account does not have; their values are null in every part."""
        self._missing = tuple(dict.fromkeys((*self._missing, *columns)))

    def add(self, page: pa.Table) -> None:
        """Take in one page; a declared column that it lacks is null."""
        self._pages.append(self._with_all_columns(page))
        self._buffered += page.num_rows
        self.rows += page.num_rows
        if self._buffered >= ROWS_PER_PART:
            self._flush()

    def _with_all_columns(self, page: pa.Table) -> pa.Table:
        import pyarrow as pa

        for column in self._columns:
            if column not in page.column_names:
                page = page.append_column(column, pa.nulls(page.num_rows, pa.string()))
        return page.select(list(self._columns))

    def _flush(self) -> None:
        if not self._pages:
            return
        import pyarrow as pa
        import pyarrow.parquet as pq

        part = f"part-{len(self._parts) + 1:05d}.parquet"
        with self._fs.open(f"{self._folder}/{part}", "wb") as file:
            pq.write_table(pa.concat_tables(self._pages), file, compression="zstd")
        self._parts.append(part)
        self._pages.clear()
        self._buffered = 0

    def _write_manifest(self) -> None:
        manifest = Manifest(tuple(self._parts), self.rows, self._missing)
        self._fs.pipe_file(f"{self._folder}/{_MANIFEST}", json.dumps(asdict(manifest)).encode())


@contextmanager
def landing_errors(folder: str) -> Iterator[None]:
    """Say what is wrong where a folder of the landing area does not take what is written to it.

    Raises:
        LandingRefused: it is full, or may not be written; names the folder and what to do.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL | _FORBIDDEN:
            raise
        act = "Free space there" if error.errno in _FULL else "Let Airflow's user write there"
        raise LandingRefused(
            f"The landing area refused what was read: {os.strerror(error.errno)}, at {folder}. {act}, or name another"
            f" folder in {LANDING_VARIABLE}, and run again. Nothing of this entity was loaded."
        ) from error


def _run_folder(run_id: str) -> str:
    """A folder name for a run id, which may hold any character; the digest keeps two runs apart."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", run_id)[:80]
    return f"{readable}-{hashlib.sha256(run_id.encode()).hexdigest()[:8]}"

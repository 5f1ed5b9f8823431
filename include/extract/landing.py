"""The landing area: what was read of NetSuite, as Parquet parts, in a local folder or any object store (fsspec).

``<landing>/<account>/<run>/<entity>/part-00001-<random>.parquet``, and a manifest written last: without it nothing
has landed. Each part says in its own footer which plan it belongs to and which ids it settles, and gets its name only
when it is whole; so the parts of an attempt that was cut off are all that the next one must know. Their names are
random, lest an attempt that is still alive somewhere writes over them.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import fsspec

from include.extract.errors import LandingRefused, NothingLanded
from include.extract.id_ranges import gaps, overlap
from include.netsuite.keyset import IdRange

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from types import TracebackType

    import pyarrow as pa

LANDING_VARIABLE = "NETSUITE_LANDING"
ROWS_PER_PART = 10_000
_DEFAULT = Path(__file__).parents[2] / ".run" / "landing"
_MANIFEST = "manifest.json"
# What stays until a person has acted; other errors, of an object store for example, may pass.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_UNFINISHED = ".unfinished"
_FOOTER = b"netsuite_sync"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What has landed of one entity in one run: the parts in order, the rows in all, the columns that were missing.

    ``resumed_parts`` and ``resumed_rows`` of them are from an earlier attempt, which was cut off.
    """

    parts: tuple[str, ...]
    rows: int
    missing: tuple[str, ...]
    resumed_parts: int = 0
    resumed_rows: int = 0


class Settled(NamedTuple):
    """Ids of one query whose rows, so many, are all in a part."""

    query: str
    ids: IdRange
    rows: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part that has landed whole, and what it settles."""

    name: str
    rows: int
    settled: tuple[Settled, ...]

    def overlaps(self, other: Part) -> bool:
        """Whether both settle an id of one query."""
        return any(
            mine.query == theirs.query and overlap(mine.ids, theirs.ids)
            for mine in self.settled
            for theirs in other.settled
        )


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

    def resume(self, columns: tuple[str, ...], plan: str) -> LandingWriter:
        """Land what an attempt at the same ``plan`` that was cut off has not landed yet.

        All else that is there is removed: a finished attempt is never resumed, for whoever reads again means it.
        """
        self._fs.makedirs(self.folder, exist_ok=True)
        names = sorted(path.rpartition("/")[2] for path in self._fs.find(self.folder))
        parts = [] if _MANIFEST in names else self._parts_of(plan, names)
        kept = {part.name for part in parts}
        # The manifest goes last: cut off here, the attempt still counts as finished.
        for name in sorted((name for name in names if name not in kept), key=lambda name: name == _MANIFEST):
            self._fs.rm(f"{self.folder}/{name}")
        return LandingWriter(self._fs, self.folder, columns, plan, parts)

    def _parts_of(self, plan: str, names: list[str]) -> list[Part]:
        """The whole parts of a plan, of two that overlap the first."""
        found: list[Part] = []
        for name in names:
            part = self._part(plan, name) if name.endswith(".parquet") else None
            if part and not any(part.overlaps(other) for other in found):
                found.append(part)
        return found

    def _part(self, plan: str, name: str) -> Part | None:
        """A part, if it is whole and of that plan."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with self._fs.open(f"{self.folder}/{name}", "rb") as file:
                metadata = pq.read_metadata(file)
        except (pa.ArrowException, OSError):
            return None
        footer = json.loads((metadata.metadata or {}).get(_FOOTER, b"{}"))
        if footer.get("plan") != plan:
            return None
        settled = tuple(Settled(query, IdRange(*ids), rows) for query, ids, rows in footer["settled"])
        return Part(name, metadata.num_rows, settled)

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
        return Manifest(**content | {"parts": tuple(content["parts"]), "missing": tuple(content["missing"])})

    def read(self) -> Iterator[pa.Table]:
        """The landed parts, one at a time; every column is text."""
        import pyarrow.parquet as pq

        for part in self.manifest().parts:
            with self._fs.open(f"{self.folder}/{part}", "rb") as file:
                yield pq.read_table(file)


class LandingWriter:
    """Collects pages, writes parts of about ``ROWS_PER_PART`` rows, and the manifest where it ends without an error.

    ``plan`` says what is read, where it can be resumed; ``parts`` have landed before.
    """

    def __init__(
        self,
        fs: fsspec.AbstractFileSystem,
        folder: str,
        columns: tuple[str, ...],
        plan: str = "",
        parts: Iterable[Part] = (),
    ) -> None:
        self._fs = fs
        self._folder = folder
        self._columns = columns
        self._plan = plan
        self._parts = list(parts)
        self._resumed = tuple(self._parts)
        self._pages: list[pa.Table] = []
        self._settled: list[Settled] = []
        self._missing: tuple[str, ...] = ()
        self._buffered = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._flush()
            self._write_manifest()
        elif self._plan and isinstance(error, Exception):
            # What went wrong first is what people must see; a part that can't be written is only read again.
            with suppress(Exception):
                self._flush()

    @property
    def resumed(self) -> bool:
        """Whether parts of an earlier attempt are kept."""
        return bool(self._resumed)

    def gaps(self, query: str) -> list[IdRange]:
        """The ids of a query that no part settles."""
        return gaps(settled.ids for settled in self._all_settled(query))

    def rows_of(self, query: str) -> int:
        """How many rows of a query are there."""
        return sum(settled.rows for settled in self._all_settled(query))

    def start_anew(self) -> None:
        """Throw away what has landed, in this attempt and in earlier ones."""
        for part in self._parts:
            self._fs.rm(f"{self._folder}/{part.name}")
        self._parts.clear()
        self._resumed = ()
        self._forget_pages()

    def _all_settled(self, query: str) -> list[Settled]:
        landed = [settled for part in self._parts for settled in part.settled]
        return [settled for settled in (*landed, *self._settled) if settled.query == query]

    def note_missing(self, columns: tuple[str, ...]) -> None:
        """Remember columns that this account does not have; their values are null in every part."""
        self._missing = tuple(dict.fromkeys((*self._missing, *columns)))

    def add(self, page: pa.Table, *, query: str = "", ids: IdRange | None = None) -> None:
        """Take in one page; a declared column that it lacks is null. It settles these ids of the query, if any."""
        self._pages.append(self._with_all_columns(page))
        self._buffered += page.num_rows
        if ids:
            self._settled.append(Settled(query, ids, page.num_rows))
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

        table = pa.concat_tables(self._pages)
        name = f"part-{len(self._parts) + 1:05d}-{secrets.token_hex(4)}.parquet"
        footer = json.dumps({"plan": self._plan, "settled": self._settled})
        unfinished = f"{self._folder}/{name}{_UNFINISHED}"
        with self._fs.open(unfinished, "wb") as file:
            pq.write_table(table.replace_schema_metadata({_FOOTER: footer}), file, compression="zstd")
        self._fs.mv(unfinished, f"{self._folder}/{name}")
        self._parts.append(Part(name, table.num_rows, tuple(self._settled)))
        self._forget_pages()

    def _forget_pages(self) -> None:
        self._pages.clear()
        self._settled.clear()
        self._buffered = 0

    def _write_manifest(self) -> None:
        manifest = Manifest(
            parts=tuple(part.name for part in self._parts),
            rows=sum(part.rows for part in self._parts),
            missing=self._missing,
            resumed_parts=len(self._resumed),
            resumed_rows=sum(part.rows for part in self._resumed),
        )
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

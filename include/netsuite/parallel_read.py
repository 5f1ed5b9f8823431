"""A keyset read by several threads at once, with bounded memory and a prompt end."""

from __future__ import annotations

import logging
import threading
from collections import deque
from math import ceil
from typing import TYPE_CHECKING, Protocol

from include.netsuite.columns import whole_number
from include.netsuite.errors import RowsMissing, UnknownAnswer
from include.netsuite.governor import Abandoned
from include.netsuite.keyset import IdRange, Page
from include.netsuite.slices import Bounds, Slice, SlicePlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.netsuite.page_table import TableAnswer

log = logging.getLogger(__name__)

_JOIN_SECONDS = 1.0


class Source(Protocol):
    """Where the rows come from. Both may raise Abandoned once `stop` is set."""

    def bounds(self, ids: IdRange | None, stop: threading.Event) -> Bounds | None:
        """Return the bounds of the rows with these ids (None: of all rows); None where there are no rows."""

    def page(self, ids: IdRange, page_size: int, stop: threading.Event) -> TableAnswer:
        """Return the first page of the rows with these ids, in their order."""


def read_by_key(source: Source, *, at_once: int, page_size: int, within: IdRange | None = None) -> Iterator[Page]:
    """Yield the pages of all rows of `source`, or of those `within` these ids, asked for by at most `at_once` threads.

    At most twice `at_once` pages are held at any time; threads wait while the consumer is slow. An error in any thread
    ends the read at once; leaving the loop early ends the threads.
    """
    bounds = source.bounds(within, threading.Event())
    if bounds is None:
        return
    at_once = min(at_once, ceil(bounds.row_count / page_size))
    plan = SlicePlan(bounds, at_once=at_once, page_size=page_size)
    rows = 0
    for page in _ParallelRead(source, plan, at_once=at_once, page_size=page_size).pages():
        rows += page.table.num_rows
        yield page
    if rows < bounds.row_count:
        _check_still_counted(source, bounds, rows)
        log.warning(
            "NetSuite counted %s rows before the read and sent %s: the others changed or were deleted meanwhile",
            bounds.row_count,
            rows,
        )


def _check_still_counted(source: Source, bounds: Bounds, rows: int) -> None:
    """Raise RowsMissing where rows are missing that NetSuite still counts: a wrong page was sent."""
    now = source.bounds(bounds.ids, threading.Event())
    if now is not None and now.row_count > rows:
        raise RowsMissing(
            f"NetSuite counts {now.row_count} rows and sent {rows} of them: a page was empty or cut short that should"
            " not have been. Run it again; if it stays so, look for a proxy that keeps answers."
        )


class _ParallelRead:
    """The threads of one read, the plan they share, and the pages that wait for the consumer."""

    def __init__(self, source: Source, plan: SlicePlan, *, at_once: int, page_size: int) -> None:
        self._source = source
        self._plan = plan
        self._at_once = at_once
        self._page_size = page_size
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._arrived: deque[Page] = deque()
        self._pages = 0
        self._error: BaseException | None = None

    def pages(self) -> Iterator[Page]:
        workers = [
            threading.Thread(target=self._work, name=f"netsuite-read-{number}", daemon=True)
            for number in range(1, self._at_once + 1)
        ]
        try:
            for worker in workers:
                worker.start()
            while page := self._next_page():
                yield page
        finally:
            self._end(workers)

    def _next_page(self) -> Page | None:
        """Wait for a page; None when all have been taken. Raises what ended the read."""
        with self._changed:
            self._changed.wait_for(lambda: self._error or self._arrived or self._plan.finished)
            if self._error:
                raise self._error
            page = self._arrived.popleft() if self._arrived else None
            self._changed.notify_all()
            return page

    def _end(self, workers: list[threading.Thread]) -> None:
        self._stop.set()
        with self._changed:
            self._arrived.clear()
            self._changed.notify_all()
        for worker in workers:
            # A request that is already under way cannot be called back; its thread ends with it.
            if worker.is_alive():
                worker.join(_JOIN_SECONDS / len(workers))

    def _work(self) -> None:
        try:
            while piece := self._take():
                if piece.counted:
                    self._read(piece)
                else:
                    self._count(piece)
        except Abandoned:
            return
        except BaseException as error:  # noqa: BLE001 - it is raised again in the consumer's thread
            self._stop.set()
            with self._changed:
                self._error = self._error or error
                self._changed.notify_all()

    def _take(self) -> Slice | None:
        """Wait for a slice that is worth reading; None when there will be none."""
        with self._changed:
            while not self._stop.is_set() and not self._plan.finished:
                if piece := self._plan.take():
                    return piece
                self._changed.wait()
            return None

    def _count(self, piece: Slice) -> None:
        bounds = self._source.bounds(piece.ids, self._stop)
        with self._changed:
            self._plan.counted(piece, bounds)
            self._changed.notify_all()
        if bounds is not None and piece.counted:
            self._read(piece)

    def _read(self, piece: Slice) -> None:
        more = True
        while more:
            with self._changed:
                asked = piece.ids
            answer = self._source.page(asked, self._page_size, self._stop)
            ids = [_id(text) for text in answer.table["id"].to_pylist()]
            ended = self._was_last(answer)
            with self._changed:
                self._changed.wait_for(lambda: len(self._arrived) < self._at_once or self._stop.is_set())
                if self._stop.is_set():
                    raise Abandoned
                # Noted and handed over in one step, lest the read look finished with a page still to come.
                kept = self._plan.advance(piece, asked, ids, ended=ended, total=answer.total)
                settled = IdRange(asked.after_id, piece.after_id)
                more = piece.after_id < piece.last_id
                if kept:
                    self._pages += 1
                    self._arrived.append(Page(answer.table.slice(0, kept), asked, self._pages, settled))
                self._changed.notify_all()

    def _was_last(self, answer: TableAnswer) -> bool:
        """Say whether a page was the last of its slice. No sign is trusted alone: a short page may have a next one."""
        rows = answer.table.num_rows
        if rows == 0:
            if answer.has_more:
                raise UnknownAnswer("NetSuite sent an empty page and says that there is more. Run it again.")
            return True
        return rows < self._page_size and not answer.has_more and (answer.total is None or answer.total <= rows)


def _id(text: str | None) -> int:
    try:
        return whole_number(text or "")
    except ValueError:
        raise UnknownAnswer(
            f"NetSuite's column 'id', the key of a read, holds {text!r} instead of a whole number. Check the alias id."
        ) from None

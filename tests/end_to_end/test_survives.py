"""Whatever NetSuite, or the way to it, does to a sync: what is published is as before or complete, and running again
completes it without a duplicate or a gap."""

import threading
from collections.abc import Iterator

import pytest

from include.sandbox.generate import FIRST_BULK_ID
from tests.sandbox.caller import Caller
from tests.sandbox_process import SandboxProcess

INVOICES = 2500
BULK_INVOICES = "SELECT id FROM transaction WHERE type = 'CustInvc' AND id >= ? ORDER BY id"
INSERTED_FROM = 9_000_000
TEN_MB = "0123456789" * 1_048_576


@pytest.fixture(scope="module")
def many() -> Iterator[SandboxProcess]:
    """A NetSuite whose invoices fill three pages, so that requests for them run side by side."""
    with SandboxProcess(invoices=INVOICES) as process:
        yield process


@pytest.fixture
def netsuite(many) -> SandboxProcess:
    many.control("POST", "/settings", {"concurrency": 5, "latency_ms": 0, "token_lifetime": 3600})
    many.control("DELETE", "/faults")
    many.control("DELETE", "/requests")
    return many


@pytest.fixture
def acme(installation, netsuite):
    installation.write_account()
    connect(installation, netsuite)
    return installation


def connect(installation, netsuite, auth="oauth2", **extra) -> None:
    fields = netsuite.connection(auth)
    fields["extra"] |= extra
    installation.connect(fields)


def order(netsuite, *faults) -> None:
    netsuite.control("POST", "/faults", list(faults))


def struck(netsuite) -> dict[str, int]:
    """How often each kind of fault struck; none waits any more."""
    faults = netsuite.control("GET", "/faults")
    assert faults["waiting"] == []
    return faults["struck"]


def retries(acme) -> int:
    """What the ledger counted, over all steps."""
    return acme.value(
        "SELECT sum(times::integer) FROM ops.sync_steps, jsonb_each_text(counts->'retries') AS retry (kind, times)"
    )


def assert_complete(acme, invoices: int = INVOICES) -> None:
    """The rows are all there, once; and a second reading of the same window, without faults, finds nothing to mend."""
    assert acme.value("SELECT count(*) FROM raw.invoices WHERE deleted_at IS NULL") == invoices
    assert acme.value("SELECT count(*) FROM publish.recipients") == 3 * invoices
    before = acme.tables()
    assert acme.sync(again=True) == {"state": "success", "failures": {}}
    assert acme.tables() == before


def test_refusals_errors_resets_and_cut_off_answers_on_the_way_are_made_up_for(acme, netsuite):
    """429 bursts; 500, 502, 503, 504 with HTML; resets before and in the body; truncated JSON; each while it reads."""
    order(
        netsuite,
        {"kind": "html_error", "status": 503, "at": "token"},
        {"kind": "reset", "at": "token"},
        {"kind": "truncated", "at": "token"},
        {"kind": "html_error", "status": 500, "after": 1},
        {"kind": "html_error", "status": 502, "after": 1},
        {"kind": "html_error", "status": 504, "after": 1},
        {"kind": "html_error", "status": 503, "after": 6},
        {"kind": "reset", "after": 1},
        {"kind": "reset_in_body", "after": 1},
        {"kind": "truncated", "after": 1},
        {"kind": "too_many_requests", "times": 3},
        {"kind": "reset_in_body", "after": 5},
        {"kind": "truncated", "after": 2},
    )
    assert acme.sync() == {"state": "success", "failures": {}}
    assert struck(netsuite) == {
        "html_error": 5,
        "reset": 2,
        "truncated": 3,
        "reset_in_body": 2,
        "too_many_requests": 3,
    }
    assert retries(acme) == 15
    assert_complete(acme)


def test_an_answer_that_does_not_end_is_given_up_and_asked_for_again(acme, netsuite):
    """A body that trickles would hold a read for ever, were only the silence between two bytes measured."""
    connect(acme, netsuite, timeout=5)
    order(
        netsuite,
        {"kind": "hang", "after": 2},
        {"kind": "slow_body", "seconds": 0.5, "after": 1},
        {"kind": "slow_body", "seconds": 20, "after": 8, "times": 2},
    )
    assert acme.sync() == {"state": "success", "failures": {}}
    assert struck(netsuite) == {"hang": 1, "slow_body": 3}
    assert retries(acme) == 3
    assert_complete(acme)


def test_a_lower_limit_and_tokens_that_end_or_are_revoked_on_the_way(acme, netsuite):
    """The account allows one request at once, the connection five; a token lives three seconds; two are revoked."""
    netsuite.control("POST", "/settings", {"concurrency": 1, "latency_ms": 100, "token_lifetime": 3})
    order(netsuite, {"kind": "revoke_tokens", "after": 9}, {"kind": "revoke_tokens", "after": 6})
    assert acme.sync() == {"state": "success", "failures": {}}
    assert struck(netsuite) == {"revoke_tokens": 2}
    answers = netsuite.control("GET", "/requests")["answers"]
    assert {401, 429} < {answer["status"] for answer in answers if answer["path"].endswith("suiteql")}
    assert_complete(acme)


@pytest.mark.parametrize("minutes", [-4, 4])
def test_a_wrong_clock_changes_only_what_the_cut_off_says(acme, netsuite, minutes):
    """D9: the cut-off is NetSuite's own clock, so what it stamps is read, however wrong that clock is."""
    offset = 60 * minutes
    now = netsuite.control("GET", "/settings")["clock_offset_seconds"]
    untouched = netsuite.control("GET", "/rows/transaction/101")
    try:
        netsuite.control("POST", "/settings", {"clock_offset_seconds": now + offset})
        assert acme.sync()["state"] == "success"
        netsuite.control("POST", "/rows/transaction", {"id": 101, "memo": f"at {minutes}"})
        netsuite.control("POST", "/settings", {"clock_offset_seconds": now + offset + 2})
        assert acme.sync()["state"] == "success"
    finally:
        # Its stamp may lie in the future of the right clock.
        netsuite.control("POST", "/rows/transaction?touch=false", untouched)
        netsuite.control("POST", "/settings", {"clock_offset_seconds": now})
    assert acme.value("SELECT memo FROM raw.invoices WHERE id = 101") == f"at {minutes}"
    assert acme.value(
        f"SELECT abs(extract(epoch FROM cutoff_at - started_at) - {offset}) < 30 FROM ops.sync_runs LIMIT 1"
    )


def test_rows_that_come_change_and_go_while_pages_are_read_are_right_after_the_next_run(installation):
    """D9, P3: keys move no other row; what was changed after the cut-off belongs to the next window."""
    with SandboxProcess(invoices=INVOICES, latency_ms=150) as moving:
        installation.write_account(concurrency=2)
        connect(installation, moving, concurrency=2)
        edits = Edits(moving)
        with edits:
            assert installation.sync() == {"state": "success", "failures": {}}
        assert min(len(edits.written), len(edits.inserted), len(edits.deleted)) > 10
        moving.control("POST", "/settings", {"latency_ms": 0, "clock_offset_seconds": 2})
        assert installation.sync() == {"state": "success", "failures": {}}
        rows = installation.rows("SELECT id, memo FROM raw.invoices WHERE deleted_at IS NULL")
        memos = {row["id"]: row["memo"] for row in rows}
        assert len(rows) == len(memos) == INVOICES + len(edits.inserted) - len(edits.deleted)
        assert {invoice_id: memos[invoice_id] for invoice_id in edits.written} == edits.written
        assert not edits.deleted & set(memos)
        assert_complete(installation, len(memos))


class Edits:
    """Somebody at work in NetSuite while a sync reads: changes, inserts and deletes an invoice, over and over."""

    def __init__(self, netsuite: SandboxProcess) -> None:
        self._netsuite = netsuite
        self._pattern = netsuite.control("GET", "/rows/transaction/101")
        del self._pattern["lastmodifieddate"]
        found = Caller(netsuite).sign_in().rows(BULK_INVOICES, [str(FIRST_BULK_ID)], limit=1000)
        self._ids = [int(row["id"]) for row in found]
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._error: BaseException | None = None
        self.written: dict[int, str] = {}
        self.inserted: set[int] = set()
        self.deleted: set[int] = set()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        assert self._error is None, self._error

    def _work(self) -> None:
        try:
            pairs = zip(self._ids[::2], self._ids[1::2], strict=False)
            for number, (to_change, to_delete) in enumerate(pairs):
                if self._done.wait(0.02):
                    return
                self._write({**self._pattern, "id": INSERTED_FROM + number, "tranid": f"NEW-{number}"}, "inserted")
                self.inserted.add(INSERTED_FROM + number)
                self._write({"id": to_change}, "changed")
                self._netsuite.control("DELETE", f"/rows/transaction/{to_delete}")
                self.deleted.add(to_delete)
        except RuntimeError as error:
            self._error = error

    def _write(self, row: dict[str, object], memo: str) -> None:
        self._netsuite.control("POST", "/rows/transaction", {**row, "memo": memo})
        self.written[int(str(row["id"]))] = memo


def test_odd_values_and_every_row_of_the_same_second_arrive_whole(installation):
    """Ten megabytes of memo, a NUL in a name, an amount as 1.1E7, every invoice modified in one and the same second."""
    with SandboxProcess(invoices=INVOICES) as odd:
        installation.write_account()
        connect(installation, odd)
        assert installation.sync() == {"state": "success", "failures": {}}
        ids = [row["id"] for row in installation.rows("SELECT id FROM raw.invoices")]
        stamp = odd.control("GET", "/health")["now"]
        rows = [{"id": invoice_id, "memo": f"seen {invoice_id}", "lastmodifieddate": stamp} for invoice_id in ids]
        odd.control("POST", "/rows/transaction", rows)
        odd.control("POST", "/rows/transaction?touch=false", {"id": 101, "memo": TEN_MB, "foreigntotal": "1.1E7"})
        odd.control("POST", "/rows/employee", {"id": 11, "firstname": "A\0da"})
        odd.control("POST", "/settings", {"clock_offset_seconds": 2})
        assert installation.sync() == {"state": "success", "failures": {}}
        assert installation.value("SELECT total FROM raw.invoices WHERE id = 101") == 11_000_000
        assert installation.value("SELECT memo FROM raw.invoices WHERE id = 101") == TEN_MB
        assert (
            installation.value("SELECT first_name FROM raw.employees WHERE id = 11") == "A\N{REPLACEMENT CHARACTER}da"
        )
        same = "SELECT count(*) FROM raw.invoices WHERE memo = 'seen ' || id OR id = 101"
        assert installation.value(same) == len(ids) == INVOICES
        assert installation.value("SELECT count(DISTINCT last_modified_at) FROM raw.invoices") == 1
        assert_complete(installation)

"""A run whose extract task was cut off goes on from what had landed, and says so."""

import errno
import os

from include.extract.landing import LandingWriter


def test_a_run_that_runs_again_resumes_what_was_cut_off_and_counts_it(acme, monkeypatch):
    with monkeypatch.context() as full:

        def no_room(writer: LandingWriter) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        full.setattr(LandingWriter, "_write_manifest", no_room)
        cut_off = acme.sync()
    assert "invoices.extract" in cut_off["failures"]
    assert acme.sync(again=True)["state"] == "success"
    counts = acme.value("SELECT counts FROM ops.sync_steps WHERE entity = 'invoices' AND step = 'extract'")
    assert (
        counts["rows"]
        == counts["resumed_rows"]
        == acme.value("SELECT count(*) FROM raw.invoices")
        + acme.value("SELECT count(*) FROM quarantine.rows WHERE entity = 'invoices'")
    )
    assert counts["resumed_parts"] == 1
    resumed = acme.tables()
    assert acme.sync(again=True)["state"] == "success"
    again = acme.value("SELECT counts FROM ops.sync_steps WHERE entity = 'invoices' AND step = 'extract'")
    assert "resumed_rows" not in again
    assert acme.tables() == resumed

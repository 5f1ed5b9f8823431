"""NetSuite's own clock: this machine's, moved by a switch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.sandbox.switches import Switches


def now(switches: Switches) -> int:
    """Return NetSuite's time as seconds since the epoch in UTC."""
    return int(time.time()) + switches.clock_offset_seconds

"""Oracle date masks and NetSuite's own date formats, to and from seconds.

A *wall* is what a clock on the wall shows, as whole seconds since 1970-01-01 00:00 with no time zone.
An *instant* is seconds since the epoch in UTC. NetSuite keeps no fractions of a second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = 86_400
_START = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall has no time zone
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TOKEN = re.compile(
    r'"[^"]*"|FM|YYYY|RRRR|YY|RR|MONTH|MON|MM|MI|DDD|DD|DAY|DY|HH24|HH12|HH|SSSSS|SS|FF[1-9]?|AM|PM|A\.M\.|P\.M\.'
    r"|TZH|TZM|Q|X|[-/,.;: ]",
    re.IGNORECASE,
)
_STRFTIME = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH24": "%H", "MI": "%M", "SS": "%S", "DDD": "%j"}


class MaskError(ValueError):
    """A mask that Oracle would not know, or a text that does not fit its mask."""


def to_datetime(wall: int) -> datetime:
    """Return the wall as a naive datetime."""
    return _START + timedelta(seconds=wall)


def to_wall(moment: datetime) -> int:
    """Return a naive datetime as a wall, fractions dropped."""
    return int((moment - _START).total_seconds() // 1)


@lru_cache(maxsize=1024)
def tokens(mask: str) -> tuple[str, ...]:
    """Split a mask; element names come back in capitals, quoted text with its quotes. Raises MaskError."""
    found, at = [], 0
    while at < len(mask):
        match = _TOKEN.match(mask, at)
        if not match:
            raise MaskError(f"date format not recognized: {mask[at:]!r} in mask {mask!r}")
        text = match.group()
        found.append(text if text.startswith('"') else text.upper())
        at = match.end()
    return tuple(found)


def strftime_mask(mask: str) -> str | None:
    """Return the mask in the form of SQLite's strftime, or None where that cannot say it."""
    parts = []
    for token in tokens(mask):
        if token in _STRFTIME:
            parts.append(_STRFTIME[token])
        elif token.startswith('"'):
            parts.append(token[1:-1].replace("%", "%%"))
        elif len(token) == 1 and token not in "QX":
            parts.append(token)
        else:
            return None
    return "".join(parts)


def _offset(seconds: int) -> tuple[str, str]:
    sign = "-" if seconds < 0 else "+"
    return f"{sign}{abs(seconds) // 3600:02d}", f"{abs(seconds) % 3600 // 60:02d}"


_WRITERS: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda t: f"{t.year:04d}",
    "RRRR": lambda t: f"{t.year:04d}",
    "YY": lambda t: f"{t.year % 100:02d}",
    "RR": lambda t: f"{t.year % 100:02d}",
    "MONTH": lambda t: _MONTHS[t.month - 1],
    "MON": lambda t: _MONTHS[t.month - 1][:3],
    "MM": lambda t: f"{t.month:02d}",
    "DDD": lambda t: f"{t.timetuple().tm_yday:03d}",
    "DD": lambda t: f"{t.day:02d}",
    "DAY": lambda t: _DAYS[t.weekday()],
    "DY": lambda t: _DAYS[t.weekday()][:3],
    "HH24": lambda t: f"{t.hour:02d}",
    "HH12": lambda t: f"{(t.hour + 11) % 12 + 1:02d}",
    "HH": lambda t: f"{(t.hour + 11) % 12 + 1:02d}",
    "MI": lambda t: f"{t.minute:02d}",
    "SSSSS": lambda t: f"{t.hour * 3600 + t.minute * 60 + t.second:05d}",
    "SS": lambda t: f"{t.second:02d}",
    "AM": lambda t: "AM" if t.hour < 12 else "PM",
    "PM": lambda t: "AM" if t.hour < 12 else "PM",
    "A.M.": lambda t: "A.M." if t.hour < 12 else "P.M.",
    "P.M.": lambda t: "A.M." if t.hour < 12 else "P.M.",
    "Q": lambda t: str((t.month + 2) // 3),
    "X": lambda _: ".",
}


def format_wall(wall: int, mask: str, offset_seconds: int = 0) -> str:
    """Render a wall through an Oracle mask; `offset_seconds` is its distance from UTC, for TZH and TZM."""
    moment = to_datetime(wall)
    written, fill = [], True
    for token in tokens(mask):
        if token == "FM":
            fill = not fill
        elif token.startswith('"'):
            written.append(token[1:-1])
        elif token.startswith("FF"):
            written.append("0" * int(token[2:] or 6))
        elif token in ("TZH", "TZM"):
            written.append(_offset(offset_seconds)[token == "TZM"])
        elif token in _WRITERS:
            text = _WRITERS[token](moment)
            written.append(text if fill else text.lstrip("0") or "0")
        else:
            written.append(token)
    return "".join(written)


@dataclass(frozen=True)
class _Reader:
    pattern: re.Pattern[str]
    elements: tuple[str, ...]


_NUMBERS = {"YYYY": 4, "RRRR": 4, "YY": 2, "RR": 2, "MM": 2, "DD": 2, "HH24": 2, "HH12": 2, "HH": 2, "MI": 2, "SS": 2}


def _element_pattern(token: str) -> str | None:
    if token in _NUMBERS:
        return rf"(\d{{1,{_NUMBERS[token]}}})"
    if token.startswith("FF"):
        return r"(\d{1,9})"
    return {
        "MON": r"([A-Za-z]{3})",
        "MONTH": r"([A-Za-z]+)",
        "AM": r"([AaPp][Mm])",
        "PM": r"([AaPp][Mm])",
        "TZH": r"([+-]\d{1,2})",
        "TZM": r"(\d{1,2})",
    }.get(token)


@lru_cache(maxsize=1024)
def _reader(mask: str) -> _Reader:
    pattern, elements = "", []
    for token in tokens(mask):
        if token == "FM":
            continue
        element = _element_pattern(token)
        if element:
            pattern += element
            elements.append(token)
        elif token.startswith('"'):
            pattern += re.escape(token[1:-1])
        elif token == "X":
            pattern += r"\."
        elif len(token) == 1 and token != "Q":
            pattern += re.escape(token)
        else:
            raise MaskError(f"{token} cannot be read, only written")
    return _Reader(re.compile(pattern), tuple(elements))


def _month(name: str) -> int:
    for number, month in enumerate(_MONTHS, start=1):
        if name.lower() in (month.lower(), month[:3].lower()):
            return number
    raise MaskError(f"not a valid month: {name!r}")


def _hour(parts: dict[str, str]) -> int:
    half = (parts.get("AM") or parts.get("PM") or "").upper()
    hour = int(parts.get("HH24") or parts.get("HH12") or parts.get("HH") or 0)
    if not half:
        return hour
    return hour % 12 + (12 if half == "PM" else 0)


def _year(parts: dict[str, str]) -> int:
    if "YYYY" in parts or "RRRR" in parts:
        return int(parts.get("YYYY") or parts["RRRR"])
    return 2000 + int(parts.get("YY") or parts.get("RR") or 0)


def parse_wall(text: str, mask: str) -> tuple[int, int]:
    """Read a text through an Oracle mask: (wall, distance from UTC in seconds). Raises MaskError."""
    reader = _reader(mask)
    match = reader.pattern.fullmatch(text.strip())
    if not match:
        raise MaskError(f"literal {text!r} does not match format string {mask!r}")
    parts = dict(zip(reader.elements, match.groups(), strict=True))
    month = (
        _month(parts.get("MON") or parts["MONTH"]) if "MON" in parts or "MONTH" in parts else int(parts.get("MM", 1))
    )
    try:
        moment = datetime(  # noqa: DTZ001 - a wall has no time zone
            _year(parts), month, int(parts.get("DD", 1)), _hour(parts), int(parts.get("MI", 0)), int(parts.get("SS", 0))
        )
    except ValueError as error:
        raise MaskError(f"{text!r} is no date: {error}") from error
    ahead = int(parts.get("TZH", 0)) * 3600
    minutes = int(parts.get("TZM", 0)) * 60
    return to_wall(moment), ahead - minutes if parts.get("TZH", "").startswith("-") else ahead + minutes


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name. Raises ZoneInfoNotFoundError."""
    return ZoneInfo(name)


@lru_cache(maxsize=200_000)
def _offset_in_quarter(quarter: int, name: str) -> int:
    delta = datetime.fromtimestamp(quarter * 900, UTC).astimezone(zone(name)).utcoffset()
    return int(delta.total_seconds()) if delta else 0


def zone_offset(instant: int, name: str) -> int:
    """Return how far a zone is ahead of UTC at an instant, in seconds. Clocks change at quarters of an hour."""
    return _offset_in_quarter(instant // 900, name)


def instant_to_wall(instant: int, name: str) -> int:
    """Return what a clock in that zone shows at the instant."""
    return instant + zone_offset(instant, name)


def wall_to_instant(wall: int, name: str) -> int:
    """Return the instant at which a clock in that zone shows the wall (the first, where it shows it twice)."""
    return int(to_datetime(wall).replace(tzinfo=zone(name)).timestamp())


_DISPLAY = re.compile(r"YYYY|YY|MONTH|Month|Mon|MM|M|DD|D")
DISPLAY_FORMATS = ("M/D/YYYY", "D/M/YYYY", "MM/DD/YYYY", "DD/MM/YYYY", "D.M.YYYY", "DD.MM.YYYY", "D-Mon-YYYY",
                   "YYYY/MM/DD", "YYYY-MM-DD", "YYYY-M-D")  # fmt: skip


@lru_cache(maxsize=200_000)
def display_date(wall: int, date_format: str) -> str:
    """Render a bare date as the user's preference has it, time dropped (netsuite.md 1.2, 1.4)."""
    moment = to_datetime(wall)
    values = {
        "YYYY": f"{moment.year:04d}",
        "YY": f"{moment.year % 100:02d}",
        "MONTH": _MONTHS[moment.month - 1].upper(),
        "Month": _MONTHS[moment.month - 1],
        "Mon": _MONTHS[moment.month - 1][:3],
        "MM": f"{moment.month:02d}",
        "M": str(moment.month),
        "DD": f"{moment.day:02d}",
        "D": str(moment.day),
    }
    return _DISPLAY.sub(lambda found: values[found.group()], date_format)

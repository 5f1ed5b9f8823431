"""Oracle's functions in Python: registered in SQLite, and called directly to fold a request's constants once."""

from __future__ import annotations

import math
import re
import zlib
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from include.sandbox.suiteql import masks

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable


class OracleError(ValueError):
    """A value that a function or a conversion cannot take, as Oracle would refuse it."""


def to_number(value: Any) -> int | float | None:
    """Convert as Oracle does when a text meets a number. Raises OracleError (ORA-01722)."""
    if value is None or isinstance(value, int | float):
        return value
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise OracleError(f"invalid number: {value!r}") from None
    if not number.is_finite():
        raise OracleError(f"invalid number: {value!r}")
    return int(number) if number == number.to_integral_value() else float(number)


def to_text(value: Any) -> str | None:
    """Write a number as NetSuite does: no needless zeros, no exponent. Text passes through."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    text = f"{value:.15g}"
    return f"{Decimal(text):f}" if "e" in text else text


def number_as_text(value: Any) -> str | None:
    """Convert a number as Oracle does when it becomes a text: a share is `.6`, without the zero."""
    text = to_text(value)
    return re.sub(r"^(-?)0\.", r"\1.", text) if text else text


def number_text(value: Any, mask: str) -> str | None:
    """TO_CHAR of a number through a mask of 9, 0, point, comma and FM; `#` where it does not fit."""
    if value is None:
        return None
    short = mask.upper().startswith("FM")
    digits = mask.upper().removeprefix("FM")
    if set(digits) - set("90.,D"):
        raise OracleError(f"number format not known: {mask!r}")
    whole, _, fraction = digits.replace("D", ".").partition(".")
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-len(fraction)), ROUND_HALF_UP)
    places = whole.replace(",", "")
    least = len(places) - places.index("0") if "0" in places else 0
    integral, _, rest = f"{abs(rounded):f}".partition(".")
    integral = integral.lstrip("0").rjust(least, "0")
    if "," in whole and integral:
        integral = f"{int(integral):,}".rjust(least, "0")
    if len(integral) > len(whole):
        return "#" * (len(digits) + 1)
    if short:
        rest = rest[: len(fraction.rstrip("9"))] + rest[len(fraction.rstrip("9")) :].rstrip("0")
    text = ("-" if rounded < 0 else "") + integral + ("." + rest if fraction else "")
    return text if short else text.rjust(len(digits) + 1)


def wall_text(wall: Any, mask: str) -> str | None:
    """TO_CHAR of a day or timestamp. A text in a date column (a bad row) passes through."""
    return masks.format_wall(wall, mask) if isinstance(wall, int) else wall


def instant_text(instant: Any, mask: str, zone: str) -> str | None:
    """TO_CHAR of an instant whose mask names the zone (TZH, TZM)."""
    if not isinstance(instant, int):
        return None if instant is None else str(instant)
    offset = masks.zone_offset(instant, zone)
    return masks.format_wall(instant + offset, mask, offset)


def parse_wall(text: str, mask: str) -> int:
    """TO_DATE and TO_TIMESTAMP. Raises OracleError (ORA-01861 and its like)."""
    try:
        return masks.parse_wall(text, mask)[0]
    except masks.MaskError as error:
        raise OracleError(str(error)) from error


def parse_instant(text: str, mask: str) -> int:
    """TO_TIMESTAMP_TZ: the mask must say TZH."""
    if "TZH" not in masks.tokens(mask):
        raise OracleError("TO_TIMESTAMP_TZ needs TZH in its mask here")
    try:
        wall, offset = masks.parse_wall(text, mask)
    except masks.MaskError as error:
        raise OracleError(str(error)) from error
    return wall - offset


def from_tz(wall: int, zone: str) -> int:
    """FROM_TZ: the instant at which a clock in that zone (a name, or +02:00) shows the wall."""
    if zone[:1] in "+-":
        return parse_instant(f"1970-01-01 {zone}", "YYYY-MM-DD TZH:TZM") + wall
    try:
        return masks.wall_to_instant(wall, zone)
    except (KeyError, ValueError) as error:
        raise OracleError(f"timezone region not found: {zone!r}") from error


def add_months(wall: int, months: Any) -> int:
    """ADD_MONTHS: the last day of a month stays the last day."""
    moment = masks.to_datetime(wall)
    month = moment.year * 12 + moment.month - 1 + int(months)
    first = moment.replace(year=month // 12, month=month % 12 + 1, day=1)
    last = masks.to_datetime(last_day(masks.to_wall(first))).day
    was_last = masks.to_datetime(last_day(wall)).day == moment.day
    return masks.to_wall(first.replace(day=last if was_last else min(moment.day, last)))


def last_day(wall: int) -> int:
    """LAST_DAY: the last day of the month, same time of day."""
    moment = masks.to_datetime(wall)
    next_month = masks.to_datetime(masks.to_wall(moment.replace(day=28)) + 4 * masks.DAY)
    return masks.to_wall(moment.replace(day=28)) + (4 - next_month.day) * masks.DAY


_DAY_UNITS = ("DD", "DDD")
_MONTH_UNITS = ("MM", "MON", "MONTH")
_YEAR_UNITS = ("YYYY", "YEAR", "YY")


def truncate_wall(wall: int, unit: str = "DD") -> int:
    """TRUNC of a date to the day, month or year."""
    if unit.upper() not in _DAY_UNITS + _MONTH_UNITS + _YEAR_UNITS:
        raise OracleError(f"TRUNC of a date to {unit!r} is not known here")
    moment = masks.to_datetime(wall).replace(hour=0, minute=0, second=0)
    if unit.upper() in _MONTH_UNITS + _YEAR_UNITS:
        moment = moment.replace(day=1)
    if unit.upper() in _YEAR_UNITS:
        moment = moment.replace(month=1)
    return masks.to_wall(moment)


def truncate_number(value: Any, places: Any = 0) -> int | float:
    """TRUNC of a number towards zero."""
    return _exact(value, places, "ROUND_DOWN")


def round_number(value: Any, places: Any = 0) -> int | float:
    """ROUND of a number, halves away from zero."""
    return _exact(value, places, ROUND_HALF_UP)


def _exact(value: Any, places: Any, rounding: str) -> int | float:
    step = Decimal(1).scaleb(-int(places))
    number = Decimal(repr(value)).quantize(step, rounding) if step <= 1 else (
        (Decimal(repr(value)) / step).quantize(Decimal(1), rounding) * step
    )  # fmt: skip
    return int(number) if number == number.to_integral_value() else float(number)


def part_of(wall: int, part: str) -> int:
    """EXTRACT(part FROM …)."""
    moment = masks.to_datetime(wall)
    return int(getattr(moment, part.lower()))


def pad_left(text: str, length: Any, fill: str = " ") -> str:
    """LPAD."""
    length = int(length)
    return text[:length] if len(text) >= length else (fill * length)[: length - len(text)] + text


def pad_right(text: str, length: Any, fill: str = " ") -> str:
    """RPAD."""
    return (text + fill * int(length))[: int(length)]


def ora_hash(value: Any, buckets: Any = 4294967295) -> int:
    """ORA_HASH: some stable hash in 0..buckets (not Oracle's own)."""
    return zlib.crc32(str(value).encode()) % (int(buckets) + 1)


def shuffle(seed: int, *values: Any) -> int:
    """Return a place in a random order that holds for one request."""
    return zlib.crc32(repr((seed, values)).encode())


def _null_in_null_out(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        return None if None in values else function(*values)

    return call


FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: _null_in_null_out(function)
    for function in (
        to_number,
        number_as_text,
        number_text,
        wall_text,
        instant_text,
        parse_wall,
        parse_instant,
        from_tz,
        add_months,
        last_day,
        truncate_wall,
        truncate_number,
        round_number,
        part_of,
        pad_left,
        pad_right,
        ora_hash,
        masks.instant_to_wall,
        masks.wall_to_instant,
    )
} | {
    "fold_lower": _null_in_null_out(lambda text: str(text).lower()),
    "sign": _null_in_null_out(lambda value: (value > 0) - (value < 0)),
    "floor": _null_in_null_out(math.floor),
    "ceil": _null_in_null_out(math.ceil),
    "mod": _null_in_null_out(lambda value, by: math.fmod(value, by) if by else value),
    "fold_upper": _null_in_null_out(lambda text: str(text).upper()),
    "shuffle": shuffle,
}


class _ListAgg:
    """LISTAGG: the texts of a group in order, joined; NULLs are left out, and nothing at all is NULL."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, str]] = []
        self._separator = ""
        self._direction = "ASC"

    def step(self, *arguments: Any) -> None:
        """Take one row: its text, the separator, what it is ordered by, ASC or DESC."""
        text, separator, key, self._direction = arguments
        self._separator = separator or ""
        if text is not None:
            self._rows.append((key, text))

    def finalize(self) -> Any:
        """Return the joined texts."""
        rows = sorted(self._rows, key=lambda row: (row[0] is None, row[0]), reverse=self._direction == "DESC")
        return self._separator.join(text for _, text in rows) or None


def register(connection: sqlite3.Connection) -> None:
    """Make every function callable from SQL on this connection."""
    for name, function in FUNCTIONS.items():
        connection.create_function(name, -1, function, deterministic=True)
    connection.create_aggregate("listagg", 4, _ListAgg)

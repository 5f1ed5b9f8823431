"""How a page inside the Airflow UI is made: from a template, with what the warehouse says or why it says nothing."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from include.console.access import HEADERS
from include.console.airflow_reader import NoWarehouseConnection, warehouse_url
from include.console.warehouse_reader import reading
from include.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from jinja2 import Environment
    from starlette.responses import Response

    from include.console.warehouse_reader import Read

TEMPLATES = Path(__file__).parent / "templates"
OK, NOT_FOUND, UNAVAILABLE = 200, 404, 503
Found = TypeVar("Found")
UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def page(template: str, status: int, *, depth: int, **values: object) -> Response:
    """A page; ``depth``: how many folders below the plugin's own address it lies, for links that work anywhere."""
    from starlette.responses import HTMLResponse

    links = {"here": "../" * depth, "airflow": "../" * (depth + 1), "script": _script()}
    html = _templates().get_template(template).render(**links, **values)
    return HTMLResponse(html, status_code=status, headers=_headers())


def with_warehouse(look: Callable[[Read | None], Found]) -> tuple[Found, str]:
    """What a look at the warehouse finds; or what it finds without a warehouse, and why there is none."""
    try:
        with reading(warehouse_url()) as read:
            return look(read), ""
    except (NoWarehouseConnection, WarehouseError) as error:
        return look(None), str(error)


def in_words(age: timedelta | None) -> str:
    """An age in its largest unit, rounded down: ``3 hours``."""
    if age is None:
        return "never"
    seconds = max(0, int(age.total_seconds()))
    size, unit = next((one for one in UNITS if seconds >= one[0]), UNITS[-1])
    number = seconds // size
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


@cache
def _script() -> str:
    """The page's one script: Airflow shows the page in a frame, and its links are to open in Airflow around it."""
    return (TEMPLATES / "links.js").read_text(encoding="utf-8")


@cache
def _headers() -> dict[str, str]:
    """Those of every page, and leave for that one script, known by its hash, to run."""
    digest = base64.b64encode(hashlib.sha256(_script().encode()).digest()).decode()
    policy = f"{HEADERS['Content-Security-Policy']}; form-action 'self'; script-src 'sha256-{digest}'"
    # With no-referrer a form would be sent with the origin "null", and could not be told from another site's.
    return HEADERS | {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    templates.filters |= {"in_words": in_words, "instant": _instant, "number": _number, "listed": _listed}
    return templates


def _instant(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S} UTC" if value else "never"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,}"


def _listed(counts: dict[str, object] | None) -> Iterable[str]:
    return [f"{name}: {number}" for name, number in sorted((counts or {}).items())]

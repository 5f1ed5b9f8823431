"""The page "NetSuite sync" inside the Airflow UI: how fresh, how complete, what ran, what is wrong, what waits."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from include.console.access import HEADERS, protected_app, readable_dags
from include.console.account_state import account_of, account_states, accounts_of, ledger_id, runs_of
from include.console.airflow_reader import NoWarehouseConnection, warehouse_url
from include.console.warehouse_reader import reading
from include.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from fastapi import FastAPI
    from jinja2 import Environment
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from include.console.account_state import Run
    from include.console.warehouse_reader import Read, Row

TEMPLATES = Path(__file__).parent / "templates"
OK, NOT_FOUND, UNAVAILABLE = 200, 404, 503
Found = TypeVar("Found")
UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


async def netsuite_sync(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application. Airflow's security is imported at the first request: every process loads the plugin."""
    await _app()(scope, receive, send)


@cache
def _app() -> FastAPI:
    visitors_dags = readable_dags()

    def overview(readable: Any = visitors_dags) -> Response:
        return _accounts_page(accounts_of(readable), readable, depth=0)

    def account(account: str, readable: Any = visitors_dags) -> Response:
        return _account_page(account, readable)

    def dag(dag_id: str, readable: Any = visitors_dags) -> Response:
        return _account_page(account_of(dag_id), readable)

    def run(dag_id: str, run_id: str, readable: Any = visitors_dags) -> Response:
        return _run_page(dag_id, run_id, readable)

    app = protected_app()
    app.add_api_route("/", overview, methods=["GET"], response_model=None)
    app.add_api_route("/accounts/{account}", account, methods=["GET"], response_model=None)
    app.add_api_route("/dags/{dag_id}", dag, methods=["GET"], response_model=None)
    app.add_api_route("/dags/{dag_id}/runs/{run_id}", run, methods=["GET"], response_model=None)
    return app


def in_words(age: timedelta | None) -> str:
    """An age in its largest unit, rounded down: ``3 hours``."""
    if age is None:
        return "never"
    seconds = max(0, int(age.total_seconds()))
    size, unit = next((one for one in UNITS if seconds >= one[0]), UNITS[-1])
    number = seconds // size
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _account_page(account: str, readable: set[str]) -> Response:
    if account not in accounts_of(readable):
        return _page("nothing.html", NOT_FOUND, depth=1, what="This is no DAG of a NetSuite account that you may see.")
    return _accounts_page([account], readable, depth=1)


def _accounts_page(names: list[str], readable: set[str], *, depth: int) -> Response:
    accounts, problem = _with_warehouse(lambda read: account_states(names, readable, read))
    status = UNAVAILABLE if problem else OK
    return _page("accounts.html", status, depth=depth, accounts=accounts, problem=problem, is_one=depth > 0)


def _run_page(dag_id: str, run_id: str, readable: set[str]) -> Response:
    if dag_id not in readable or account_of(dag_id) not in accounts_of(readable):
        return _page("nothing.html", NOT_FOUND, depth=3, what="This is no run of a NetSuite account that you may see.")

    def look(read: Read | None) -> tuple[list[Run], list[Row]]:
        runs = runs_of([dag_id], read, run_id)
        of_the_run = {"dags": [dag_id], "runs": [ledger_id(dag_id, run_id)]}
        return runs, read("steps", only_failed=False, **of_the_run) if read else []

    (runs, steps), problem = _with_warehouse(look)
    if not runs:
        return _page("nothing.html", NOT_FOUND, depth=3, what="Neither Airflow nor the run ledger knows this run.")
    status = UNAVAILABLE if problem else OK
    account = account_of(dag_id)
    return _page("run.html", status, depth=3, run=runs[0], steps=steps, problem=problem, account=account)


def _with_warehouse(look: Callable[[Read | None], Found]) -> tuple[Found, str]:
    """What a look at the warehouse finds; or what it finds without a warehouse, and why there is none."""
    try:
        with reading(warehouse_url()) as read:
            return look(read), ""
    except (NoWarehouseConnection, WarehouseError) as error:
        return look(None), str(error)


def _page(template: str, status: int, *, depth: int, **values: object) -> Response:
    """A page; ``depth``: how many folders below the plugin's own address it lies, for links that work anywhere."""
    from starlette.responses import HTMLResponse

    links = {"here": "../" * depth, "airflow": "../" * (depth + 1), "script": _script()}
    html = _templates().get_template(template).render(**links, **values)
    return HTMLResponse(html, status_code=status, headers=_headers())


@cache
def _script() -> str:
    """The page's one script: Airflow shows the page in a frame, and its links are to open in Airflow around it."""
    return (TEMPLATES / "links.js").read_text(encoding="utf-8")


@cache
def _headers() -> dict[str, str]:
    """Those of every page, and leave for that one script, known by its hash, to run."""
    digest = base64.b64encode(hashlib.sha256(_script().encode()).digest()).decode()
    policy = f"{HEADERS['Content-Security-Policy']}; script-src 'sha256-{digest}'"
    return HEADERS | {"Content-Security-Policy": policy}


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

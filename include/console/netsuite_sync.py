"""The page "NetSuite sync" inside the Airflow UI: how fresh, how complete, what ran, what is wrong, what waits."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from include.console.access import protected_app, readable_dags
from include.console.account_state import account_of, account_states, accounts_of, ledger_id, runs_of
from include.console.pages import NOT_FOUND, OK, UNAVAILABLE, page, with_warehouse

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from include.console.account_state import Run
    from include.console.warehouse_reader import Read, Row


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


def _account_page(account: str, readable: set[str]) -> Response:
    if account not in accounts_of(readable):
        return page("nothing.html", NOT_FOUND, depth=1, what="This is no DAG of a NetSuite account that you may see.")
    return _accounts_page([account], readable, depth=1)


def _accounts_page(names: list[str], readable: set[str], *, depth: int) -> Response:
    accounts, problem = with_warehouse(lambda read: account_states(names, readable, read))
    status = UNAVAILABLE if problem else OK
    return page("accounts.html", status, depth=depth, accounts=accounts, problem=problem, is_one=depth > 0)


def _run_page(dag_id: str, run_id: str, readable: set[str]) -> Response:
    if dag_id not in readable or account_of(dag_id) not in accounts_of(readable):
        return page("nothing.html", NOT_FOUND, depth=3, what="This is no run of a NetSuite account that you may see.")

    def look(read: Read | None) -> tuple[list[Run], list[Row]]:
        runs = runs_of([dag_id], read, run_id)
        of_the_run = {"dags": [dag_id], "runs": [ledger_id(dag_id, run_id)]}
        return runs, read("steps", only_failed=False, **of_the_run) if read else []

    (runs, steps), problem = with_warehouse(look)
    if not runs:
        return page("nothing.html", NOT_FOUND, depth=3, what="Neither Airflow nor the run ledger knows this run.")
    status = UNAVAILABLE if problem else OK
    account = account_of(dag_id)
    return page("run.html", status, depth=3, run=runs[0], steps=steps, problem=problem, account=account)

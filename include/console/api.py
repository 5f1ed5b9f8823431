"""The HTTP API for the workflow engine, inside Airflow's API server: routes of several rooms, one way to sign in."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from include.console.airflow_reader import NoWarehouseConnection, warehouse_url
from include.warehouse.database import open_warehouse
from include.warehouse.errors import WarehouseUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import APIRouter, FastAPI
    from sqlalchemy import Engine
    from starlette.types import Receive, Scope, Send

    from include.console.api_access import Access

VERSION = "1"
DESCRIPTION = "Whom recipient templates reach, and why not. Sign in as in Airflow: a bearer token of POST /auth/token."


async def api(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application. It is made at the first request: every Airflow process loads the plugin."""
    await _app()(scope, receive, send)


@cache
def _app() -> FastAPI:
    from include.console.api_access import airflow_access
    from include.console.people_routes import people_router

    return make_app(airflow_access(), warehouse_of_airflow, people_router(warehouse_of_airflow))


def make_app(access: Access, warehouse: Callable[[], Engine], *with_permissions_of_their_own: APIRouter) -> FastAPI:
    """The application with the routes of every room.

    Args:
        access: who may ask what.
        warehouse: gives the engine of the warehouse; a WarehouseError of it is answered as a problem.
        with_permissions_of_their_own: further routers, which ask Airflow themselves who may do what.
    """
    from fastapi import Depends, FastAPI

    from include.console.problems import answer_with_problems, problem_answers

    # A mounted application inherits no access control, and FastAPI's own /openapi.json would stay public.
    app = FastAPI(
        title="NetSuite sync",
        version=VERSION,
        description=DESCRIPTION,
        dependencies=[Depends(access.guard)],
        responses=problem_answers(401, 403),
        openapi_url=None,
    )
    for router in (*_routers(access, warehouse), *with_permissions_of_their_own):
        app.include_router(router)
    answer_with_problems(app)
    return app


def _routers(access: Access, warehouse: Callable[[], Engine]) -> list[APIRouter]:
    """Where a room adds its own."""
    from include.console.api_description import description_router
    from include.console.recipients_routes import recipients_router

    return [description_router(), recipients_router(access, warehouse)]


def warehouse_of_airflow() -> Engine:
    """The warehouse of the Airflow connection ``warehouse``, as the API server has it.

    Raises:
        WarehouseUnreachable: there is no such connection.
    """
    try:
        return _engine(warehouse_url())
    except NoWarehouseConnection:
        raise WarehouseUnreachable(
            "The API server has no Airflow connection 'warehouse'. Create it (type Postgres), or set "
            "AIRFLOW_CONN_WAREHOUSE where the API server runs."
        ) from None


@lru_cache(maxsize=1)
def _engine(url: str) -> Engine:
    return open_warehouse(url)

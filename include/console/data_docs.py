"""The data docs inside the Airflow UI, read-only, for whoever Airflow lets see plugin pages."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from include.validate.data_docs import data_docs_folder

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

NOTHING_HERE = Path(__file__).parent / "templates" / "nothing_here.html"
# The pages show text that comes from NetSuite: whatever it holds, no script runs and nothing is fetched.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


async def data_docs(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application. Airflow's security is imported at the first request: every process loads the plugin."""
    await _app()(scope, receive, send)


@cache
def _app() -> FastAPI:
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view
    from fastapi import Depends, FastAPI

    # A mounted application inherits no access control, and its /openapi.json would stay public.
    app = FastAPI(dependencies=[Depends(requires_access_view(AccessView.PLUGINS))], openapi_url=None)
    app.add_api_route("/{path:path}", _page, methods=["GET"], response_model=None)
    return app


def _page(path: str) -> Response:
    from starlette.responses import FileResponse

    if file := _file(path or "index.html"):
        return FileResponse(file, headers=_HEADERS)
    return FileResponse(NOTHING_HERE, headers=_HEADERS, status_code=404 if path else 200)


def _file(path: str) -> Path | None:
    """The page at a path, if it is one and lies inside the data docs."""
    folder = data_docs_folder().resolve()
    try:
        file = (folder / path).resolve()
        return file if file.is_relative_to(folder) and file.suffix == ".html" and file.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None

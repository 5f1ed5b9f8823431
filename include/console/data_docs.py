"""The data docs inside the Airflow UI, read-only, for whoever Airflow lets see plugin pages."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from include.console.access import HEADERS, protected_app
from include.validate.data_docs import data_docs_folder

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

NOTHING_HERE = Path(__file__).parent / "templates" / "nothing_here.html"


async def data_docs(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application. Airflow's security is imported at the first request: every process loads the plugin."""
    await _app()(scope, receive, send)


@cache
def _app() -> FastAPI:
    app = protected_app()
    app.add_api_route("/{path:path}", _page, methods=["GET"], response_model=None)
    return app


def _page(path: str) -> Response:
    from starlette.responses import FileResponse

    if file := _file(path or "index.html"):
        return FileResponse(file, headers=HEADERS)
    return FileResponse(NOTHING_HERE, headers=HEADERS, status_code=404 if path else 200)


def _file(path: str) -> Path | None:
    """The page at a path, if it is one and lies inside the data docs."""
    folder = data_docs_folder().resolve()
    try:
        file = (folder / path).resolve()
        return file if file.is_relative_to(folder) and file.suffix == ".html" and file.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None

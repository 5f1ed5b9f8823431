"""The API's OpenAPI description, and a page of it for people; both behind the API's own access control."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from include.console.problems import problem_schemas

if TYPE_CHECKING:
    from fastapi import FastAPI

TEMPLATES = Path(__file__).parent / "templates"
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def description_router() -> APIRouter:
    """``openapi.json``, and the page at the API's own address."""
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/openapi.json", _json, methods=["GET"], response_model=None)
    router.add_api_route("/", _page, methods=["GET"], response_model=None)
    return router


def api_description(app: FastAPI, address: str) -> dict[str, Any]:
    """The OpenAPI description of an application that is mounted at ``address``."""
    description = app.openapi()
    components = description.get("components", {})
    schemas = {**components.get("schemas", {}), **problem_schemas()}
    return {**description, "components": {**components, "schemas": schemas}, "servers": [{"url": address or "/"}]}


def _json(request: Request) -> Response:
    return JSONResponse(api_description(request.app, request.scope.get("root_path", "")))


def _page(request: Request) -> Response:
    from jinja2 import Environment, FileSystemLoader

    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    description = api_description(request.app, request.scope.get("root_path", ""))
    return HTMLResponse(templates.get_template("api.html").render(api=description), headers=PAGE_HEADERS)

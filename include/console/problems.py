"""Errors of the API as problem bodies (RFC 9457): what is wrong, where, and what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from include.accounts.files import WrongAccountFile
from include.recipients.errors import WrongTemplate
from include.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI, Request

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not permitted",
    404: "Not found",
    405: "Method not allowed",
    409: "Not possible as things are",
    422: "Something in the request is wrong",
    503: "The warehouse can't be asked",
}


class Wrong(BaseModel):
    """One thing that is wrong. ``line``, ``column`` (from 1) and ``offset`` (from 0) point into a template's text."""

    what: str
    where: str
    allowed: list[str] | None = None
    code: str | None = None
    found: str | None = None
    suggestion: str | None = None
    line: int | None = None
    column: int | None = None
    offset: int | None = None


class ProblemBody(BaseModel):
    """The body of every answer that is an error."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[Wrong]


class Problem(Exception):
    """An error that is answered with a problem body."""

    def __init__(self, status: int, *errors: Wrong) -> None:
        super().__init__("; ".join(error.what for error in errors))
        self.status = status
        self.errors = errors


def answer_with_problems(app: FastAPI) -> None:
    """Let the application answer every error with a problem body, and its OpenAPI description say so."""

    async def on_problem(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)
        return _answer(error.status, error.errors)

    async def on_wrong_request(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return _answer(422, [_wrong_part(part) for part in error.errors()])

    async def on_wrong_template(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, WrongTemplate)
        return _answer(422, _wrong_places(error))

    async def on_wrong_account_file(_request: Request, error: Exception) -> JSONResponse:
        return _answer(409, [Wrong(what=str(error), where="account file")])

    async def on_warehouse(_request: Request, error: Exception) -> JSONResponse:
        return _answer(503, [Wrong(what=str(error), where="warehouse")])

    async def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        wrong = Wrong(what=str(error.detail), where=f"{request.method} {request.url.path}")
        return _answer(error.status_code, [wrong], error.headers)

    for kind, handler in (
        (Problem, on_problem),
        (RequestValidationError, on_wrong_request),
        (WrongTemplate, on_wrong_template),
        (WrongAccountFile, on_wrong_account_file),
        (WarehouseError, on_warehouse),
        (HTTPException, on_http),
    ):
        app.add_exception_handler(kind, handler)


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route says in its OpenAPI description of the errors it may answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"description": TITLES[status], "content": content} for status in statuses}


def problem_schemas() -> dict[str, Any]:
    """The schemas that ``problem_answers`` refers to."""
    schema = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "ProblemBody": schema}


def _answer(status: int, errors: Sequence[Wrong], headers: Any = None) -> JSONResponse:
    title = TITLES.get(status, "Error")
    detail = "; ".join(f"{error.where}: {error.what}" for error in errors)
    body = ProblemBody(title=title, status=status, detail=detail, errors=list(errors))
    return JSONResponse(
        body.model_dump(mode="json", exclude_none=True), status_code=status, headers=headers, media_type=MEDIA_TYPE
    )


def _wrong_part(part: dict[str, Any]) -> Wrong:
    """One of pydantic's errors. What was sent is not repeated: it may be large, or no JSON."""
    context = part.get("ctx", {})
    allowed = [f"{name}: {value}" for name, value in context.items() if name not in {"error", "error_type"}]
    where = ".".join(str(step) for step in part["loc"])
    return Wrong(
        what=str(part["msg"]).removeprefix("Value error, "),
        where=where,
        allowed=allowed or None,
        code=str(part["type"]),
    )


def _wrong_places(error: WrongTemplate) -> list[Wrong]:
    return [
        Wrong(
            what=mistake.message,
            where=f"template, line {mistake.line}, column {mistake.column}",
            allowed=[mistake.suggestion] if mistake.suggestion else None,
            code=mistake.code,
            found=mistake.found,
            suggestion=mistake.suggestion,
            line=mistake.line,
            column=mistake.column,
            offset=mistake.offset,
        )
        for mistake in error.mistakes
    ]

"""The HTTP server: NetSuite's paths and the control surface on one loopback port, until a signal comes."""

from __future__ import annotations

import signal
import socket
from email.utils import formatdate
from typing import TYPE_CHECKING, NoReturn

import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from include.sandbox import clock
from include.sandbox.control_api import control_routes
from include.sandbox.errors import NetSuiteFault, SandboxError
from include.sandbox.faults import FaultInjection
from include.sandbox.netsuite_api import error_answer, netsuite_routes

if TYPE_CHECKING:
    from collections import Counter

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from include.sandbox.state import State


def application(state: State) -> ASGIApp:
    """Return the web application of one sandbox."""
    app = FastAPI(
        title="Sandbox NetSuite", docs_url="/sandbox/docs", openapi_url="/sandbox/openapi.json", redoc_url=None
    )
    app.include_router(netsuite_routes(state))
    app.include_router(control_routes(state))

    async def known(_: Request, error: Exception) -> Response:
        assert isinstance(error, SandboxError)
        return error_answer(error)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if request.url.path.startswith("/sandbox"):
            return Response(str(error.detail), status_code=error.status_code)
        code = "INVALID_REQUEST" if error.status_code == 405 else "NONEXISTENT_ID"
        return error_answer(
            NetSuiteFault(error.status_code, code, f"{request.method} {request.url.path}: {error.detail}")
        )

    async def unforeseen(_: Request, error: Exception) -> Response:
        return error_answer(
            NetSuiteFault(500, "UNEXPECTED_ERROR", f"An unexpected error occurred. Error ID: {type(error).__name__}")
        )

    app.add_exception_handler(SandboxError, known)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unforeseen)
    app.add_middleware(_Counting, answers=state.log.answers)
    app.add_middleware(_Dated, state=state)
    return FaultInjection(app, state.faults, state.oauth2)


class _Counting:
    """Counts answers by path and status."""

    def __init__(self, app: ASGIApp, answers: Counter[tuple[str, int]]) -> None:
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._answers[scope["path"], message["status"]] += 1
            await send(message)

        await self._app(scope, receive, counted)


class _Dated:
    """Dates answers by NetSuite's own clock."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(clock.now(self._state.switches), usegmt=True).encode()
                message = {**message, "headers": [*message["headers"], (b"date", date)]}
            await send(message)

        await self._app(scope, receive, dated)


def listen(host: str, port: int) -> socket.socket:
    """Open the port; 0 takes a free one. Requests wait in line from here on. Raises SandboxError when it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SandboxError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another --port, or 0 for a free one"
        ) from error
    listener.listen(256)
    return listener


def _leave(*_: object) -> NoReturn:
    raise SystemExit(0)


def stop_on_signals() -> None:
    """Make SIGTERM and SIGINT end the process with exit code 0, at any time of its life."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)


def serve(state: State, listener: socket.socket) -> None:
    """Serve until a signal comes; what is running then has a second."""
    config = uvicorn.Config(
        application(state),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        date_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])

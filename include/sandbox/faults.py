"""Faults on order: a queue of what goes wrong with the next requests, and the layer around the server that does it."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, JSONResponse

from include.sandbox.errors import too_many_requests
from include.sandbox.oauth2 import TOKEN_PATH

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from include.sandbox.oauth2 import OAuth2

SUITEQL_PATH = "/services/rest/query/v1/suiteql"
Endpoint = Literal["suiteql", "token"]
_ENDPOINTS: dict[str, Endpoint] = {SUITEQL_PATH: "suiteql", TOKEN_PATH: "token"}
_SLOW_PIECES = 20
_FLUSH_SECONDS = 0.05

Kind = Literal[
    "too_many_requests", "html_error", "reset", "reset_in_body", "truncated", "slow_body", "hang", "revoke_tokens",
    "page_again",
]  # fmt: skip


class Fault(BaseModel):
    """One thing that goes wrong with requests to one endpoint. `after` counts from the end of the fault before it."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    at: Endpoint = Field(default="suiteql", description="whose requests it hits")
    after: int = Field(default=0, ge=0, description="requests that pass before it")
    times: int = Field(default=1, ge=1, description="requests that it hits")
    status: Literal[500, 502, 503, 504] = Field(default=503, description="of html_error")
    seconds: float = Field(default=3600, ge=0, le=3600, description="how long slow_body or hang takes")


@dataclass
class FaultQueue:
    """The faults that wait, those that struck, and the page before this one."""

    waiting: list[Fault] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    _last_page: tuple[tuple[str, int], tuple[Any, ...], Response] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, faults: list[Fault]) -> None:
        """Put faults at the end of the queue."""
        with self._lock:
            self.waiting += faults

    def clear(self) -> None:
        """Forget all faults, and which struck."""
        with self._lock:
            self.waiting.clear()
            self.struck.clear()

    def strike(self, endpoint: Endpoint) -> Fault | None:
        """Return the fault that hits this request, if one does."""
        with self._lock:
            first = next((fault for fault in self.waiting if fault.at == endpoint), None)
            if first is None or first.kind == "page_again":
                return None
            if first.after:
                first.after -= 1
                return None
            return self._struck(first)

    def page(self, query: tuple[str, int], binds: tuple[Any, ...], answer: Response) -> Response:
        """Return the page to send: the one before, if a fault asks for that and it is another page of this query.

        `query`: its text, and the rows of a page.
        """
        with self._lock:
            before, self._last_page = self._last_page, (query, binds, answer)
            first = next((fault for fault in self.waiting if fault.at == "suiteql"), None)
            if first is None or first.kind != "page_again" or before is None:
                return answer
            last_query, last_binds, last_answer = before
            if last_query != query or last_binds == binds:
                return answer
            if first.after:
                first.after -= 1
                return answer
            self._struck(first)
            return last_answer

    def _struck(self, fault: Fault) -> Fault:
        self.struck[fault.kind] += 1
        fault.times -= 1
        if not fault.times:
            self.waiting.remove(fault)
        return fault


class FaultInjection:
    """The layer around the whole server: here a request can still be answered wrongly, or not at all."""

    def __init__(self, app: ASGIApp, faults: FaultQueue, oauth2: OAuth2) -> None:
        self._app = app
        self._faults = faults
        self._oauth2 = oauth2

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, wrongly if a fault strikes."""
        endpoint = _ENDPOINTS.get(scope.get("path", ""))
        fault = self._faults.strike(endpoint) if endpoint else None
        match fault.kind if fault else None:
            case "too_many_requests":
                error = too_many_requests()
                await JSONResponse(error.body(), error.status)(scope, receive, send)
            case "html_error":
                assert fault
                await _html(fault.status)(scope, receive, send)
            case "reset":
                _reset(send)
            case "hang":
                assert fault
                await _hang(receive, fault.seconds)
                _reset(send)
            case "reset_in_body" | "truncated" | "slow_body":
                assert fault
                await self._spoiled(fault, scope, receive, send)
            case kind:
                if kind == "revoke_tokens":
                    self._oauth2.revoke_all()
                await self._app(scope, receive, send)

    async def _spoiled(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the right answer and send it wrongly."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
        if fault.kind == "truncated":
            body = body[: len(body) // 2]
            start = {**start, "headers": _with_length(start["headers"], len(body))}
            await send(start)
            await send({"type": "http.response.body", "body": body})
        elif fault.kind == "reset_in_body":
            await send(start)
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            # What was sent must have left, or the caller would never see half a body.
            await asyncio.sleep(_FLUSH_SECONDS)
            _reset(send)
        else:
            await send(start)
            cuts = [len(body) * piece // _SLOW_PIECES for piece in range(_SLOW_PIECES + 1)]
            for begin, end in pairwise(cuts):
                await asyncio.sleep(fault.seconds / _SLOW_PIECES)
                await send({"type": "http.response.body", "body": body[begin:end], "more_body": True})
            await send({"type": "http.response.body", "body": b""})


async def _hang(receive: Receive, seconds: float) -> None:
    """Say nothing until the caller goes away, or for so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass


def _reset(send: Any) -> None:
    """Reset the TCP connection. ASGI has no word for that: uvicorn's `send` is bound to what holds the transport."""
    transport = send.__self__.transport
    linger = struct.pack("ii", 1, 0)
    with suppress(OSError, AttributeError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


def _html(status: int) -> HTMLResponse:
    """What stands before NetSuite answers in its own way."""
    return HTMLResponse(
        f"<!DOCTYPE html><html><head><title>{status}</title><style>h1 {{color: red}}</style></head>"
        f"<body><h1>{status} - Please try again later</h1><p>We are sorry for the inconvenience.</p></body></html>",
        status_code=status,
    )


def _with_length(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    others = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*others, (b"content-length", str(length).encode())]

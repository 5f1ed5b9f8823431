"""A tiny HTTP server that answers what a test scripts: for the odd answers that a well-behaved NetSuite never gives."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
# Whether replies carry the header Date by themselves, as every real server's do.
OWN_DATE = True


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.text)


@dataclass
class Reply:
    status: int = 200
    body: object = ""
    headers: dict[str, str] = field(default_factory=dict)
    cut_off: bool = False
    hang_up: bool = False
    delay: float = 0.0

    def encoded(self) -> bytes:
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


class ScriptedNetSuite:
    """`answer(asked)` decides each reply. Requests are kept in `asked`, the most at once in `highest_in_flight`."""

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        self.asked: list[Asked] = []
        self.highest_in_flight = 0
        self._in_flight = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                outer._serve(self, answer)

            do_GET = do_POST  # noqa: N815 - the name that http.server calls

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> ScriptedNetSuite:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def queries(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.path != TOKEN_PATH]

    @property
    def sign_ins(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == TOKEN_PATH]

    def _serve(self, handler: BaseHTTPRequestHandler, answer: Callable[[Asked], Reply]) -> None:
        url = urlsplit(handler.path)
        text = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        headers = {key.lower(): value for key, value in handler.headers.items()}
        asked = Asked(handler.command, url.path, dict(parse_qsl(url.query)), headers, text)
        with self._lock:
            self.asked.append(asked)
            self._in_flight += 1
            self.highest_in_flight = max(self.highest_in_flight, self._in_flight)
        try:
            reply = answer(asked)
            time.sleep(reply.delay)
        finally:
            with self._lock:
                self._in_flight -= 1
        self._send(handler, reply)

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        content = reply.encoded()
        if reply.hang_up:
            handler.close_connection = True
            return
        handler.send_response_only(reply.status)
        if OWN_DATE:
            handler.send_header("Date", handler.date_time_string())
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content) + (10 if reply.cut_off else 0)))
        handler.end_headers()
        handler.wfile.write(content)
        if reply.cut_off:
            handler.close_connection = True


def token(value: str = "token-1", expires_in: object = "3600") -> Reply:
    return Reply(body={"access_token": value, "expires_in": expires_in, "token_type": "bearer"})


def page(rows: list[dict[str, Any]], *, has_more: bool = False, total: int | None = None) -> Reply:
    items = [{"links": [], **{key: value for key, value in row.items() if value is not None}} for row in rows]
    return Reply(
        body={
            "links": [],
            "count": len(rows),
            "hasMore": has_more,
            "items": items,
            "offset": 0,
            "totalResults": len(rows) if total is None else total,
        }
    )


def refusal(status: int, code: str, detail: str, title: str = "Bad Request", **headers: str) -> Reply:
    return Reply(
        status,
        {
            "type": "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.1",
            "title": title,
            "status": status,
            "o:errorDetails": [{"detail": detail, "o:errorCode": code}],
        },
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )

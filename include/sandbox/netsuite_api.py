"""NetSuite's own paths: the token endpoint and SuiteQL. The record service will live beside them."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from include.sandbox import clock
from include.sandbox.errors import NetSuiteFault, OAuthFault, SandboxError, invalid_login
from include.sandbox.faults import SUITEQL_PATH
from include.sandbox.oauth2 import TOKEN_PATH
from include.sandbox.suiteql.values import Request as QueryRequest

if TYPE_CHECKING:
    from include.sandbox.state import State
    from include.sandbox.suiteql.run import Page

LARGEST_PAGE = 1000


def netsuite_routes(state: State) -> APIRouter:
    """Return the routes a real NetSuite has."""
    router = APIRouter()

    async def token(request: Request) -> Response:
        body = (await request.body()).decode("utf-8", "replace")
        url = str(request.url.replace(query=""))
        content = state.oauth2.token(request.headers.get("content-type", ""), body, url, state.switches)
        return _json(content, media_type="application/json")

    async def suiteql(request: Request) -> Response:
        check_sign_in(state, request)
        with state.log.one_of(state.switches.concurrency):
            return await _answer(state, request)

    router.add_api_route(TOKEN_PATH, token, methods=["POST"], name="OAuth 2.0 token")
    router.add_api_route(SUITEQL_PATH, suiteql, methods=["POST"], name="SuiteQL")
    return router


def check_sign_in(state: State, request: Request) -> None:
    """Pass a request with a good bearer token or a good TBA signature. Raises NetSuiteFault 401."""
    authorization = request.headers.get("authorization", "")
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        state.oauth2.check_bearer(rest.strip(), state.switches)
    elif scheme.lower() == "oauth":
        state.tba.check(request.method, str(request.url), authorization, state.switches)
    else:
        raise invalid_login()


async def _answer(state: State, request: Request) -> Response:
    if state.switches.latency_ms:
        await asyncio.sleep(state.switches.latency_ms / 1000)
    limit, offset = _paging(request)
    sql, binds = _query(request.headers, await request.body())
    state.log.queries.append({"q": sql, "params": list(binds), "limit": limit, "offset": offset})
    url = str(request.url.replace(query=""))
    answer = await asyncio.to_thread(_run, state, sql, binds, limit, offset, url)
    return state.faults.page((sql, limit), binds, answer)


def _run(state: State, sql: str, binds: tuple[Any, ...], limit: int, offset: int, url: str) -> Response:
    switches, seed = state.switches, state.next_seed()
    asked = QueryRequest(binds, clock.now(switches), switches.session_timezone, seed)
    page = state.queries.page(sql, asked, switches, limit=limit, offset=offset)
    body = envelope(page, url, limit, offset)
    if switches.random_casing:
        _shake_casing(body["items"], random.Random(seed))
    return _json(body, media_type="application/vnd.oracle.resource+json; type=collection")


def _paging(request: Request) -> tuple[int, int]:
    """Return limit and offset from the URL. Raises NetSuiteFault (ORA:section_156414087576)."""
    for name in request.query_params:
        if name not in ("limit", "offset"):
            raise _parameter_fault(
                name, f"Invalid query parameter name: {name}. Allowed query parameters are: limit, offset."
            )
    limit = _whole_number(request, "limit", LARGEST_PAGE)
    offset = _whole_number(request, "offset", 0)
    if not 1 <= limit <= LARGEST_PAGE:
        raise _parameter_fault("limit", f"Invalid value for the query parameter limit: between 1 and {LARGEST_PAGE}.")
    if offset % limit:
        raise _parameter_fault(
            "offset", f"Invalid value for the query parameter offset: {offset} is no multiple of {limit}."
        )
    return limit, offset


def _whole_number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()):
        raise _parameter_fault(name, f"Invalid value for the query parameter {name}: {text}.")
    return int(text)


def _parameter_fault(name: str, detail: str) -> NetSuiteFault:
    return NetSuiteFault(400, "INVALID_PARAMETER", detail, locator=("o:errorQueryParam", name))


def _query(headers: Any, body: bytes) -> tuple[str, tuple[Any, ...]]:
    """Return the SuiteQL text and its bound values. Raises NetSuiteFault (ORA:section_157909186990)."""
    preferences = [part.strip().lower() for part in headers.get("prefer", "").split(",")]
    if "transient" not in preferences:
        raise NetSuiteFault(
            400, "INVALID_HEADER", "The required request header 'Prefer' must be 'transient'.",
            locator=("o:errorHeader", "Prefer"),
        )  # fmt: skip
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise NetSuiteFault(
            400, "INVALID_HEADER", "The request header 'Content-Type' must be 'application/json'.",
            locator=("o:errorHeader", "Content-Type"),
        )  # fmt: skip
    try:
        content = json.loads(body)
    except ValueError as error:
        raise NetSuiteFault(400, "INVALID_CONTENT", f"Invalid content in the request body: {error}.") from error
    return _checked(content)


def _checked(content: Any) -> tuple[str, tuple[Any, ...]]:
    if not isinstance(content, dict) or not isinstance(content.get("q"), str) or not content["q"].strip():
        raise NetSuiteFault(
            400, "INVALID_CONTENT", "Invalid content in the request body: q is missing.", locator=("o:errorPath", "q")
        )
    unknown = sorted(set(content) - {"q", "params"})
    if unknown:
        raise NetSuiteFault(
            400, "INVALID_CONTENT", f"Invalid content in the request body: unknown property {unknown[0]}.",
            locator=("o:errorPath", unknown[0]),
        )  # fmt: skip
    binds = content.get("params", [])
    if not isinstance(binds, list) or any(isinstance(bind, bool | list | dict) for bind in binds):
        raise NetSuiteFault(
            400, "INVALID_CONTENT", "Invalid content in the request body: params is a list of texts.",
            locator=("o:errorPath", "params"),
        )  # fmt: skip
    return content["q"], tuple(binds)


def envelope(page: Page, url: str, limit: int, offset: int) -> dict[str, Any]:
    """Wrap a page as a collection (netsuite.md 1.2; ORA:section_156414087576)."""
    more = offset + len(page.rows) < page.total

    def link(rel: str, start: int) -> dict[str, str]:
        return {"rel": rel, "href": f"{url}?limit={limit}&offset={start}"}

    links = [link("first", 0), link("prev", max(offset - limit, 0))] if offset else []
    if more:
        links += [link("next", offset + limit), link("last", (page.total - 1) // limit * limit)]
    return {
        "links": [*links, link("self", offset)],
        "count": len(page.rows),
        "hasMore": more,
        "items": [{"links": [], **row} for row in page.rows],
        "offset": offset,
        "totalResults": page.total,
    }


def _shake_casing(items: list[dict[str, Any]], dice: random.Random) -> None:
    for place, item in enumerate(items):
        items[place] = {
            name if name == "links" else "".join(dice.choice((str.upper, str.lower))(letter) for letter in name): value
            for name, value in item.items()
        }


def error_answer(error: SandboxError) -> Response:
    """Turn an error into its answer."""
    if isinstance(error, OAuthFault):
        content = {"error": error.error, "error_description": error.why}
        return _json(content, status=error.status, media_type="application/json")
    assert isinstance(error, NetSuiteFault)
    return _json(
        error.body(),
        status=error.status,
        headers=error.headers,
        media_type="application/vnd.oracle.resource+json; type=error",
    )


def _json(content: Any, *, media_type: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status_code=status, headers=headers, media_type=media_type)

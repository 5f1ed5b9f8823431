"""The sandbox's own paths, under /sandbox: change rows and switches, see what was asked. For tests and people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Depends, HTTPException, Request
from pydantic import ValidationError

from include.sandbox import clock, rows
from include.sandbox.faults import Fault
from include.sandbox.switches import Switches

if TYPE_CHECKING:
    from include.sandbox.state import State

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def _from_this_machine(request: Request) -> None:
    """Refuse other machines, and pages in a browser that reach for the loopback."""
    client = request.client.host if request.client else ""
    if client not in _LOOPBACK or request.url.hostname not in _LOOPBACK or "origin" in request.headers:
        raise HTTPException(403, "the sandbox is controlled from its own machine only")


def control_routes(state: State) -> APIRouter:
    """Return the control surface."""
    router = APIRouter(prefix="/sandbox", dependencies=[Depends(_from_this_machine)])

    @router.get("/health")
    def health() -> dict[str, str]:
        """Say that the sandbox answers."""
        return {"status": "ok", "now": datetime.fromtimestamp(clock.now(state.switches), UTC).isoformat()}

    @router.get("/requests")
    def requests() -> dict[str, Any]:
        """Count what was asked by path and status; `highest_in_flight` counts a refused SuiteQL request too."""
        log = state.log
        return {
            "answers": [
                {"path": path, "status": status, "count": n} for (path, status), n in sorted(log.answers.items())
            ],
            "highest_in_flight": log.highest_in_flight,
            "queries": list(log.queries),
            "login_audit_trail": list(state.tba.audit_trail),
        }

    @router.delete("/requests")
    def forget_requests() -> dict[str, str]:
        """Start counting anew."""
        state.log.reset()
        state.tba.audit_trail.clear()
        return {"status": "ok"}

    @router.get("/settings")
    def settings() -> dict[str, Any]:
        """Show every switch."""
        return state.switches.model_dump(mode="json")

    @router.post("/settings")
    def change_settings(changes: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        """Change some switches at once."""
        try:
            state.switches = Switches.model_validate({**state.switches.model_dump(), **changes})
        except ValidationError as error:
            raise HTTPException(422, error.errors(include_url=False, include_context=False)) from error
        return state.switches.model_dump(mode="json")

    @router.delete("/tokens")
    def revoke_tokens() -> dict[str, int]:
        """Revoke every OAuth 2.0 access token and unlock the TBA user."""
        state.tba.unlock()
        return {"revoked": state.oauth2.revoke_all()}

    _add_fault_routes(router, state)
    _add_row_routes(router, state)
    return router


def _add_fault_routes(router: APIRouter, state: State) -> None:
    @router.get("/faults")
    def faults() -> dict[str, Any]:
        """Show the faults that still wait, and how often each kind struck."""
        queue = state.faults
        return {"waiting": [fault.model_dump() for fault in queue.waiting], "struck": dict(queue.struck)}

    @router.post("/faults")
    def add_faults(content: Annotated[dict[str, Any] | list[dict[str, Any]], Body()]) -> dict[str, Any]:
        """Put one fault, or a list, at the end of the queue."""
        given = content if isinstance(content, list) else [content]
        try:
            state.faults.add([Fault.model_validate(one) for one in given])
        except ValidationError as error:
            raise HTTPException(422, error.errors(include_url=False, include_context=False)) from error
        return faults()

    @router.delete("/faults")
    def forget_faults() -> dict[str, Any]:
        """Forget all faults, and which struck."""
        state.faults.clear()
        return faults()


def _add_row_routes(router: APIRouter, state: State) -> None:
    @router.get("/rows/{table}/{record_id}")
    def read_row(table: str, record_id: int) -> dict[str, Any]:
        """Return one row as it is stored: dates as YYYY-MM-DD, instants in UTC."""
        return _told(lambda: rows.read(state.database, table, record_id))

    @router.post("/rows/{table}")
    def write_rows(
        table: str, content: Annotated[dict[str, Any] | list[dict[str, Any]], Body()], touch: bool = True
    ) -> dict[str, Any]:
        """Insert or change rows by id; lastmodifieddate becomes now unless given, or unless touch=false."""
        given = content if isinstance(content, list) else [content]
        now = clock.now(state.switches) if touch else None
        return _told(lambda: {"ids": rows.upsert(state.database, table, given, now=now)})

    @router.delete("/rows/{table}/{record_id}")
    def delete_row(table: str, record_id: int) -> dict[str, Any]:
        """Delete a row and note it in deletedrecord."""
        return _told(lambda: rows.delete(state.database, table, record_id, now=clock.now(state.switches)))


def _told(action: Any) -> dict[str, Any]:
    try:
        result: dict[str, Any] = action()
    except rows.RowError as error:
        raise HTTPException(422, str(error)) from error
    return result

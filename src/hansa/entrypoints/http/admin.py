"""The operator's door: runs an operation on the running node for a command of the same user.

Only with the token from the data directory, only from a page-less client: a browser that was lured here has no token,
and a request that names another host than this machine (DNS rebinding) is refused before the token is looked at.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from hansa.entrypoints import operations
from hansa.entrypoints.app import App
from hansa.entrypoints.audit.told import CALLER, Caller, called
from hansa.entrypoints.errors import exit_code, problem
from hansa.entrypoints.http.access import named_local
from hansa.entrypoints.http.bodies import read_body
from hansa.entrypoints.steps import Progress
from hansa.kernel.canonical import check_bounds
from hansa.kernel.errors import HansaError, UsageError
from hansa.kernel.limits import ARGUMENTS

router = APIRouter(include_in_schema=False)


@router.post("/admin/operations/{name}")
async def run_operation(request: Request, name: str) -> StreamingResponse:
    """Runs an operation and streams its progress and its result, one JSON object a line."""
    app: App = request.app.state.app
    _admit(request, app.token)
    body = await read_body(request, ARGUMENTS.max_bytes)
    check_bounds(body, ARGUMENTS)
    try:
        arguments = msgspec.json.decode(body or b"{}", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(f"arguments are not a JSON object: {error}") from None
    by = called(request.headers.get(CALLER, ""))
    return StreamingResponse(_lines(app, name, arguments, by), media_type="application/x-ndjson")


async def _lines(app: App, name: str, arguments: dict[str, Any], by: Caller) -> AsyncIterator[bytes]:
    try:
        async for step in operations.run(app, name, arguments, by):
            if isinstance(step, Progress):
                yield _line({"progress": {"done": step.done, "total": step.total, "label": step.label}})
            else:
                yield _line({"result": step.value, "ok": step.ok})
    except HansaError as error:
        yield _line({"error": problem(error), "exit_code": exit_code(error)})


def _line(value: dict[str, Any]) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _admit(request: Request, token: str) -> None:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not named_local(request) or "origin" in request.headers:
        raise HTTPException(403, "only from this machine, and not from a page")
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise HTTPException(401, "the token is in the file admin.token of the data directory")

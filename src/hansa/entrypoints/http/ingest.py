"""The way in for signed messages. One at a time, or a bulk of them with an answer for each.

Answered right behind the gate, before there is any routing: nothing here needs the checking of arguments, for what
comes in is checked byte by byte in the inbox. FastAPI is told of these routes for the door's own description alone
(`door.make_door`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hansa.admission.service import Via
from hansa.entrypoints.errors import http_status, problem
from hansa.entrypoints.http.bodies import MAX_PAGE_BYTES, node_of, peer_of, read_body
from hansa.kernel.errors import HansaError, Refused
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason
from hansa.node.gathering import Taken
from hansa.skills.messages import SKILL

MAX_BULK = 100


async def post_message(request: Request) -> Response:
    """Takes one signed message of any durable kind; a skill goes into quarantine, and its state is told."""
    node = node_of(request)
    body = await read_body(request, node.core.settings.limits.max_bytes)
    taken = await node.inbox.receive(body, Via.HTTP, peer_of(request))
    answer = {"trace_id": taken.subject, "record": taken.id, "kind": taken.kind}
    if taken.kind == SKILL:
        answer["state"] = node.core.store.skill_state(ContentId(taken.subject)) or ""
    return _json(answer, 201)


async def post_bulk(request: Request) -> Response:
    """Takes up to a hundred records; one that is refused does not stop the others."""
    node = node_of(request)
    lines = [line for line in (await read_body(request, MAX_PAGE_BYTES)).split(b"\n") if line.strip()]
    if len(lines) > MAX_BULK:
        raise Refused(Reason.TOO_LARGE, f"{len(lines)} records, at most {MAX_BULK} at once")
    fates = await node.inbox.receive_many(lines, Via.HTTP, peer_of(request))
    answers = [_answer(fate) for fate in fates]
    return _json({"answers": answers, "count": len(answers)}, 200)


class _Created(msgspec.Struct):
    status: int
    record: str
    trace_id: str


def _answer(fate: Taken | HansaError) -> _Created | dict[str, Any]:
    if isinstance(fate, HansaError):
        return {"status": http_status(fate), **problem(fate)}
    return _Created(201, fate.id, fate.subject)


def _json(value: dict[str, Any], status: int) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


ROUTES = (
    ("/skills", post_message, 201, "Submit a skill: 201, 400 invalid, 409 duplicate"),
    ("/records", post_message, 201, "Submit evidence, a receipt, a tombstone, or what is said in a dispute"),
    ("/skills/bulk", post_bulk, 200, "Submit many records, one signed message a line; one answer a line"),
)
_ENDPOINTS = {path: endpoint for path, endpoint, _, _ in ROUTES}


class Ingest:
    """Answers what brings messages, and hands on everything else."""

    def __init__(self, app: ASGIApp, refused: Callable[[Request, Exception], Awaitable[Response]]) -> None:
        """Stands before `app`; `refused` makes an answer out of an error."""
        self._app = app
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        endpoint = _ENDPOINTS.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = await endpoint(request)
        except HansaError as error:
            answer = await self._refused(request, error)
        await answer(scope, receive, send)

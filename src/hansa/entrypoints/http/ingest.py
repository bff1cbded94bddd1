"""The way in for signed messages. One at a time, or a bulk of them with an answer for each.

These are plain routes of Starlette beside FastAPI's: nothing here needs its checking of arguments, for what comes in is
checked byte by byte in the inbox. FastAPI is told of them too, for the door's own description (`door.make_door`).
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hansa.admission.service import Via
from hansa.entrypoints.errors import http_status, problem
from hansa.entrypoints.http.bodies import MAX_PAGE_BYTES, node_of, peer_of, read_body
from hansa.kernel.errors import HansaError, Refused
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason
from hansa.node.gathering import Taken
from hansa.skills.messages import SKILL

MAX_BULK = 100


async def post_skill(request: Request) -> Response:
    """Takes one signed skill message into quarantine."""
    return await _receive(request, only=SKILL)


async def post_record(request: Request) -> Response:
    """Takes one signed record of any durable kind."""
    return await _receive(request)


async def post_bulk(request: Request) -> Response:
    """Takes up to a hundred records; one that is refused does not stop the others."""
    node = node_of(request)
    lines = [line for line in (await read_body(request, MAX_PAGE_BYTES)).split(b"\n") if line.strip()]
    if len(lines) > MAX_BULK:
        raise Refused(Reason.TOO_LARGE, f"{len(lines)} records, at most {MAX_BULK} at once")
    fates = await node.inbox.receive_many(lines, Via.HTTP, peer_of(request))
    answers = [_answer(fate) for fate in fates]
    return _json({"answers": answers, "count": len(answers)}, 200)


def _answer(fate: Taken | HansaError) -> dict[str, Any]:
    if isinstance(fate, HansaError):
        return {"status": http_status(fate), **problem(fate)}
    return {"status": 201, "record": fate.id, "trace_id": fate.subject}


async def _receive(request: Request, only: str = "") -> Response:
    node = node_of(request)
    body = await read_body(request, node.core.settings.limits.max_bytes)
    taken = await node.inbox.receive(body, Via.HTTP, peer_of(request))
    if only and taken.kind != only:
        return _json({"record": taken.id, "trace_id": taken.subject, "kind": taken.kind}, 201)
    state = node.core.store.skill_state(ContentId(taken.subject)) if taken.subject else None
    return _json({"trace_id": taken.subject, "record": taken.id, "kind": taken.kind, "state": state or ""}, 201)


def _json(value: dict[str, Any], status: int) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


ROUTES = (
    ("/skills", post_skill, 201, "Submit a skill: 201, 400 invalid, 409 duplicate"),
    ("/records", post_record, 201, "Submit evidence, a receipt or a tombstone"),
    ("/skills/bulk", post_bulk, 200, "Submit many records, one signed message a line; one answer a line"),
)
PLAIN = [Route(path, endpoint, methods=["POST"]) for path, endpoint, _, _ in ROUTES]

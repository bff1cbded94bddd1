"""The door for those who come with an invitation."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from hansa.entrypoints.http.bodies import node_of, peer_of, read_body

router = APIRouter()


@router.post("/join", summary="Come with an invitation: answers a signed joined, which says what came of it")
async def post_join(request: Request) -> Response:
    """Takes a live join and answers it; a refusal for want of a good code is a signed answer as well."""
    node = node_of(request)
    body = await read_body(request, node.core.settings.limits.max_bytes)
    answer = await node.joined(body, peer_of(request))
    return Response(answer.raw, media_type="application/json")

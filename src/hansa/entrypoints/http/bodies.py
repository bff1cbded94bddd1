"""What the routes share: who asks whom, and reading bodies: bounded, uncompressed, before anything else happens."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request

from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from hansa.node.node import Node

MAX_PAGE_BYTES = 4 * 1024 * 1024
"""Of a page of a feed, and of a bulk."""


def node_of(request: Request) -> Node:
    """Returns the node behind the door."""
    node: Node = request.app.state.node
    return node


def peer_of(request: Request) -> str:
    """Returns the address that a request comes from."""
    return f"{request.client.host}:{request.client.port}" if request.client else ""


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Returns the body of a request (threats 12, 13).

    Raises:
        Refused: ENCODED, when it is compressed; TOO_LARGE, as soon as that is known; INTERRUPTED, when the sender
            hangs up.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(Reason.ENCODED)
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > max_bytes:
        raise Refused(Reason.TOO_LARGE, f"{announced} bytes, at most {max_bytes}")
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > max_bytes:
                raise Refused(Reason.TOO_LARGE, f"more than {max_bytes} bytes")
    except ClientDisconnect:
        raise Refused(Reason.INTERRUPTED, "the sender hung up") from None
    return bytes(body)

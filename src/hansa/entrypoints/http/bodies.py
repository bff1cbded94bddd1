"""What the routes share: who asks whom, bodies (bounded, uncompressed, before anything else happens), and answers."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from hansa.node.node import Node

MAX_PAGE_BYTES = 4 * 1024 * 1024
"""Of a page of a feed, and of a bulk."""


class AsciiJson(JSONResponse):
    """JSON in ASCII: what peers wrote moves no terminal either that shows the answer as it came (threat 24)."""

    def render(self, content: Any) -> bytes:
        """Returns the body."""
        return as_ascii(content).encode("ascii")


def as_ascii(value: Any) -> str:
    """Returns a value as JSON on one line, with all but printable ASCII written as escapes."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


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
    for name, value in request.scope["headers"]:
        if name == b"content-encoding" and value.lower() != b"identity":
            raise Refused(Reason.ENCODED)
        if name == b"content-length" and value.isdigit() and int(value) > max_bytes:
            raise Refused(Reason.TOO_LARGE, f"{int(value)} bytes, at most {max_bytes}")
    body = bytearray()
    is_more = True
    while is_more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise Refused(Reason.INTERRUPTED, "the sender hung up")
        body += message.get("body", b"")
        if len(body) > max_bytes:
            raise Refused(Reason.TOO_LARGE, f"more than {max_bytes} bytes")
        is_more = message.get("more_body", False)
    return bytes(body)

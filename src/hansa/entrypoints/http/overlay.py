"""`/overlay`: where other nodes make links to this one, by WebSocket, on the node's one port.

Before the upgrade, in order; the gate in front has judged Host (`http.gate`):

1. 404 while this node takes no links: `door.state.overlay` is not set
2. 403 for whatever has an Origin, or says what browsers say of a page: nodes say neither (attack 64). A page that was
   lured here gets no socket, whatever it then would have to prove
3. 503 while there are too many at the door (attack 39)

What is said on it is sealed after a handshake that proves both nodes; no token is needed, and none would help.
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from hansa.adapters.transport.websocket import PATH, WebSocket
from hansa.entrypoints.http.bodies import AsciiJson

_OF_PAGES = frozenset({b"origin", b"sec-fetch-site"})


class Gangway:
    """Takes WebSockets at `PATH`: an ASGI application."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Takes a link, and returns when it has ended."""
        carrier: WebSocket | None = getattr(scope["app"].state, "overlay", None)
        if carrier is None:  # 1
            answer = _no(404, "no such path here: see /docs")
        elif any(name in _OF_PAGES for name, _ in scope["headers"]):  # 2
            answer = _no(403, "links are for nodes, not for pages")
        else:
            host = scope["client"][0] if scope.get("client") else ""
            if await carrier.serve(host, receive, send):
                return
            answer = _no(503, "too many links or handshakes here: try again later")  # 3
        await answer(scope, receive, send)


def add_to(door: FastAPI) -> None:
    """Puts the path into a door."""
    door.router.add_websocket_route(PATH, Gangway(), name="overlay")  # type: ignore[arg-type]


def _no(status: int, message: str) -> AsciiJson:
    return AsciiJson({"reason": "http", "message": message}, status)

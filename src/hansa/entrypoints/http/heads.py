"""What the parser keeps of a request before anything of it is judged: bounded (threats 12, 13).

A request line, headers and trailers are kept in memory until they are whole, and uvicorn bounds them only where it
parses with h11. Here the bytes of a connection are counted while nothing comes of them: no whole head, no piece of a
body, no end of a request. Past `MAX_HEAD_BYTES` the answer is 431 (RFC 6585, section 5), and the connection ends.
"""

from __future__ import annotations

from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from hansa.adapters.transport.wire import MAX_MESSAGE

MAX_HEAD_BYTES = 64 * 1024
"""Most that a request may say before its body, or between two pieces of it; one read of the socket comes on top."""

_TOLD = b'{"reason":"too_large","message":"the head has more than 64 KiB: send less"}'
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_TOLD), _TOLD)
)


class BoundedHead(HttpToolsProtocol):
    """A connection that ends when it says too much and nothing comes of it."""

    _fruitless = 0
    _came_of_it = False

    def data_received(self, data: bytes) -> None:
        """Parses what has come."""
        self._came_of_it = False
        super().data_received(data)
        self._fruitless = 0 if self._came_of_it else self._fruitless + len(data)
        if self._fruitless > MAX_HEAD_BYTES and not self.transport.is_closing():
            cycle: RequestResponseCycle | None = self.cycle  # None before the first whole head
            if cycle is None or cycle.response_complete:
                self.transport.write(_REFUSAL)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Takes a whole head."""
        self._came_of_it = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Takes a piece of a body."""
        self._came_of_it = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Takes the end of a request."""
        self._came_of_it = True
        super().on_message_complete()


def server_config(door: ASGIApp, **options: Any) -> uvicorn.Config:
    """Returns how a door is served, by a node and in tests alike.

    WebSockets are those of other nodes (`http.overlay`): short messages, none compressed (attack 13), no pings.
    """
    return uvicorn.Config(
        door, http=BoundedHead, log_config=None, lifespan="off", access_log=False, server_header=False,
        ws="websockets-sansio", ws_max_size=MAX_MESSAGE, ws_per_message_deflate=False, ws_ping_interval=None, **options,
    )  # fmt: skip

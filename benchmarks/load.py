"""A load generator: so many connections, each sending its next request once the last one was answered.

It speaks as much HTTP/1.1 as that needs, over plain protocols of asyncio, so that it costs the same and little for
whatever is measured.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence

Check = Callable[[int, bytes], None]


def request(path: str, body: bytes) -> bytes:
    """Returns the bytes of a POST."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


class _Client(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], check: Check, done: asyncio.Future[None]) -> None:
        self._requests, self._check, self._done = requests, check, done
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # of TCP, which writes
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        if len(rest) >= length:
            self._buffer = b""
            try:
                self._check(int(head[9:12]), rest)
            except AssertionError as error:
                self._end(error)
            else:
                self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or ConnectionError("the server hung up"))

    def _next(self) -> None:
        assert self._transport is not None
        if (following := next(self._requests, None)) is None:
            self._end(None)
        else:
            self._transport.write(following)

    def _end(self, error: Exception | None) -> None:
        if not self._done.done():
            if error is None:
                self._done.set_result(None)
            else:
                self._done.set_exception(error)
        if self._transport is not None:
            self._transport.close()


async def _send_all(port: int, requests: Sequence[bytes], clients: int, check: Check) -> float:
    loop = asyncio.get_running_loop()
    waiting = iter(requests)
    ends = []
    started = time.perf_counter()
    for _ in range(clients):
        done: asyncio.Future[None] = loop.create_future()
        await loop.create_connection(lambda done=done: _Client(waiting, check, done), "127.0.0.1", port)  # type: ignore[misc]
        ends.append(done)
    await asyncio.gather(*ends)
    return time.perf_counter() - started


def send_all(port: int, requests: Sequence[bytes], clients: int, check: Check) -> float:
    """Sends all requests and returns the seconds from the first to the last answer.

    Args:
        check: looks at status and body of each answer; raises AssertionError when it is not the one wanted.
    """
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_send_all(port, requests, clients, check))

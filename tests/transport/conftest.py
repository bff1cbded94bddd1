"""Each test of the contract runs over each carrier."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.transport.ends import LoopWay, Way, WebSocketWay, ZenohWay

WAYS: dict[str, type[Way]] = {"loopback": LoopWay, "websocket": WebSocketWay, "zenoh": ZenohWay}


@pytest.fixture(params=sorted(WAYS))
async def way(request: pytest.FixtureRequest) -> AsyncIterator[Way]:
    """A way to make nodes, of which nothing is left over in the end."""
    before, sockets = asyncio.all_tasks(), open_sockets()
    made = WAYS[request.param]()
    yield made
    await made.close()
    for _ in range(50):
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, left
    end = time.monotonic() + 10
    while open_sockets() > sockets and time.monotonic() < end:
        await asyncio.sleep(0)  # a carrier may close what it has in a thread of its own
    assert open_sockets() <= sockets


def open_sockets() -> int:
    """Returns how many sockets this process has open, where the system tells."""
    found = 0
    for path in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):
            found += path.readlink().name.startswith("socket:")
    return found

"""A peer's process is killed, or stopped, and its neighbour notices in time."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hansa.kernel.errors import Unavailable
from hansa.kernel.verdict import Reason
from tests.identity.parties import me
from tests.transport.ends import PATIENCE, QUICK, End, WebSocketWay, ZenohWay
from tests.transport.peer import NUMBER

ROOT = Path(__file__).parents[2]
PEER = me(NUMBER).node


async def begun(kind: str, address: str = "") -> tuple[asyncio.subprocess.Process, str]:
    """Starts a peer; returns its process and where it can be dialled."""
    command = [sys.executable, "-m", "tests.transport.peer", kind, address]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(30):
        return process, (await process.stdout.readline()).decode().strip()


@pytest.fixture(params=["websocket", "zenoh"])
async def linked(request: pytest.FixtureRequest) -> AsyncIterator[tuple[End, asyncio.subprocess.Process, str]]:
    """A node here with a link to a peer in a process of its own."""
    way = WebSocketWay() if request.param == "websocket" else ZenohWay()
    end = await way.end(1)
    process, url = await begun(request.param, f"tcp/127.0.0.1:{getattr(way, 'port', 0)}")
    await end.fabric.dial(url, PEER)
    yield end, process, url
    if process.returncode is None:
        process.kill()
    await process.wait()
    await way.close()


async def seconds_until_lost(end: End) -> float:
    began = time.monotonic()
    assert await end.ear.loss() is Reason.UNREACHABLE
    return time.monotonic() - began


async def test_a_peer_that_is_killed_is_noticed_at_once(linked: tuple[End, asyncio.subprocess.Process, str]) -> None:
    end, process, url = linked
    process.send_signal(signal.SIGKILL)
    assert await seconds_until_lost(end) < 1.0
    assert not end.fabric.send(PEER, b"x")
    with pytest.raises(Unavailable):
        await end.fabric.dial(url, PEER)


async def test_a_peer_that_stands_still_is_noticed_by_its_silence(
    linked: tuple[End, asyncio.subprocess.Process, str],
) -> None:
    end, process, _ = linked
    process.send_signal(signal.SIGSTOP)
    try:
        assert await seconds_until_lost(end) < QUICK.idle_ms / 1000 + 1.5
    finally:
        os.kill(process.pid, signal.SIGCONT)


async def test_a_peer_that_is_killed_again_and_again_is_linked_again_each_time() -> None:
    way = WebSocketWay()
    end = await way.end(1)
    for _ in range(3):
        process, url = await begun("websocket")
        async with asyncio.timeout(PATIENCE):
            await end.fabric.dial(url, PEER)
        process.kill()
        await process.wait()
        await end.ear.until(lambda ear: not ear.standing)
    assert [one[0] for one in end.ear.told] == ["linked", "lost"] * 3
    await way.close()

"""One at a time where it matters: a lock for each thing that two callers could decide on at once.

What is read and then written must not change in between. Deciding on a message holds the turn of its author, then that
of the skill it is about (of a join: that of all invitations). So does what the operator says of a node; everything else
holds one turn only. Nobody waits in a circle.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Locks by name, kept only while somebody holds or waits for them."""

    def __init__(self) -> None:
        """Knows no names yet."""
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}

    @asynccontextmanager
    async def of(self, *names: str) -> AsyncIterator[None]:
        """Holds the turns of `names`, taken in that order, while the block runs; "" is nobody's and needs no turn."""
        held: list[str] = []
        try:
            for name in names:
                if name:
                    await self._take(name)
                    held.append(name)
            yield
        finally:
            for name in reversed(held):
                self._locks[name].release()
                self._leave(name)

    async def _take(self, name: str) -> None:
        lock = self._locks.setdefault(name, asyncio.Lock())
        self._waiting[name] = self._waiting.get(name, 0) + 1
        held = False
        try:
            held = await lock.acquire()
        finally:
            if not held:
                self._leave(name)

    def _leave(self, name: str) -> None:
        self._waiting[name] -= 1
        if not self._waiting[name]:
            del self._waiting[name], self._locks[name]

"""One at a time where it matters: a turn for each thing that two callers could decide on at once.

What is read and then written must not change in between. Deciding on a message holds the turn of its author, then that
of the skill it is about (of a join: that of all invitations). So does what the operator says of a node; everything else
holds one turn only. Nobody waits in a circle.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

from hansa.node.as_of import deciding


class Turns:
    """Turns by name: each is held by one at a time, then by whoever has waited longest.

    Attributes:
        seen: returns the last commit of other processes of this node that is known here (`node.following`).
    """

    def __init__(self) -> None:
        """Nobody holds anything yet."""
        self.seen: Callable[[], int] = lambda: 0
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # for each turn that is held: those who wait for it

    @asynccontextmanager
    async def of(self, *names: str) -> AsyncIterator[None]:
        """Holds the turns of `names`, taken in that order, while the block runs; "" is nobody's and needs no turn."""
        held: list[str] = []
        try:
            for name in filter(None, names):
                await self.take(name)
                held.append(name)
            with deciding(self.seen()):
                yield
        finally:
            for name in reversed(held):
                self.give(name)

    def free(self, name: str) -> bool:
        """Says whether nobody holds a turn."""
        return name not in self._waiting

    def wanted(self, name: str) -> bool:
        """Says whether somebody waits for a turn."""
        return any(not one.done() for one in self._waiting.get(name, ()))

    def take_free(self, name: str) -> None:
        """Takes a turn that is free; the caller owes a `give`."""
        self._waiting[name] = deque()

    async def take(self, name: str) -> None:
        """Returns when the caller holds a turn; it owes a `give`."""
        if self.free(name):
            self.take_free(name)
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[name].append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # it was handed over at that very moment
                self.give(name)
            raise

    def give(self, name: str) -> None:
        """Hands a turn on."""
        waiting = self._waiting[name]
        while waiting:
            following = waiting.popleft()
            if not following.done():  # else it waits no more
                following.set_result(None)
                return
        del self._waiting[name]


class Hold:
    """The turns of one who works on several things at a time, and needs some of them for more than one."""

    def __init__(self, turns: Turns) -> None:
        """Holds nothing yet."""
        self._turns = turns
        self._uses: dict[str, int] = {}

    def take_free(self, names: Collection[str]) -> bool:
        """Takes the turns for one thing more, where nobody has to wait for it; says whether it did.

        A turn that is held here serves once more, unless somebody else waits for it, who might then wait for ever.
        """
        wanted, free, held = self._turns.wanted, self._turns.free, self._uses
        if not all(not wanted(name) if name in held else free(name) for name in names):
            return False
        for name in names:
            if name not in held:
                self._turns.take_free(name)
            held[name] = held.get(name, 0) + 1
        return True

    async def take(self, names: Collection[str]) -> None:
        """Waits for the turns for one thing, in this order. Only for one who holds none, or some wait in a circle."""
        taken: list[str] = []
        try:
            for name in names:
                await self._turns.take(name)
                self._uses[name] = 1
                taken.append(name)
        finally:
            if len(taken) < len(names):
                self.give(taken)

    def give(self, names: Collection[str]) -> None:
        """Gives the turns of one thing back; those that another one needs are kept."""
        for name in names:
            self._uses[name] -= 1
            if not self._uses[name]:
                del self._uses[name]
                self._turns.give(name)

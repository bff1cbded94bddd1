"""One process of a hub among several, on one database: it follows the others, and one of them leads.

All take in, pass on and answer. The leader does besides what a node does by itself: overlay, deliveries, pulling. When
it is gone, the next one takes the lead within about a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from hansa.entrypoints.stores import seats, sound
from hansa.kernel.errors import Unavailable
from hansa.node.core import Core
from hansa.node.following import Follower, Shared

if TYPE_CHECKING:
    from hansa.adapters.store.postgres_replica import Seat

RETRY_SECONDS = 1.0

log = structlog.get_logger("hansa")


class Replica:
    """This process among those of its node.

    Attributes:
        leads: set once this process leads; it leads until it ends.
    """

    def __init__(self, core: Core, store: Shared, seat: Seat) -> None:
        """Numbers what this process signs by its place, and follows from now on."""
        self._core = core
        self._seat = seat
        self._follower = Follower(core, store)
        self.leads = asyncio.Event()
        core.numbering.share(seat.place)

    def view(self) -> dict[str, int | bool]:
        """Returns which of the processes this is, and whether it leads."""
        return {"place": self._seat.place, "leads": self.leads.is_set()}

    async def follow(self, stopping: asyncio.Event) -> None:
        """Takes note of what the others write, and takes the lead when it is free.

        Raises:
            Busy: this process has led, and was away too long: another one leads.
            Fault: it fell too far behind the others.
        """
        while not stopping.is_set():
            try:
                await self._once()
            except seats().Ousted:
                raise
            except Unavailable as error:
                log.warning("the database is away", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _once(self) -> None:
        await self._seat.woken()
        self._core.numbering.share(self._seat.place)
        while self._follower.follow():
            await asyncio.sleep(0)
        if not self.leads.is_set() and await self._seat.lead():
            self.leads.set()
            log.info("leads", place=self._seat.place)


@asynccontextmanager
async def joined(core: Core, url: str) -> AsyncIterator[Replica]:
    """Gives this process a seat among those of its node for as long as the block runs.

    Raises:
        Busy: no place is free. HansaError: the server does not answer.
    """
    seat = await seats().Seat.take(sound(url))
    try:
        yield Replica(core, core.store, seat)  # type: ignore[arg-type]
    finally:
        await seat.close()

"""The seat of one process among those of its node: its place, whether it leads, and being woken by the others' commits.

One connection on the node's own event loop holds what a seat is: advisory locks, which go with it.

1. The place: which numbers this process signs under (`node.numbering`). Nobody else has it.
2. The lead: one process at a time does what a node does by itself: overlay, deliveries, pulling.
3. Listening: each commit of the others wakes this one (`postgres_commits`).

A connection that is lost is made anew. A leader that finds another one leading then must end.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import asyncpg

from hansa.adapters.store import postgres_faults
from hansa.adapters.store.address import Address
from hansa.adapters.store.postgres_commits import CHANNEL
from hansa.adapters.store.postgres_session import connect, cut, let_go
from hansa.kernel.errors import Busy, HansaError
from hansa.node.numbering import MOST

PLACE, LEAD = 0x48616E00, 0x48616E75
"""First keys of advisory locks, the second is the schema's: of place n (the first plus n), and of the lead."""

LOOK_SECONDS = 1.0
"""How long nobody wakes this process until it looks by itself, also for a lead that has become free."""

_SCHEMA = "coalesce(hashtext(current_schema()), 0)"
_TAKE = f"SELECT pg_try_advisory_lock($1::int, {_SCHEMA})"


class Ousted(Busy):
    """Another process leads by now."""


class Seat:
    """The seat of this process. Made by `take`.

    Attributes:
        place: below `numbering.MOST`; another one may be had after the connection was lost.
        leads: this process does what the node does by itself.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._connection: asyncpg.Connection | None = None
        self._woken = asyncio.Event()
        self.place = 0
        self.leads = False

    @classmethod
    async def take(cls, address: Address) -> Seat:
        """Takes a free place.

        Raises:
            Busy: all are taken. HansaError: the server does not answer, or refuses.
        """
        seat = cls(address)
        await seat._sit()
        return seat

    async def woken(self) -> None:
        """Returns when another process has committed something, or after a while.

        Raises:
            Ousted: this process has led, and another one leads by now.
            HansaError: the server does not answer.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), LOOK_SECONDS)
        self._woken.clear()
        if self._connection is None or self._connection.is_closed():
            await self._sit()

    async def lead(self) -> bool:
        """Takes the lead where it is free; says whether this process leads.

        Raises:
            HansaError: the server does not answer.
        """
        if not self.leads:
            try:
                self.leads = await self._locked(LEAD)
            except Exception as error:
                raise postgres_faults.translated(error, self._address) from error
        return self.leads

    async def close(self) -> None:
        """Leaves."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await let_go(connection)

    async def _sit(self) -> None:
        """Connects, and takes the place that it had, or another that is free, and the lead that it had."""
        old, self._connection = self._connection, None
        if old is not None:
            await cut(old)
        try:
            self._connection = await connect(self._address, reading=True)
            await self._connection.add_listener(CHANNEL, self._wake)
            self._connection.add_termination_listener(self._wake)
            self.place = await self._free_place()
            if self.leads and not await self._locked(LEAD):
                raise Ousted("another process of this node has taken the lead: start this one anew, and it follows")
        except Exception as error:
            await self._give_up()
            raise postgres_faults.translated(error, self._address) from error
        self._woken.set()

    async def _give_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await cut(connection)

    async def _free_place(self) -> int:
        for place in (self.place, *(one for one in range(MOST) if one != self.place)):
            if await self._locked(PLACE + place):
                return place
        raise Busy(f"{MOST} processes of this node are up, and no more can be: stop one of them")

    async def _locked(self, key: int) -> bool:
        if self._connection is None:
            raise HansaError("no seat")
        return bool(await self._connection.fetchval(_TAKE, key))

    def _wake(self, *_: Any) -> None:
        self._woken.set()

"""Damaged records, asked for again of neighbours: the overlay's half of `repairing` (goal L8).

1. what is damaged is known from a check, or since somebody asked for it (`Repairer.remembered`)
2. it is asked for by its id (`Fetch`), of one neighbour at a time; whoever holds no whole one says nothing, and the
   next one is asked; once all were, it begins anew a minute later
3. what comes is held against the id that it was asked by, and verified (`Repairer.give_back`): a neighbour can give
   back what was lost, and nothing else
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from hansa.kernel.errors import HansaError
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import MINUTE, SECOND, Instant
from hansa.node.core import Core
from hansa.node.repairing import Repairer
from hansa.overlay.doing import Doing
from hansa.overlay.frames import Fetch, digest

LOOK_MS = 5 * SECOND
"""How often it is looked what is damaged."""

PATIENCE_MS = 2 * SECOND
"""How long a neighbour may take to bring a record."""

REST_MS = MINUTE
"""After which time a record that no neighbour has is asked for again."""

AT_ONCE = 64
"""Records that are awaited at a time."""


@dataclass(slots=True)
class _Lost:
    tried: dict[NodeId, None] = field(default_factory=dict)
    of: NodeId | None = None
    until: Instant = field(default=Instant(0))


class Mending:
    """Asks neighbours for what is damaged here."""

    def __init__(self, core: Core) -> None:
        """Works for one node."""
        self._core = core
        self._repairer = Repairer(core)
        self._neighbours: dict[NodeId, None] = {}
        self._lost: dict[ContentId, _Lost] = {}
        self._looked_at = Instant(0)
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._one_by_one = asyncio.Lock()

    async def stop(self) -> None:
        """Waits until what came is kept."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def linked(self, peer: NodeId) -> None:
        """Has one more to ask."""
        self._neighbours[peer] = None

    def lost(self, peer: NodeId) -> None:
        """Asks somebody else from now on."""
        self._neighbours.pop(peer, None)
        for one in self._lost.values():
            if one.of == peer:
                one.until = Instant(0)

    @property
    def due(self) -> Instant:
        """Before then nothing comes of `tick`."""
        return Instant(0 if self._lost else self._looked_at + LOOK_MS)

    def tick(self, now: Instant) -> Doing:
        """Asks for what is damaged, of neighbours that were not asked for it yet."""
        doing = Doing()
        if now >= self._looked_at + LOOK_MS:
            self._looked_at = now
            damaged = self._repairer.remembered()
            self._lost = {id_: self._lost.get(id_) or _Lost() for id_ in damaged}
        awaited = sum(one.of is not None and now < one.until for one in self._lost.values())
        asked: dict[NodeId, list[bytes]] = {}
        for id_ in [id_ for id_, one in self._lost.items() if now >= one.until][: AT_ONCE - awaited]:
            peer = self._next(self._lost[id_], now)
            if peer is not None:
                asked.setdefault(peer, []).append(digest(id_))
        for peer, ids in asked.items():
            doing.send(peer, Fetch(tuple(ids)))
        return doing

    def _next(self, one: _Lost, now: Instant) -> NodeId | None:
        """Notes whom a record is asked of next; None when all were asked."""
        one.of = next((peer for peer in self._neighbours if peer not in one.tried), None)
        if one.of is None:
            if self._neighbours:
                one.tried.clear()
                one.until = Instant(now + REST_MS)
            return None
        one.tried[one.of] = None
        one.until = Instant(now + PATIENCE_MS)
        return one.of

    def is_asked(self, peer: NodeId, id_: ContentId) -> bool:
        """Says whether a neighbour was asked for a record because the one here is damaged."""
        one = self._lost.get(id_)
        return one is not None and one.of == peer

    def came(self, peer: NodeId, id_: ContentId, raw: bytes) -> None:
        """Puts a record that was asked for in the place of the damaged one; when it is no better, the next is asked."""
        self._lost[id_].of = None
        task = asyncio.get_running_loop().create_task(self._give_back(peer, id_, raw))
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def _give_back(self, peer: NodeId, id_: ContentId, raw: bytes) -> None:
        async with self._one_by_one:  # each writes down what is still to be mended
            with suppress(HansaError):  # a full disk, say: it is asked for again
                if await self._repairer.give_back(id_, raw, peer):
                    self._lost.pop(id_, None)

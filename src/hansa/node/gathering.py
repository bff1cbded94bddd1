"""Messages that wait to be decided on, gathered into groups: one look at the store and one commit for each group.

While a group is decided on, and the one before it is written (`node.keeping`), whatever comes in waits; all of it is
the next group. So a message that comes alone is not held up, and many at once share what is dear (the fsync, the
look-ups, waking up a thread).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from hansa.admission.service import Via
from hansa.identity.envelope import Ring, Verified
from hansa.kernel.errors import Fault, HansaError
from hansa.kernel.ids import ContentId
from hansa.node.shelf import way
from hansa.node.vault import Brought
from hansa.skills.messages import SkillBody

MAX_GROUP = 256
"""Messages that are decided on together. Raising it makes a busy node faster and the slowest answer slower."""

Wanted = Callable[[SkillBody, Verified], bool]
"""Says whether a pulled skill matches what was subscribed to."""


class Taken(msgspec.Struct, frozen=True):
    """A message that was accepted: its id, its kind, and the skill it is about, if any."""

    id: ContentId
    kind: str
    subject: str
    message: Verified


Fate = Taken | HansaError
"""What became of a message: taken, refused, or not kept for a reason of ours."""


class Arrival(msgspec.Struct, eq=False):
    """A message on its way in.

    Attributes:
        read: the message, proved to be its author's; or why it is none.
        ring: who may sign for whom, where it came in; `ring_at`: `KeyRing.changes` when it was read.
        ref: what the journal files it under.
        subject: the skill that it is about, or "".
        skill: the skill that it brings, if it brings one.
        party: those it came with, who are told together.
        fate: set by `settle`.
    """

    data: bytes
    via: Via
    source: str
    wanted: Wanted | None
    only: str
    read: Verified | HansaError
    ring: Ring
    ring_at: int
    ref: str
    subject: str = ""
    skill: Brought | None = None
    party: _Party | None = None
    fate: Fate | None = None

    @property
    def where(self) -> str:
        """Says by which way it came, and from where."""
        return way(self.via, self.source)

    def settle(self, fate: Fate) -> None:
        """Says what became of it; whoever waits hears of it with the last of its party."""
        self.fate = fate
        if self.party is not None:
            self.party.settled()


class _Party:
    """Messages that were handed in together, and whoever waits for all of them."""

    def __init__(self, size: int) -> None:
        self._left = size
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def settled(self) -> None:
        self._left -= 1
        if not self._left and not self.done.done():  # else nobody waits any more
            self.done.set_result(None)


class Gathering:
    """Hands what waits to `decide`, group by group, as long as something waits."""

    def __init__(
        self,
        decide: Callable[[Sequence[Arrival]], Awaitable[None]],
        lost: Callable[[], None],
        ready: Callable[[], Awaitable[None]],
    ) -> None:
        """Begins with nothing.

        Args:
            decide: decides on messages, and has the outcomes kept and set; called for one group at a time.
            ready: returns when the next group is to be decided on.
            lost: called for each message of which nothing was decided, since the node stops or something broke.
        """
        self._decide = decide
        self._lost = lost
        self._ready = ready
        self._waiting: list[Arrival] = []
        self._worker: asyncio.Task[None] | None = None

    async def enter(self, arrivals: Sequence[Arrival]) -> list[Fate]:
        """Returns the outcomes of some messages, which keep their order.

        Whoever stops waiting takes nothing back: what was handed in is decided on.
        """
        if not arrivals:
            return []
        party = _Party(len(arrivals))
        for one in arrivals:
            one.party = party
        self._waiting += arrivals
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        await party.done
        return [one.fate for one in arrivals if one.fate is not None]

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._ready()
                group = self._waiting[:MAX_GROUP]
                await self._decide(group)
                del self._waiting[: len(group)]
        finally:
            self._worker = None
            left, self._waiting = self._waiting, []
            let_go(left, self._lost)


def let_go(arrivals: Iterable[Arrival], lost: Callable[[], None]) -> None:
    """Tells those without an outcome that there is none, when the node stops or something of ours broke.

    Nobody waits for ever.
    """
    for one in arrivals:
        if one.fate is None:
            lost()
            one.settle(Fault("this node stopped before the message was decided on"))

"""What a node asks its neighbours after a restore: which of its own records they hold.

A backup lacks what the node has said since. Its neighbours have it, for records travel. So it asks each of them, and
goes on once enough have answered (threat 68).

1. a neighbour is asked for ids page by page, in the order of the records' numbers; what it names and is not here is
   fetched from it or from another (`Reconciler.want`)
2. it has answered once its last page came, and all that it named is here. One that says no more is asked anew, from the
   beginning, after `again_ms`
3. enough are a majority of those whom the operator knows, two at least and three at most, and every source among them
   (`is_enough`); a stranger's records are taken, its answer does not count

Why so many: all that one can do is to keep back, for what it brings is signed by this node. What one of two keeps back
the other one brings; with three, another may lack the last records for no fault of its own. More would wait for nodes
that are gone for good. Whoever makes many nodes is no further: strangers don't count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND, Instant
from hansa.overlay.doing import Blame, Doing, Misdeed
from hansa.overlay.frames import Mine, Yours

LEAST, MOST = 2, 3
"""How many answers are enough, of few known nodes and of many."""


@dataclass(frozen=True, slots=True)
class Params:
    """Bounds of asking.

    Attributes:
        pace_ms: time between two questions to one neighbour. Raising it spares the neighbour, and takes longer.
        again_ms: how long a neighbour may bring nothing before it is asked anew.
        lacking: records that one neighbour has named and nobody brought, with which it is asked for no more names.
    """

    pace_ms: int = SECOND // 4
    again_ms: int = 10 * SECOND
    lacking: int = 4_096

    def validate(self) -> None:
        """Raises ValueError naming the field when a bound makes no sense."""
        if self.pace_ms < 1:
            raise ValueError("pace_ms must be at least 1")
        if self.again_ms < self.pace_ms:
            raise ValueError("again_ms must not be below pace_ms")
        if self.lacking < 1:
            raise ValueError("lacking must be at least 1")


@dataclass(slots=True)
class _Neighbour:
    since: int = 0
    at: Instant | None = None
    asked: bool = False
    ended: bool = False
    lacking: dict[bytes, None] = field(default_factory=dict)


class Recollection:
    """Asks each neighbour, and knows who has answered.

    Attributes:
        answered: those who have, in the order in which they did, also when their link is gone by now.
    """

    def __init__(self, params: Params | None = None) -> None:
        """Has asked nobody yet."""
        self._params = params or Params()
        self._params.validate()
        self._neighbours: dict[NodeId, _Neighbour] = {}
        self.answered: dict[NodeId, None] = {}

    def linked(self, peer: NodeId, now: Instant) -> Doing:
        """Asks a new neighbour."""
        self._neighbours[peer] = _Neighbour()
        return self.tick(now)

    def lost(self, peer: NodeId) -> None:
        """Asks a neighbour no more."""
        self._neighbours.pop(peer, None)

    def expects(self, peer: NodeId, frame: Yours) -> bool:
        """Says whether a page of ids answers what its sender was asked last."""
        one = self._neighbours.get(peer)
        return one is not None and one.asked and frame.since == one.since

    def heard(self, peer: NodeId, frame: Yours, missing: Iterable[bytes], now: Instant) -> Doing:
        """Notes a page of ids; nothing happens when it was not asked for.

        Args:
            missing: those of its ids that are not here.
        """
        if not self.expects(peer, frame):
            return Doing()
        if frame.later and frame.later <= frame.since:
            del self._neighbours[peer]
            return Doing(blames=[Blame(peer, Misdeed.BROKEN)])
        one = self._neighbours[peer]
        one.asked, one.ended, one.since = False, not frame.later, frame.later
        one.lacking.update(dict.fromkeys(missing))
        return self.tick(now)

    def came(self, id_: bytes, now: Instant) -> None:
        """Notes that a record is here, whoever brought it."""
        for one in self._neighbours.values():
            if id_ in one.lacking:
                del one.lacking[id_]
                one.at = now

    def tick(self, now: Instant) -> Doing:
        """Asks who is to be asked; notes who has answered."""
        doing = Doing()
        for peer, one in self._neighbours.items():
            if peer in self.answered:
                continue
            waited = self._params.again_ms if one.at is None else now - one.at
            if one.ended and not one.lacking:
                self.answered[peer] = None
            elif waited >= self._params.again_ms:
                one.since, one.ended = 0, False
                one.lacking.clear()
                self._ask(peer, one, now, doing)
            elif waited >= self._params.pace_ms and self._is_next(one):
                self._ask(peer, one, now, doing)
        return doing

    def _is_next(self, one: _Neighbour) -> bool:
        return not (one.asked or one.ended) and len(one.lacking) < self._params.lacking

    def _ask(self, peer: NodeId, one: _Neighbour, now: Instant, doing: Doing) -> None:
        one.asked, one.at = True, now
        doing.send(peer, Mine(one.since))


def is_enough(answered: Collection[NodeId], known: Collection[NodeId], sources: Collection[NodeId]) -> bool:
    """Says whether the node may go on.

    Args:
        answered: who has answered.
        known: whom the operator knows: invited, joined or subscribed to, and not banned.
        sources: those of them that the node pulls from.
    """
    count = sum(one in answered for one in known)
    return count >= needed(len(known)) and all(one in answered for one in sources)


def needed(known: int) -> int:
    """Returns how many answers are enough, of so many whom the operator knows."""
    return max(LEAST, min(MOST, known // 2 + 1))

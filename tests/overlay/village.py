"""A village: many `Members` over a virtual clock and one queue, with loss, partitions, crashes and slow nodes.

It does what `node.network` does for one node: dials become links, words spread from neighbour to neighbour, once each.
Nothing is signed and nothing is encoded; what is under test decides, and this carries it out.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.overlay.doing import Doing
from hansa.overlay.first_calls import Known
from hansa.overlay.members import Members, Params
from hansa.overlay.own_presence import Facts

START = 1_790_000_000_000
TICK = 100


def name(number: int) -> NodeId:
    """Returns a node's id."""
    return NodeId(f"did:key:z6Mk{number:05}")


def url(number: int) -> str:
    """Returns a node's address; 250 ranges."""
    return f"ws://{11 + number % 250}.{number // 250}.0.{1 + number % 200}:8470"


@dataclass
class House:
    """One node: what it decides with, and what surrounds it."""

    id: NodeId
    number: int
    members: Any
    up: bool = True
    busy_until: int = 0
    lag: int = 0
    waiting: list[Callable[[], None]] = field(default_factory=list)
    links: dict[NodeId, bool] = field(default_factory=dict)
    seen: dict[tuple[NodeId, int], None] = field(default_factory=dict)
    seq: int = 0
    sent: int = 0
    dialled: int = 0


class Village:
    """All nodes, the clock, and what is under way between them."""

    def __init__(
        self, count: int, seed: int = 1, params: Params | None = None, knows: int = 1, loss: float = 0.0
    ) -> None:
        """Makes `count` nodes; each knows `knows` of those before it by name."""
        self.rng = Rng(seed)
        self.delays = random.Random(seed)
        self.params = params or Params()
        self.now = START
        self.loss = loss
        self.side: dict[NodeId, int] = {}
        self.queue: list[tuple[int, int, Callable[[], None]]] = []
        self.order = self.turn = 0
        self.houses: dict[NodeId, House] = {}
        self.happened: list[tuple[int, NodeId, str, str]] = []
        self.blames: list[tuple[NodeId, NodeId, str]] = []
        self.says: dict[str, int] = {}
        self.accused: list[tuple[int, NodeId, str, NodeId]] = []
        for number in range(count):
            known = self.rng.sample(range(number), knows) if number else []
            self.build(number, known)

    # ---- making and breaking

    def build(self, number: int, known: Iterable[int], kept: Any = None) -> House:
        """Makes a node, or makes it anew after a crash."""
        named = [Known(name(one), (url(one),)) for one in known]
        rng = self.rng.child("house", number, self.now)
        members = Members(name(number), Facts(addresses=(url(number),)), rng, Instant(self.now), named, self.params)
        if kept is not None:
            members.restore(kept, Instant(self.now))
        before = self.houses.get(name(number))
        house = self.houses[name(number)] = House(name(number), number, members, seq=before.seq if before else 0)
        self.at(self.rng.below(TICK), lambda: self._tick(house))
        return house

    def crash(self, *whom: NodeId, silently: bool = True) -> None:
        """Nodes stop at once; silently, or so that their neighbours see each link break."""
        for one in whom:
            house = self.houses[one]
            house.up = False
            if not silently:
                for peer in list(house.links):
                    self._unlink(peer, one, False)

    def split(self, *sides: Iterable[NodeId]) -> None:
        """Nothing passes from one side to another from now on; without sides all passes again."""
        self.side = {one: number for number, side in enumerate(sides) for one in side}

    def stall(self, whom: NodeId, milliseconds: int) -> None:
        """A node gets no CPU for so long; what comes meanwhile waits."""
        self.houses[whom].busy_until = self.now + milliseconds

    # ---- running

    def at(self, delay: int, what: Callable[[], None]) -> None:
        """Does something later."""
        self.order += 1
        heapq.heappush(self.queue, (self.now + delay, self.order, what))

    def run(self, milliseconds: int) -> None:
        """Lets time go on."""
        end = self.now + milliseconds
        while self.queue and self.queue[0][0] <= end:
            self.now, self.turn, what = heapq.heappop(self.queue)
            what()
        self.now = end

    def up(self) -> list[House]:
        """Returns the nodes that run."""
        return [one for one in self.houses.values() if one.up]

    def pieces(self) -> int:
        """Returns into how many parts the graph of links between running nodes falls."""
        left = {one.id for one in self.up()}
        pieces = 0
        while left:
            pieces += 1
            todo = deque([left.pop()])
            while todo:
                for peer in self.houses[todo.popleft()].links:
                    if peer in left and self._passes(peer, peer):
                        left.discard(peer)
                        todo.append(peer)
        return pieces

    def degrees(self) -> list[int]:
        """Returns how many links each running node counts as its own neighbours."""
        return [len(one.members.neighbours()) for one in self.up()]

    def deaths(self, since: int = 0) -> list[tuple[NodeId, NodeId]]:
        """Returns who gave whom up, and when it is after `since`."""
        return [(who, about) for at, who, what, about in self.happened if what == "member_dead" and at >= since]

    # ---- what nodes want done

    def do(self, house: House, doing: Doing) -> None:
        """Carries out what a node decided."""
        for blame in doing.blames:
            self.blames.append((house.id, blame.whom, blame.what))
        for event in doing.events:
            self.happened.append((self.now, house.id, event.name, event.about))
        for say in doing.says:
            house.seq += 1
            self.says[say.kind] = self.says.get(say.kind, 0) + 1
            if "whom" in say.body:
                self.accused.append((self.now, house.id, say.kind, say.body["whom"]))
            self.spread(house.id, say.kind, say.body, house.seq)
        for peer, frame in doing.sends:
            house.sent += 1
            if peer in house.links:
                self._carry(
                    house.id, peer, lambda to, frame=frame: to.members.heard(house.id, frame, Instant(self.now))
                )
        for dial in doing.dials:
            house.dialled += 1
            self.at(2 * self._delay(), lambda dial=dial: self._link(house, dial.whom, dial.urls[0]))
        for close in doing.closes:
            self._unlink(house.id, close.whom, True)
            orderly = close.reason is not Reason.UNREACHABLE
            self.at(self._delay(), lambda close=close, orderly=orderly: self._unlink(close.whom, house.id, orderly))

    def spread(self, author: NodeId, kind: str, body: Any, seq: int) -> None:
        """Begins to spread a word from its author."""
        house = self.houses[author]
        house.seen[author, seq] = None
        for peer in list(house.links):
            self._word(author, house.id, peer, kind, body, seq)

    def _word(self, author: NodeId, source: NodeId, peer: NodeId, kind: str, body: Any, seq: int) -> None:
        def take(to: House) -> Doing:
            if (author, seq) in to.seen:
                return Doing()
            to.seen[author, seq] = None
            for further in list(to.links):
                if further != source:
                    self._word(author, to.id, further, kind, body, seq)
            return to.members.spoken(author, kind, body, seq, Instant(self.now), source)

        if (author, seq) not in self.houses[peer].seen:
            self._carry(source, peer, take)

    def _carry(self, source: NodeId, peer: NodeId, what: Callable[[House], Doing]) -> None:
        if not self._passes(source, peer) or (self.loss and self.delays.random() < self.loss):
            return

        def arrive() -> None:
            house = self.houses[peer]
            if house.up and source in house.links:
                self._when_free(house, lambda: self.do(house, what(house)))

        self.at(self._delay() + self.houses[peer].lag, arrive)

    def _when_free(self, house: House, what: Callable[[], None]) -> None:
        if self.now < house.busy_until:
            house.waiting.append(what)
        elif house.up:
            what()

    def _tick(self, house: House) -> None:
        if not house.up or self.houses[house.id] is not house:
            return
        if self.now < house.busy_until:
            self.at(house.busy_until - self.now, lambda: self._tick(house))
            return
        self.do(house, house.members.tick(Instant(self.now)))  # its timers come before what waits: the harder case
        waiting, house.waiting = house.waiting, []
        for what in waiting:
            what()
        self.at(TICK, lambda: self._tick(house))

    def _link(self, house: House, whom: NodeId, where: str) -> None:
        other = self.houses.get(whom)
        if other is None or not (house.up and other.up) or whom in house.links or not self._passes(house.id, whom):
            return
        if self.now < other.busy_until:  # a handshake needs both
            other.waiting.append(lambda: self._link(house, whom, where))
            return
        house.links[whom], other.links[house.id] = True, False
        self._when_free(house, lambda: self.do(house, house.members.linked(whom, Instant(self.now), where, True)))
        self._when_free(other, lambda: self.do(other, other.members.linked(house.id, Instant(self.now))))

    def _unlink(self, whom: NodeId, peer: NodeId, on_purpose: bool) -> None:
        house = self.houses[whom]
        if house.up and house.links.pop(peer, None) is not None:
            self._when_free(house, lambda: self.do(house, house.members.lost(peer, on_purpose, Instant(self.now))))

    def _passes(self, one: NodeId, other: NodeId) -> bool:
        return self.houses[other].up and self.side.get(one, 0) == self.side.get(other, 0)

    def _delay(self) -> int:
        return self.delays.randrange(5, 40)

"""SWIM as it was published, as the reference: every node probes every other one, and a doubt lasts a fixed time.

Das, Gupta and Motivala 2002, with the suspicion of its section 4.2 and the numbers of memberlist 0.1 before Lifeguard:
timeout = 4 · max(1, log10 n) · probe interval. Suspect, alive and confirm reach everybody within a second.
"""

from __future__ import annotations

import math
from typing import Any

from hansa.kernel.ids import NodeId
from hansa.kernel.rng import Rng
from hansa.overlay.doing import Doing, Happened, Say
from hansa.overlay.frames import Ping, Pong, Reach
from tests.overlay.hall import Hall
from tests.overlay.village import START, House, name

INTERVAL, PING, HELPERS, MULTIPLIER = 1_000, 500, 3, 4


class PlainSwim:
    """One member."""

    def __init__(self, me: NodeId, everybody: list[NodeId], rng: Rng, now: int) -> None:
        self.me, self.rng = me, rng
        self.incarnation = 0
        self.others = dict.fromkeys((one for one in everybody if one != me), 0)
        self.suspects: dict[NodeId, int] = {}
        self.dead: dict[NodeId, int] = {}
        self.order: list[NodeId] = []
        self.next = now + rng.below(INTERVAL)
        self.probes: dict[int, tuple[NodeId, int, int, bool]] = {}
        self.favours: dict[int, tuple[NodeId, int]] = {}
        self.timeout = round(MULTIPLIER * max(1.0, math.log10(len(everybody))) * INTERVAL)

    def neighbours(self) -> list[NodeId]:
        return [one for one in self.others if one not in self.dead]

    alive_now = neighbours

    def heard(self, peer: NodeId, frame: Any, now: int) -> Doing:
        doing = Doing()
        if isinstance(frame, Ping):
            doing.send(peer, Pong(frame.nonce))
        elif isinstance(frame, Reach):
            nonce = self.rng.below(2**53)
            self.favours[nonce] = (peer, frame.nonce)
            doing.send(frame.whom, Ping(nonce))
        elif isinstance(frame, Pong):
            if frame.nonce in self.favours:
                asker, nonce = self.favours.pop(frame.nonce)
                doing.send(asker, Pong(nonce))
            self.probes.pop(frame.nonce, None)
        return doing

    def spoken(self, author: NodeId, kind: str, body: Any, seq: int, now: int, via: Any = None) -> Doing:
        doing = Doing()
        whom, incarnation = body["whom"], body["incarnation"]
        if whom == self.me:
            if kind != "alive" and incarnation >= self.incarnation:
                self.incarnation = incarnation + 1
                doing.says.append(Say("alive", {"whom": self.me, "incarnation": self.incarnation}))
        elif kind == "alive":
            if incarnation > self.others[whom]:
                self.others[whom] = incarnation
                self.suspects.pop(whom, None)
                self.dead.pop(whom, None)
        elif incarnation >= self.others[whom] and whom not in self.dead:
            if kind == "suspect":
                self.suspects.setdefault(whom, now)
            else:
                self.dead[whom] = now
                self.suspects.pop(whom, None)
        return doing

    def tick(self, now: int) -> Doing:
        doing = Doing()
        for nonce, (whom, ask_at, ends, asked) in list(self.probes.items()):
            if now >= ends:
                del self.probes[nonce]
                if whom not in self.suspects and whom not in self.dead:
                    self.suspects[whom] = now
                    doing.says.append(Say("suspect", {"whom": whom, "incarnation": self.others[whom]}))
            elif now >= ask_at and not asked:
                self.probes[nonce] = (whom, ask_at, ends, True)
                for helper in self.rng.sample([one for one in self.neighbours() if one != whom], HELPERS):
                    doing.send(helper, Reach(nonce, whom))
        for whom, since in list(self.suspects.items()):
            if now - since >= self.timeout:
                del self.suspects[whom]
                self.dead[whom] = now
                doing.events.append(Happened("member_dead", whom))
                doing.says.append(Say("confirm", {"whom": whom, "incarnation": self.others[whom]}))
        if now >= self.next:
            self.next = now + INTERVAL
            while self.order and self.order[-1] in self.dead:
                self.order.pop()
            self.order = self.order or self.rng.shuffled(self.neighbours())
            if self.order:
                whom, nonce = self.order.pop(), self.rng.below(2**53)
                self.probes[nonce] = (whom, now + PING, now + INTERVAL, False)
                doing.send(whom, Ping(nonce))
        return doing


class Mesh(Hall):
    """A hall of plain members: everybody reaches everybody, and a word reaches all within a second."""

    def __init__(self, count: int, seed: int = 1) -> None:
        super().__init__(0, seed)
        everybody = [name(number) for number in range(count)]
        links = dict.fromkeys(everybody, True)
        for number, one in enumerate(everybody):
            swim = PlainSwim(one, everybody, self.rng.child("swim", number), START)
            house = self.houses[one] = House(one, number, swim)
            house.links = links
            self.at(self.rng.below(100), lambda house=house: self._tick(house))

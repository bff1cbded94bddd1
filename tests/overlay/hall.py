"""A hall: a village in which a word reaches everybody within a second, as by a perfect gossip, however many there are.

A word to a thousand members is a thousand arrivals, so what an arrival costs decides how many members can be played.
Here each house keeps what is on its way to it in a heap of its own, and takes what has arrived, each at its own time,
before it does anything else: nothing else reads what a house decides by, so nobody can tell it from one event in the
village's queue for each arrival. `at_once` is that plain way; a test holds the two against each other.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from tests.overlay.village import House, Village

SOONEST, SPREAD = 50, 950
"""How long a word is under way at least, and how much longer it may be: milliseconds."""


@dataclass(slots=True)
class Word:
    """What somebody said."""

    author: NodeId
    kind: str
    body: Any
    seq: int


class Hall(Village):
    """A village whose words go straight to everybody."""

    at_once = False
    """Each arrival is an event of its own: slower, and the same."""

    def __init__(self, count: int, seed: int) -> None:
        """Makes the members; nothing is on its way."""
        super().__init__(count, seed)
        self._mail: dict[NodeId, list[tuple[int, int, Word]]] = {}

    def spread(self, author: NodeId, kind: str, body: Any, seq: int) -> None:
        """Sends a word to everybody who is up."""
        word, chance, asked = Word(author, kind, body, seq), self.delays.random, body.get("whom")
        for peer, house in self.houses.items():
            if not house.up or peer == author:
                continue
            delay = SOONEST + int(chance() * SPREAD)
            if self.at_once or peer == asked:  # who is accused may answer at once, and that others notice
                self.at(delay, lambda house=house: self._when_free(house, lambda: self._take(house, word)))
            else:
                self.order += 1
                heapq.heappush(self._mail.setdefault(peer, []), (self.now + delay, self.order, word))

    def crash(self, *whom: NodeId, silently: bool = True) -> None:
        """Nodes stop, after what they have got; the rest never reaches them."""
        for one in whom:
            self._fetch(self.houses[one])
            self._mail.pop(one, None)
        super().crash(*whom, silently=silently)

    def stall(self, whom: NodeId, milliseconds: int) -> None:
        """A node gets no CPU, after what it has got."""
        self._fetch(self.houses[whom])
        super().stall(whom, milliseconds)

    def run(self, milliseconds: int) -> None:
        """Lets time go on, and everybody take what has arrived by then."""
        super().run(milliseconds)
        self.turn = self.order + 1
        for house in self.up():
            self._fetch(house)

    def _take(self, house: House, word: Word) -> None:
        said = house.members.spoken(word.author, word.kind, word.body, word.seq, Instant(self.now), word.author)
        self.do(house, said)

    def _fetch(self, house: House) -> None:
        mail, now = self._mail.get(house.id), self.now
        while mail and (mail[0][0], mail[0][1]) < (now, self.turn):
            self.now, _, word = heapq.heappop(mail)
            if self.now < house.busy_until:
                house.waiting.append(lambda word=word: self._take(house, word))
            else:
                self._take(house, word)
        self.now = now

    def _when_free(self, house: House, what: Callable[[], None]) -> None:
        self._fetch(house)
        super()._when_free(house, what)

    def _link(self, house: House, whom: NodeId, where: str) -> None:
        if whom in self.houses:
            self._fetch(self.houses[whom])
        super()._link(house, whom, where)

    def _tick(self, house: House) -> None:
        if house.up and self.now >= house.busy_until:
            self._fetch(house)
        super()._tick(house)

"""Words that neighbours named and that are not here: how long the tree may take, whom to ask then, and whom next.

    named ── the tree brings it ──▶ over
      │ not in time
      ▼
    asked ── it comes ──▶ over
      │ not in time: that neighbour is silent
      ▼
    asked of others, more at once each time; of all again, once nobody is left; given up at the end of its life

A wish is over once a good word is here, not when something with that id comes: a forged word must not end it. All who
named an id are remembered, as bits, so that liars can't fill a list before the honest one stands in it (threat 43).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from hansa.kernel.instant import NEVER, Instant


class Wish:
    """One word that is waited for.

    Attributes:
        since: when it was named first.
        due: when to do something about it.
        by: slot of who named it first, whose share of the table it takes.
        holders: who named it, as bits.
        asked: who was asked, as bits; `open` those of them whose time is not over. Once all were, it begins anew.
        ever: who was asked at any time.
        rounds: how often somebody was asked.
    """

    __slots__ = ("asked", "by", "due", "ever", "holders", "open", "rounds", "since")

    def __init__(self, since: Instant, due: Instant, by: int) -> None:
        """Begins with who named it."""
        self.since, self.due, self.by = since, due, by
        self.holders = 1 << by
        self.asked = self.ever = self.open = self.rounds = 0


class Wishes:
    """All of them, in the order in which they fall due; bounded, and for each neighbour bounded more narrowly."""

    def __init__(self, most: int, life: int) -> None:
        """Begins with none.

        Args:
            most: wishes at once; a neighbour may cause a quarter of them.
            life: milliseconds after which one is given up.
        """
        self._most, self._share, self._life = most, max(1, most // 4), life
        self._all: dict[bytes, Wish] = {}
        self._queue: list[tuple[Instant, int, bytes]] = []
        self._number = 0
        self._caused: dict[int, int] = {}

    def __len__(self) -> int:
        """Wishes that are open."""
        return len(self._all)

    def get(self, digest: bytes) -> Wish | None:
        """Returns the wish for an id."""
        return self._all.get(digest)

    def named(self, digest: bytes, slot: int, now: Instant, due: Instant) -> bool:
        """Notes that the neighbour in a slot has a word; False where there is no room for another wish."""
        wish = self._all.get(digest)
        if wish is not None:
            wish.holders |= 1 << slot
            return True
        if len(self._all) >= self._most or self._caused.get(slot, 0) >= self._share:
            return False
        self._all[digest] = Wish(now, due, slot)
        self._caused[slot] = self._caused.get(slot, 0) + 1
        self._push(digest, due)
        return True

    def postpone(self, digest: bytes, due: Instant) -> None:
        """Sets when a wish is looked at next."""
        wish = self._all.get(digest)
        if wish is not None:
            wish.due = due
            self._push(digest, due)

    @property
    def soonest(self) -> Instant:
        """Before then nothing is due."""
        return self._queue[0][0] if self._queue else NEVER

    def due(self, now: Instant) -> Iterator[tuple[bytes, Wish]]:
        """Yields what is to be seen to now; each must be asked, postponed or over before the next call."""
        while self._queue and self._queue[0][0] <= now:
            at, _, digest = heapq.heappop(self._queue)
            wish = self._all.get(digest)
            if wish is None or wish.due != at:
                continue
            if wish.since + self._life <= now:
                self.over(digest)
            else:
                yield digest, wish

    def over(self, digest: bytes) -> Wish | None:
        """Ends a wish, and returns it."""
        wish = self._all.pop(digest, None)
        if wish is not None:
            left = self._caused[wish.by] - 1
            if left:
                self._caused[wish.by] = left
            else:
                del self._caused[wish.by]
        return wish

    def left(self, slot: int, now: Instant) -> None:
        """Takes a neighbour that is gone off all wishes; those that it was asked for fall due at once."""
        bit = 1 << slot
        for digest, wish in self._all.items():
            wish.holders &= ~bit
            if wish.open & bit:
                wish.open &= ~bit
                wish.due = now
                self._push(digest, now)

    def _push(self, digest: bytes, due: Instant) -> None:
        self._number += 1
        heapq.heappush(self._queue, (due, self._number, digest))

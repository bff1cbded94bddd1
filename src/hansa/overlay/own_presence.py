"""What this node says of itself: at the start, each minute, when something changed, and when it is doubted.

The incarnation begins at the seconds since 1970, or one above what was kept, so that a new start is above the last one
even where nothing was kept. A refutation raises it by one; at most `burst` in `refill_ms`, so that a slanderer can't
make this node talk without end. Who has just come hears of the others: each answers a new member with a presence of its
own with a probability that makes some `answers` of all do so.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from hansa.kernel.instant import MINUTE, SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.overlay.doing import Doing, Say
from hansa.overlay.presence import PRESENCE, Presence


@dataclass(frozen=True, slots=True)
class Params:
    """How often this node speaks of itself.

    Attributes:
        period_ms: between two presences. Raising it costs less, and makes others learn later who is there.
        burst, refill_ms: refutations at once, and the time in which one more may be made.
        answers: how many of all members answer a new one. Raising it fills a newcomer's list faster, for one message
            through the whole network each.
        pause_ms: at least so long between two answers, and two first links that are told of.
    """

    period_ms: int = MINUTE
    burst: int = 3
    refill_ms: int = 10 * SECOND
    answers: int = 8
    pause_ms: int = 5 * SECOND

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        if self.period_ms < SECOND:
            raise ValueError("period_ms must be at least a second")
        if not 1 <= self.burst <= 100:
            raise ValueError("burst must be between 1 and 100")
        if self.refill_ms < SECOND:
            raise ValueError("refill_ms must be at least a second")
        if not 0 <= self.answers <= 100:
            raise ValueError("answers must be between 0 and 100")
        if self.pause_ms < 0:
            raise ValueError("pause_ms must not be negative")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is to be said of this node; see `presence.Presence`."""

    addresses: tuple[str, ...] = ()
    role: str = "node"
    offers: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()


class OwnPresence:
    """This node's own word on itself."""

    def __init__(self, facts: Facts, params: Params, rng: Rng, now: Instant) -> None:
        """Makes the word; it is said at the first tick."""
        self._facts = facts
        self._params = params
        self._rng = rng
        self.incarnation = max(0, now) // SECOND
        self.leaving = False
        self._next = int(now)
        self._answered = self._arrived = now - params.pause_ms
        self._tokens = params.burst
        self._refilled = int(now)
        self._doubted = False

    def kept(self, incarnation: int) -> None:
        """Goes on above an incarnation of before the restart."""
        self.incarnation = max(self.incarnation, incarnation + 1)

    def changed(self, facts: Facts, now: Instant) -> None:
        """Says something else from now on."""
        if facts != self._facts:
            self._facts = facts
            self._next = min(self._next, int(now))

    def doubted(self, incarnation: int) -> None:
        """Somebody doubts this node as of an incarnation; a number that it never had is none of its business."""
        self._doubted = self._doubted or incarnation == self.incarnation

    def answer(self, members: int, now: Instant) -> None:
        """Somebody new is here, among so many members."""
        if now - self._answered >= self._params.pause_ms and self._rng.below(max(1, members)) < self._params.answers:
            self._answered = now
            self._next = min(self._next, now + self._rng.below(SECOND))

    def arrived(self, now: Instant) -> None:
        """The first link stands: what was said before, nobody heard."""
        if now - self._arrived >= self._params.pause_ms:
            self._arrived = int(now)
            self._next = min(self._next, now + SECOND // 2)

    @property
    def due(self) -> int:
        """Before then nothing comes of `tick`."""
        return 0 if self._doubted else self._next

    def tick(self, now: Instant, doing: Doing) -> bool:
        """Says what is due; says whether it was a refutation."""
        refutes = self._doubted and not self.leaving and self._may_refute(now)
        if refutes:
            self._doubted = False
            self.incarnation += 1
        elif now < self._next or self.leaving:
            return False
        self._say(now, doing)
        return refutes

    def leave(self, now: Instant, doing: Doing) -> None:
        """Says goodbye, once; nothing is said afterwards."""
        if not self.leaving:
            self.leaving = True
            self._say(now, doing)

    def presence(self) -> Presence:
        """Returns what it says now."""
        word = Presence(incarnation=self.incarnation, leaving=self.leaving)
        facts = self._facts
        return msgspec.structs.replace(
            word, addresses=facts.addresses, role=facts.role, offers=facts.offers, interests=facts.interests
        )

    @property
    def facts(self) -> Facts:
        """What is said of this node beside its life."""
        return self._facts

    def _say(self, now: Instant, doing: Doing) -> None:
        spread = self._params.period_ms // 10
        self._next = now + self._params.period_ms - spread + self._rng.below(2 * spread)
        doing.says.append(Say(PRESENCE, msgspec.to_builtins(self.presence())))

    def _may_refute(self, now: Instant) -> bool:
        fresh = (now - self._refilled) // self._params.refill_ms
        if fresh > 0:
            self._tokens = min(self._params.burst, self._tokens + fresh)
            self._refilled += fresh * self._params.refill_ms
        if self._tokens == 0:
            return False
        self._tokens -= 1
        return True

"""How much of others' word this node looks at and passes on: token buckets per link, per author, and for all together.

What is charged when:

1. before anything is verified: the link, all links together, and all strangers together where the named author is no
   one who earned more. Half of what there is for all is out of strangers' reach;
2. once a signature is good: its author, and all strangers together. Before that nothing is charged to an author, or
   anybody could use up what is somebody else's by naming it (threat 39).

All in whole thousandths of a token, so that asking often neither gains nor loses anything.
"""

from __future__ import annotations

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.overlay.gossip_params import Params, Rank, Rate

AUTHORS = 4_096
"""Authors whose buckets are remembered, of strangers and of others each; of those the ones used last."""


class Bucket:
    """Tokens that come back with time."""

    __slots__ = ("_at", "_full", "_level", "_rate")

    def __init__(self, rate: int, burst: int, now: Instant) -> None:
        """Begins full.

        Args:
            rate: tokens that a second brings.
            burst: tokens that there are at most.
        """
        self._rate, self._full = rate, burst * 1000
        self._level, self._at = self._full, now

    def has(self, tokens: int, now: Instant, above: int = 0) -> bool:
        """Says whether so many are there, and as many thousandths of the whole as `above` would be left."""
        if now > self._at:
            self._level = min(self._full, self._level + (now - self._at) * self._rate)
            self._at = now
        return self._level >= (tokens * 1000 + self._full * above // 1000 if above else tokens * 1000)

    def take(self, tokens: int) -> None:
        """Takes what `has` said is there; more than that leaves nothing."""
        left = self._level - tokens * 1000
        self._level = left if left > 0 else 0


class Meter:
    """Two buckets in one, of words and of bytes: both must have enough."""

    __slots__ = ("_at", "_byte_rate", "_bytes", "_bytes_full", "_word_rate", "_words", "_words_full")

    def __init__(self, rate: Rate, now: Instant) -> None:
        """Begins full."""
        self._word_rate, self._byte_rate = rate.words, rate.bytes
        self._words = self._words_full = rate.word_burst * 1000
        self._bytes = self._bytes_full = rate.byte_burst * 1000
        self._at = now

    def has(self, size: int, now: Instant, above: int = 0) -> bool:
        """Says whether one word of so many bytes fits, and leaves `above` thousandths of the whole."""
        if now > self._at:
            gone, self._at = now - self._at, now
            self._words = min(self._words_full, self._words + gone * self._word_rate)
            self._bytes = min(self._bytes_full, self._bytes + gone * self._byte_rate)
        if above:
            kept, bytes_kept = self._words_full * above // 1000, self._bytes_full * above // 1000
            return self._words >= 1000 + kept and self._bytes >= size * 1000 + bytes_kept
        return self._words >= 1000 and self._bytes >= size * 1000

    def take(self, size: int) -> None:
        """Takes one word of so many bytes; more than there is leaves nothing."""
        self._words = max(0, self._words - 1000)
        self._bytes = max(0, self._bytes - size * 1000)

    def charge(self, size: int, now: Instant, above: int = 0) -> bool:
        """Takes one word of so many bytes if it fits, and says whether it did."""
        if not self.has(size, now, above):
            return False
        self.take(size)
        return True


class _Author:
    __slots__ = ("meter", "rank")

    def __init__(self, rank: Rank, meter: Meter) -> None:
        self.rank, self.meter = rank, meter


class Quotas:
    """What all links share, and what each author has."""

    def __init__(self, params: Params) -> None:
        """Begins with everything there is."""
        now = Instant(0)
        self._params = params
        self._all = Meter(params.all_links, now)
        self._strangers_in = Meter(params.strangers, now)
        self._strangers_on = Meter(params.strangers, now)
        self._strangers: dict[NodeId, _Author] = {}
        self._others: dict[NodeId, _Author] = {}

    def __len__(self) -> int:
        """Authors that are remembered."""
        return len(self._strangers) + len(self._others)

    def rank_of(self, author: NodeId | None) -> Rank:
        """Returns what an author had when a word of it was judged last; whoever is unheard of is a stranger."""
        known = None if author is None else self._others.get(author) or self._strangers.get(author)
        return Rank.STRANGER if known is None else known.rank

    def look(self, author: NodeId | None, size: int, now: Instant) -> bool:
        """Says whether an unverified word that names an author may be looked at, and charges all links for it."""
        known = None if author is None else self._others.get(author) or self._strangers.get(author)
        if known is not None and (known.rank is Rank.BARRED or not known.meter.has(size, now)):
            return False
        if known is not None and known.rank > Rank.STRANGER:
            return self._all.charge(size, now)
        if not (self._strangers_in.has(size, now) and self._all.has(size, now, above=500)):
            return False
        self._strangers_in.take(size)
        self._all.take(size)
        return True

    def pass_on(self, author: NodeId | None, rank: Rank, size: int, now: Instant) -> bool:
        """Says whether a word whose signature is good may be passed on, and charges its author for it."""
        if author is None:
            return False
        known = self._remember(author, rank, now)
        if rank is Rank.BARRED:
            return False
        if rank > Rank.STRANGER:
            return known.meter.charge(size, now)
        if not (known.meter.has(size, now) and self._strangers_on.has(size, now)):
            return False
        known.meter.take(size)
        self._strangers_on.take(size)
        return True

    def ranked(self, author: NodeId, rank: Rank, now: Instant) -> None:
        """Notes what an author has earned before a word of it was judged; what it has used is forgotten with a change.

        Whoever is not named so has its first word looked at among strangers', which a flood of fresh keys may delay.
        """
        self._remember(author, rank, now)

    def _remember(self, author: NodeId, rank: Rank, now: Instant) -> _Author:
        known = self._others.pop(author, None) or self._strangers.pop(author, None)
        if known is None or known.rank is not rank:
            known = _Author(rank, Meter(self._params.by_author[rank], now))
        table = self._others if rank > Rank.STRANGER else self._strangers
        table[author] = known
        if len(table) > AUTHORS:
            del table[next(iter(table))]
        return known

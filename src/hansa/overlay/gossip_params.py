"""How word travels, in numbers: what a rank may cost others, how wide the tree is, how long is waited for whom.

A rank is what the node knows of an author by its own dealings (conduct's standing), never what a message says of
itself: a field named priority is only read by the node after rank was given, and can't raise it (threat 39).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum

from hansa.kernel.instant import SECOND


class Rank(IntEnum):
    """What an author has earned here. A higher one goes first, and what it needs is kept free from lower ones."""

    BARRED = 0
    """Taken from nobody's hands, and passed on to nobody."""
    STRANGER = 1
    """No dealings yet: all strangers share one narrow allowance, however many keys they have."""
    KNOWN = 2
    """Dealt well."""
    TRUSTED = 3
    """Proved in its domain, or let in by the operator."""
    URGENT = 4
    """This node's own recalls, and those of the trusted: sent to all good neighbours at once, beside the tree."""


@dataclass(frozen=True, slots=True)
class Rate:
    """An allowance in words and in bytes.

    Attributes:
        words: words that a second brings.
        word_burst: words that may come at once.
        bytes: bytes that a second brings.
        byte_burst: bytes that may come at once; at least one word's.
    """

    words: int
    word_burst: int
    bytes: int
    byte_burst: int

    def validate(self, name: str) -> None:
        """Raises ValueError naming the field when an allowance makes no sense."""
        for one in fields(self):
            if getattr(self, one.name) < 0:
                raise ValueError(f"{name}.{one.name} must not be negative")


_KIB, _MIB = 1024, 1024 * 1024


def _by_author() -> dict[Rank, Rate]:
    return {
        Rank.BARRED: Rate(0, 0, 0, 0),
        Rank.STRANGER: Rate(1, 10, 16 * _KIB, 512 * _KIB),
        Rank.KNOWN: Rate(20, 400, 512 * _KIB, 4 * _MIB),
        Rank.TRUSTED: Rate(100, 2_000, 2 * _MIB, 16 * _MIB),
        Rank.URGENT: Rate(100, 2_000, 2 * _MIB, 16 * _MIB),
    }


@dataclass(frozen=True, slots=True)
class Params:
    """Times in milliseconds unless a name says otherwise.

    Attributes:
        eager: links in the mesh that this node seeks to have. Own words are pushed to all of them at first.
        fanout: of those, how many an unknown author's first word is pushed to. Raising it makes its tree flatter, and
            that word dearer.
        eager_max: links in the mesh at most.
        eager_dialled: of those, how many only links that this node dialled may have. Raising it leaves less of the
            mesh to whoever calls in (threat 43).
        max_hops: links after which a word is only announced, and no more pushed, whatever it says of its hops.
        wait_first: how long a word that was named may take over its tree before it is asked for, at first.
        wait_least: least of that time, which follows what was measured. Lowering it asks for what is on its way.
        wait_most: most of it. Raising it makes repair slower.
        patience: how long an asked neighbour may take before another one is asked.
        lossy: thousandths of what neighbours should have said that are missing, from which on frames are taken to be
            lost (`overlay.losses`). Raising it lets words be late over worse links; lowering it costs copies.
        lossy_least: words that neighbours should have said, all together, before that is concluded.
        namers: neighbours that have named a word, from which on it is asked for without a wait where frames are lost,
            of two of them. Raising it makes fewer copies, and later ones.
        wish_life: how long an announced word is asked for at all; later it is anti-entropy's to bring.
        wishes: announced words that are waited for at once; of one link at most a quarter of them.
        authors: authors whose trees are remembered. The first word of one that is not costs `fanout` copies.
        unproved: words that are pushed to a neighbour that says nothing in turn. From then on they are named to it: if
            it is there it asks, and if it is silent that shows. Raising it wastes more on the silent, and slows fewer.
        back_off: how long a neighbour that was pruned, for its conduct or for want of room, may not graft.
        seen_window: how long an id is remembered; Ethereum's 550 heartbeats at least (threat 40).
        seen_most: ids that are remembered at most; the inbox knows records for good.
        retry: how long a word that may come again (the store was full, say) is left alone.
        cache_window: how long words are kept for whoever asks; what is older comes from the store.
        cache_bytes: bytes of them.
        judging: words that wait for the inbox's verdict.
        judging_link: of those, what one neighbour may have sent unasked. Raising it lets a flood of one stand longer in
            everybody's way: what the inbox does in a tenth of a second is enough.
        judging_life: how long a verdict is waited for.
        max_bytes: of one word; at most what an envelope may have.
        link: what one neighbour may send unasked.
        all_links: what this node looks at in all: the pace of its inbox. Half of it is out of strangers' reach.
        strangers: what all strangers together may have looked at, and passed on.
        by_author: what one key may have passed on, by rank; charged only by words whose signature is good.
        names: ids in `Have` that one neighbour may send in a second; ten times as many at once.
        served: what one neighbour may have by asking. Raising it speeds up whoever missed much, and helps abuse.
        stored_word: bytes that a word out of the store is taken for before it is looked up.
        heartbeat: time between looks at scores and mesh.
        audit_window: how long a neighbour may take to say that it has a word too.
        opportunity: time between looks for a better neighbour than those that the mesh has.
        relays: neighbours that care for a topic, from which on others hear nothing of it.
    """

    eager: int = 8
    fanout: int = 4
    eager_max: int = 16
    eager_dialled: int = 6
    max_hops: int = 32
    wait_first: int = 300
    wait_least: int = 100
    wait_most: int = 2 * SECOND
    patience: int = SECOND
    lossy: int = 30
    lossy_least: int = 24
    namers: int = 2
    wish_life: int = 60 * SECOND
    wishes: int = 16_384
    authors: int = 8_192
    unproved: int = 16
    back_off: int = 60 * SECOND
    seen_window: int = 385 * SECOND
    seen_most: int = 131_072
    retry: int = 10 * SECOND
    cache_window: int = 120 * SECOND
    cache_bytes: int = 32 * _MIB
    judging: int = 4_096
    judging_link: int = 128
    judging_life: int = 30 * SECOND
    max_bytes: int = 256 * _KIB
    link: Rate = Rate(200, 1_000, 4 * _MIB, 16 * _MIB)
    all_links: Rate = Rate(1_000, 2_000, 16 * _MIB, 64 * _MIB)
    strangers: Rate = Rate(50, 200, _MIB, 4 * _MIB)
    by_author: Mapping[Rank, Rate] = field(default_factory=_by_author)
    names: int = 2_000
    served: Rate = Rate(200, 2_000, 4 * _MIB, 16 * _MIB)
    stored_word: int = 4 * _KIB
    heartbeat: int = SECOND
    audit_window: int = 10 * SECOND
    opportunity: int = 60 * SECOND
    relays: int = 2

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, Rate):
                value.validate(one.name)
            elif isinstance(value, int) and value < 1:
                raise ValueError(f"{one.name} must be at least 1")
        for rank in Rank:
            if rank not in self.by_author:
                raise ValueError(f"by_author says nothing of {rank.name}")
            self.by_author[rank].validate(f"by_author[{rank.name}]")
        self._validate_pairs()

    def _validate_pairs(self) -> None:
        if self.fanout > self.eager:
            raise ValueError("fanout must not be above eager")
        if self.eager > self.eager_max:
            raise ValueError("eager must not be above eager_max")
        if self.eager_dialled >= self.eager_max:
            raise ValueError("eager_dialled must leave room for others below eager_max")
        if not self.wait_least <= self.wait_first <= self.wait_most:
            raise ValueError("wait_first must be between wait_least and wait_most")
        if self.lossy > 1000:
            raise ValueError("lossy must be at most 1000")
        if self.seen_window < 385 * SECOND:
            raise ValueError("seen_window must be at least 385 seconds")
        if self.max_hops > 255:
            raise ValueError("max_hops must be at most 255")
        if self.link.byte_burst < self.max_bytes:
            raise ValueError("link.byte_burst must hold a word of max_bytes")

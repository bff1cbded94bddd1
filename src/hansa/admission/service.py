"""The numbered checks between a proved author and a domain room.

1. version spoken here · 2 our network · 3 addressed to us · 4 a kind we know
5. not from the future · 6 not expired; a live message not older than the window
7. author not banned · 8 not here already (replay) · 9 the author's sequence number was not used for something else
10. a durable record: the author may push to us, and its conduct does not bar it · 11 within the author's rate
   (over a link any author's record may come, unless its conduct bars it; there the neighbour's rate counts)
12. a durable record of somebody else: within the author's share of the store

Four classes of kinds. A *live* message asks for something now: it must be fresh, and its sequence number must rise.
A *spread* one is word that goes round by many ways at once: it must be fresh, comes in any order, and is not kept, so
that what it says must bear being heard again within the window (the rooms compare numbers of their own).
A *durable* record stays true: it may arrive late, in any order and by any way, and each sequence number of an author
names exactly one record for ever. A *standing* one is durable and says who somebody is: it holds in every network, is
taken from whoever it is about (without it not even a greeting could be checked), and past its expiry it is still a
step to the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import msgspec

from hansa.admission.rate import Bucket, take
from hansa.admission.versions import SUPPORTED
from hansa.identity.envelope import Verified
from hansa.kernel.errors import Refused
from hansa.kernel.ids import EVERYONE, ContentId, NodeId
from hansa.kernel.instant import MINUTE, SECOND, Instant
from hansa.kernel.verdict import Reason

STRANGERS = NodeId("")
"""Whose rate all authors share that were not invited: keys cost nothing to make."""

MAX_WINDOW_MS = 30 * MINUTE


class Via(StrEnum):
    """The way a message came in."""

    HTTP = "http"  # pushed by a peer
    FEED = "feed"  # pulled by us from a peer
    LINK = "link"  # over the overlay, from a neighbour
    FILE = "file"  # imported by the operator
    LOCAL = "local"  # made here


_FROM_OTHERS = (Via.HTTP, Via.FEED, Via.LINK)


class Freshness(StrEnum):
    """How time and sequence are judged for a kind."""

    LIVE = "live"
    SPREAD = "spread"
    DURABLE = "durable"
    STANDING = "standing"


_FRESH = (Freshness.LIVE, Freshness.SPREAD)


@dataclass(frozen=True, slots=True)
class Params:
    """Bounds of admission.

    Attributes:
        window_ms: how far a live message's `created` may lie from our clock, either way; also how far a durable
            record's may lie ahead. Raising it forgives worse clocks and widens the time in which a replay must be
            remembered.
        records_per_minute: how many records one author may push (threat 23). Raising it lets one author fill the
            store faster.
        share_per_mille: how many bytes of records, and of files that skills name, may be one author's, as a share of
            the store (threat 23: 10 is 1 %).
        share_floor_bytes: what an author may have in any case, so that a small store with few authors works.
        open_to_all: take pushes from authors that were not invited. Off by default (security default 1).
    """

    window_ms: int = 300 * SECOND
    records_per_minute: int = 60
    open_to_all: bool = False
    share_per_mille: int = 10
    share_floor_bytes: int = 64 * 1024 * 1024

    def validate(self) -> None:
        """Raises ValueError naming the field when a bound makes no sense."""
        if not SECOND <= self.window_ms <= MAX_WINDOW_MS:
            raise ValueError(f"window_ms must be between {SECOND} and {MAX_WINDOW_MS}")
        if self.records_per_minute < 1:
            raise ValueError("records_per_minute must be at least 1")
        if not 1 <= self.share_per_mille <= 1000:
            raise ValueError("share_per_mille must be between 1 and 1000")
        if self.share_floor_bytes < 0:
            raise ValueError("share_floor_bytes must not be negative")


class Guest(msgspec.Struct, frozen=True):
    """What the operator has settled about an author, and whether its conduct bars it (`conduct.standing`)."""

    invited: bool = False
    banned: bool = False
    records_per_minute: int | None = None
    barred: bool = False


class Memory(Protocol):
    """What admission must remember across restarts; the store answers."""

    def holds(self, message: ContentId) -> bool:
        """Says whether a message with this id was already taken."""
        ...

    def at_sequence(self, author: NodeId, seq: int) -> ContentId | None:
        """Returns the durable record that has this sequence number, if any."""
        ...

    def live_floor(self, author: NodeId) -> int:
        """Returns the highest sequence number of a live message taken from `author`; -1 if none."""
        ...

    def guest(self, author: NodeId) -> Guest:
        """Returns what the operator has settled about `author`."""
        ...

    def bytes_of(self, author: NodeId) -> int:
        """Returns how many bytes of records are held of an author."""
        ...

    def bytes_held(self) -> int:
        """Returns how many bytes of records are held in all."""
        ...


class Equivocation(Refused):
    """Two messages under one sequence number: both ids, so that the proof can be kept (threat 11)."""

    def __init__(self, first: ContentId, second: ContentId) -> None:
        self.first = first
        self.second = second
        super().__init__(Reason.EQUIVOCATION, f"{first[:12]} and {second[:12]}")


class Admitted(msgspec.Struct, frozen=True):
    """A message that may act. Only `Admission.admit` makes one."""

    message: Verified
    via: Via
    at: Instant


def share(held: int, per_mille: int, floor: int) -> int:
    """Returns how many bytes one author may have of a store that holds `held` bytes of records."""
    return max(floor, held * per_mille // 1000)


@dataclass(slots=True)
class Admission:
    """Decides, in the order of this module's list, whether a verified message may come in.

    Attributes:
        me: this node.
        network: the network this node is part of.
        kinds: the kinds this node knows.
        memory: what was already taken.
        weigh: how many bytes of its author's share a message asks for; by default its own.
    """

    me: NodeId
    network: str
    kinds: Mapping[str, Freshness]
    memory: Memory
    params: Params = field(default_factory=Params)
    weigh: Callable[[Verified], int] = lambda message: len(message.raw)
    _buckets: dict[NodeId, Bucket] = field(default_factory=dict)

    def admit(self, message: Verified, via: Via, now: Instant) -> Admitted:
        """Returns the message as admitted.

        Raises:
            Refused: with a reason of the admission box; `Equivocation` carries both ids.
        """
        freshness, guest = self.check(message, now)  # 1-7
        self._unseen(message, freshness)  # 8, 9
        if via is Via.HTTP:
            self._welcome(message, freshness, guest, now)  # 10, 11
        elif via is Via.LINK and guest.barred and freshness is Freshness.DURABLE:  # 10; for 11 see overlay.quotas
            raise Refused(Reason.BARRED)
        if freshness is Freshness.DURABLE and via in _FROM_OTHERS and message.author != self.me:
            self._within_share(message)  # 12
        return Admitted(message, via, now)

    def check(self, message: Verified, now: Instant) -> tuple[Freshness, Guest]:
        """Does checks 1 to 7 alone, for an answer to a question of ours; the caller owes that it *is* the answer.

        Raises:
            Refused: with a reason of the admission box.
        """
        freshness = self._addressed(message)  # 1-4
        self._timely(message, freshness, now)  # 5, 6
        guest = self.memory.guest(message.author)
        if guest.banned:  # 7
            raise Refused(Reason.BANNED)
        return freshness, guest

    def _addressed(self, message: Verified) -> Freshness:
        header = message.header
        if header.version not in SUPPORTED:  # 1
            raise Refused(Reason.BAD_VERSION, f"{header.version}; spoken here: {', '.join(SUPPORTED)}")
        freshness = self.kinds.get(header.kind)
        anywhere = freshness is Freshness.STANDING and header.network == EVERYONE
        if header.network != self.network and not anywhere:  # 2
            raise Refused(Reason.WRONG_NETWORK, f"{header.network}, not {self.network}")
        if header.recipient not in (EVERYONE, self.me):  # 3
            raise Refused(Reason.WRONG_RECIPIENT)
        if freshness is None:  # 4
            raise Refused(Reason.UNKNOWN_KIND, header.kind)
        return freshness

    def _timely(self, message: Verified, freshness: Freshness, now: Instant) -> None:
        header = message.header
        if header.created > now + self.params.window_ms:  # 5
            raise Refused(Reason.FROM_FUTURE)
        if header.expires and now >= header.expires and freshness is not Freshness.STANDING:  # 6
            raise Refused(Reason.EXPIRED)
        if freshness in _FRESH and header.created < now - self.params.window_ms:
            raise Refused(Reason.STALE)

    def _unseen(self, message: Verified, freshness: Freshness) -> None:
        header = message.header
        if self.memory.holds(message.id):  # 8
            raise Refused(Reason.DUPLICATE)
        if freshness is Freshness.LIVE:  # 9
            if header.seq <= self.memory.live_floor(message.author):
                raise Refused(Reason.OLD_SEQUENCE)
            return
        if freshness is Freshness.SPREAD:
            return
        first = self.memory.at_sequence(message.author, header.seq)
        if first is not None:
            raise Equivocation(first, message.id)

    def _within_share(self, message: Verified) -> None:
        size = self.weigh(message)
        held = self.memory.bytes_of(message.author)
        allowed = share(self.memory.bytes_held() + size, self.params.share_per_mille, self.params.share_floor_bytes)
        if held + size > allowed:  # 12
            raise Refused(Reason.SHARE, f"{held} of {allowed} bytes")

    def _welcome(self, message: Verified, freshness: Freshness, guest: Guest, now: Instant) -> None:
        keeps = freshness is Freshness.DURABLE
        invited = guest.invited and not guest.barred
        if keeps and not (invited or self.params.open_to_all):  # 10
            raise Refused(Reason.BARRED if guest.invited else Reason.UNKNOWN_PEER)
        own = None if guest.barred else guest.records_per_minute
        per_minute = self.params.records_per_minute if own is None else own
        # a new key must not be a new allowance: whom the operator has settled nothing about shares one, with the barred
        payer = message.author if invited or own is not None else STRANGERS
        bucket, granted = take(self._buckets.get(payer), per_minute, now)  # 11
        self._buckets[payer] = bucket
        if not granted:
            raise Refused(Reason.RATE, f"{per_minute} a minute")

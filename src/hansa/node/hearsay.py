"""Word that goes round and is not kept: verified and admitted like everything else, then heard by whom it concerns.

It takes the same stations as a record, but for the store: read, verify, the admission checks 1 to 7, and the shape of
its kind. It speaks of now, so that only the keys of today may sign it: a retired one has no say, whatever number it
uses. Each is counted once when it comes and once when its fate is known. A node remembers the last word of each
kind of each author as long as it is fresh, so that a new neighbour can be told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hansa.identity import envelope
from hansa.identity.envelope import Verified
from hansa.kernel.errors import HansaError, Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.verdict import Reason
from hansa.node.core import Core
from hansa.overlay.doing import Doing

MAX_FRESH = 4_096
"""Words that are remembered; the oldest makes room for the newest."""

Room = Callable[[Verified, NodeId, Instant], Doing]
"""Hears a message that a neighbour brought; raises Refused when its body is none of its kind."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """The last word of one kind by one author."""

    id: ContentId
    raw: bytes
    seq: int
    until: Instant


class Hearsay:
    """Hears what goes round."""

    def __init__(self, core: Core, rooms: Mapping[str, Room], repeated: frozenset[str]) -> None:
        """Hears for one node.

        Args:
            rooms: who is concerned, by kind.
            repeated: kinds of which the last word of each author is told to new neighbours.
        """
        self._core = core
        self._rooms = rooms
        self._repeated = repeated
        self._fresh: dict[tuple[str, NodeId], Fresh] = {}
        self._by_id: dict[ContentId, tuple[str, NodeId]] = {}

    def __contains__(self, kind: str) -> bool:
        """Says whether a kind is heard here."""
        return kind in self._rooms

    def hear(self, raw: bytes, via: NodeId, at: Instant) -> tuple[Verified, Doing]:
        """Returns a word, proved and admitted, and what it leads to.

        Args:
            via: the neighbour that brought it.
            at: the overlay's time.

        Raises:
            Refused: with the reason of identity, admission, or the room.
        """
        core, now = self._core, self._core.now()
        core.counters.came_in()
        core.meters.bytes_in += len(raw)
        try:
            signed = envelope.read(raw, core.settings.limits)
            message = core.ring.verify(signed, core.ring.live(now), core.settings.limits)
            core.admission.check(message, now)
            doing = self._rooms[message.header.kind](message, via, at)
        except Refused as refusal:
            core.counters.ended(refusal.reason)
            raise
        except HansaError:  # e.g. a damaged store: nobody's word is heard that can't be checked
            core.counters.ended(Reason.INTERRUPTED)
            raise
        core.counters.ended(None)
        self.remember(message)
        return message, doing

    def remember(self, message: Verified) -> None:
        """Notes the last word of its author, also of this node itself."""
        header = message.header
        if header.kind not in self._repeated:
            return
        key = header.kind, header.author
        last = self._fresh.pop(key, None)
        if last is not None:
            if last.seq > header.seq:
                self._fresh[key] = last
                return
            self._by_id.pop(last.id, None)
        while len(self._fresh) >= MAX_FRESH:
            self._by_id.pop(self._fresh.pop(next(iter(self._fresh))).id, None)
        window = self._core.settings.admission.window_ms
        self._fresh[key] = Fresh(message.id, message.raw, header.seq, Instant(header.created + window))
        self._by_id[message.id] = key

    def fresh(self) -> list[ContentId]:
        """Returns the ids of the words that are still fresh."""
        now = self._core.now()
        return [one.id for one in self._fresh.values() if now < one.until]

    def word(self, id_: ContentId) -> bytes | None:
        """Returns a word that is remembered, by its id."""
        key = self._by_id.get(id_)
        return self._fresh[key].raw if key is not None else None

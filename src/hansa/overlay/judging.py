"""Words that wait for the inbox's verdict, and what else came meanwhile under the same id.

Until a signature was checked an id belongs to nobody. So what comes with the id of a word that is being judged, and
with other bytes, waits for its turn: if the first is refused for its signature, the next is judged (threat 39).
"""

from __future__ import annotations

import msgspec

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.overlay.doing import Judge
from hansa.overlay.mesh import Link


class Waiting(msgspec.Struct, eq=False):
    """One id.

    Attributes:
        judge: what the inbox was given.
        slot: of the neighbour that it came from.
        author: whom it names, unproved.
        sent: who sent these very bytes, as bits.
        others: other bytes, of one neighbour each.
    """

    judge: Judge
    slot: int
    author: NodeId | None
    at: Instant
    sent: int
    others: dict[int, tuple[Link, Judge]] = {}


class Judging:
    """All ids that wait; bounded, and for each neighbour bounded more narrowly."""

    def __init__(self, most: int, share: int, life: int) -> None:
        """Begins with none.

        Args:
            most: ids that wait at once.
            share: of them, those that one neighbour sent unasked.
            life: milliseconds that a verdict is waited for.
        """
        self._most, self._share, self._life = most, share, life
        self._all: dict[bytes, Waiting] = {}

    def __len__(self) -> int:
        """Ids that wait."""
        return len(self._all)

    def get(self, digest: bytes) -> Waiting | None:
        """Returns what waits under an id."""
        return self._all.get(digest)

    def has_room(self, link: Link, asked: bool) -> bool:
        """Says whether one more of a neighbour may wait; what it was asked for may as long as there is room at all."""
        return len(self._all) < self._most and (asked or link.judging < self._share)

    def add(self, digest: bytes, link: Link, judge: Judge, author: NodeId | None, now: Instant) -> None:
        """Notes what the inbox is given."""
        link.judging += 1
        self._all[digest] = Waiting(judge, link.slot, author, now, link.bit)

    def also(self, waiting: Waiting, link: Link, judge: Judge) -> None:
        """Notes what came under an id that waits: the same bytes, or others, of which each neighbour has one try."""
        if judge.raw == waiting.judge.raw:
            waiting.sent |= link.bit
        elif link.slot not in waiting.others and link.judging < self._share:
            waiting.others[link.slot] = link, judge
            link.judging += 1

    def pop(self, digest: bytes, source: Link | None) -> Waiting | None:
        """Ends the wait for an id; what else came under it is forgotten."""
        waiting = self._all.pop(digest, None)
        if waiting is not None:
            if source is not None and source.slot == waiting.slot:
                source.judging -= 1
            for link, _ in waiting.others.values():
                link.judging -= 1
        return waiting

    def next(self, digest: bytes, waiting: Waiting, now: Instant) -> Judge | None:
        """Returns what to judge after the first under an id was refused, and waits for that."""
        left = list(waiting.others.values())
        if not left:
            return None
        link, judge = left[0]
        again = Waiting(judge, link.slot, waiting.author, now, link.bit)
        for other, theirs in left[1:]:
            if theirs.raw == judge.raw:
                again.sent |= other.bit
            else:
                again.others[other.slot] = other, theirs
                other.judging += 1
        link.judging += 1
        self._all[digest] = again
        return judge

    def forget(self, now: Instant) -> list[tuple[bytes, Waiting]]:
        """Returns what has waited too long, the oldest first; the caller ends it."""
        late = []
        for digest, waiting in self._all.items():
            if waiting.at + self._life > now:
                break
            late.append((digest, waiting))
        return late

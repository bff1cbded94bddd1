"""Records that came over links before what they rest on: kept for a while, and judged again once something came.

So a finding that overtook its skill waits here instead of being fetched again over a bad net. What is kept is bounded
in number and bytes; the oldest makes room, and is asked for again by anti-entropy.
"""

from __future__ import annotations

from hansa.kernel.ids import ContentId
from hansa.kernel.instant import Instant
from hansa.kernel.verdict import Reason
from hansa.overlay.doing import Judge

EARLY = frozenset({Reason.UNKNOWN_SKILL, Reason.NOT_YET, Reason.WRONG_SIGNER})
"""Reasons for which a record may be taken once another one is here."""

MAX_KEPT = 512
MAX_BYTES = 4 * 1024 * 1024
PAUSE_MS = 250
"""Between two times that all of them are judged again."""


class TooEarly:
    """Records that wait for others."""

    def __init__(self) -> None:
        """Begins with none."""
        self._waiting: dict[ContentId, Judge] = {}
        self._bytes = 0
        self._news = False
        self._next = Instant(0)

    def __len__(self) -> int:
        """Counts them."""
        return len(self._waiting)

    def keep(self, id_: ContentId, judge: Judge) -> None:
        """Keeps a record; of those that are too many the oldest goes."""
        self.drop(id_)
        self._waiting[id_] = judge
        self._bytes += len(judge.raw)
        while len(self._waiting) > MAX_KEPT or self._bytes > MAX_BYTES:
            self.drop(next(iter(self._waiting)))

    def drop(self, id_: ContentId) -> None:
        """Forgets a record."""
        gone = self._waiting.pop(id_, None)
        if gone is not None:
            self._bytes -= len(gone.raw)

    def came(self) -> None:
        """Notes that some record was kept that others may rest on."""
        self._news = True

    def due(self, now: Instant) -> list[tuple[Judge, ContentId]]:
        """Returns all that are to be judged again now: something came, and the last time is a while ago."""
        if not self._news or not self._waiting or now < self._next:
            return []
        self._news, self._next = False, Instant(now + PAUSE_MS)
        return [(judge, id_) for id_, judge in self._waiting.items()]

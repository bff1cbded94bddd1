"""Which words were heard of late, and which neighbours have said that they have them too.

An id is remembered here only once its signature is good. Neighbours are bits: a slot of the mesh each, which is given
to another neighbour no sooner than this memory has forgotten the last one.
"""

from __future__ import annotations

from collections.abc import Iterator

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant


class Heard:
    """One word: when it was heard, and sets of neighbours as bits.

    Attributes:
        said: who named or sent it to us.
        sent: who sent it to us.
        pushed: whom we sent it unasked.
        served: whom we sent it because they asked; `again` those for whom that was the second time.
        asked: whom we asked for it, and who may send it once more for that.
        author: whose it is.
    """

    __slots__ = ("again", "asked", "at", "author", "pushed", "said", "sent", "served")

    def __init__(self, at: Instant) -> None:
        """Begins with nobody."""
        self.at = at
        self.said = self.sent = self.served = self.again = self.pushed = self.asked = 0
        self.author: NodeId | None = None


class Seen:
    """Ids of a window of time, as 32 bytes each; the oldest go first, by age or for want of room."""

    def __init__(self, window: int, most: int) -> None:
        """Begins empty.

        Args:
            window: milliseconds that an id is remembered.
            most: ids that are remembered.
        """
        self._window, self._most = window, most
        self._words: dict[bytes, Heard] = {}

    def __len__(self) -> int:
        """Ids that are remembered."""
        return len(self._words)

    def __contains__(self, digest: bytes) -> bool:
        """Says whether an id is remembered."""
        return digest in self._words

    def __iter__(self) -> Iterator[bytes]:
        """The ids, the oldest first."""
        return iter(self._words)

    def get(self, digest: bytes) -> Heard | None:
        """Returns what is remembered of an id."""
        return self._words.get(digest)

    def add(self, digest: bytes, now: Instant) -> Heard:
        """Remembers an id, and returns what is remembered of it; one that is known keeps its age."""
        known = self._words.get(digest)
        if known is None:
            known = self._words[digest] = Heard(now)
            if len(self._words) > self._most:
                del self._words[next(iter(self._words))]
        return known

    def forget(self, now: Instant) -> None:
        """Forgets what is older than the window."""
        while self._words:
            first = next(iter(self._words))
            if self._words[first].at + self._window > now:
                return
            del self._words[first]

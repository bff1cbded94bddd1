"""Who keeps silent: each neighbour says of each word, within a while, that it has it, or sends it (threat 43).

That is what makes a grey hole visible. In a tree a neighbour at an edge never has to send anything, so silence alone
would blame the innocent; with a name for every word, who says nothing holds nothing, or holds it back. A neighbour that
takes fewer authors' words than this node says fewer, so that a small share of them is enough.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from hansa.kernel.instant import Instant
from hansa.overlay.seen import Heard

MOST = 65_536
"""Words whose time runs; of more, those in between are not looked at."""


class Audit:
    """Words whose while is not over yet."""

    def __init__(self, window: int) -> None:
        """Begins with none.

        Args:
            window: milliseconds that neighbours have.
        """
        self._window = window
        self._words: deque[tuple[Instant, Heard]] = deque()

    def __len__(self) -> int:
        """Words whose time runs."""
        return len(self._words)

    def word(self, heard: Heard, now: Instant) -> None:
        """Starts the time of a word that is good."""
        if len(self._words) < MOST:
            self._words.append((now, heard))

    def over(self, now: Instant) -> Iterator[tuple[Instant, Heard]]:
        """Yields the words whose time is over: when they came, and who has said them."""
        while self._words and self._words[0][0] + self._window <= now:
            yield self._words.popleft()

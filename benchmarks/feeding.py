"""Feeding messages to a network as fast as it takes them: so many on their way at once, and what came of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.own_time import OwnTime


@dataclass(frozen=True, slots=True)
class Fed:
    """What came of some messages.

    Attributes:
        window: messages that were on their way at once.
        delivered: share of the deliveries that were due; each message is due at all nodes but its author.
        per_second: deliveries in a second of the process's own time.
    """

    window: int
    delivered: float
    per_second: float


class Tally:
    """Counts what came, and says whether one more may go.

    Attributes:
        named: messages that were named so far, in all feeds.
        woken: is called when a message is everywhere.
    """

    def __init__(self, due: int, own: OwnTime) -> None:
        """Takes a message for complete when it came to `due` nodes."""
        self._own = own
        self._began = own.now()
        self.named = 0
        self.woken: Callable[[], object] = lambda: None
        self._due = due
        self._missing: dict[bytes, int] = {}
        self._since: dict[bytes, float] = {}
        self._delivered = 0

    def begin(self) -> None:
        """Forgets what was counted."""
        self._missing, self._since, self._delivered, self._began = {}, {}, 0, self._own.now()

    def said(self, name: bytes) -> None:
        """Notes a message that goes out now."""
        self._missing[name] = self._due
        self._since[name] = self._own.now()

    def came(self, name: bytes) -> None:
        """Notes that a message came to one node more."""
        left = self._missing.get(name)
        if left is None:
            return
        self._delivered += 1
        self._missing[name] = left - 1
        if left == 1:
            del self._missing[name], self._since[name]
            self.woken()

    def has_room(self, window: int, patience: float) -> bool:
        """Says whether fewer than `window` messages are on their way; one older than `patience` seconds is given up."""
        oldest = next(iter(self._since), None)
        if oldest is not None and self._own.now() - self._since[oldest] > patience:
            del self._missing[oldest], self._since[oldest]
        return len(self._since) < window

    def ended(self, count: int, window: int) -> Fed:
        """Returns what came of `count` messages since `begin`, the wait for what never came included."""
        return Fed(window, self._delivered / (count * self._due), self._delivered / (self._own.now() - self._began))

"""What was seen of relays and paths: how much of what went through them arrived.

A loss is nobody's alone: whoever is on the path may have dropped the packet, so it counts for each relay on it, and
what arrives on other paths clears the honest ones. Counts are halved every `halve_ms`, so that a relay gets another
chance.

    share = (delivered + 1) / (delivered + lost + 2)        Laplace's rule of succession

This is a local opinion for choosing ways, and never a receipt: no relay can be convicted by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import MINUTE, Instant
from hansa.overlay.paths import HOP, Path

MAX_KEPT = 2_048
"""Relays, and paths, that are remembered; of more, the one that was used longest ago is forgotten."""

SHUN_FROM = 4
"""Packets from which on a relay that lost more than half of them is a last resort."""


K = TypeVar("K")


@dataclass(slots=True)
class Count:
    """Packets that arrived, and that did not, as far as they are remembered."""

    delivered: float = 0
    lost: float = 0

    @property
    def share(self) -> float:
        """The share that is to be expected to arrive, in (0, 1); 1/2 where nothing is known."""
        return (self.delivered + 1) / (self.delivered + self.lost + 2)


class Experience:
    """Counts per relay and per path."""

    def __init__(self, halve_ms: int = 5 * MINUTE) -> None:
        """Begins with none; raising `halve_ms` remembers longer what a relay lost."""
        self._halve_ms = halve_ms
        self._halved_at: Instant | None = None
        self._relays: dict[NodeId, Count] = {}
        self._paths: dict[Path, Count] = {}

    def delivered(self, path: Path) -> None:
        """Counts a packet that arrived."""
        for count in self._of(path, path[1:-1]):
            count.delivered += 1

    def lost(self, path: Path, at: NodeId | None = None) -> None:
        """Counts a packet that did not; `at` is where it is said to have stuck: who stands behind had no part in it."""
        relays = path[1 : path.index(at) + 1] if at in path else path[1:-1]
        for count in self._of(path, relays):
            count.lost += 1

    def relay(self, relay: NodeId) -> Count:
        """Returns what is known of a relay."""
        return self._relays.get(relay, Count())

    def path(self, path: Path) -> Count:
        """Returns what is known of a path."""
        return self._paths.get(path, Count())

    def relays(self) -> dict[NodeId, Count]:
        """Returns what is known of all relays."""
        return dict(self._relays)

    def shuns(self, relay: NodeId) -> bool:
        """Says whether a relay lost so much that it is a last resort."""
        count = self.relay(relay)
        return count.delivered + count.lost >= SHUN_FROM and count.lost > count.delivered

    def dear(self) -> dict[NodeId, int]:
        """Returns what passing a relay costs on top: up to four hops, for those that lost more than they delivered."""
        return {relay: int(8 * HOP * (0.5 - count.share)) for relay, count in self._relays.items() if count.share < 0.5}

    @property
    def due(self) -> int:
        """Before then nothing comes of `tick`."""
        return 0 if self._halved_at is None else self._halved_at + self._halve_ms

    def tick(self, now: Instant) -> None:
        """Halves all counts when it is time, and forgets those below one packet."""
        if self._halved_at is None or now < self._halved_at:
            self._halved_at = now
        if now < self._halved_at + self._halve_ms:
            return
        self._halved_at = now
        self._relays, self._paths = _halved(self._relays), _halved(self._paths)

    def _of(self, path: Path, relays: Iterable[NodeId]) -> list[Count]:
        return [_touched(self._paths, path), *(_touched(self._relays, relay) for relay in relays)]


def _touched(counts: dict[K, Count], key: K) -> Count:
    count = counts.pop(key, None) or Count()
    counts[key] = count
    if len(counts) > MAX_KEPT:
        del counts[next(iter(counts))]
    return count


def _halved(counts: dict[K, Count]) -> dict[K, Count]:
    kept = {key: Count(one.delivered / 2, one.lost / 2) for key, one in counts.items()}
    return {key: one for key, one in kept.items() if one.delivered + one.lost >= 1}

"""What a node counts of its own doing, beside the messages that admission counts: proofs, deliveries, pulls, bytes.

Counts start at zero with each process, as Prometheus expects of a counter; nothing here holds anybody's text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from hansa.kernel.instant import Instant

PROOF_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds of the buckets: a proof of a small skill takes tens of milliseconds, the bound on one is minutes."""


class Histogram:
    """How often a measure fell into which bucket; the last bucket holds what is above all bounds.

    >>> made = Histogram((1.0, 2.0))
    >>> for value in (0.5, 1.0, 7.0):
    ...     made.observe(value)
    >>> made.cumulative(), made.sum
    ([2, 2, 3], 8.5)
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """Starts empty; `bounds` rise."""
        self.bounds = bounds
        self.sum = 0.0
        self._counts = [0] * (len(bounds) + 1)

    def observe(self, value: float) -> None:
        """Counts one measure; a bound belongs to its bucket."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def cumulative(self) -> list[int]:
        """Returns how many measures are at most each bound; the last one is all of them."""
        made, total = [], 0
        for count in self._counts:
            total += count
            made.append(total)
        return made


@dataclass(slots=True)
class Source:
    """How pulling from one source goes.

    Attributes:
        behind: records that its index counts and that were not walked yet, at the last look.
        pulled: when it was last walked to its end; 0 for never in this process.
        failures: tries that failed since.
    """

    behind: int = 0
    pulled: Instant = Instant(0)  # noqa: RUF009 - an integer
    failures: int = 0


@dataclass(slots=True)
class Meters:
    """The counts of one node.

    Attributes:
        proofs: by outcome.
        proof_seconds: wall time of one proof, all its trials together.
        proving: proofs that run or wait for a worker right now.
        deliveries: tries by what they came to: delivered, refused, or pending for no answer.
        bytes_in, bytes_out: of envelopes that came to the inbox, and that were brought to peers.
        sources: by address.
        recalls: recalls that bind here; held: skills that were taken out of use for one.
        acknowledged: what others said that became of a skill that was taken back.
    """

    proofs: Counter[str] = field(default_factory=Counter)
    proof_seconds: Histogram = field(default_factory=lambda: Histogram(PROOF_SECONDS))
    proving: int = 0
    deliveries: Counter[str] = field(default_factory=Counter)
    bytes_in: int = 0
    bytes_out: int = 0
    sources: dict[str, Source] = field(default_factory=dict)
    recalls: int = 0
    held: int = 0
    acknowledged: int = 0

    def proved(self, outcome: str, wall_us: int) -> None:
        """Counts a finished proof."""
        self.proofs[outcome] += 1
        self.proof_seconds.observe(wall_us / 1_000_000)

    def source(self, url: str) -> Source:
        """Returns the meter of a source."""
        return self.sources.setdefault(url, Source())

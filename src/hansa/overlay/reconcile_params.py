"""Bounds of anti-entropy (`reconcile`)."""

from __future__ import annotations

from dataclasses import dataclass

from hansa.kernel.instant import MINUTE, SECOND
from hansa.overlay.frames import MAX_IDS


@dataclass(frozen=True, slots=True)
class Params:
    """How often neighbours compare what they hold, and how much each asks for.

    Attributes:
        every_ms: time between two comparisons with one neighbour. Raising it saves frames, and lets a gap last longer.
        slow_ms: the same, for a neighbour with whom nothing came of the last comparisons. At least `every_ms`.
        name_up_to: ids below a prefix that are named rather than compared by digest. Raising it saves a way there and
            back, and sends more ids that both hold.
        asked_at_once: records that are asked of one neighbour before the first has come.
        unjudged: records that came and are being judged, from which on no more are asked for. Lowering it has a slow
            node ask for less that it can't look at yet.
        patience_ms: how long a neighbour may bring none of what it was asked for before others are asked, at first;
            then four deviations above what answers take.
        patience_least_ms, patience_most_ms: bounds of that. Raising them asks less often in vain, and longer of a node
            whose answer was lost.
        soon_ms: after which time the others are asked to compare, once one brought something. Raising it compares less
            often while much comes in.
        lead_ms: how long gossip is left to bring a record to the neighbours, before comparing does. Lowering it has
            records come twice, and their way by gossip end where comparing was quicker.
        again_ms: after which time what could not be taken yet is asked for again; up to eight times that later on, then
            ever more rarely, and sooner while other records come that it may rest on.
        forget_ms: after which time what was refused may be asked for once more.
        frames_per_second: comparisons of one neighbour that are answered in a second; more of them are its fault. At
            least 16. A node itself sends half as many, so that two of its seconds fit into one of the neighbour's.
    """

    every_ms: int = SECOND
    slow_ms: int = 5 * SECOND
    name_up_to: int = 128
    asked_at_once: int = 256
    unjudged: int = 512
    patience_ms: int = SECOND
    patience_least_ms: int = 300
    patience_most_ms: int = 3 * SECOND
    soon_ms: int = 300
    lead_ms: int = 500
    again_ms: int = 400
    forget_ms: int = 10 * MINUTE
    frames_per_second: int = 200

    def validate(self) -> None:
        """Raises ValueError naming the field when a bound makes no sense."""
        if self.every_ms < 100:
            raise ValueError("every_ms must be at least 100")
        if self.slow_ms < self.every_ms:
            raise ValueError("slow_ms must not be below every_ms")
        if not 1 <= self.name_up_to <= MAX_IDS:
            raise ValueError(f"name_up_to must be between 1 and {MAX_IDS}")
        if not 1 <= self.asked_at_once <= MAX_IDS:
            raise ValueError(f"asked_at_once must be between 1 and {MAX_IDS}")
        if self.unjudged < self.asked_at_once:
            raise ValueError("unjudged must not be below asked_at_once")
        if self.frames_per_second < 16:
            raise ValueError("frames_per_second must be at least 16")
        for name in ("patience_least_ms", "soon_ms", "lead_ms", "again_ms", "forget_ms"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if not self.patience_least_ms <= self.patience_ms <= self.patience_most_ms:
            raise ValueError("patience_ms must be between patience_least_ms and patience_most_ms")

"""The numbers of links; what is done with them stands in `overlay.linking`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hansa.kernel.instant import DAY, MINUTE, SECOND


class Policy(StrEnum):
    """By which rule links are chosen."""

    BOUNDED = "bounded"
    PREFERENTIAL = "preferential"


@dataclass(frozen=True, slots=True)
class Params:
    """How many links, and how steady.

    Attributes:
        policy: `bounded` or `preferential`.
        target, low, high: links that it fills up to, below which it begins to fill, above which it ends some. Raising
            them makes word travel over fewer hops and each word cost more.
        outbound: links of its own making that it keeps. Raising it makes an eclipse harder.
        attach: links of its own making under `preferential`.
        max_connections: links in all, those of others included; a further one of others is ended at once.
        per_range: links into one range of addresses, while there are others.
        patience_ms: a call that takes longer is not waited for any more before somebody else is dialled.
        grace_ms: a link is not ended for being one too many before it is so old.
        visit_ms: how long a link stays that was made to look.
        feeler_ms, calm_feeler_ms: about how often somebody is looked at, while some are gone and while none are. Raising
            the first finds the other half of a healed network later; each look costs a handshake.
        renew_ms: about how often a link is exchanged.
        bridges, bridge_ms: how many links to nodes that came back are held, and for how long.
        every_ms: how often links are looked at.
    """

    policy: Policy = Policy.BOUNDED
    target: int = 8
    low: int = 6
    high: int = 12
    outbound: int = 3
    attach: int = 4
    max_connections: int = 100
    per_range: int = 2
    patience_ms: int = 1_500
    grace_ms: int = 30 * SECOND
    visit_ms: int = 3 * SECOND
    feeler_ms: int = 10 * SECOND
    calm_feeler_ms: int = MINUTE
    renew_ms: int = 3 * MINUTE
    bridges: int = 2
    bridge_ms: int = 10 * MINUTE
    every_ms: int = 500

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        if not 1 <= self.low <= self.target:
            raise ValueError("low must be between 1 and target")
        if not self.target <= self.high:
            raise ValueError("high must be at least target")
        if not self.high <= self.max_connections <= 10_000:
            raise ValueError("max_connections must be between high and 10000")
        if not 0 <= self.outbound <= self.target:
            raise ValueError("outbound must be between 0 and target")
        if not 1 <= self.attach <= self.max_connections:
            raise ValueError("attach must be between 1 and max_connections")
        if not 0 <= self.bridges <= self.high:
            raise ValueError("bridges must be between 0 and high")
        if self.per_range < 1:
            raise ValueError("per_range must be at least 1")
        for name in ("grace_ms", "visit_ms", "feeler_ms", "calm_feeler_ms", "renew_ms", "bridge_ms", "patience_ms", "every_ms"):
            if not 100 <= getattr(self, name) <= DAY:
                raise ValueError(f"{name} must be between 100 and a day")

"""How strong is a link, and which is kept first (M11)?

    strength = 0.4 delivery + 0.2 uptime + 0.2 latency + 0.2 benefit

each in [0, 1]: what arrived of what was sent, counted with two losses more so that few messages prove little; the share
of time since the link was first made in which it stood; 100 / (100 + ms); and the lesser of what either side gains from
the other, by receipts.

| strength | tier |
|---|---|
| below 0.10 | dormant |
| from 0.10 | weak |
| from 0.30 | moderate |
| from 0.60 | strong |
| from 0.85, and benefit above 0.8 in both directions | symbiotic |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from hansa.kernel.ids import NodeId

GOOD_LATENCY_MS = 100
"""Latency that is worth one half."""

MUTUAL = 0.8
"""Benefit that both sides must exceed."""


class Tier(IntEnum):
    """How strong a link is, the weakest first."""

    DORMANT = 0
    WEAK = 1
    MODERATE = 2
    STRONG = 3
    SYMBIOTIC = 4

    @property
    def word(self) -> str:
        """Its name in lower case."""
        return self.name.lower()


_FROM = ((0.85, Tier.SYMBIOTIC), (0.60, Tier.STRONG), (0.30, Tier.MODERATE), (0.10, Tier.WEAK))


@dataclass(frozen=True, slots=True)
class Bond:
    """What is known of a link.

    Attributes:
        delivered: messages over it that were answered.
        lost: messages that were not.
        up_ms: milliseconds in which it stood, of `since_ms`.
        since_ms: milliseconds since it was first made.
        latency_ms: time there and back; None when it was never measured.
        gained: what this node gained from the other, [0, 1], from receipts.
        given: what the other gained from this one, [0, 1], from receipts that the other signed.
    """

    delivered: int = 0
    lost: int = 0
    up_ms: int = 0
    since_ms: int = 0
    latency_ms: int | None = None
    gained: float = 0.0
    given: float = 0.0


def strength(bond: Bond) -> float:
    """Returns how strong a link is, in [0, 1]."""
    delivery = bond.delivered / (bond.delivered + bond.lost + 2)
    uptime = min(1.0, bond.up_ms / bond.since_ms) if bond.since_ms > 0 else 0.0
    latency = 0.0 if bond.latency_ms is None else GOOD_LATENCY_MS / (GOOD_LATENCY_MS + bond.latency_ms)
    return 0.4 * delivery + 0.2 * uptime + 0.2 * latency + 0.2 * min(bond.gained, bond.given)


def tier(bond: Bond) -> Tier:
    """Returns a link's tier."""
    value = strength(bond)
    reached = next((tier for least, tier in _FROM if value >= least), Tier.DORMANT)
    if reached is Tier.SYMBIOTIC and not min(bond.gained, bond.given) > MUTUAL:
        return Tier.STRONG
    return reached


def kept_first(bonds: Mapping[NodeId, Bond]) -> list[NodeId]:
    """Returns whose links to keep, the first first: by tier, then by strength, then by id. Prune from the end."""
    return sorted(bonds, key=lambda peer: (-tier(bonds[peer]), -strength(bonds[peer]), peer))

"""The formulas of the Alliance protocol, A3 to A5, as they are written: slow, over lists, and in two arithmetics."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hansa.conduct.classic import Relationship
from hansa.kernel.instant import DAY

Events = Sequence[tuple[int, int]]
"""When, in milliseconds, and the weight."""


def exact(events: Events, now: int) -> Fraction:
    """Returns the score of a history, in fractions."""
    score = Fraction(0)
    for at, weight in events:
        days = (now - at) // DAY
        if days > 90:
            continue
        left = min(Fraction(0), weight + Fraction(1, 10) * days) if weight < 0 else Fraction(weight)
        recency = max(Fraction(0), 1 - Fraction(days, 30) * Fraction(1, 2))
        score += left * (Fraction(1, 2) + Fraction(1, 2) * recency)
    return score


def floating(events: Events, now: int) -> float:
    """Returns the score as the source works it out, with what floats leave over."""
    score = 0.0
    for at, weight in events:
        days = (now - at) // DAY
        if days > 90:
            continue
        left = min(0, weight + 0.1 * days) if weight < 0 else weight
        recency = max(0, 1 - (days / 30) * 0.5)
        score += left * (0.5 + recency * 0.5)
    return score


def relationship(events: Events, score: float | Fraction) -> Relationship:
    """Returns the class of a history with a score."""
    if not events:
        return Relationship.UNKNOWN
    if len(events) < 3:
        return Relationship.NEUTRAL
    if score >= 5:
        return Relationship.ALLY
    return Relationship.RIVAL if score <= -5 else Relationship.NEUTRAL

"""The plain way to keep standings, as a reference: one list of everything, gone through for each question."""

from __future__ import annotations

from dataclasses import dataclass

from hansa.conduct.classic import WEIGHTS, InteractionType
from hansa.kernel.instant import DAY


@dataclass
class Noted:
    """Something that passed between us and somebody, at a time in milliseconds."""

    user: str
    type: InteractionType
    at: int


class ListScanning:
    """Keeps interactions in a list and works out each answer from all of them."""

    def __init__(self) -> None:
        """Begins with nothing."""
        self.interactions: list[Noted] = []

    def record(self, user: str, kind: InteractionType, at: int) -> None:
        """Appends one."""
        self.interactions.append(Noted(user, kind, at))

    def score(self, user: str, now: int) -> float:
        """Adds up what there was with somebody."""
        score = 0.0
        for one in [one for one in self.interactions if one.user == user]:
            days = (now - one.at) // DAY
            if days > 90:
                continue
            weight: float = WEIGHTS[one.type]
            if weight < 0:
                weight = min(0, weight + 0.1 * days)
            score += weight * (0.5 + max(0, 1 - (days / 30) * 0.5) * 0.5)
        return score

    def relationship(self, user: str, now: int) -> str:
        """Returns the class of somebody."""
        count = len([one for one in self.interactions if one.user == user])
        if count < 3:
            return "neutral" if count else "unknown"
        score = self.score(user, now)
        return "ally" if score >= 5 else "rival" if score <= -5 else "neutral"

"""Which skills to show for an intent, in what order, and why.

Relevance joins two views: meaning (calibrated cosine) and words (BM25, as a share of the best). What is known of a
skill scales it: evidence first, then confidence, then freshness. A sender's claims do not appear (threat 18).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hansa.kernel.ids import ContentId
from hansa.kernel.instant import DAY, Instant
from hansa.skills.model import Level


@dataclass(frozen=True, slots=True)
class Params:
    """Weights of the ranking.

    Attributes:
        meaning: share of relevance that comes from meaning; the rest comes from words.
        filter_at: calibrated similarity below which a skill does not answer an intent (H5's threshold).
        try_at: calibrated similarity from which a skill is tried when acceptance cases decide. Low, because a wrong
            candidate costs one sandbox run and can't slip through; raising it misses skills in other words.
        candidates: how many are tried at the most.
        decide_at: calibrated similarity from which a skill is reused without acceptance cases.
        unproved: factor on skills below E2. Raising it lets unproved ones climb.
        refuted: factor on skills about which the ledger holds a refutation.
        half_life_days: age at which freshness has lost half of its small weight.
        freshness: weight of freshness.
    """

    meaning: float = 0.7
    filter_at: float = 0.7
    try_at: float = 0.05
    decide_at: float = 0.8
    candidates: int = 12
    unproved: float = 0.6
    refuted: float = 0.3
    half_life_days: float = 180.0
    freshness: float = 0.05


@dataclass(frozen=True, slots=True)
class Facts:
    """What this node computed about a skill."""

    level: Level
    confidence: float
    added: Instant
    refutations: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A skill with its score and each number that made it."""

    skill: ContentId
    score: float
    similarity: float
    words: float
    facts: Facts

    @property
    def why(self) -> str:
        """One line for people."""
        parts = [
            f"meaning {self.similarity:.2f}",
            f"words {self.words:.2f}",
            f"{self.facts.level.name} {self.facts.level.meaning}",
            f"confidence {self.facts.confidence:.2f}",
        ]
        if self.facts.refutations:
            parts.append(f"refuted {self.facts.refutations}x")
        return " · ".join(parts)


def rank(
    similar: Mapping[ContentId, float],
    lexical: Sequence[tuple[ContentId, float]],
    facts: Mapping[ContentId, Facts],
    now: Instant,
    params: Params,
) -> list[Ranked]:
    """Returns the skills for which there are facts, best first; equal scores in order of id.

    Args:
        similar: calibrated similarity by skill.
        lexical: BM25 scores, higher is better.
        facts: what is known of each; a skill that is missing here is left out.
    """
    best = max((score for _, score in lexical), default=0.0)
    words = {skill: max(0.0, score) / best if best > 0 else 0.0 for skill, score in lexical}
    found = []
    for skill, known in facts.items():
        similarity, shared = similar.get(skill, 0.0), words.get(skill, 0.0)
        relevance = params.meaning * similarity + (1 - params.meaning) * shared
        found.append(Ranked(skill, relevance * _standing(known, now, params), similarity, shared, known))
    return sorted(found, key=_order)


def _standing(known: Facts, now: Instant, params: Params) -> float:
    proof = 0.8 + 0.2 * known.confidence if known.level >= Level.E2 else params.unproved
    age = max(0, now - known.added) / (params.half_life_days * DAY)
    fresh = 1 - params.freshness + params.freshness * 0.5**age
    return float(proof * fresh * (params.refuted if known.refutations else 1.0))


def _order(one: Ranked) -> tuple[float, str]:
    return (-one.score, one.skill)

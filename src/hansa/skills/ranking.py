"""Which skills to show for an intent, in what order, and why.

Relevance joins two views: meaning (calibrated cosine) and words (BM25, as a share of the best). What is known of a
skill scales it: evidence first, then confidence, then freshness. A sender's claims do not appear (threat 18).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
        author_share: share of a page that one author who is not this node may fill while others have something to
            say (threat 17). Lowering it lets less fitting skills of others in.
        corroborations: independent provers who must have seen a peer's skill pass before it is reused without
            acceptance cases; its author does not count, this node does. 2 asks for one more than this node.
        reputation: weight of how sure this node is of the author's skills in the domain; its own are sure.
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
    author_share: float = 0.7
    corroborations: int = 1
    reputation: float = 0.05

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        for name in ("meaning", "filter_at", "try_at", "decide_at", "unproved", "refuted", "freshness", "reputation"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be at least 0 and at most 1")
        if self.candidates < 1:
            raise ValueError("candidates must be at least 1")
        if not self.half_life_days > 0:
            raise ValueError("half_life_days must be above 0")
        if not 0 < self.author_share <= 1:
            raise ValueError("author_share must be above 0 and at most 1")
        if self.corroborations < 1:
            raise ValueError("corroborations must be at least 1")

    def most_of(self, page: int) -> int:
        """Returns how many places of a page one author may fill; always one."""
        return max(1, int(self.author_share * page))


@dataclass(frozen=True, slots=True)
class Facts:
    """What this node computed about a skill.

    Attributes:
        reputation: the share of the author's skills in the domain that is sure to be good, in [0, 1].
    """

    level: Level
    confidence: float
    added: Instant
    refutations: int
    reputation: float = 1.0


@dataclass(frozen=True, slots=True)
class Ranked:
    """A skill with its score and each number that made it."""

    skill: ContentId
    score: float
    similarity: float
    words: float
    facts: Facts
    crowded: bool = False  # it stands further behind than its score, for its author fills the page before

    @property
    def why(self) -> str:
        """One line for people."""
        parts = [
            f"meaning {self.similarity:.2f}",
            f"words {self.words:.2f}",
            f"{self.facts.level.name} {self.facts.level.meaning}",
            f"confidence {self.facts.confidence:.2f}",
        ]
        if self.facts.reputation < 1:
            parts.append(f"author {self.facts.reputation:.2f}")
        if self.facts.refutations:
            parts.append(f"refuted {self.facts.refutations}x")
        if self.crowded:
            parts.append("behind other authors, whose page this one fills")
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


def spread(
    ids: Sequence[ContentId], authors: Mapping[ContentId, str], me: str, page: int, most: int
) -> list[ContentId]:
    """Returns ids page by page, so that no author but `me` has more than `most` places of one while others are left.

    Within a page the order stays; what had no place comes on the next.
    """
    found: list[ContentId] = []
    left = list(ids)
    while left:
        taken: dict[str, int] = {}
        now: list[int] = []
        for place, one in enumerate(left):
            author = authors[one]
            if len(now) < page and (author == me or taken.get(author, 0) < most):
                taken[author] = taken.get(author, 0) + 1
                now.append(place)
        chosen = dict.fromkeys(now)
        spare = [place for place in range(len(left)) if place not in chosen][: page - len(now)]
        chosen |= dict.fromkeys(spare)
        found += [one for place, one in enumerate(left) if place in chosen]
        left = [one for place, one in enumerate(left) if place not in chosen]
    return found


def spread_ranked(
    ranked: Sequence[Ranked], authors: Mapping[ContentId, str], me: str, page: int, params: Params
) -> list[Ranked]:
    """Returns the ranked skills spread over authors; those that had to wait for a later page say so."""
    by_id = {one.skill: (place, one) for place, one in enumerate(ranked)}
    found = []
    for place, id_ in enumerate(spread([*by_id], authors, me, page, params.most_of(page))):
        before, one = by_id[id_]
        found.append(replace(one, crowded=True) if place // page > before // page else one)
    return found


def _standing(known: Facts, now: Instant, params: Params) -> float:
    proof = 0.8 + 0.2 * known.confidence if known.level >= Level.E2 else params.unproved
    age = max(0, now - known.added) / (params.half_life_days * DAY)
    fresh = 1 - params.freshness + params.freshness * 0.5**age
    author = 1 - params.reputation + params.reputation * known.reputation
    return float(proof * fresh * author * (params.refuted if known.refutations else 1.0))


def _order(one: Ranked) -> tuple[float, str]:
    return (-one.score, one.skill)

"""Finding skills by what their intents say, with no model to download: words and their parts, weighed by rareness.

1. A text becomes features (`features`): words, pairs, pieces of words, senses. Each counts 1 + ln(how often).
2. A feature counts more the fewer texts of the index have it: ln((1 + n) / (1 + df)) + 1. Below `enough_texts` all
   count alike (`weights`).
3. A text is the vector of its features, each family brought to its share, the whole to length one. Two texts' product
   is the cosine; `SCALE` maps it to a similarity for which 0.7 filters and 0.8 decides, as measured in
   docs/adr/0005-search.md.

Vectors are never written out: nearly all features belong to words, and texts share words, so a text is kept as the
numbers of its words. A question is answered in two steps (docs/adr/0017-search-at-scale.md):

1. Each word of the vocabulary is given what it would bring to a text that has it (`asking`); the words that bring most
   vote for the texts they stand in. The best voted are the candidates (`voting`).
2. The candidates' cosines are worked out exactly, from what their words bring (`cosines`).

Up to `candidates` texts, every text is a candidate. Adding a text is all the building there is.

Same words are found, and the thesaurus' synonyms; near misses that share words are not told apart. So similarity
proposes, and a proof disposes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hansa.adapters.index.asking import Asked, Reals, asked
from hansa.adapters.index.cosines import cosines
from hansa.adapters.index.features import FAMILIES, Feature, features, kept_words
from hansa.adapters.index.ragged import Ints
from hansa.adapters.index.texts import Texts, surplus
from hansa.adapters.index.vocabulary import Vocabulary
from hansa.adapters.index.voting import at_place, candidates
from hansa.adapters.index.weights import Weights, features_of_texts
from hansa.kernel.ids import ContentId
from hansa.node.ports import Similar

SCALE = ((-1.0, 0.0), (0.0, 0.0), (0.22, 0.7), (0.40, 0.8), (1.0, 1.0))
"""Cosine to similarity, straight lines between these points. Cosines of other encoders mean other things."""

_LINES = tuple((*start, *end) for start, end in pairwise(SCALE))[::-1]  # the best are asked for most

LEAST = 1e-6
"""Cosine below which two texts share nothing."""

_PER_CANDIDATE = 700


@dataclass(frozen=True, slots=True)
class Params:
    """What the index weighs.

    Attributes:
        word, pair, piece, sense: share of each family. Raising `sense` finds more of what is said in other words, and
            more of what is not meant.
        enough_texts: texts from which on rareness counts.
        exact_until: texts up to which every change is weighed at once.
        candidates: texts whose cosines are worked out for a question, or six times the answers asked for where that is
            more; and one for each 700 texts. Raising it finds more of the true nearest and takes longer.
        voters: words that vote for candidates. Raising it does the same.
    """

    word: float = 1.0
    pair: float = 0.2
    piece: float = 1.0
    sense: float = 0.6
    enough_texts: int = 32
    exact_until: int = 512
    candidates: int = 64
    voters: int = 32

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        for name in ("enough_texts", "exact_until", "candidates", "voters"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        for name in ("word", "pair", "piece", "sense"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")


class SparseIndex:
    """Implements `node.ports.Index`."""

    def __init__(self, params: Params | None = None) -> None:
        self.params = params or Params()
        self.params.validate()
        found = self.params
        self._shares = np.array([found.word, found.pair, found.piece, found.sense])
        self._clear()

    def _clear(self) -> None:
        self.vocabulary = Vocabulary()
        self.texts = Texts()
        self.weights = Weights(self._shares, self.params.enough_texts, self.params.exact_until)

    def __len__(self) -> int:
        return len(self.texts)

    def held(self) -> Sequence[ContentId]:
        """Returns the skills that are in."""
        return list(self.texts.rows)

    def add(self, skill: ContentId, text: str) -> None:
        """Puts a skill in; nothing changes when it is in."""
        if skill in self.texts.rows:
            return
        words, pairs = self.vocabulary.numbers(kept_words(text))
        features = self.vocabulary.all_features(words, pairs)
        distinct, counts = np.unique(features, return_counts=True)
        repeated = counts > 1
        row = self.texts.add(skill, words, pairs, distinct[repeated].tolist(), surplus(counts[repeated]).tolist())
        self.weights.count(distinct, len(self.vocabulary), 1)
        self.weights.measure(row, features, self.vocabulary.families_of(features))
        self._settle(after_change=True)

    def drop(self, skill: ContentId) -> None:
        """Takes a skill out."""
        row = self.texts.rows.get(skill)
        if row is None:
            return
        features, _ = features_of_texts(np.array([row]), self.texts, self.vocabulary)
        self.weights.count(np.unique(features), len(self.vocabulary), -1)
        self.texts.drop(skill)
        self.weights.forget(row)
        self._settle(after_change=True)

    def nearest(self, text: str, limit: int) -> list[Similar]:
        """Returns the most similar skills, best first; those that share nothing with the text are left out."""
        if limit < 1 or not len(self.texts):
            return []
        self._settle()
        asked = self._asked(text)
        if not len(asked.features):
            return []
        rows = self._candidates(asked, limit)
        # rounded, so that equal vectors tie however the machine adds them up
        cosines = self._cosines(asked, rows).round(6)
        floor = at_place(cosines, limit) if limit < len(cosines) else 0.0
        kept = (cosines >= max(floor, LEAST)).nonzero()[0]
        ids = [self.texts.ids[row] for row in rows.take(kept).tolist()]
        best = sorted([(-cosine, id_) for cosine, id_ in zip(cosines.take(kept).tolist(), ids, strict=True) if id_])
        return [Similar(skill, calibrated(-cosine)) for cosine, skill in best[:limit]]

    def similarities(self, text: str, skills: Sequence[ContentId]) -> list[float]:
        """Returns the calibrated similarity of a text to each of some skills; 0 to one that is not in."""
        self._settle()
        rows = np.array([self.texts.rows.get(skill, -1) for skill in skills], np.int64)
        cosines = np.zeros(len(rows))
        asked = self._asked(text)
        held = rows >= 0
        if held.any() and len(asked.features):
            cosines[held] = np.round(self._cosines(asked, rows[held]), 6)
        return [calibrated(cosine) for cosine in cosines.tolist()]

    def similarity(self, text: str, other: str) -> float:
        """Returns the calibrated similarity of two texts, weighed by what is rare in the index."""
        self._settle()
        one, two = self._vector(text), self._vector(other)
        return calibrated(round(sum(weight * two.get(feature, 0.0) for feature, weight in one.items()), 6))

    # ---- a question

    def _asked(self, text: str) -> Asked:
        return asked(text, self.vocabulary, self.weights, self._shares.tolist())

    def _vector(self, text: str) -> dict[Feature, float]:
        """Returns a text's features with their weights."""
        counts = features(text)
        numbers = np.array([self.vocabulary.find(feature) for feature in counts], np.int64)
        families = np.array([family for family, _ in counts], np.int64)
        rare = np.full(len(numbers), self.weights.unknown)
        rare[numbers >= 0] = self.weights.rareness(numbers[numbers >= 0])
        weights = self._weighed(families, rare, np.array(list(counts.values())))
        return dict(zip(counts, weights.tolist(), strict=True))

    def _weighed(self, families: Ints, rare: NDArray[np.float64], counts: Ints) -> NDArray[np.float64]:
        """Returns the vector of one text: its families brought to their shares, the whole to length one."""
        weights = rare * (1 + np.log(counts))
        squares = np.bincount(families, weights * weights, FAMILIES)
        shares = np.where(squares > 0, self._shares, 0)
        scale = np.sqrt(shares / np.where(squares > 0, squares, 1) / (shares.sum() or 1))
        found: NDArray[np.float64] = weights * scale[families]
        return found

    def _candidates(self, asked: Asked, limit: int) -> Ints:
        wanted = max(self.params.candidates, 6 * limit) + len(self.texts) // _PER_CANDIDATE
        if len(self.texts.ids) <= wanted:
            return np.arange(len(self.texts.ids))
        return candidates(asked, self.texts, self.weights, wanted, self.params.voters)

    def _cosines(self, asked: Asked, rows: Ints) -> Reals:
        return cosines(asked, rows, self.texts, self.vocabulary, self.weights)

    def _settle(self, after_change: bool = False) -> None:
        self.weights.settle(self.texts, self.vocabulary, after_change)


def calibrated(cosine: float) -> float:
    """Returns the similarity that a cosine stands for, in [0, 1]."""
    if cosine > SCALE[-1][0]:
        return SCALE[-1][1]
    for low, least, high, most in _LINES:
        if cosine > low:
            return least + (most - least) * (cosine - low) / (high - low)
    return SCALE[0][1]

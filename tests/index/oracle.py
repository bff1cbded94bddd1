"""The index in its slow, obvious form: dictionaries, loops, and everything weighed anew for each question."""

from __future__ import annotations

from collections import defaultdict
from math import log, sqrt

from hansa.adapters.index.features import Family, Feature, features
from hansa.adapters.index.sparse import Params

Vector = dict[Feature, float]


class SlowIndex:
    """Answers with plain cosines, by id."""

    def __init__(self, params: Params | None = None) -> None:
        self.params = params or Params()
        self.texts: dict[str, str] = {}

    def cosines(self, text: str) -> dict[str, float]:
        """Returns the cosine of every text in the index with `text`."""
        asked = self.vector(text)
        return {id_: _dot(asked, self.vector(held)) for id_, held in self.texts.items()}

    def cosine(self, text: str, other: str) -> float:
        """Returns the cosine of two texts."""
        return _dot(self.vector(text), self.vector(other))

    def vector(self, text: str) -> Vector:
        """Returns the vector of a text, of length one."""
        by_family: dict[Family, Vector] = defaultdict(dict)
        for feature, count in features(text).items():
            by_family[feature[0]][feature] = (1 + log(count)) * self._rareness(feature)
        shares = (self.params.word, self.params.pair, self.params.piece, self.params.sense)
        found: Vector = {}
        for family, weights in by_family.items():
            length = sqrt(sum(weight * weight for weight in weights.values()))
            found |= {feature: weight / length * sqrt(shares[family]) for feature, weight in weights.items()}
        length = sqrt(sum(value * value for value in found.values()))
        return {feature: value / length for feature, value in found.items() if length}

    def _rareness(self, feature: Feature) -> float:
        if len(self.texts) < self.params.enough_texts:
            return 1.0
        having = sum(feature in _having(text) for text in self.texts.values())
        return log((1 + len(self.texts)) / (1 + having)) + 1


_known: dict[str, frozenset[Feature]] = {}


def _having(text: str) -> frozenset[Feature]:
    if text not in _known:
        _known[text] = frozenset(features(text))
    return _known[text]


def _dot(one: Vector, two: Vector) -> float:
    return sum(value * two.get(feature, 0.0) for feature, value in one.items())

"""The index in its slow, obvious form: dictionaries, loops, and everything weighed anew for each question."""

from __future__ import annotations

from collections import defaultdict
from math import log, sqrt
from zlib import crc32

from hansa.adapters.index.features import Family, features
from hansa.adapters.index.hashed import SLOTS, Params

Vector = dict[int, float]


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
        """Returns the hashed vector of a text, of length one."""
        by_family: dict[Family, dict[int, float]] = defaultdict(dict)
        for (family, name), count in features(text).items():
            hashed = crc32(f"{family:d} {name}".encode())
            weight = (1 + log(count)) * self._rareness(hashed % SLOTS)
            by_family[family][hashed] = by_family[family].get(hashed, 0.0) + weight
        shares = (self.params.word, self.params.pair, self.params.piece, self.params.sense)
        sums: Vector = defaultdict(float)
        for family, weights in by_family.items():
            length = sqrt(sum(weight * weight for weight in weights.values()))
            for hashed, weight in weights.items():
                sign = 1 if hashed >= 2**31 else -1
                sums[hashed % self.params.buckets] += sign * weight / length * sqrt(shares[family])
        length = sqrt(sum(value * value for value in sums.values()))
        return {bucket: value / length for bucket, value in sums.items() if length}

    def _rareness(self, slot: int) -> float:
        if len(self.texts) < self.params.enough_texts:
            return 1.0
        having = sum(slot in _slots(text) for text in self.texts.values())
        return log((1 + len(self.texts)) / (1 + having)) + 1


_known: dict[str, frozenset[int]] = {}


def _slots(text: str) -> frozenset[int]:
    if text not in _known:
        _known[text] = frozenset(crc32(f"{family:d} {name}".encode()) % SLOTS for family, name in features(text))
    return _known[text]


def _dot(one: Vector, two: Vector) -> float:
    return sum(value * two.get(bucket, 0.0) for bucket, value in one.items())

"""Finding skills by what their intents say, with no model to download: hashed features, weighed by how rare they are.

1. A text becomes features (`features`): words, pairs, pieces of words, senses. Each counts 1 + ln(how often).
2. Each feature is hashed (CRC-32, the same in every process) to a bucket and a sign; the sum is a vector of
   `buckets` numbers (feature hashing: Weinberger et al. 2009, arXiv:0902.2206). Collisions cancel out on average.
3. A feature counts more the fewer texts of the index have it: ln((1 + n) / (1 + df)) + 1. Below `enough_texts` all
   count alike.
4. Vectors have length one, so their product is the cosine; `SCALE` maps it to a similarity for which 0.7 filters and
   0.8 decides, as measured in docs/adr/0005-search.md.

What is rare changes with every text. Up to `exact_until` texts everything is weighed again before the next question;
above it, when a sixteenth of the texts has changed. All vectors always rest on the same weights.

Same words are found, and the thesaurus' synonyms; near misses that share words are not told apart. So similarity
proposes, and a proof disposes.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from hansa.adapters.index.features import Family, features
from hansa.kernel.ids import ContentId
from hansa.node.ports import Similar

Floats = NDArray[np.float32]

SCALE = ((-1.0, 0.0), (0.0, 0.0), (0.22, 0.7), (0.40, 0.8), (1.0, 1.0))
"""Cosine to similarity, straight lines between these points. Cosines of other encoders mean other things."""

SLOTS = 1 << 20
"""Counters of how many texts have a feature; features may share one, which makes both count a little less."""

_WEIGH_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Params:
    """What the index weighs.

    Attributes:
        buckets: length of a vector. Raising it lowers the error of a cosine (about 1 / sqrt(buckets)) and costs four
            bytes for each text.
        word, pair, piece, sense: share of each family. Raising `sense` finds more of what is said in other words, and
            more of what is not meant.
        enough_texts: texts from which on rareness counts.
        exact_until: texts up to which every change is weighed at once.
    """

    buckets: int = 2048
    word: float = 1.0
    pair: float = 0.2
    piece: float = 1.0
    sense: float = 0.6
    enough_texts: int = 32
    exact_until: int = 512

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        for name in ("buckets", "enough_texts", "exact_until"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        for name in ("word", "pair", "piece", "sense"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")


@dataclass(frozen=True, slots=True)
class _Bag:
    """The features of one text, as arrays of one length.

    Attributes:
        hashes: uint32, CRC-32 of each feature.
        families: uint8.
        counts: float32, 1 + ln(how often).
    """

    hashes: NDArray[np.uint32]
    families: NDArray[np.uint8]
    counts: Floats

    @property
    def slots(self) -> NDArray[np.uint32]:
        return self.hashes % np.uint32(SLOTS)


class HashedIndex:
    """Implements `node.ports.Index`; looks at every vector for each question."""

    def __init__(self, params: Params | None = None) -> None:
        self._params = params or Params()
        self._params.validate()
        self._shares = np.sqrt([self._params.word, self._params.pair, self._params.piece, self._params.sense])
        self._ids: list[ContentId] = []
        self._rows: dict[ContentId, int] = {}
        self._bags: list[_Bag] = []
        self._matrix: Floats = np.zeros((16, self._params.buckets), np.float32)
        self._having = np.zeros(SLOTS, np.int32)
        self._rareness: Floats = np.ones(SLOTS, np.float32)
        self._changes = 0

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, skill: ContentId, text: str) -> None:
        """Puts a skill in; nothing changes when it is in."""
        if skill in self._rows:
            return
        row = len(self._ids)
        if row == len(self._matrix):
            self._matrix = np.concatenate([self._matrix, np.zeros_like(self._matrix)])
        bag = _bag(text)
        self._rows[skill] = row
        self._ids.append(skill)
        self._bags.append(bag)
        self._matrix[row] = self._vectors([bag])[0]
        self._count(bag, 1)

    def drop(self, skill: ContentId) -> None:
        """Takes a skill out; the last one takes its row."""
        row = self._rows.pop(skill, None)
        if row is None:
            return
        self._count(self._bags[row], -1)
        last_id, last_bag = self._ids.pop(), self._bags.pop()
        if last_id != skill:
            self._ids[row], self._bags[row] = last_id, last_bag
            self._rows[last_id] = row
            self._matrix[row] = self._matrix[len(self._ids)]

    def nearest(self, text: str, limit: int) -> list[Similar]:
        """Returns the most similar skills, best first; those that share nothing with the text are left out."""
        if limit < 1 or not self._ids:
            return []
        self._weigh_again()
        # rounded, so that equal vectors tie however the machine adds them up
        cosines = np.round(self._matrix[: len(self._ids)] @ self._vectors([_bag(text)])[0], 6)
        if limit < len(cosines):
            floor = np.partition(cosines, -limit)[-limit]
            rows = np.flatnonzero(cosines >= max(floor, 1e-6))
        else:
            rows = np.flatnonzero(cosines >= 1e-6)
        best = sorted((-float(cosines[row]), self._ids[row]) for row in rows)[:limit]
        return [Similar(skill, calibrated(-cosine)) for cosine, skill in best]

    def similarity(self, text: str, other: str) -> float:
        """Returns the calibrated similarity of two texts, weighed by what is rare in the index."""
        self._weigh_again()
        one, two = self._vectors([_bag(text), _bag(other)])
        return calibrated(round(float(one @ two), 6))

    def _count(self, bag: _Bag, by: int) -> None:
        self._having[np.unique(bag.slots)] += by
        self._changes += 1

    def _weigh_again(self) -> None:
        texts = len(self._ids)
        if not self._changes or (texts > self._params.exact_until and self._changes * 16 < texts):
            return
        self._changes = 0
        if texts < self._params.enough_texts:
            self._rareness = np.ones(SLOTS, np.float32)
        else:
            self._rareness = (np.log((1 + texts) / (1 + self._having)) + 1).astype(np.float32)
        for start in range(0, texts, _WEIGH_AT_ONCE):
            chunk = self._bags[start : start + _WEIGH_AT_ONCE]
            self._matrix[start : start + len(chunk)] = self._vectors(chunk)

    def _vectors(self, bags: list[_Bag]) -> Floats:
        """Returns one row for each text: its features weighed, families evened out, hashed, length one."""
        buckets = self._params.buckets
        hashes = np.concatenate([bag.hashes for bag in bags])
        text = np.repeat(np.arange(len(bags)), [len(bag.hashes) for bag in bags])
        family = text * len(Family) + np.concatenate([bag.families for bag in bags])
        weights = np.concatenate([bag.counts for bag in bags]) * self._rareness[hashes % np.uint32(SLOTS)]
        lengths = np.sqrt(np.bincount(family, weights * weights, len(bags) * len(Family)))
        shares = np.tile(self._shares, len(bags)) / np.where(lengths > 0, lengths, 1)
        signs = np.where(hashes >> np.uint32(31), 1.0, -1.0)
        places = text * buckets + hashes % np.uint32(buckets)
        sums = np.bincount(places, weights * shares[family] * signs, len(bags) * buckets).reshape(len(bags), buckets)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        found: Floats = (sums / np.where(norms > 0, norms, 1)).astype(np.float32)
        return found


def calibrated(cosine: float) -> float:
    """Returns the similarity that a cosine stands for, in [0, 1]."""
    cosines, similarities = zip(*SCALE, strict=True)
    return float(np.interp(cosine, cosines, similarities))


def _bag(text: str) -> _Bag:
    found = features(text)
    return _Bag(
        np.array([crc32(f"{family:d} {name}".encode()) for family, name in found], np.uint32),
        np.array([family for family, _ in found], np.uint8),
        (1 + np.log(np.array(list(found.values()), np.float32))).astype(np.float32),
    )

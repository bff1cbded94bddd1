"""A question as numbers: what each feature, and each word of the vocabulary, would bring to a text that has it.

A text's cosine with a question is a sum over the text's features, and nearly all of those belong to its words. So what
a word brings is worked out once for the question, for the few hundred words that share something with it, and the
texts that have the word are given it whole.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from hansa.adapters.index.features import Family, Feature, kept_words, pairs
from hansa.adapters.index.ragged import Ints, Numbers
from hansa.adapters.index.vocabulary import Heard, Vocabulary
from hansa.adapters.index.weights import Weights

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question against the vocabulary.

    What is brought is the weight in the question, times the rareness, times the root of the family's share: times the
    length of the text's family it is a part of the cosine. Row 0 of what is brought is 0, for what is not there: places
    in the lists count from 1, as `ragged.Places` gives them.

    Attributes:
        features: those of the question that the vocabulary knows; one may stand there several times.
        brought: by each feature: shape (1 + features,).
        words: those that have one of the features; one may stand there several times.
        by_words: by each word and family: shape (1 + words, 4). All that a word brings stands at its last place.
    """

    features: Ints
    brought: Reals
    words: NDArray[np.uint32]
    by_words: Reals


def asked(text: str, vocabulary: Vocabulary, weights: Weights, shares: Reals) -> Asked:
    """Returns a question as numbers; nothing is entered.

    Args:
        shares: of the families, as in `sparse.Params`.
    """
    kept = kept_words(text)
    heard = [vocabulary.heard(word) for word in kept]
    numbered = [(vocabulary.find(pair), pair) for pair in pairs(kept)]
    unknown: list[Feature] = [pair for number, pair in numbered if number < 0]
    for one in heard:
        unknown.extend(one.unknown)
    known = np.array([number for number, _ in numbered if number >= 0], np.int64)
    features = np.concatenate([*(one.features for one in heard), known], dtype=np.int64)
    families = vocabulary.families_of(features)
    brought, squares, times = _weighed(features, families, vocabulary, weights)
    brought *= _scale(squares, unknown, weights.unknown, shares).take(families)
    by_words = brought if times is None else brought / times  # a feature that is there twice brings half each time
    return Asked(features, np.concatenate([_NOTHING, brought]), *_by_words(by_words, families, heard, vocabulary))


_NOTHING = np.zeros(1)


def _weighed(
    features: Ints, families: NDArray[np.uint8], vocabulary: Vocabulary, weights: Weights
) -> tuple[Reals, Reals, Ints | None]:
    """Returns each feature's weight times its rareness, the squares of the families, and how often each is there.

    The last is None where each is there once.
    """
    rare = weights.rareness(features).astype(np.float64)
    places = vocabulary.feature_places.of(features, features, len(vocabulary))
    times: Ints = np.bincount(places)[1:]  # 0 for all but the last place of one that is there several times
    squares: Reals = rare * rare
    if times.all():
        return squares, _summed(families, squares, len(Family)), None
    times = times.take(places - 1)
    often = 1 + np.log(times)
    brought: Reals = squares * often
    return brought, _summed(families, brought * often / times, len(Family)), times


def _scale(squares: Reals, unknown: list[Feature], rareness: float, shares: Reals) -> Reals:
    """Returns what brings each family to its share and the whole to length one, times the root of the share."""
    found = squares.tolist()
    for (family, _), times in Counter(unknown).items():
        found[family] += (rareness * (1 + log(times))) ** 2
    held = [share if square > 0 else 0.0 for share, square in zip(shares.tolist(), found, strict=True)]
    whole = sum(held) or 1.0
    return np.array([share / sqrt(square * whole) if share else 0.0 for share, square in zip(held, found, strict=True)])


def _by_words(
    brought: Reals, families: NDArray[np.uint8], heard: list[Heard], vocabulary: Vocabulary
) -> tuple[NDArray[np.uint32], Reals]:
    """Returns the words that have one of the features, and what each brings, by family, after a row of nothing."""
    if not heard:
        return np.zeros(0, np.uint32), np.zeros((1, len(Family)))
    words = np.concatenate([one.words for one in heard])
    sizes = np.concatenate([one.sizes for one in heard], dtype=np.int64)
    places = vocabulary.word_places.of(words, words, len(vocabulary.words))
    cells = places * np.int64(len(Family)) + families[: len(sizes)].repeat(sizes)
    sums = _summed(cells, brought[: len(sizes)].repeat(sizes), len(Family) * (1 + len(words)))
    return words, sums.reshape(-1, len(Family))


def _summed(cells: Numbers | NDArray[np.uint8], values: Reals, size: int) -> Reals:
    """Returns the sums of the values that fall into each cell."""
    return np.bincount(cells, values, size).astype(np.float64, copy=False)

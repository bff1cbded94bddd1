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

from hansa.adapters.index.features import FAMILIES, kept_words
from hansa.adapters.index.ragged import Ints, joined
from hansa.adapters.index.vocabulary import Heard, Vocabulary
from hansa.adapters.index.weights import Weights

Reals = NDArray[np.float64]

_NOTHING = np.zeros(1)


@dataclass(slots=True)
class Asked:
    """A question against the vocabulary.

    What is brought is the weight in the question, times the rareness, times the root of the family's share: times the
    length of the text's family it is a part of the cosine.

    Attributes:
        features: those of the question that the vocabulary knows; one may stand there several times.
        brought: by each feature, from 1; 0 stands before them, for features that are not there.
        by_words: by each word of the vocabulary and family, and 0 after them: shape (words + 1, 4).
    """

    features: Ints
    brought: Reals
    by_words: Reals


def asked(text: str, vocabulary: Vocabulary, weights: Weights, shares: list[float]) -> Asked:
    """Returns a question as numbers; nothing is entered.

    Args:
        shares: of the families, as in `sparse.Params`.
    """
    kept = kept_words(text)
    heard = [vocabulary.heard(word) for word in kept]
    unknown = [feature for one in heard if one.unknown for feature in one.unknown]
    known, more = vocabulary.known_pairs(kept)
    unknown += more
    features = joined([*[one.features for one in heard], known])
    families = vocabulary.families_of(features)
    brought, times, squares = _weighed(features, families, vocabulary, weights)
    brought *= _scale(squares, unknown, weights.unknown, shares).take(families)
    each = brought if times is None else brought / times  # of a feature that is there twice, each brings half
    return Asked(features, np.concatenate([_NOTHING, brought]), _by_words(each, heard, vocabulary))


def _weighed(
    features: Ints, families: NDArray[np.uint8], vocabulary: Vocabulary, weights: Weights
) -> tuple[Reals, Ints | None, Reals]:
    """Returns each feature's weight times its rareness, how often it is there, and the squares of the families.

    How often is None where each is there once.
    """
    rare = weights.rareness(features).astype(np.float64)
    rare *= rare
    places = vocabulary.places.of(features, features, len(vocabulary))
    times: Ints = np.bincount(places)  # 0 for all but the last place of one that is there several times, and at 0
    if np.count_nonzero(times) == len(features):
        return rare, None, np.bincount(families, rare, FAMILIES).astype(float)
    times = times.take(places)
    often = 1 + np.log(times)
    rare *= often
    return rare, times, np.bincount(families, rare * often / times, FAMILIES).astype(float)


def _scale(squares: Reals, unknown: list[str], rareness: float, shares: list[float]) -> Reals:
    """Returns what brings each family to its share and the whole to length one, times the root of the share."""
    found = squares.tolist()
    once = rareness**2
    for name in unknown:
        found[int(name[0])] += once
    if len(set(unknown)) < len(unknown):
        for name, times in Counter(unknown).items():
            found[int(name[0])] += (rareness * (1 + log(times))) ** 2 - times * once
    parts = [*zip(shares, found, strict=True)]
    whole = sum([share for share, square in parts if square]) or 1.0
    return np.array([share / sqrt(square * whole) if square else 0.0 for share, square in parts])


def _by_words(brought: Reals, heard: list[Heard], vocabulary: Vocabulary) -> Reals:
    """Returns what each word of the vocabulary brings, by family, and a row of nothing."""
    sizes = joined([one.sizes for one in heard])
    cells = joined([one.cells for one in heard])
    found = np.bincount(cells, brought[: len(sizes)].repeat(sizes), FAMILIES * (vocabulary.words + 1))
    return np.asarray(found, np.float64).reshape(-1, FAMILIES)

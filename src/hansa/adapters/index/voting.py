"""The first step of a question: which texts are worth working out?

Each word of the vocabulary is given what it would bring to the product with an ordinary text: the weights of the
question's features that it has. The words that bring most vote for the texts they stand in, with what they bring; a
text's votes, times its own length, come near its cosine. Pairs have no say here.

A question touches the texts that hold one of its words, or a word much like one: postings of whole words are a tenth
as long as postings of their pieces, which mostly occur together anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hansa.adapters.index.features import Family
from hansa.adapters.index.ragged import Ints
from hansa.adapters.index.texts import Texts
from hansa.adapters.index.vocabulary import Vocabulary
from hansa.adapters.index.weights import Floats, Weights

if TYPE_CHECKING:
    from hansa.adapters.index.sparse import Asked

LEAST_SHARE = 0.02
"""Words that bring less than this share of what the best one brings are asked only when too few texts are found."""

_MORE = 32
"""How many times as many words are asked next; all of them only then, for where every text has a word of its own, a
million words are much like one that was asked for."""

_BLOCK = 64
_HEARD = 64
_LONG = 2_048


def candidates(
    asked: Asked,
    vocabulary: Vocabulary,
    texts: Texts,
    weights: Weights,
    shares: Floats,
    wanted: int,
    voters: int,
) -> Ints:
    """Returns rows of texts, at least the `wanted` best voted where there are as many; in order."""
    brings = _brought(asked, vocabulary, weights, shares)
    for most, share in ((voters, LEAST_SHARE), (_MORE * voters, 0.0), (len(brings), 0.0)):
        words = _strongest(brings, most, share)
        votes = _votes(words, brings, texts)
        votes *= weights.sizes[: len(votes)]
        rows = _best(votes, wanted)
        if len(rows) >= wanted:
            break
    return rows


def _brought(asked: Asked, vocabulary: Vocabulary, weights: Weights, shares: Floats) -> NDArray[np.float64]:
    """Returns what each word of the vocabulary would bring to an ordinary text's cosine."""
    factors = asked.weights * weights.rareness(asked.features) * (np.sqrt(shares) * weights.usual)[asked.families]
    use = np.flatnonzero(asked.families != Family.PAIR)
    if len(use) > _HEARD:
        use = use[np.argpartition(factors[use], -_HEARD)[-_HEARD:]]
    having = [vocabulary.having(number) for number in asked.features[use].tolist()]
    if not having:
        return np.zeros(len(vocabulary.words))
    lengths = [len(words) for words in having]
    found: NDArray[np.float64] = np.bincount(
        np.concatenate(having), np.repeat(factors[use], lengths), len(vocabulary.words)
    ).astype(np.float64)
    return found


def _strongest(brings: NDArray[np.float64], most: int, share: float) -> Ints:
    """Returns the words that bring most: above a share of what the best one brings, `most` of them or a few more."""
    words = np.flatnonzero(brings > share * brings.max(initial=0.0))
    if len(words) > most:
        least = np.partition(brings[words], -most)[-most]
        words = words[brings[words] >= least][: 2 * most]
    return words


def _votes(words: Ints, brings: NDArray[np.float64], texts: Texts) -> Floats:
    """Returns the votes for each row."""
    postings = [(texts.rows_with(word), brings[word]) for word in words.tolist()]
    short = [one for one in postings if len(one[0]) <= _LONG]
    size = len(texts.ids)
    if short:
        voters = np.repeat(np.array([factor for _, factor in short]), [len(rows) for rows, _ in short])
        votes: Floats = np.bincount(np.concatenate([rows for rows, _ in short]), voters, size).astype(np.float32)
    else:
        votes = np.zeros(size, np.float32)
    for rows, factor in postings:
        if len(rows) > _LONG:
            votes[rows] += np.float32(factor)  # a row twice in a posting counts once here, and in full later
    return votes


def _best(votes: Floats, wanted: int) -> Ints:
    """Returns the rows with the most votes: all that have as many as the one at place `wanted`, within bounds.

    The greatest of each block of rows are looked at first: the one at place `wanted` among them is no greater than the
    one at that place among all, and there are few above it.
    """
    floor = np.float32(0)
    whole = len(votes) // _BLOCK * _BLOCK
    if whole // _BLOCK > wanted:
        greatest = votes[:whole].reshape(-1, _BLOCK).max(axis=1)
        floor = np.partition(greatest, -wanted)[-wanted]
    rows = np.flatnonzero(votes >= floor) if floor > 0 else np.flatnonzero(votes)
    if len(rows) > wanted:
        found = votes[rows]
        least = np.partition(found, -wanted)[-wanted]
        rows = rows[found >= least][: 4 * wanted]
    return rows

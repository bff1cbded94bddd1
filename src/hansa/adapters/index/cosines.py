"""The second step of a question: how near is it to each of some texts, worked out in full?

What a text's words and pairs bring is added up by family. A feature that stands there c times was then counted c times,
where 1 + ln(c) is what it counts: what is too much is taken off again, for the few that a text has more than once.
"""

from __future__ import annotations

import numpy as np

from hansa.adapters.index.asking import Asked, Reals
from hansa.adapters.index.features import Family
from hansa.adapters.index.ragged import Ints
from hansa.adapters.index.texts import Texts
from hansa.adapters.index.vocabulary import Vocabulary
from hansa.adapters.index.weights import Weights


def cosines(asked: Asked, rows: Ints, texts: Texts, vocabulary: Vocabulary, weights: Weights) -> Reals:
    """Returns the cosine of the question with each row's text; 0 for an empty row."""
    words, pairs, lengths, repeats, times, repeat_counts = texts.whole(rows)
    brought = asked.by_words.take(words, 0)
    others = asked.brought.take(vocabulary.places.of(np.concatenate([pairs, repeats]), asked.features, len(vocabulary)))
    brought[:, Family.PAIR] = others[: len(pairs)]
    too_much = others[len(pairs) :] * (times - np.log(times) - 1)
    cells = np.arange(0, len(rows) * len(Family), len(Family)).repeat(repeat_counts) + vocabulary.families_of(repeats)
    sums = _sums(brought, lengths)
    sums -= np.bincount(cells, too_much, sums.size).reshape(sums.shape)
    found: Reals = np.vecdot(sums, weights.lengths.take(rows, 0))
    return found


def _sums(brought: Reals, lengths: Ints) -> Reals:
    """Returns what each text's words bring, by family, given what all of them bring and how many each text has."""
    starts = lengths.cumsum()
    starts -= lengths
    if lengths.all():
        found: Reals = np.add.reduceat(brought, starts)
        return found
    found = np.zeros((len(lengths), len(Family)))
    held = lengths.nonzero()[0]
    if len(held):
        found[held] = np.add.reduceat(brought, starts.take(held))
    return found

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
    words, pairs, counts, repeats, times, repeat_counts = texts.whole(rows)
    lengths = weights.lengths.take(rows, 0)
    others = vocabulary.places.of(np.concatenate([pairs, repeats]), asked.features, len(vocabulary))
    brought_by_others = asked.brought.take(others)
    brought = asked.by_words.take(words, 0)
    brought[:, Family.PAIR] = brought_by_others[: len(pairs)]
    texts_of_words = np.arange(len(rows)).repeat(counts)
    parts = np.vecdot(brought, lengths.take(texts_of_words, 0))
    found = np.asarray(np.bincount(texts_of_words, parts, len(rows)), np.float64)
    texts_of_repeats = np.arange(len(rows)).repeat(repeat_counts)
    too_much = brought_by_others[len(pairs) :] * (times - np.log(times) - 1)
    too_much *= lengths.take(texts_of_repeats * len(Family) + vocabulary.families_of(repeats))
    found -= np.bincount(texts_of_repeats, too_much, len(rows))
    return found

"""The second step of a question: how near is it to each of some texts, worked out in full?

What a text's words and pairs bring is added up. A feature that stands there c times was then counted c times, where
1 + ln(c) is what it counts: what is too much is taken off again, for the few that a text has more than once.
"""

from __future__ import annotations

import numpy as np

from hansa.adapters.index.asking import Asked, Reals
from hansa.adapters.index.features import FAMILIES
from hansa.adapters.index.ragged import Ints
from hansa.adapters.index.texts import MOST_WORDS, Texts
from hansa.adapters.index.vocabulary import Vocabulary
from hansa.adapters.index.weights import Weights


def cosines(asked: Asked, rows: Ints, texts: Texts, vocabulary: Vocabulary, weights: Weights) -> Reals:
    """Returns the cosine of the question with each row's text; 0 for an empty row."""
    words, others, sizes = texts.whole(rows)
    owners = np.arange(len(rows)).repeat(sizes)
    lengths = weights.lengths.take(rows, 0).astype(np.float64)
    parts = np.vecdot(asked.by_words.take(words, 0, mode="clip"), lengths.take(owners, 0))
    by_others = asked.brought.take(vocabulary.places.of(others, asked.features, len(vocabulary)))
    by_others *= np.where(words > MOST_WORDS, words.view(np.float32), 1)
    owners_families = owners * FAMILIES + vocabulary.families_of(others)
    by_others *= lengths.take(owners_families)
    parts += by_others
    return np.asarray(np.bincount(owners, parts, len(rows)), np.float64)

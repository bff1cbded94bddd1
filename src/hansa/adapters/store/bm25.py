"""BM25 as SQLite's FTS5 computes it, word by word over all texts: the plain version full-text search is held to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import log

from hansa.adapters.index.words import words
from hansa.kernel.ids import ContentId

K1 = 1.2
B = 0.75
MIN_IDF = 1e-6
"""k1, b, and what a word that most texts have still counts."""


def ranked(query: str, texts: Mapping[ContentId, str]) -> list[tuple[ContentId, float]]:
    """Returns the texts that share words with the query, best first, equals in the order of their ids.

    BM25 as in Robertson & Zaragoza, The Probabilistic Relevance Framework (2009), in the variant of FTS5.
    """
    counted = {id_: Counter(words(text)) for id_, text in texts.items()}
    mean_length = sum(counts.total() for counts in counted.values()) / len(counted) if counted else 0.0
    scores: dict[ContentId, float] = {}
    for word in dict.fromkeys(words(query)):
        having = [id_ for id_, counts in counted.items() if word in counts]
        idf = max(MIN_IDF, log((len(counted) - len(having) + 0.5) / (len(having) + 0.5)))
        for id_ in having:
            count = counted[id_][word]
            length = counted[id_].total() / mean_length
            scores[id_] = scores.get(id_, 0.0) + idf * count * (K1 + 1) / (count + K1 * (1 - B + B * length))
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))

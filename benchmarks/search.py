"""Finding skills by the meaning of their intent: from the text of a question to its ten nearest.

The reference is numpy's exact scan: a float32 matrix with a row of 2,048 numbers for each text (the same features,
hashed), times the question's vector, and the ten best of the products; the question's vector is given to it ready-made.
Recall is taken against the cosines of all texts, worked out in full. HANSA_BENCH_LARGE=1 adds a million texts, which
takes minutes, and 9 GB for the reference.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from benchmarks.intents import intents, questions
from benchmarks.measure import Row, against, at_least
from hansa.adapters.index.sparse import SparseIndex
from hansa.adapters.index.weights import features_of_texts
from hansa.kernel.ids import ContentId

SIZES = ((10_000, 10.0), (100_000, 10.0))
LARGE = (1_000_000, 25.0)
BUCKETS = 2_048
ASKED = 100
CHECKED = 40
_CHUNK = 10_000


def rows() -> Iterable[Row]:
    """The index against the exact scan, by size."""
    for size, target in (*SIZES, *((LARGE,) if os.environ.get("HANSA_BENCH_LARGE") else ())):
        yield _searching(size, target)


def _searching(size: int, target: float) -> Row:
    texts = intents(size)
    index = SparseIndex()
    for number, text in enumerate(texts):
        index.add(ContentId(f"{number:064x}"), text)
    asked = questions(texts, ASKED)
    for question in asked:
        index.nearest(question, 10)  # whatever was to be weighed again is
    recall = sum(_recall(index, question) for question in asked[:CHECKED]) / CHECKED
    matrix = _matrix(index)
    vectors = matrix[:: max(1, size // 10)][:10].copy()

    def mine() -> int:
        for question in asked:
            index.nearest(question, 10)
        return ASKED

    def scan() -> int:
        for vector in vectors:
            products = matrix @ vector
            np.argpartition(products, -10)[-10:]
        return len(vectors)

    what = f"search {size:,} texts, recall@10 {recall:.3f}"
    return against(what, mine, "numpy's exact scan", scan, rounds=5, target=at_least(target))


def _recall(index: SparseIndex, question: str) -> float:
    """Returns which share of the answers is as near as the true tenth."""
    size = len(index)
    found = [index.texts.rows[one.skill] for one in index.nearest(question, 10)]
    asked = index._asked(question)
    every = [index._cosines(asked, np.arange(at, min(size, at + _CHUNK))) for at in range(0, size, _CHUNK)]
    cosines = np.round(np.concatenate(every), 6)
    return float((cosines[found] >= np.partition(cosines, -10)[-10]).sum() / 10)


def _matrix(index: SparseIndex) -> NDArray[np.float32]:
    """Returns the vectors of all texts, hashed to `BUCKETS` numbers."""
    matrix = np.zeros((len(index), BUCKETS), np.float32)
    for at in range(0, len(index), _CHUNK):
        rows = np.arange(at, min(len(index), at + _CHUNK))
        features, owners = features_of_texts(rows, index.texts, index.vocabulary)
        lengths = index.weights.lengths[rows][owners, index.vocabulary.families_of(features)]
        places = owners * BUCKETS + features.astype(np.int64) * 2_654_435_761 % BUCKETS
        sums = np.bincount(places, index.weights.rareness(features) * lengths, len(rows) * BUCKETS)
        matrix[rows] = sums.reshape(len(rows), BUCKETS)
    return matrix

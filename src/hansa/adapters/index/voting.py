"""The first step of a question: which texts are worth working out?

Each word of the vocabulary is given what it would bring to the product with an ordinary text: the weights of the
question's features that it has. The words that bring most vote for the texts they stand in, with what they bring; a
text's votes, times its own length, come near its cosine. Pairs have no say here.

A question touches the texts that hold one of its words, or a word much like one: postings of whole words are a tenth
as long as postings of their pieces, which mostly occur together anyway.
"""

from __future__ import annotations

import numpy as np

from hansa.adapters.index.asking import Asked, Reals
from hansa.adapters.index.ragged import Ints
from hansa.adapters.index.texts import Texts
from hansa.adapters.index.weights import Floats, Weights

LEAST_SHARE = 0.09
"""Words that bring less than this share of what the best one brings are asked only when too few texts are found."""

_MORE = 32
"""How many times as many words are asked next; all of them only then, for where every text has a word of its own, a
million words are much like one that was asked for."""

_BLOCK = 64

AGAIN = float(np.log(2))
"""What a word counts that a text has once more: twice counts 1 + ln 2; what is there three times is rare."""


def candidates(asked: Asked, texts: Texts, weights: Weights, wanted: int, voters: int) -> Ints:
    """Returns rows of texts, at least the `wanted` best voted where there are as many; in order."""
    brings = asked.by_words @ weights.usual
    for most, share in ((voters, LEAST_SHARE), (_MORE * voters, 0.0), (len(brings), 0.0)):
        strongest = _strongest(brings, most, share)
        votes = _votes(strongest, brings.take(strongest), texts)
        votes *= weights.sizes[: len(votes)]
        rows = _best(votes, wanted)
        if len(rows) >= wanted:
            break
    return rows


def _strongest(brings: Reals, most: int, share: float) -> Ints:
    """Returns those that bring most: above a share of what the best one brings, `most` of them or a few more."""
    found: Ints = (brings > share * brings.max(initial=0.0)).nonzero()[0]
    if len(found) > most:
        strong = brings.take(found)
        found = found[strong >= at_place(strong, most)][: 2 * most]
    return found


def _votes(words: Ints, brings: Reals, texts: Texts) -> Floats:
    """Returns the votes for each row, given the words that vote and what each brings."""
    numbers = words.tolist()
    lists = texts.rows_with(numbers)
    twice = texts.had_twice(numbers)
    if twice:
        lists += texts.rows_with_twice([numbers[at] for at in twice])
        brings = np.concatenate([brings, AGAIN * brings.take(twice)])
    votes = brings.repeat(list(map(len, lists)))
    return np.bincount(np.frombuffer(b"".join(lists), np.uint32), votes, len(texts.ids)).astype(np.float32)


def _best(votes: Floats, wanted: int) -> Ints:
    """Returns the rows with the most votes: all that have as many as the one at place `wanted`, within bounds.

    The greatest of each block of rows are looked at first: the one at place `wanted` among them is no greater than the
    one at that place among all, and there are few above it.
    """
    floor = 0.0
    blocks = len(votes) // _BLOCK
    if blocks > wanted:
        greatest = votes[: blocks * _BLOCK].reshape(_BLOCK, blocks).max(axis=0)
        floor = at_place(greatest, wanted)
    rows: Ints = (votes >= floor if floor > 0 else votes).nonzero()[0]
    if len(rows) > wanted:
        found = votes.take(rows)
        rows = rows[found >= at_place(found, wanted)][: 4 * wanted]
    return rows


def at_place(values: Floats | Reals, place: int) -> float:
    """Returns the value at a place, from 1, when the greatest comes first."""
    ordered = values.copy()
    ordered.partition(-place)
    found: float = ordered[-place]
    return found

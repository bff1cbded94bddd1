"""The texts of the index, row by row: which words and pairs each has, and in which rows a word stands.

A feature that a text has c times counts 1 + ln(c), not c. So what its words and pairs bring may be added up, as long as
the few features that it has more than once are known: those are kept too, with how often.

A dropped text leaves its row empty and its words out of the postings; the room is won back when the index is next
written and read.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hansa.adapters.index.ragged import Ints, spans, view
from hansa.kernel.ids import ContentId

_NONE = array("I")


NO_PAIR = 2**32 - 1
"""Stands with the last word of a text, which is in no pair with a next one."""


def surplus(counts: Ints) -> NDArray[np.uint32]:
    """Returns 1 + ln(c) - c for features that a text has c times, c > 1: what c times one of it is too much by.

    Returns:
        The bits of negative 32-bit floats, which as whole numbers are greater than any word's.
    """
    return (np.log(counts) + 1 - counts).astype(np.float32).view(np.uint32)


MOST_WORDS = 0x8000_0000
"""What the numbers of words are less than, and those of surpluses greater: the bits of minus 0."""

_MINUS_INFINITY = 0xFF80_0000


class Whole(NamedTuple):
    """All that some texts are kept as, text after text.

    Attributes:
        words: the words; and where a feature stands beside that the text has more than once, the bits of `surplus`,
            which is beyond all words.
        others: beside a word, its pair with the next, or `NO_PAIR`; beside a surplus, the feature it is of.
        sizes: how many of both each text has.
    """

    words: NDArray[np.uint32]
    others: NDArray[np.uint32]
    sizes: Ints


class Texts:
    """Rows of numbers; what they stand for is the vocabulary's business.

    Attributes:
        ids: by row; None where a text was dropped.
        rows: by id.
    """

    def __init__(self) -> None:
        self.ids: list[ContentId | None] = []
        self.rows: dict[ContentId, int] = {}
        self._flat = array("I")  # two by two; of each text: each word with its pair, each surplus with its feature
        self._heads = array("I")  # three by three; of each text: where it begins, how many words, how many repeats
        self._postings: list[array[int]] = []
        self._again: dict[int, array[int]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def add(
        self,
        id_: ContentId,
        words: Sequence[int],
        pairs: Sequence[int],
        repeats: Sequence[int] = (),
        surpluses: Sequence[int] = (),
    ) -> int:
        """Puts a text into a new row and returns it.

        Args:
            repeats: the features that its words and pairs have more than once.
            surpluses: what `surplus` gives of each.
        """
        row = len(self.ids)
        self.ids.append(id_)
        self.rows[id_] = row
        self._heads.extend((len(self._flat) // 2, len(words), len(repeats)))
        self._flat.extend(chain.from_iterable(zip(words, [*pairs, NO_PAIR], strict=False)))
        self._flat.extend(chain.from_iterable(zip(surpluses, repeats, strict=True)))
        for word, times in Counter(words).items():
            while len(self._postings) <= word:
                self._postings.append(array("I"))
            self._postings[word].append(row)
            if times > 1:
                self._again.setdefault(word, array("I")).append(row)
        return row

    def drop(self, id_: ContentId) -> None:
        """Empties a text's row."""
        row = self.rows.pop(id_)
        self.ids[row] = None
        for word, times in Counter(self.words_of(np.array([row]))[0].tolist()).items():
            for posting in (self._postings[word], *([self._again[word]] if times > 1 else ())):
                del posting[bisect_left(posting, row)]
        self._heads[3 * row + 1 : 3 * row + 3] = array("I", (0, 0))

    def words_of(self, rows: Ints) -> tuple[NDArray[np.uint32], Ints]:
        """Returns the words of the texts in `rows`, text after text, and how many each has."""
        starts, lengths, _ = self._at(rows)
        return self._two_by_two(spans(starts, lengths))[:, 0], lengths

    def of(self, rows: Ints) -> tuple[NDArray[np.uint32], Ints, NDArray[np.uint32], Ints]:
        """Returns what `words_of` does, and after it the same for the pairs."""
        starts, lengths, _ = self._at(rows)
        words, pairs = self._two_by_two(spans(starts, lengths)).T
        return words, lengths, pairs[pairs != NO_PAIR], np.maximum(lengths - 1, 0)

    def whole(self, rows: Ints) -> Whole:
        """Returns all that the texts in `rows` are kept as."""
        starts, lengths, counts = self._at(rows)
        sizes = lengths + counts
        words, others = self._two_by_two(spans(starts, sizes)).T.copy()
        return Whole(words, others, sizes)

    def rows_with(self, words: Sequence[int]) -> list[array[int]]:
        """Returns for each word the rows that have it, in order."""
        return [self._postings[word] for word in words]

    def had_twice(self, words: Sequence[int]) -> list[int]:
        """Returns the places of those among `words` that a text has more than once."""
        again = self._again
        return [at for at, word in enumerate(words) if word in again]

    def rows_with_twice(self, words: Sequence[int]) -> list[array[int]]:
        """Returns for each word the rows that have it more than once, in order."""
        return [self._again.get(word, _NONE) for word in words]

    def _at(self, rows: Ints) -> Ints:
        found: Ints = view(self._heads).reshape(-1, 3).take(rows, 0).astype(np.int64).T
        return found

    def _two_by_two(self, places: Ints) -> NDArray[np.uint32]:
        return view(self._flat).reshape(-1, 2).take(places, 0)

    # ---- to a file and back

    def parts(self) -> tuple[list[ContentId], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], Ints]:
        """Returns of the texts that are in: ids, how many words, how many repeats, all numbers; and their rows now."""
        rows = np.array([row for row, id_ in enumerate(self.ids) if id_ is not None], np.int64)
        starts, lengths, repeats = self._at(rows)
        flat = self._two_by_two(spans(starts, lengths + repeats)).ravel()
        held = [id_ for id_ in self.ids if id_ is not None]
        return held, lengths.astype(np.uint32), repeats.astype(np.uint32), flat, rows

    @classmethod
    def of_parts(
        cls,
        ids: Iterable[ContentId],
        lengths: NDArray[np.uint32],
        repeats: NDArray[np.uint32],
        flat: NDArray[np.uint32],
        words: int,
        features: int,
    ) -> Texts:
        """Returns texts as `parts` gave them, in fresh rows.

        Args:
            words, features: how many there are in the vocabulary.

        Raises:
            ValueError: the parts do not fit one another or the vocabulary.
        """
        made = cls()
        made.ids = list(ids)
        made.rows = {id_: row for row, id_ in enumerate(made.ids) if id_ is not None}
        if not len(made.rows) == len(made.ids) == len(lengths) == len(repeats):
            raise ValueError("ids and texts do not fit")
        sizes: Ints = lengths.astype(np.int64) + repeats.astype(np.int64)
        if 2 * int(sizes.sum()) != len(flat):
            raise ValueError("ids and texts do not fit")
        starts = sizes.cumsum() - sizes
        made._flat = array("I", flat.tobytes())
        made._heads = array("I", np.stack([starts, lengths, repeats], 1).astype(np.uint32).tobytes())
        counts = lengths.astype(np.int64)
        held, pairs = made._two_by_two(spans(starts, counts)).T
        surpluses, again = made._two_by_two(spans(starts + counts, sizes - counts)).T
        last = np.zeros(len(held), bool)
        last[(counts.cumsum() - 1)[counts > 0]] = True
        if ((pairs == NO_PAIR) != last).any() or not _are_surpluses(surpluses):
            raise ValueError("a text has a pair or a repeat that is none")
        others = np.concatenate([pairs[~last], again])
        if int(held.max(initial=0)) >= max(1, words) or int(others.max(initial=0)) >= max(1, features):
            raise ValueError("a text has a word that is not there")
        made._fill_postings(held, np.repeat(np.arange(len(counts), dtype=np.uint32), counts), words)
        return made

    def _fill_postings(self, held: NDArray[np.uint32], rows: NDArray[np.uint32], words: int) -> None:
        """Notes the rows of each word, given the words of all texts and the row of each."""
        order = np.argsort(held, kind="stable")
        held, rows = held[order], rows[order]
        first = np.ones(len(held), bool)
        first[1:] = (held[1:] != held[:-1]) | (rows[1:] != rows[:-1])
        second = np.zeros(len(held), bool)
        second[1:] = first[:-1] & ~first[1:]
        self._postings = [array("I", found.tobytes()) for found in _split(held[first], rows[first], words)]
        again = _split(held[second], rows[second], words)
        self._again = {word: array("I", found.tobytes()) for word, found in enumerate(again) if len(found)}


def _split(held: NDArray[np.uint32], rows: NDArray[np.uint32], words: int) -> list[NDArray[np.uint32]]:
    """Returns the rows of each word, given sorted words and the row of each."""
    edges = np.searchsorted(held, np.arange(words + 1)).tolist()
    return [rows[start:end] for start, end in pairwise(edges)]


def _are_surpluses(numbers: NDArray[np.uint32]) -> bool:
    """Says whether all are the bits of negative floats that are finite."""
    return bool(((numbers > MOST_WORDS) & (numbers < _MINUS_INFINITY)).all())

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
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hansa.adapters.index.ragged import Ints, spans, view
from hansa.kernel.ids import ContentId

_NONE = array("I")


class Whole(NamedTuple):
    """All that some texts are kept as, text after text.

    Attributes:
        words, lengths: the words, and how many each text has.
        pairs, pair_counts: the pairs, and how many each text has.
        repeats, times, repeat_counts: the features that a text has more than once, how often, and how many each has.
    """

    words: NDArray[np.uint32]
    lengths: Ints
    pairs: NDArray[np.uint32]
    pair_counts: Ints
    repeats: NDArray[np.uint32]
    times: NDArray[np.uint32]
    repeat_counts: Ints


class Texts:
    """Rows of numbers; what they stand for is the vocabulary's business.

    Attributes:
        ids: by row; None where a text was dropped.
        rows: by id.
    """

    def __init__(self) -> None:
        self.ids: list[ContentId | None] = []
        self.rows: dict[ContentId, int] = {}
        self._flat = array("I")  # of each text: its words, its pairs, what it has more than once, how often
        self._starts = array("I")
        self._lengths = array("I")  # words alone
        self._repeats = array("I")  # features it has more than once
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
        counts: Sequence[int] = (),
    ) -> int:
        """Puts a text into a new row and returns it.

        Args:
            repeats: the features that its words and pairs have more than once.
            counts: how often, of each.
        """
        row = len(self.ids)
        self.ids.append(id_)
        self.rows[id_] = row
        self._starts.append(len(self._flat))
        self._lengths.append(len(words))
        self._repeats.append(len(repeats))
        for part in (words, pairs, repeats, counts):
            self._flat.extend(part)
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
        for word in dict.fromkeys(self.words_of(np.array([row]))[0].tolist()):
            for posting in (self._postings[word], self._again.get(word, _NONE)):
                at = bisect_left(posting, row)
                del posting[at : at + (row in posting[at : at + 1])]
        self._lengths[row] = self._repeats[row] = 0

    def words_of(self, rows: Ints) -> tuple[NDArray[np.uint32], Ints]:
        """Returns the words of the texts in `rows`, text after text, and how many each has."""
        starts, lengths = self._at(rows)
        return view(self._flat).take(spans(starts, lengths)), lengths

    def of(self, rows: Ints) -> tuple[NDArray[np.uint32], Ints, NDArray[np.uint32], Ints]:
        """Returns what `words_of` does, and after it the same for the pairs."""
        return self.whole(rows)[:4]

    def whole(self, rows: Ints) -> Whole:
        """Returns all that texts are kept as."""
        starts, lengths = self._at(rows)
        pairs = np.maximum(lengths - 1, 0)
        repeats = view(self._repeats).take(rows).astype(np.int64)
        flat = view(self._flat)
        words = flat.take(spans(starts, lengths))
        starts += lengths
        both = flat.take(spans(starts, pairs))
        starts += pairs
        at = spans(starts, repeats)
        return Whole(words, lengths, both, pairs, flat.take(at), flat.take(at + repeats.repeat(repeats)), repeats)

    def rows_with(self, word: int) -> tuple[array[int], array[int]]:
        """Returns the rows that have a word, in order, and those of them that have it more than once."""
        return self._postings[word] if word < len(self._postings) else _NONE, self._again.get(word, _NONE)

    def _at(self, rows: Ints) -> tuple[Ints, Ints]:
        return view(self._starts).take(rows).astype(np.int64), view(self._lengths).take(rows).astype(np.int64)

    # ---- to a file and back

    def parts(self) -> tuple[list[ContentId], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], Ints]:
        """Returns of the texts that are in: ids, how many words, how many repeats, all numbers; and their rows now."""
        rows = np.array([row for row, id_ in enumerate(self.ids) if id_ is not None], np.int64)
        starts, lengths = self._at(rows)
        repeats = view(self._repeats).take(rows)
        flat = view(self._flat).take(spans(starts, _sizes(lengths, repeats.astype(np.int64))))
        return [id_ for id_ in self.ids if id_ is not None], lengths.astype(np.uint32), repeats, flat, rows

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
        counts, more = lengths.astype(np.int64), repeats.astype(np.int64)
        sizes = _sizes(counts, more)
        if int(sizes.sum()) != len(flat):
            raise ValueError("ids and texts do not fit")
        starts = np.cumsum(sizes) - sizes
        held = flat[spans(starts, counts)]
        others = flat[spans(starts + counts, sizes - counts - more)]
        if int(flat[spans(starts + sizes - more, more)].min(initial=2)) < 2:
            raise ValueError("a repeat is none")
        if int(held.max(initial=0)) >= max(1, words) or int(others.max(initial=0)) >= max(1, features):
            raise ValueError("a text has a word that is not there")
        made._flat = array("I", flat.tobytes())
        made._starts = array("I", starts.astype(np.uint32).tobytes())
        made._lengths, made._repeats = array("I", lengths.tobytes()), array("I", repeats.tobytes())
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


def _sizes(words: Ints, repeats: Ints) -> Ints:
    """Returns how many numbers texts are kept as."""
    return words + np.maximum(words - 1, 0) + 2 * repeats


def _split(held: NDArray[np.uint32], rows: NDArray[np.uint32], words: int) -> list[NDArray[np.uint32]]:
    """Returns the rows of each word, given sorted words and the row of each."""
    edges = np.searchsorted(held, np.arange(words + 1)).tolist()
    return [rows[start:end] for start, end in pairwise(edges)]

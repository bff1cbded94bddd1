"""The texts of the index, row by row: which words and pairs each has, and in which rows a word stands.

A dropped text leaves its row empty and its words out of the postings; the room is won back when the index is next
written and read.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hansa.adapters.index.ragged import Ints, spans, view
from hansa.kernel.ids import ContentId


class Texts:
    """Rows of numbers; what they stand for is the vocabulary's business.

    Attributes:
        ids: by row; None where a text was dropped.
        rows: by id.
    """

    def __init__(self) -> None:
        self.ids: list[ContentId | None] = []
        self.rows: dict[ContentId, int] = {}
        self._flat = array("I")  # of each text: its words, then its pairs
        self._starts = array("Q")
        self._lengths = array("I")  # words alone
        self._postings: list[array[int]] = []

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, id_: ContentId, words: Sequence[int], pairs: Sequence[int]) -> int:
        """Puts a text into a new row and returns it."""
        row = len(self.ids)
        self.ids.append(id_)
        self.rows[id_] = row
        self._starts.append(len(self._flat))
        self._lengths.append(len(words))
        self._flat.extend(words)
        self._flat.extend(pairs)
        for word in words:
            while len(self._postings) <= word:
                self._postings.append(array("I"))
            self._postings[word].append(row)
        return row

    def drop(self, id_: ContentId) -> None:
        """Empties a text's row."""
        row = self.rows.pop(id_)
        self.ids[row] = None
        for word in self.words_of(np.array([row]))[0].tolist():
            posting = self._postings[word]
            del posting[bisect_left(posting, row)]
        self._lengths[row] = 0

    def words_of(self, rows: Ints) -> tuple[NDArray[np.uint32], Ints]:
        """Returns the words of the texts in `rows`, text after text, and how many each has."""
        starts, lengths = self._at(rows)
        return view(self._flat)[spans(starts, lengths)], lengths

    def of(self, rows: Ints) -> tuple[NDArray[np.uint32], Ints, NDArray[np.uint32], Ints]:
        """Returns what `words_of` does, and after it the same for the pairs."""
        starts, lengths = self._at(rows)
        pairs, flat = np.maximum(lengths - 1, 0), view(self._flat)
        return flat[spans(starts, lengths)], lengths, flat[spans(starts + lengths, pairs)], pairs

    def rows_with(self, word: int) -> NDArray[np.uint32]:
        """Returns the rows that have a word, in order; one that has it twice stands there twice."""
        return view(self._postings[word]) if word < len(self._postings) else np.zeros(0, np.uint32)

    def _at(self, rows: Ints) -> tuple[Ints, Ints]:
        starts = np.frombuffer(self._starts, np.uint64)[rows].astype(np.int64)
        return starts, view(self._lengths)[rows].astype(np.int64)

    # ---- to a file and back

    def parts(self) -> tuple[list[ContentId], NDArray[np.uint32], NDArray[np.uint32], Ints]:
        """Returns ids, lengths and the flat words and pairs of the texts that are in, and the rows they are in now."""
        rows = np.array([row for row, id_ in enumerate(self.ids) if id_ is not None], np.int64)
        starts, lengths = self._at(rows)
        flat = view(self._flat)[spans(starts, lengths + np.maximum(lengths - 1, 0))]
        return [id_ for id_ in self.ids if id_ is not None], lengths.astype(np.uint32), flat, rows

    @classmethod
    def of_parts(
        cls, ids: Iterable[ContentId], lengths: NDArray[np.uint32], flat: NDArray[np.uint32], words: int, features: int
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
        counts = lengths.astype(np.int64)
        both = counts + np.maximum(counts - 1, 0)
        if len(made.rows) != len(made.ids) or len(counts) != len(made.ids) or int(both.sum()) != len(flat):
            raise ValueError("ids and texts do not fit")
        starts = np.cumsum(both) - both
        held = flat[spans(starts, counts)]
        others = flat[spans(starts + counts, both - counts)]
        if int(held.max(initial=0)) >= max(1, words) or int(others.max(initial=0)) >= max(1, features):
            raise ValueError("a text has a word that is not there")
        made._flat = array("I", flat.tobytes())
        made._starts = array("Q", starts.astype(np.uint64).tobytes())
        made._lengths = array("I", lengths.tobytes())
        by_word = np.argsort(held, kind="stable")
        rows = np.repeat(np.arange(len(counts), dtype=np.uint32), counts)[by_word].tobytes()
        edges = (np.searchsorted(held[by_word], np.arange(words + 1)) * 4).tolist()
        made._postings = [array("I", rows[start:end]) for start, end in pairwise(edges)]
        return made

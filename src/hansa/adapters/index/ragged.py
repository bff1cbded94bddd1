"""Rows of different lengths that lie behind one another in one flat array, and finding numbers in a short list.

A question touches a few hundred numbers at a time, so what it costs is calls, not numbers: the methods of arrays are
used where numpy has a function too, for they are two to five times as fast on so few.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.uint32] | Ints


def spans(starts: Ints, lengths: Ints) -> Ints:
    """Returns the places of all elements of the rows that begin at `starts`, row after row.

    >>> spans(np.array([7, 2]), np.array([2, 3])).tolist()
    [7, 8, 2, 3, 4]
    """
    shifts = starts + lengths
    shifts -= lengths.cumsum()
    found: Ints = shifts.repeat(lengths)
    found += np.arange(len(found))
    return found


def joined(rows: Sequence[NDArray[np.uint32] | array[int]]) -> Ints:
    """Returns rows of 32-bit numbers one behind the other."""
    return np.frombuffer(b"".join(rows), np.uint32).astype(np.int64)  # type: ignore[arg-type]  # both are buffers


def view(held: array[int]) -> NDArray[np.uint32]:
    """Returns a growing array of 32-bit numbers as numpy sees it. Let go of it before the next number is added."""
    return np.frombuffer(held, np.uint32)


class Places:
    """Finds numbers in a short list, by a table with a cell for every number there may be."""

    def __init__(self) -> None:
        self._cells = np.zeros(1_024, np.int32)  # all 0 between two calls

    def of(self, wanted: Numbers, listed: Numbers, below: int) -> NDArray[np.int32]:
        """Returns where in a list each number stands: from 1, and 0 for one that is not there.

        Args:
            wanted: the numbers to find; one beyond all is nowhere.
            listed: the list; of a number that stands there several times, the last place counts.
            below: what all numbers are less than.

        >>> Places().of(np.array([7, 8, 9]), np.array([9, 7, 9]), 10).tolist()
        [2, 0, 3]
        """
        if len(self._cells) <= below:
            self._cells = np.zeros(below + below // 8 + 1, np.int32)
        self._cells[listed] = np.arange(1, len(listed) + 1, dtype=np.int32)
        found = self._cells.take(wanted, mode="clip")
        self._cells[listed] = 0
        return found

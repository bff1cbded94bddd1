"""Rows of different lengths that lie behind one another in one flat array."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def spans(starts: Ints, lengths: Ints) -> Ints:
    """Returns the places of all elements of the rows that begin at `starts`, row after row.

    >>> spans(np.array([7, 2]), np.array([2, 3])).tolist()
    [7, 8, 2, 3, 4]
    """
    ends = np.cumsum(lengths)
    if not len(ends):
        return ends
    return np.repeat(starts - ends + lengths, lengths) + np.arange(ends[-1])


def view(held: array[int]) -> NDArray[np.uint32]:
    """Returns a growing array of 32-bit numbers as numpy sees it. Let go of it before the next number is added."""
    return np.frombuffer(held, np.uint32)

"""Merge intervals that overlap or touch.

Steps:
1. Sort the intervals by their start.
2. Extend the last merged interval while the next one starts at or before its end; otherwise open a new one.
Tags: data, intervals
License: MIT
"""


def merge_intervals(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Returns the fewest intervals that cover the same points, in order.

    Raises:
        ValueError: an interval ends before it starts.

    >>> merge_intervals([(1, 3), (2, 6), (8, 10)])
    [(1, 6), (8, 10)]
    >>> merge_intervals([(5, 7), (1, 5)])
    [(1, 7)]
    >>> merge_intervals([(1, 10), (2, 3), (4, 5)])
    [(1, 10)]
    >>> merge_intervals([])
    []
    """
    merged: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if end < start:
            raise ValueError(f"the interval ({start}, {end}) ends before it starts")
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def test_the_order_of_the_input_does_not_matter() -> None:
    given = [(0, 2), (9, 12), (1, 4), (6, 7), (7, 8)]
    for turn in range(len(given)):
        assert merge_intervals(given[turn:] + given[:turn]) == [(0, 4), (6, 8), (9, 12)]
    assert given[0] == (0, 2), "the input is left as it was"


def test_an_interval_that_ends_before_it_starts_is_refused() -> None:
    try:
        merge_intervals([(1, 2), (5, 4)])
    except ValueError:
        return
    raise AssertionError("(5, 4) was accepted")

"""Smooth a series with a moving average.

Steps:
1. Check that the window is at least one and not longer than the series.
2. Add up each window afresh with exact summation, so that errors don't build up along the series.
3. Divide by the width of the window.
Tags: data, statistics, series
License: MIT
"""

from math import fsum


def rolling_mean(values: list[float], window: int) -> list[float]:
    """Returns the mean of every `window` neighbours: `len(values) - window + 1` numbers.

    Raises:
        ValueError: the window is below one or longer than the series.

    >>> rolling_mean([1, 2, 3, 4], 2)
    [1.5, 2.5, 3.5]
    >>> rolling_mean([3.0, 3.0, 6.0], 3)
    [4.0]
    >>> rolling_mean([7, 8], 1)
    [7.0, 8.0]
    >>> rolling_mean([1e16, 1.0, -1e16, 0.5], 4)
    [0.375]
    """
    if not 1 <= window <= len(values):
        raise ValueError(f"a window of {window} does not fit a series of {len(values)}")
    return [fsum(values[start : start + window]) / window for start in range(len(values) - window + 1)]


def test_a_straight_line_stays_straight() -> None:
    line = [float(2 * n) for n in range(20)]
    for window in range(1, 21):
        smooth = rolling_mean(line, window)
        assert smooth == [float(2 * n + window - 1) for n in range(21 - window)]


def test_windows_that_do_not_fit_are_refused() -> None:
    for values, window in (([1.0], 2), ([1.0], 0), ([], 1), ([1.0, 2.0], -1)):
        try:
            rolling_mean(values, window)
        except ValueError:
            continue
        raise AssertionError(f"a window of {window} was accepted")

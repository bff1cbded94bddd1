"""Find a percentile of a list of numbers, interpolating between neighbours.

Steps:
1. Sort the numbers and place the percentage on the scale from the first to the last.
2. If the place falls between two numbers, go the same part of the way from one to the other.
Tags: numbers, statistics
License: MIT
"""


def percentile(values: list[float], percent: float) -> float:
    """Returns the value below which `percent` per cent of `values` lie (linear interpolation).

    Raises:
        ValueError: there are no values, or the percentage is outside 0 to 100.

    >>> percentile([15, 20, 35, 40, 50], 40)
    29.0
    >>> percentile([3, 1, 2], 50)
    2.0
    >>> percentile([10, 20], 25)
    12.5
    >>> percentile([7], 99)
    7.0
    >>> percentile([4, 8, 6], 100)
    8.0
    """
    if not values or not 0 <= percent <= 100:
        raise ValueError("at least one value and a percentage from 0 to 100 are needed")
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (ordered[above] - ordered[below]) * (place - below))


def test_it_rises_from_the_smallest_to_the_largest() -> None:
    for values in ([5.0, 1.0, 4.0], [2.0, 2.0, 9.0, -3.0], [float(n * n) for n in range(11)]):
        curve = [percentile(values, percent) for percent in range(101)]
        assert curve == sorted(curve)
        assert (curve[0], curve[-1]) == (min(values), max(values))


def test_impossible_questions_are_refused() -> None:
    for values, percent in (([], 50), ([1.0], -1), ([1.0], 100.5)):
        try:
            percentile(values, percent)
        except ValueError:
            continue
        raise AssertionError(f"percentile {percent} of {values} was answered")

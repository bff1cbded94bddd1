"""Count the days that two date ranges have in common.

Steps:
1. Check that neither range ends before it starts.
2. The common part runs from the later start to the earlier end.
3. Count both ends; if the part is empty the answer is zero.
Tags: dates, intervals
License: MIT
"""

from datetime import date


def _span(limits: tuple[str, str]) -> tuple[date, date]:
    start, end = (date.fromisoformat(day) for day in limits)
    if end < start:
        raise ValueError(f"the range {limits[0]} to {limits[1]} ends before it starts")
    return start, end


def overlap_days(left: tuple[str, str], right: tuple[str, str]) -> int:
    """Returns how many days lie in both ranges of ISO dates, first and last day included.

    Raises:
        ValueError: a date can't be read or a range ends before it starts.

    >>> overlap_days(("2024-01-01", "2024-01-10"), ("2024-01-08", "2024-01-20"))
    3
    >>> overlap_days(("2024-01-01", "2024-01-10"), ("2024-01-11", "2024-01-20"))
    0
    >>> overlap_days(("2024-02-01", "2024-03-01"), ("2024-02-28", "2024-02-29"))
    2
    >>> overlap_days(("2024-05-05", "2024-05-05"), ("2024-05-05", "2024-05-05"))
    1
    """
    (a, b), (c, d) = _span(left), _span(right)
    return max(0, (min(b, d) - max(a, c)).days + 1)


def test_the_order_of_the_ranges_does_not_matter() -> None:
    days = [f"2024-02-{n:02d}" for n in (1, 10, 20, 29)]
    spans = [(a, b) for a in days for b in days if a <= b]
    for left in spans:
        assert overlap_days(left, left) == int(left[1][8:]) - int(left[0][8:]) + 1
        for right in spans:
            assert overlap_days(left, right) == overlap_days(right, left)


def test_a_range_that_ends_before_it_starts_is_refused() -> None:
    good, bad = ("2024-01-01", "2024-01-02"), ("2024-01-02", "2024-01-01")
    for left, right in ((good, bad), (bad, good)):
        try:
            overlap_days(left, right)
        except ValueError:
            continue
        raise AssertionError("a reversed range was accepted")

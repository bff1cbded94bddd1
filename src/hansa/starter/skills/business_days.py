"""Count the working days between two dates.

Steps:
1. Count whole weeks at five days each, then look at the days left over one by one.
2. Subtract the holidays that fall on a weekday inside the span, each once.
Tags: dates, calendar
License: MIT
"""

from datetime import date, timedelta


def business_days(start: str, end: str, holidays: list[str] | None = None) -> int:
    """Returns the Mondays to Fridays from `start` (included) to `end` (excluded), less `holidays`.

    All dates are ISO 8601 (YYYY-MM-DD).

    Raises:
        ValueError: a date can't be read, or the end is before the start.

    >>> business_days("2024-03-04", "2024-03-11")
    5
    >>> business_days("2024-03-09", "2024-03-11")
    0
    >>> business_days("2024-12-23", "2024-12-30", ["2024-12-25", "2024-12-26", "2024-12-28"])
    3
    >>> business_days("2024-05-01", "2024-05-01")
    0
    """
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    if last < first:
        raise ValueError("the end is before the start")
    weeks, rest = divmod((last - first).days, 7)
    tail = [first + timedelta(days=7 * weeks + offset) for offset in range(rest)]
    free = {date.fromisoformat(day) for day in holidays or []}
    lost = sum(first <= day < last and day.weekday() < 5 for day in free)
    return 5 * weeks + sum(day.weekday() < 5 for day in tail) - lost


def test_the_formula_agrees_with_counting_one_by_one() -> None:
    base = date(2023, 12, 25)
    for shift in range(7):
        first = base + timedelta(days=shift)
        for length in range(25):
            days = [first + timedelta(days=n) for n in range(length)]
            end = first + timedelta(days=length)
            assert business_days(str(first), str(end)) == len([d for d in days if d.weekday() < 5])


def test_a_span_that_runs_backwards_is_refused() -> None:
    try:
        business_days("2024-03-05", "2024-03-04")
    except ValueError:
        return
    raise AssertionError("a backward span was accepted")

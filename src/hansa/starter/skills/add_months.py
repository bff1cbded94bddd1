"""Move a date by a number of months and stay inside the month.

Steps:
1. Count months from year zero, so that years carry by themselves.
2. Look up how long the target month is.
3. Use the day wanted or the last day of the month, whichever is earlier.
Tags: dates, calendar
License: MIT
"""

from calendar import monthrange
from datetime import date


def add_months(day: str, months: int) -> str:
    """Returns the ISO date `months` after (or, if negative, before) the ISO date `day`.

    Raises:
        ValueError: the date can't be read or the result is outside the years 1 to 9999.

    >>> add_months("2024-01-31", 1)
    '2024-02-29'
    >>> add_months("2023-11-15", 3)
    '2024-02-15'
    >>> add_months("2024-03-31", -1)
    '2024-02-29'
    >>> add_months("2024-02-29", 12)
    '2025-02-28'
    >>> add_months("2024-07-04", 0)
    '2024-07-04'
    """
    start = date.fromisoformat(day)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ValueError("the result is outside the years 1 to 9999")
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(start.day, last)).isoformat()


def test_there_and_back_keeps_days_that_every_month_has() -> None:
    for months in range(-30, 31):
        there = add_months("2024-05-28", months)
        assert there[8:] == "28"
        assert add_months(there, -months) == "2024-05-28"
        assert (there == "2024-05-28") == (months == 0)


def test_dates_beyond_the_calendar_are_refused() -> None:
    for day, months in (("9999-12-01", 1), ("0001-01-01", -1), ("2024-13-01", 1)):
        try:
            add_months(day, months)
        except ValueError:
            continue
        raise AssertionError(f"{day} {months:+d} months was accepted")

"""Convert a written date to ISO format.

Steps:
1. Cut the text into numbers and words; times and other extras are refused.
2. If there is a month name, the long number is the year and the other the day.
3. Otherwise a leading four-digit number means year-month-day, and a trailing one day-month-year.
4. Let the calendar have the last word on whether the date exists.
Tags: dates, parsing
License: MIT
"""

import re
from datetime import date

_MONTHS = "january february march april may june july august september october november december".split()
_DAY, _NAME = r"(\d{1,2})(?:st|nd|rd|th)?", r"([a-z]{3,9})\.?"
_NAMED = re.compile(rf"(?:{_DAY}\s+{_NAME}|{_NAME}\s+{_DAY}),?\s+(\d{{4}})")
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")


def _month(name: str) -> int:
    for number, month in enumerate(_MONTHS, start=1):
        if name in (month, month[:3]) or (name, month) == ("sept", "september"):
            return number
    raise ValueError(f"{name!r} is no month")


def normalize_date(text: str) -> str:
    """Returns the date in `text` as YYYY-MM-DD; numbers without a month name are read day first.

    Raises:
        ValueError: the text has no known form or names a day that does not exist.

    >>> normalize_date("3 March 2024")
    '2024-03-03'
    >>> normalize_date("Feb. 29, 2024")
    '2024-02-29'
    >>> normalize_date("05/04/2023")
    '2023-04-05'
    >>> normalize_date(" 2023.7.1 ")
    '2023-07-01'
    >>> normalize_date("21st december 1999")
    '1999-12-21'
    """
    plain = text.strip().lower()
    if named := _NAMED.fullmatch(plain):
        day, month, month_first, day_second, year = named.groups()
        return date(int(year), _month(month or month_first), int(day or day_second)).isoformat()
    if iso := _YEAR_FIRST.fullmatch(plain):
        return date(int(iso[1]), int(iso[3]), int(iso[4])).isoformat()
    if european := _DAY_FIRST.fullmatch(plain):
        return date(int(european[4]), int(european[3]), int(european[1])).isoformat()
    raise ValueError(f"{text!r} is not a date in a known form")


def test_every_form_of_a_day_gives_the_same_answer() -> None:
    forms = ("9 Sep 2022", "Sept 9, 2022", "September 9th 2022", "2022-9-9", "2022/09/09", "09.09.2022")
    for form in forms:
        assert normalize_date(form) == "2022-09-09"


def test_days_that_do_not_exist_are_refused() -> None:
    for text in ("30 February 2024", "2023-02-29", "31.04.2024", "2024-1/2", "5 Marchy 2024", "tomorrow", ""):
        try:
            normalize_date(text)
        except ValueError:
            continue
        raise AssertionError(f"{text!r} was accepted")

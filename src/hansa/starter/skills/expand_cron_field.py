"""Expand one field of a cron expression into the numbers it stands for.

Steps:
1. Cut the field at commas; each part may carry a step after a slash.
2. A star is the whole range, a-b a part of it, and a number with a step runs to the end of the range.
3. Check the limits, then gather the numbers once each, in order.
Tags: parsing, schedule
License: MIT
"""

import re


def _part(part: str, low: int, high: int) -> range:
    match = re.fullmatch(r"(?:(\*)|([0-9]+)(?:-([0-9]+))?)(?:/([0-9]+))?", part)
    if match is None:
        raise ValueError(f"{part!r} is not a cron field")
    star, first, last, step = match.groups()
    start = low if star else int(first)
    stop = high if star or (step and not last) else int(last or first)
    if not low <= start <= stop <= high or (step and int(step) == 0):
        raise ValueError(f"{part!r} does not fit in {low}-{high}")
    return range(start, stop + 1, int(step or 1))


def expand_cron_field(field: str, low: int, high: int) -> list[int]:
    """Returns the sorted numbers that `field` matches, where the field may run from `low` to `high`.

    Raises:
        ValueError: a part has another form or leaves the range.

    >>> expand_cron_field("*/15", 0, 59)
    [0, 15, 30, 45]
    >>> expand_cron_field("1-5", 0, 6)
    [1, 2, 3, 4, 5]
    >>> expand_cron_field("9,1,5-6,6", 1, 12)
    [1, 5, 6, 9]
    >>> expand_cron_field("20/2", 0, 23)
    [20, 22]
    >>> expand_cron_field("8-18/4", 0, 23)
    [8, 12, 16]
    """
    return sorted({number for part in field.split(",") for number in _part(part, low, high)})


def test_a_star_with_a_step_is_a_range() -> None:
    for step in range(1, 70):
        assert expand_cron_field(f"*/{step}", 0, 59) == list(range(0, 60, step))


def test_fields_outside_their_range_are_refused() -> None:
    for field in ("", "60", "5-1", "*/0", "a", "1,,2", "-1", "*-5", "1-70"):
        try:
            expand_cron_field(field, 0, 59)
        except ValueError:
            continue
        raise AssertionError(f"{field!r} was accepted")

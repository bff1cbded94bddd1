"""Expand a list of page ranges such as 1-3,7 into single numbers.

Steps:
1. Cut the text at commas and drop the spaces.
2. A part is a number or two numbers with a dash; a range that runs backwards is an error.
3. List the numbers in the order given, each only the first time.
Tags: parsing, numbers
License: MIT
"""

import re


def expand_ranges(text: str, limit: int = 10000) -> list[int]:
    """Returns the numbers that `text` names, at most `limit` of them.

    Raises:
        ValueError: a part has another form, runs backwards, or there are too many numbers.

    >>> expand_ranges("1-3,7")
    [1, 2, 3, 7]
    >>> expand_ranges(" 5 , 2 - 4, 3 ")
    [5, 2, 3, 4]
    >>> expand_ranges("9-9")
    [9]
    >>> expand_ranges("")
    []
    """
    numbers: dict[int, None] = {}
    for part in text.split(",") if text.strip() else []:
        match = re.fullmatch(r"\s*([0-9]+)(?:\s*-\s*([0-9]+))?\s*", part)
        if match is None:
            raise ValueError(f"{part.strip()!r} is neither a number nor a range")
        first = int(match[1])
        last = int(match[2] or first)
        if last < first:
            raise ValueError(f"the range {part.strip()!r} runs backwards")
        if last - first >= limit:
            raise ValueError(f"the range {part.strip()!r} has more than {limit} numbers")
        numbers.update(dict.fromkeys(range(first, last + 1)))
    if len(numbers) > limit:
        raise ValueError(f"there are more than {limit} numbers")
    return list(numbers)


def test_a_range_is_as_long_as_its_ends_say() -> None:
    for first in range(5):
        for last in range(first, 12):
            assert expand_ranges(f"{first}-{last}") == list(range(first, last + 1))


def test_bad_and_endless_ranges_are_refused() -> None:
    for text in ("3-1", "1,,2", "a", "1-", "-4", "1-2-3", "0-99999999999", "0-9999,20000"):
        try:
            expand_ranges(text)
        except ValueError:
            continue
        raise AssertionError(f"{text!r} was accepted")

"""Parse a short duration such as 1h30m into seconds.

Steps:
1. Check that the whole text is a chain of numbers with units, so that nothing is skipped in silence.
2. Check that each unit appears once and that they go from large to small.
3. Add up number times unit.
Tags: parsing, dates
License: MIT
"""

import re

_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}


def parse_duration(text: str) -> int:
    """Returns the seconds in a text like "2d4h", with the units w, d, h, m and s.

    Raises:
        ValueError: the text has another form, repeats a unit or has units out of order.

    >>> parse_duration("1h30m")
    5400
    >>> parse_duration("45s")
    45
    >>> parse_duration(" 2d 4h ")
    187200
    >>> parse_duration("1W")
    604800
    >>> parse_duration("0m")
    0
    """
    plain = re.sub(r"\s+", "", text.lower())
    if not re.fullmatch(r"([0-9]+[wdhms])+", plain):
        raise ValueError(f"{text!r} is not a duration like 1h30m")
    parts = [(int(part[:-1]), part[-1]) for part in re.findall(r"[0-9]+[wdhms]", plain)]
    sizes = [_SECONDS[unit] for _, unit in parts]
    if sizes != sorted(set(sizes), reverse=True):
        raise ValueError(f"the units of {text!r} are repeated or out of order")
    return sum(count * _SECONDS[unit] for count, unit in parts)


def test_units_add_up() -> None:
    for hours in range(0, 30, 7):
        for minutes in range(0, 60, 13):
            assert parse_duration(f"{hours}h{minutes}m") == 3_600 * hours + 60 * minutes


def test_unclear_durations_are_refused() -> None:
    for text in ("", "90", "h", "1.5h", "-1h", "1h1h", "5m1h", "1 fortnight", "3x"):
        try:
            parse_duration(text)
        except ValueError:
            continue
        raise AssertionError(f"{text!r} was accepted")

"""Say a number of seconds in words, largest unit first.

Steps:
1. Divide by days, hours, minutes and seconds in turn.
2. Leave out the units that are zero and put the others in the plural where needed.
3. Join with commas, and the last with "and".
Tags: dates, display
License: MIT
"""

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def humanize_duration(seconds: int) -> str:
    """Returns for example "1 hour, 2 minutes and 3 seconds".

    Raises:
        ValueError: the number of seconds is negative.

    >>> humanize_duration(3723)
    '1 hour, 2 minutes and 3 seconds'
    >>> humanize_duration(86401)
    '1 day and 1 second'
    >>> humanize_duration(120)
    '2 minutes'
    >>> humanize_duration(0)
    '0 seconds'
    """
    if seconds < 0:
        raise ValueError("a duration can't be negative")
    parts: list[str] = []
    for name, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}" + ("s" if count != 1 else ""))
    if len(parts) <= 1:
        return parts[0] if parts else "0 seconds"
    return ", ".join(parts[:-1]) + " and " + parts[-1]


def test_the_words_add_up_to_the_seconds() -> None:
    sizes = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
    for seconds in (1, 59, 60, 61, 3_599, 3_600, 90_061, 172_800, 1_000_000):
        words = humanize_duration(seconds).replace(" and ", ", ").split(", ")
        assert sum(int(n) * sizes[unit.rstrip("s")] for n, unit in (word.split() for word in words)) == seconds


def test_a_negative_duration_is_refused() -> None:
    try:
        humanize_duration(-1)
    except ValueError:
        return
    raise AssertionError("-1 was accepted")

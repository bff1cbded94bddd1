"""Turn a human file size like 1.5 GiB into bytes.

Steps:
1. Split the text into a number and a unit.
2. Units with an i count in powers of 1024, the others in powers of 1000.
3. Multiply in exact decimal arithmetic and insist on a whole number of bytes.
Tags: parsing, units
License: MIT
"""

import re
from decimal import Decimal

_POWERS = "kmgtp"


def parse_byte_size(text: str) -> int:
    """Returns the bytes in a text such as "10 MB", "4KiB" or "512"; the case of letters is ignored.

    Raises:
        ValueError: the text has another form or is no whole number of bytes.

    >>> parse_byte_size("1.5 GiB")
    1610612736
    >>> parse_byte_size("10MB")
    10000000
    >>> parse_byte_size("512")
    512
    >>> parse_byte_size("0.5 kb")
    500
    >>> parse_byte_size("3 B")
    3
    """
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(?:([kmgtp])(i?))?b?\s*", text.lower())
    if match is None:
        raise ValueError(f"{text!r} is not a size like 10 MB")
    number, power, binary = match.groups()
    factor = (1024 if binary else 1000) ** (_POWERS.index(power) + 1) if power else 1
    size = Decimal(number) * factor
    if size != size.to_integral_value():
        raise ValueError(f"{text!r} is not a whole number of bytes")
    return int(size)


def test_each_unit_is_a_thousand_or_1024_of_the_one_before() -> None:
    for small, large in (("KB", "MB"), ("MB", "GB"), ("GB", "TB"), ("TB", "PB")):
        assert parse_byte_size("7" + large) == 1000 * parse_byte_size("7" + small) > 0
        binary = parse_byte_size(f"7 {large[0]}iB")
        assert binary == 1024 * parse_byte_size(f"7 {small[0]}iB")


def test_what_is_no_size_is_refused() -> None:
    for text in ("", "MB", "-1 KB", "1,5 MB", "1.5", "1.5 B", "3 XB", "1 KiBs"):
        try:
            parse_byte_size(text)
        except ValueError:
            continue
        raise AssertionError(f"{text!r} was accepted")

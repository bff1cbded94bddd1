"""Divide an amount of cents by given shares without losing a cent.

Steps:
1. Give each share its exact part rounded down, in whole-number arithmetic.
2. Hand out the cents left over, one each, to the largest remainders; the earlier share wins a tie.
Tags: numbers, money
License: MIT
"""


def split_amount(cents: int, shares: list[int]) -> list[int]:
    """Returns one amount per share; together they are exactly `cents`.

    Raises:
        ValueError: the amount or a share is negative, or the shares add up to zero.

    >>> split_amount(100, [1, 1, 1])
    [34, 33, 33]
    >>> split_amount(1000, [70, 20, 10])
    [700, 200, 100]
    >>> split_amount(5, [3, 7])
    [2, 3]
    >>> split_amount(1, [0, 1, 1])
    [0, 1, 0]
    >>> split_amount(0, [5])
    [0]
    """
    total = sum(shares)
    if cents < 0 or min(shares, default=0) < 0 or total == 0:
        raise ValueError("amount and shares must not be negative, and one share must be positive")
    parts = [cents * share // total for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: -(cents * shares[i] % total))
    for i in by_remainder[: cents - sum(parts)]:
        parts[i] += 1
    return parts


def test_no_cent_is_lost_and_no_part_is_off_by_one() -> None:
    for cents in (1, 7, 99, 100, 12_345):
        for shares in ([1], [1, 2], [3, 3, 3], [1, 0, 5, 7], [10**6, 1]):
            parts = split_amount(cents, shares)
            assert sum(parts) == cents
            assert all(abs(p * sum(shares) - cents * s) < sum(shares) for p, s in zip(parts, shares, strict=True))


def test_shares_that_make_no_sense_are_refused() -> None:
    for cents, shares in ((10, []), (10, [0, 0]), (-1, [1]), (10, [2, -1])):
        try:
            split_amount(cents, shares)
        except ValueError:
            continue
        raise AssertionError(f"{cents} by {shares} was accepted")

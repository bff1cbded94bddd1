"""Round an amount of money to cents, with halves going to the even cent.

Steps:
1. Read the amount as an exact decimal, never as a float.
2. Round to two places, halves to the even neighbour, so that many roundings don't drift upwards.
3. Write minus zero as zero.
Tags: numbers, money
License: MIT
"""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation


def round_money(amount: str) -> str:
    """Returns `amount` with exactly two decimal places.

    Raises:
        ValueError: the amount is not a plain finite number.

    >>> round_money("2.675")
    '2.68'
    >>> round_money("2.665")
    '2.66'
    >>> round_money("10")
    '10.00'
    >>> round_money("-0.004")
    '0.00'
    >>> round_money("-1.005001")
    '-1.01'
    """
    try:
        exact = Decimal(amount)
        cents = exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
    except InvalidOperation:
        raise ValueError(f"{amount!r} is not an amount") from None
    if not cents.is_finite():
        raise ValueError(f"{amount!r} is not an amount")
    return str(abs(cents) if cents.is_zero() else cents)


def test_halves_go_to_the_even_cent() -> None:
    for cents in range(100):
        even = cents + cents % 2
        assert round_money(f"7.{cents:02d}5") == f"{7 + even // 100}.{even % 100:02d}"


def test_what_is_no_amount_is_refused() -> None:
    for text in ("", "ten", "1,50", "NaN", "Infinity", "1.2.3", "1e99"):
        try:
            round_money(text)
        except ValueError:
            continue
        raise AssertionError(f"{text!r} was accepted")

"""Check a card number with the Luhn checksum.

Steps:
1. Drop spaces and dashes; anything else that is no digit makes the number invalid.
2. From the right, double every second digit and add the digits of the result.
3. The number is valid if the total is a multiple of ten.
Tags: numbers, validation
License: MIT
"""


def luhn_valid(number: str) -> bool:
    """Returns whether `number`, of two digits or more, passes the Luhn check.

    >>> luhn_valid("4539 1488 0343 6467")
    True
    >>> luhn_valid("8273 1232 7352 0569")
    False
    >>> luhn_valid("79927398713")
    True
    >>> luhn_valid("0")
    False
    >>> luhn_valid("12a4")
    False
    """
    digits = number.replace(" ", "").replace("-", "")
    if len(digits) < 2 or not (digits.isascii() and digits.isdigit()):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value // 10 + value % 10
    return total % 10 == 0


def test_exactly_one_check_digit_fits() -> None:
    for stem in ("0", "7", "12345", "4000-0000 0000", "9" * 30):
        assert [luhn_valid(stem + digit) for digit in "0123456789"].count(True) == 1


def test_a_single_wrong_digit_is_caught() -> None:
    good = "79927398713"
    for place, digit in enumerate(good):
        for other in "0123456789":
            assert luhn_valid(good[:place] + other + good[place + 1 :]) is (other == digit)

"""Write a whole number in Roman numerals.

Steps:
1. Check that the number lies between 1 and 3999, the range of the standard letters.
2. From the largest symbol down, write each as often as it fits; the pairs like CM count as symbols.
Tags: numbers, text
License: MIT
"""

_SYMBOLS = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


def to_roman(number: int) -> str:
    """Returns `number` in Roman numerals.

    Raises:
        ValueError: the number is below 1 or above 3999.

    >>> to_roman(1994)
    'MCMXCIV'
    >>> to_roman(4)
    'IV'
    >>> to_roman(3999)
    'MMMCMXCIX'
    >>> to_roman(500)
    'D'
    """
    if not 1 <= number <= 3999:
        raise ValueError("only 1 to 3999 can be written in Roman numerals")
    text = ""
    for value, symbol in _SYMBOLS:
        count, number = divmod(number, value)
        text += symbol * count
    return text


def test_the_letters_add_up_to_the_number() -> None:
    values = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    for number in range(1, 4000, 7):
        worth = [values[letter] for letter in to_roman(number)]
        signs = [-1 if left < right else 1 for left, right in zip(worth, [*worth[1:], 0], strict=True)]
        assert sum(sign * value for sign, value in zip(signs, worth, strict=True)) == number


def test_numbers_out_of_range_are_refused() -> None:
    for number in (0, -5, 4000):
        try:
            to_roman(number)
        except ValueError:
            continue
        raise AssertionError(f"{number} was accepted")

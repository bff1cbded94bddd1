"""Find the most frequent items of a list.

Steps:
1. Count every item.
2. Sort by count, highest first; equal counts keep the order of first appearance.
3. Cut after the number wanted.
Tags: data, statistics
License: MIT
"""


def most_common(items: list[str], count: int) -> list[tuple[str, int]]:
    """Returns up to `count` pairs of item and frequency.

    Raises:
        ValueError: the count is negative.

    >>> most_common(["a", "b", "a", "c", "b", "a"], 2)
    [('a', 3), ('b', 2)]
    >>> most_common(["x", "y"], 5)
    [('x', 1), ('y', 1)]
    >>> most_common(["late", "early", "early", "late"], 1)
    [('late', 2)]
    >>> most_common([], 3)
    []
    """
    if count < 0:
        raise ValueError("the count can't be negative")
    tally: dict[str, int] = {}
    for item in items:
        tally[item] = tally.get(item, 0) + 1
    return sorted(tally.items(), key=lambda pair: -pair[1])[:count]


def test_frequencies_fall_and_add_up() -> None:
    for text in ("mississippi", "abracadabra", "zzz"):
        pairs = most_common(list(text), len(text))
        assert [n for _, n in pairs] == sorted((text.count(letter) for letter in set(text)), reverse=True)
        assert all(text.count(letter) == n for letter, n in pairs)


def test_a_negative_count_is_refused() -> None:
    try:
        most_common(["a"], -1)
    except ValueError:
        return
    raise AssertionError("-1 was accepted")

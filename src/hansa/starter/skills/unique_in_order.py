"""Remove duplicates from a list and keep the order of first appearance.

Steps:
1. Remember hashable items in a set and the others in a list.
2. Keep an item only if it was not seen before; 1, 1.0 and True are told apart by their type.
Tags: data, list
License: MIT
"""


def unique_in_order(items: list[object]) -> list[object]:
    """Returns the items of `items` without repetitions; items that can't be hashed are allowed.

    >>> unique_in_order([3, 1, 3, 2, 1])
    [3, 1, 2]
    >>> unique_in_order([[1], [2], [1]])
    [[1], [2]]
    >>> unique_in_order([1, True, 1.0, "1", 1])
    [1, True, 1.0, '1']
    >>> unique_in_order([])
    []
    """
    seen: set[tuple[type, object]] = set()
    seen_unhashable: list[object] = []
    kept: list[object] = []
    for item in items:
        try:
            new = (type(item), item) not in seen
            seen.add((type(item), item))
        except TypeError:
            new = item not in seen_unhashable
            seen_unhashable.append(item)
        if new:
            kept.append(item)
    return kept


def test_it_agrees_with_a_search_through_the_kept_items() -> None:
    for seed in range(1, 30):
        items: list[object] = [(seed * n * n) % 7 for n in range(15)]
        kept: list[object] = []
        for item in items:
            if item not in kept:
                kept.append(item)
        assert unique_in_order(items) == kept

"""Split a list into chunks of a given size.

Steps:
1. Check that the size is at least one.
2. Cut a slice at every multiple of the size; the last may be shorter.
Tags: data, list
License: MIT
"""


def chunk_list(items: list[object], size: int) -> list[list[object]]:
    """Returns consecutive slices of `items`, all of length `size` but perhaps the last.

    Raises:
        ValueError: the size is below one.

    >>> chunk_list([1, 2, 3, 4, 5], 2)
    [[1, 2], [3, 4], [5]]
    >>> chunk_list(["a", "b"], 5)
    [['a', 'b']]
    >>> chunk_list([1, 2, 3, 4], 4)
    [[1, 2, 3, 4]]
    >>> chunk_list([], 3)
    []
    """
    if size < 1:
        raise ValueError("the size must be at least 1")
    return [items[start : start + size] for start in range(0, len(items), size)]


def test_the_chunks_joined_are_the_list() -> None:
    for length in range(1, 12):
        items: list[object] = list(range(length))
        for size in range(1, 14):
            chunks = chunk_list(items, size)
            assert [item for chunk in chunks for item in chunk] == items
            assert all(len(chunk) == size for chunk in chunks[:-1]) and 1 <= len(chunks[-1]) <= size


def test_a_size_below_one_is_refused() -> None:
    for size in (0, -1):
        try:
            chunk_list([1, 2], size)
        except ValueError:
            continue
        raise AssertionError(f"a size of {size} was accepted")

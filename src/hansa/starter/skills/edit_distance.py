"""Measure how many single-character edits separate two strings.

Steps:
1. Walk the first string, holding one row of the table of distances between prefixes.
2. Each cell is the cheapest of an insertion, a deletion and a substitution (free if the characters agree).
3. The last cell of the last row is the distance.
Tags: text, similarity
License: MIT
"""


def edit_distance(left: str, right: str) -> int:
    """Returns the Levenshtein distance of `left` and `right`.

    >>> edit_distance("kitten", "sitting")
    3
    >>> edit_distance("flaw", "lawn")
    2
    >>> edit_distance("", "abc")
    3
    >>> edit_distance("same", "same")
    0
    """
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        above, row = row, [i]
        for j, b in enumerate(right, start=1):
            row.append(min(row[j - 1] + 1, above[j] + 1, above[j - 1] + (a != b)))
    return row[-1]


def test_it_is_a_metric() -> None:
    words = ("", "a", "ab", "ba", "abc", "cab", "bcd")
    for a in words:
        for b in words:
            assert edit_distance(a, b) == edit_distance(b, a)
            assert (edit_distance(a, b) == 0) == (a == b)
            for c in words:
                assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)

"""Swap the rows and columns of a table, filling gaps.

Steps:
1. Find the longest row.
2. Build one new row per old column, with the fill value where an old row was too short.
Tags: data, table
License: MIT
"""


def transpose_table(rows: list[list[object]], fill: object = None) -> list[list[object]]:
    """Returns the columns of `rows` as rows.

    >>> transpose_table([[1, 2, 3], [4, 5, 6]])
    [[1, 4], [2, 5], [3, 6]]
    >>> transpose_table([["a", "b"], ["c"]], "")
    [['a', 'c'], ['b', '']]
    >>> transpose_table([[1], [2, 3]])
    [[1, 2], [None, 3]]
    >>> transpose_table([])
    []
    """
    width = max(map(len, rows), default=0)
    return [[row[column] if column < len(row) else fill for row in rows] for column in range(width)]


def test_twice_swapped_is_the_table_again() -> None:
    for height in range(1, 5):
        for width in range(1, 5):
            table: list[list[object]] = [[10 * y + x for x in range(width)] for y in range(height)]
            swapped = transpose_table(table)
            assert transpose_table(swapped) == table
            assert swapped[0] == [10 * y for y in range(height)]

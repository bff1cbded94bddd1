"""Summarise a numeric column of a table of records.

Steps:
1. Take the numbers of the column; missing and None cells are counted, other types are an error.
2. Report count, missing, smallest, largest and mean, the mean from an exact sum.
3. If there are no numbers, those three are None.
Tags: csv, data, statistics
License: MIT
"""

from math import fsum


def column_stats(records: list[dict[str, object]], column: str) -> dict[str, object]:
    """Returns "count", "missing", "min", "max" and "mean" of `column`.

    Raises:
        TypeError: a cell holds something other than a number or None.

    >>> column_stats([{"v": 1}, {"v": 4}, {"v": 2.5}], "v")
    {'count': 3, 'missing': 0, 'min': 1, 'max': 4, 'mean': 2.5}
    >>> column_stats([{"v": 10}, {"v": None}, {}], "v")
    {'count': 1, 'missing': 2, 'min': 10, 'max': 10, 'mean': 10.0}
    >>> column_stats([], "v")
    {'count': 0, 'missing': 0, 'min': None, 'max': None, 'mean': None}
    >>> column_stats([{"v": -1, "w": 5}, {"v": 1}], "w")
    {'count': 1, 'missing': 1, 'min': 5, 'max': 5, 'mean': 5.0}
    """
    numbers: list[int | float] = []
    for record in records:
        cell = record.get(column)
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            numbers.append(cell)
        elif cell is not None:
            raise TypeError(f"{cell!r} in column {column!r} is not a number")
    return {
        "count": len(numbers),
        "missing": len(records) - len(numbers),
        "min": min(numbers, default=None),
        "max": max(numbers, default=None),
        "mean": fsum(numbers) / len(numbers) if numbers else None,
    }


def test_a_run_of_numbers_has_its_middle_as_mean() -> None:
    for last in range(1, 20):
        stats = column_stats([{"n": n} for n in range(last + 1)], "n")
        assert stats == {"count": last + 1, "missing": 0, "min": 0, "max": last, "mean": last / 2}


def test_cells_that_are_no_numbers_are_refused() -> None:
    for cell in ("5", True, [1]):
        try:
            column_stats([{"v": cell}], "v")
        except TypeError:
            continue
        raise AssertionError(f"{cell!r} was taken for a number")

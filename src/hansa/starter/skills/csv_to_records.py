"""Read CSV text into records, with numbers and truth values converted.

Steps:
1. Let the CSV reader deal with quotes and line breaks in cells.
2. The first row gives the field names, which must be distinct.
3. Convert a cell only if nothing is lost by it: 007 stays text; an empty cell becomes None.
Tags: csv, parsing, data
License: MIT
"""

import csv
import re

_WORDS = {"": None, "true": True, "false": False}


def _convert(cell: str) -> object:
    if cell.lower() in _WORDS:
        return _WORDS[cell.lower()]
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", cell):
        return int(cell)
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{1,15}", cell):
        return float(cell)
    return cell


def csv_to_records(text: str) -> list[dict[str, object]]:
    r"""Returns one dictionary per row after the header.

    Raises:
        ValueError: two columns have the same name, or a row has more or fewer cells than the header.

    >>> csv_to_records("id,name\n1,Ann\n2,Bob\n")
    [{'id': 1, 'name': 'Ann'}, {'id': 2, 'name': 'Bob'}]
    >>> csv_to_records('zip,ok,note\n00713,TRUE,"a, b"')
    [{'zip': '00713', 'ok': True, 'note': 'a, b'}]
    >>> csv_to_records("x,y\n-1.50,\n")
    [{'x': -1.5, 'y': None}]
    >>> csv_to_records("only,header\n")
    []
    """
    rows = [row for row in csv.reader(text.splitlines(keepends=True), strict=True) if row]
    header = rows[0] if rows else []
    if len(set(header)) < len(header):
        raise ValueError("two columns have the same name")
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(header):
            raise ValueError(f"row {number} has {len(row)} cells under {len(header)} names")
    return [dict(zip(header, map(_convert, row), strict=True)) for row in rows[1:]]


def test_only_what_can_be_written_back_is_converted() -> None:
    for cell, value in (("0", 0), ("-7", -7), ("+7", "+7"), ("1e5", "1e5"), ("0.25", 0.25), ("1.", "1."), ("-", "-")):
        record = csv_to_records(f"v\n{cell}\n")[0]
        assert record == {"v": value} and type(record["v"]) is type(value)


def test_uneven_rows_and_doubled_names_are_refused() -> None:
    for text in ("a,b\n1\n", "a\n1,2\n", "a,a\n1,2\n"):
        try:
            csv_to_records(text)
        except ValueError:
            continue
        raise AssertionError(f"{text!r} was accepted")

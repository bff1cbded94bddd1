"""Build a parametrised SQL INSERT statement for several rows.

Steps:
1. Let only plain table and column names through.
2. Take the columns of the first row and insist that every other row has the same ones.
3. Write one group of question marks per row and list the values in the same order.
Tags: sql, security
License: MIT
"""

import re


def insert_statement(table: str, rows: list[dict[str, object]]) -> tuple[str, list[object]]:
    """Returns the statement with question marks and the values for them, row by row.

    Raises:
        ValueError: there are no rows, the rows differ in their columns, or a name is not plain.

    >>> insert_statement("users", [{"id": 1, "name": "Ann"}])
    ('INSERT INTO users (id, name) VALUES (?, ?)', [1, 'Ann'])
    >>> insert_statement("t", [{"a": 1, "b": 2}, {"b": 4, "a": 3}])
    ('INSERT INTO t (a, b) VALUES (?, ?), (?, ?)', [1, 2, 3, 4])
    >>> insert_statement("log", [{"msg": None}])
    ('INSERT INTO log (msg) VALUES (?)', [None])
    >>> insert_statement("t", [{"x": "); DROP TABLE t; --"}])
    ('INSERT INTO t (x) VALUES (?)', ['); DROP TABLE t; --'])
    """
    columns = list(rows[0]) if rows else []
    if not columns:
        raise ValueError("at least one row with one column is needed")
    for name in [table, *columns]:
        if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            raise ValueError(f"{name!r} is not a plain name")
    if any(row.keys() != rows[0].keys() for row in rows):
        raise ValueError("all rows must have the same columns")
    group = f"({', '.join('?' * len(columns))})"
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([group] * len(rows))}"
    return statement, [row[column] for row in rows for column in columns]


def test_there_is_one_mark_per_value() -> None:
    for height in range(1, 5):
        for width in range(1, 5):
            rows: list[dict[str, object]] = [{f"c{x}": x * y for x in range(width)} for y in range(height)]
            statement, values = insert_statement("grid", rows)
            assert statement.count("?") == len(values) == height * width
            assert statement.startswith("INSERT INTO grid (c0")


def test_uneven_rows_and_strange_names_are_refused() -> None:
    bad: list[tuple[str, list[dict[str, object]]]] = [
        ("t", []),
        ("t", [{}]),
        ("t; --", [{"a": 1}]),
        ("t", [{"a b": 1}]),
        ("t", [{"a": 1}, {"b": 1}]),
        ("t", [{"a": 1}, {"a": 1, "b": 2}]),
    ]
    for table, rows in bad:
        try:
            insert_statement(table, rows)
        except ValueError:
            continue
        raise AssertionError(f"{table!r} with {rows} was accepted")

"""Statements of many rows: all rows, in their order, in few statements of few lengths."""

from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from hansa.adapters.store.wide import WIDEST, Wide

PUT = Wide(("a", "b"), "INSERT INTO t ({columns}) VALUES {rows}")
COPY = Wide(("a", "b"), "INSERT INTO t ({columns}) SELECT {found} FROM (VALUES {rows}) AS found WHERE true")


@given(st.lists(st.tuples(st.integers(0, 9), st.text(max_size=3)), max_size=3 * WIDEST))
def test_every_row_goes_in_once_and_in_its_order(rows: list[tuple[int, str]]) -> None:
    with sqlite3.connect(":memory:") as database:
        for statement in (PUT, COPY):
            database.execute("CREATE TABLE t (number INTEGER PRIMARY KEY, a, b)")
            assert sum(database.execute(sql, values).rowcount for sql, values in statement.parts(rows)) == len(rows)
            assert database.execute("SELECT a, b FROM t ORDER BY number").fetchall() == rows
            database.execute("DROP TABLE t")


def test_few_statements_of_few_lengths_are_enough() -> None:
    texts = {sql for count in range(1, 400) for sql, _ in PUT.parts([(0, "")] * count)}
    assert len(texts) == WIDEST.bit_length()
    assert len(PUT.parts([(0, "")] * 100)) == 3
    assert len(PUT.parts([(0, "")] * 256)) == 2

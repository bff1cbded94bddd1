"""INSERTs of many rows with one statement each.

A statement for each row gives the interpreter back and takes it again for each, and while another thread computes, each
taking waits for that thread (`sys.getswitchinterval`). Here the driver is entered once for up to 128 rows, and the
event loop goes on meanwhile. PostgreSQL takes any number of rows as one array for each column.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import BigInteger, Column, LargeBinary

WIDEST = 128
"""Rows in one statement. 128 of the widest are 1,664 values; SQLite before 3.32 took no more than 999."""

Row = tuple[Any, ...]


class Wide:
    """An INSERT of any number of rows.

    Attributes:
        columns: the values of a row, in their order.
        arrays: the statement for PostgreSQL, whose parameters are the columns.
    """

    def __init__(self, columns: Sequence[str], text: str, arrays: str = "") -> None:
        """Takes the statement's text.

        Args:
            text: `{rows}` stands for the rows, `{columns}` for their names, and `{found}` for what SQLite calls these
                columns where the rows are selected from, as `found`.
            arrays: the same for PostgreSQL, `{rows}` as made by `unnested`.
        """
        self.columns = tuple(columns)
        self.arrays = arrays.replace("{columns}", ", ".join(self.columns))
        found = ", ".join(f"found.column{number}" for number in range(1, len(self.columns) + 1))
        self._text = text.replace("{columns}", ", ".join(self.columns)).replace("{found}", found)
        self._sql = cache(self._written)

    def parts(self, rows: Sequence[Row]) -> list[tuple[str, list[Any]]]:
        """Returns statements and their values that insert all rows; of few lengths, so that they stay prepared."""
        made, at, size = [], 0, WIDEST
        while at < len(rows):
            while size > len(rows) - at:
                size //= 2
            made.append((self._sql(size), list(chain.from_iterable(rows[at : at + size]))))
            at += size
        return made

    def _written(self, size: int) -> str:
        row = "(" + ", ".join("?" * len(self.columns)) + ")"
        return self._text.replace("{rows}", ", ".join([row] * size))


def unnested(columns: Sequence[Column[Any]]) -> str:
    """Returns what makes rows of one array for each column, in PostgreSQL's words."""
    return "unnest(" + ", ".join(f"${place}::{_kind(one)}[]" for place, one in enumerate(columns, 1)) + ")"


def _kind(column: Column[Any]) -> str:
    match column.type:
        case BigInteger():
            return "bigint"
        case LargeBinary():
            return "bytea"
    return "text"

"""Statements written once in SQLAlchemy Core and compiled once, for a driver that is asked directly.

Through SQLAlchemy's own execution a batch takes two and a half times as long and a read six times as long
(docs/adr/0004-store.md).
The SQL stays portable Core, and only its way to the driver is short. A store on another database hands
`statement` to a connection of SQLAlchemy's instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

from sqlalchemy import ClauseElement
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.engine import Compiled

from hansa.adapters.store.wide import Row, Wide

DIALECT = sqlite.dialect(paramstyle="named")

Values = dict[str, Any]
Fetched = Mapping[str, Any]
"""A row of an answer, by column name."""


class Prepared:
    """A statement with named parameters."""

    def __init__(self, statement: ClauseElement) -> None:
        self.statement = statement

    @cached_property
    def sql(self) -> str:
        """The statement's text with `:name` for each parameter; every column of an INSERT but its serial number."""
        return str(self._compiled)

    @cached_property
    def constants(self) -> Values:
        """Parameters whose values are part of the statement."""
        return {name: value for name, value in self._compiled.params.items() if type(value) in (int, str)}

    def bound(self, parameters: Fetched) -> Fetched:
        """Returns the parameters together with the statement's own."""
        return {**self.constants, **parameters} if self.constants else parameters

    @cached_property
    def _compiled(self) -> Compiled:
        keys = None
        if isinstance(self.statement, Insert):
            table = self.statement.table
            keys = [column.name for column in table.c if column is not getattr(table, "autoincrement_column", None)]
        return self.statement.compile(dialect=DIALECT, column_keys=keys)


class Session(Protocol):
    """Runs statements within the present transaction."""

    def run(self, statement: Prepared, parameters: Mapping[str, Any]) -> list[Fetched]:
        """Runs a statement and returns the rows of its answer."""
        ...

    def run_many(self, statement: Prepared, parameters: Iterable[Mapping[str, Any]]) -> int:
        """Runs a statement once for each set of parameters; returns how many rows it changed."""
        ...

    def run_wide(self, statement: Wide, rows: Sequence[Row]) -> int:
        """Inserts rows, many to a statement; returns how many it changed."""
        ...


def compiled(statement: ClauseElement) -> tuple[str, Values]:
    """Returns text and parameters of a statement that is put together anew each time."""
    found = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    return str(found), dict(found.params)

"""Statements written once in SQLAlchemy Core and compiled once, for a driver that is asked directly.

Through SQLAlchemy's own execution a batch takes two and a half times as long and a read six times as long
(docs/adr/0004-store.md). The SQL stays portable Core, and only its way to the driver is short: `sql` is what SQLite's
driver takes, `numbered` what PostgreSQL's does. Where the two databases have no common word for something, `Either`
says it to each in its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import msgspec
from sqlalchemy import Boolean, ClauseElement, ColumnElement, Dialect, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg, insert
from sqlalchemy.engine import Compiled
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.dml import Insert

from hansa.adapters.store.wide import Row, Wide

DIALECT = sqlite.dialect(paramstyle="named")
NUMBERED: Dialect = asyncpg.dialect()  # type: ignore[no-untyped-call]

Values = dict[str, Any]
Fetched = Mapping[str, Any]
"""A row of an answer, by column name."""


class Either(ColumnElement[bool]):
    """A condition that is written in one way for SQLite and in another for PostgreSQL."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, sqlite: ColumnElement[bool], postgresql: ColumnElement[bool]) -> None:
        self.sqlite = sqlite
        self.postgresql = postgresql


@compiles(Either, "sqlite")
def _for_sqlite(element: Either, compiler: Any, **how: Any) -> str:
    return str(compiler.process(element.sqlite, **how))


@compiles(Either, "postgresql")
def _for_postgresql(element: Either, compiler: Any, **how: Any) -> str:
    return str(compiler.process(element.postgresql, **how))


class Numbered(NamedTuple):
    """A statement's text with `$1`, `$2`…: which parameter each of them is, and the values that are part of it."""

    sql: str
    names: tuple[str, ...]
    constants: Values

    def values(self, parameters: Fetched) -> list[Any]:
        """Returns the values in their order."""
        constants = self.constants
        return [parameters[name] if name in parameters else constants[name] for name in self.names]


class Prepared:
    """A statement with named parameters.

    Args:
        lists: those of its parameters that are lists.
    """

    def __init__(self, statement: ClauseElement, lists: tuple[str, ...] = ()) -> None:
        self.statement = statement
        self._lists = lists

    @cached_property
    def sql(self) -> str:
        """The statement's text with `:name` for each parameter; every column of an INSERT but its serial number."""
        return str(self._compiled)

    @cached_property
    def constants(self) -> Values:
        """Parameters whose values are part of the statement."""
        return {name: value for name, value in self._compiled.params.items() if type(value) in (int, str)}

    @cached_property
    def numbered(self) -> Numbered:
        """The statement as PostgreSQL's driver takes it."""
        return _numbered(self._compiled_for(NUMBERED))

    def bound(self, parameters: Fetched) -> Fetched:
        """Returns the parameters together with the statement's own, as SQLite takes them: a list as JSON."""
        if self._lists:
            parameters = {**parameters, **{name: _listed(parameters[name]) for name in self._lists}}
        return {**self.constants, **parameters} if self.constants else parameters

    @cached_property
    def _compiled(self) -> Compiled:
        return self._compiled_for(DIALECT)

    def _compiled_for(self, dialect: Dialect) -> Compiled:
        keys = None
        if isinstance(self.statement, Insert):
            table = self.statement.table
            keys = [column.name for column in table.c if column is not getattr(table, "autoincrement_column", None)]
        return self.statement.compile(dialect=dialect, column_keys=keys)


def replacing(table: Table, *key: str) -> Insert:
    """Returns the INSERT that writes over the row with the same key."""
    statement = insert(table)
    fresh = {column.name: column for column in statement.excluded if column.name not in {*key, "number"}}
    return statement.on_conflict_do_update(index_elements=key, set_=fresh)


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

    def put_words(self, number: int, tokens: str) -> None:
        """Lets the skill of that number be found by these words; it had none."""
        ...

    def drop_words(self, number: int) -> None:
        """Lets the skill of that number not be found by words any more."""
        ...


def compiled(statement: ClauseElement) -> tuple[str, Values]:
    """Returns text and parameters of a statement that is put together anew each time, for SQLite."""
    found = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    return str(found), dict(found.params)


def compiled_numbered(statement: ClauseElement) -> Numbered:
    """Returns a statement that is put together anew each time, for PostgreSQL."""
    return _numbered(statement.compile(dialect=NUMBERED, compile_kwargs={"render_postcompile": True}))


def _numbered(found: Any) -> Numbered:
    return Numbered(str(found), tuple(found.positiontup), dict(found.params))


def _listed(items: Sequence[str | int]) -> str:
    return msgspec.json.encode(items).decode()

"""A look at a store in PostgreSQL without being its owner: read-only, beside the process that has it, or nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ClauseElement

from hansa.adapters.store.address import Address
from hansa.adapters.store.postgres_reading import PostgresReading
from hansa.adapters.store.postgres_schema import number_of
from hansa.adapters.store.prepared import Fetched, Prepared, compiled_numbered
from hansa.adapters.store.reads import SqlReads
from hansa.adapters.store.schema import SCHEMA
from hansa.kernel.errors import Unavailable, UsageError


class PostgresBeside(SqlReads):
    """The reading half of a store that somebody else may have open. Used as a block."""

    unfinished = False
    """A server completes by itself what a crash left."""

    def __init__(self, address: Address) -> None:
        """Connects.

        Raises:
            UsageError: no such database, or made by a newer Hansa. Unavailable: no answer, or no store yet.
            Fault: it holds something else.
        """
        self._reading = PostgresReading(address)
        try:
            self.schema = number_of(lambda sql, *values: self._reading.ask(sql, values), address)
            if not self.schema:
                raise Unavailable(f"there is no store in {address} yet: the first command that needs it makes it")
            if self.schema > SCHEMA:
                raise UsageError(f"{address} was made by a newer Hansa (schema {self.schema}): upgrade hansa")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> PostgresBeside:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the database."""
        self._reading.close()

    def faults(self) -> list[str]:
        """Returns what is unsafe about the server's own settings; empty when nothing is."""
        found = self._reading.ask("SELECT current_setting('fsync') AS fsync", ())[0]
        return [] if found["fsync"] == "on" else ["fsync is off: a power loss may damage everything; set it to on"]

    def server(self) -> str:
        """Returns the server's name and version."""
        return str(self._reading.ask("SELECT version() AS version", ())[0]["version"]).partition(" on ")[0]

    def _rows(self, statement: Prepared | ClauseElement, **parameters: Any) -> Sequence[Fetched]:
        asked = statement.numbered if isinstance(statement, Prepared) else compiled_numbered(statement)
        return self._reading.ask(asked.sql, asked.values(parameters))

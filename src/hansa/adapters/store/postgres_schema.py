"""Making the tables in a PostgreSQL database, and bringing them up to date.

1. The server: new enough.
2. The schema that `search_path` names: it must be there. An empty one gets the tables of `schema.metadata` as they are
   now. Text is compared byte by byte there, as SQLite does, whatever the database's own rules are.
3. One with other tables in it is left alone; one that is newer than this program is refused.
4. An older one is migrated by the same steps as an SQLite file, in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import MetaData, String, Text
from sqlalchemy.schema import CreateIndex, CreateTable

from hansa.adapters.store import postgres_commits, postgres_words
from hansa.adapters.store.address import Address
from hansa.adapters.store.postgres_session import PostgresSession
from hansa.adapters.store.prepared import NUMBERED, Fetched
from hansa.adapters.store.schema import SCHEMA, metadata
from hansa.kernel.errors import Fault, Unavailable, UsageError

OLDEST_SERVER = 130_000
"""PostgreSQL 13, the first with `pg_current_xact_id`."""

_STAMP = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY)"


def prepare(session: PostgresSession, address: Address, shared: bool = False) -> None:
    """Makes the database ready for this program.

    Args:
        shared: several processes of one node may have it open: then no older tables are migrated under their hands.

    Raises:
        UsageError: no such schema, or made by a newer Hansa; by an older one, where it is shared.
        Unavailable: the server is too old.
        Fault: there are tables in it that are no store of Hansa's.
    """
    number = int(session.raw("SELECT current_setting('server_version_num') AS number")[0]["number"])
    if number < OLDEST_SERVER:
        raise Unavailable(f"{address} is PostgreSQL {number // 10_000}: 13 or newer is needed")
    session.begin()
    try:
        found = version(session, address)
        if found and found < SCHEMA and shared:
            raise UsageError(
                f"{address} was made by an older Hansa: stop every process of this node, and start one without the"
                " setting replica once, which brings it up to date"
            )
        if found == SCHEMA and not shared:
            return
        if found < SCHEMA:
            for one in made() if not found else [_steps(found)]:
                session.script(one)
        if shared:
            session.script(postgres_commits.TABLE)
        session.commit()
    finally:
        session.rollback()


def version(session: PostgresSession, address: Address) -> int:
    """Returns the number of the last migration made; 0 for an empty schema.

    Raises:
        UsageError: no such schema, or made by a newer Hansa. Fault: it holds something else.
    """
    number = number_of(session.raw, address)
    if number > SCHEMA:
        raise UsageError(f"{address} was made by a newer Hansa (schema {number}); this one knows {SCHEMA}: upgrade it")
    return number


def number_of(ask: Callable[..., Sequence[Fetched]], address: Address) -> int:
    """Returns the number of the last migration made, also by a newer Hansa; 0 for an empty schema.

    Args:
        ask: runs a statement given as text, with its values.
    """
    schema = ask("SELECT current_schema() AS name")[0]["name"]
    if schema is None:
        raise UsageError(f"the schema that {address} names in search_path is not there: CREATE SCHEMA makes it")
    held = {row["name"] for row in ask("SELECT tablename AS name FROM pg_tables WHERE schemaname = $1", schema)}
    if not held:
        return 0
    numbers = ask("SELECT version_num FROM alembic_version") if "alembic_version" in held else []
    number = numbers[0]["version_num"] if len(numbers) == 1 else None
    if "skill_totals" not in held or not isinstance(number, str) or not number.isdecimal():
        raise Fault(f"{address} is a database, but no store of Hansa's: name another, or make one with createdb")
    return int(number)


def made() -> list[str]:
    """Returns the statements that make all tables, as they are now."""
    ours = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        copied = table.to_metadata(ours)
        for column in copied.c:
            if isinstance(column.type, String):
                column.type = Text(collation="C")
    statements = [str(CreateTable(table).compile(dialect=NUMBERED)) for table in ours.sorted_tables]
    indexes = sorted((index for table in ours.sorted_tables for index in table.indexes), key=lambda one: str(one.name))
    statements += [str(CreateIndex(index).compile(dialect=NUMBERED)) for index in indexes]
    return [*statements, postgres_words.TABLES, _STAMP, f"INSERT INTO alembic_version VALUES ('{SCHEMA:04}')"]  # noqa: S608


def _steps(since: int) -> str:
    from hansa.adapters.store.migrations import script  # Alembic takes long to import, and is rarely needed

    return script(since)

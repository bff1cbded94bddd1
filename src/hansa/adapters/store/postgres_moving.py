"""A whole store in PostgreSQL as it is read from, and made, for `moving`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import asyncpg

from hansa.adapters.store import moving, postgres_faults, postgres_schema
from hansa.adapters.store.address import Address
from hansa.adapters.store.contents import NODE
from hansa.adapters.store.grouping import Transactions
from hansa.adapters.store.moving import Moved
from hansa.adapters.store.postgres_session import PostgresSession
from hansa.adapters.store.schema import SCHEMA
from hansa.adapters.store.writes import get_meta, put_meta
from hansa.kernel.errors import Unavailable, UsageError


@contextmanager
def moment(address: Address, owning: bool = False) -> Iterator[PostgresSession]:
    """Yields a session that shows one moment of the store.

    Args:
        owning: nobody else may have it open.

    Raises:
        HansaError: it can't be read.
    """
    with _session(address, looking=not owning) as session:
        if postgres_schema.version(session, address) != SCHEMA:
            raise Unavailable(f"{address} holds no store of this Hansa's: hansa up makes or upgrades it")
        session.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield session
        session.script("ROLLBACK")


def make(address: Address, node: str, fill: Callable[[Transactions], Moved], same: Moved | None = None) -> Moved:
    """Makes all rows in an empty database, in one transaction, whose rows are the node's from then on.

    Args:
        fill: makes and compares them.
        same: what it may hold already, since it was filled before; then nothing is made.

    Raises:
        UsageError: there are other rows in it. HansaError: it can't be used; nothing was changed.
    """
    with _session(address, looking=False) as session:
        postgres_schema.prepare(session, address)
        session.begin()
        held = moving.digest(session)
        owner = get_meta(session, f"mark {NODE}")
        if held == same and owner == node:
            return held
        if held.lines or owner not in (None, "", node):
            raise UsageError(f"{address} holds rows already ({held.lines}): name an empty database")
        moved = fill(session)
        put_meta(session, f"mark {NODE}", node)
        session.commit()
        return moved


@contextmanager
def _session(address: Address, looking: bool) -> Iterator[PostgresSession]:
    session = PostgresSession(address, looking)
    try:
        yield session
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError, TimeoutError) as error:
        raise postgres_faults.translated(error, address) from error
    finally:
        session.rollback()
        session.close()

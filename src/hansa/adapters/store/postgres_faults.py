"""What an error of PostgreSQL means for whoever asked: one table from SQLSTATE codes to Hansa's errors."""

from __future__ import annotations

import asyncpg

from hansa.adapters.store.address import Address
from hansa.kernel.errors import Busy, DiskFull, Fault, HansaError, Unavailable, UsageError

_GONE = ("08", "57P01", "57P02", "57P03", "57P05")
"""Connection errors; the server is stopped, has crashed, is starting, or lets go of idle sessions."""

_LOST = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    OSError,
    TimeoutError,
)


def lost(error: BaseException) -> bool:
    """Says whether the connection, and not the statement, is what failed."""
    return isinstance(error, _LOST) or _state(error).startswith(_GONE)


def translated(error: BaseException, address: Address) -> HansaError:
    """Returns the error to raise in place of one that came out of the database or of its driver."""
    if isinstance(error, HansaError):
        return error
    state = _state(error)
    if state.startswith(("28", "3D", "42501", "3F")):
        return _refused(state, address)
    if state == "53100":
        return DiskFull(f"the disk of {address} has no room: free some space there; nothing was written")
    if state == "53300":
        return Busy(f"{address} takes no more connections: raise max_connections, or close other programs")
    if state.startswith(("55P03", "57014", "40")):
        return Busy(f"another program has {address} locked: try again; nothing was written")
    if state == "25006":
        return Unavailable(f"{address} takes no writes (a standby, or default_transaction_read_only): name the primary")
    if state.startswith("58") or state.startswith("53"):
        return Unavailable(f"{address} reports a failure of its machine ({error}): look into the server's log")
    if state.startswith("XX"):
        return Fault(f"{address} is damaged ({error}): restore it from a backup of the server (pg_restore)")
    if lost(error):
        return gone(address, error)
    return Fault(f"the store {address} failed: {type(error).__name__}: {error}")


def gone(address: Address, error: BaseException) -> Unavailable:
    """Returns the error for a server that does not answer."""
    why = str(error) or type(error).__name__
    return Unavailable(
        f"{address} does not answer ({why}): start the server, or mend the address; a node that is up connects again"
        " by itself"
    )


def _refused(state: str, address: Address) -> UsageError:
    if state.startswith("28"):
        return UsageError(f"{address} does not let this user in: check user and password (~/.pgpass, PGPASSWORD)")
    if state == "42501":
        return UsageError(f"{address} does not let this user make tables: GRANT CREATE, or name the database's owner")
    return UsageError(f"there is no such database or schema at {address}: createdb makes one, or set another store.url")


def _state(error: BaseException) -> str:
    return str(getattr(error, "sqlstate", "") or "")

"""What a database error means for whoever asked: one table from SQLite's result codes to Hansa's errors."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from hansa.kernel.errors import Busy, DiskFull, Fault, HansaError, Unavailable


def translated(error: Exception, path: Path) -> HansaError:
    """Returns the error to raise in place of one that came out of the database at `path`."""
    if isinstance(error, HansaError):
        return error
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    code = getattr(cause, "sqlite_errorcode", None)
    match code & 0xFF if isinstance(code, int) else None:
        case sqlite3.SQLITE_FULL:
            return DiskFull(f"no room left for {path}: free some space; nothing was written")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Busy(f"another program has {path} locked: stop it and try again; nothing was written")
        case sqlite3.SQLITE_PERM | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_AUTH:
            return Unavailable(f"{path} can't be opened: give this user read and write rights to its folder")
        case sqlite3.SQLITE_IOERR:
            return Unavailable(f"the disk under {path} reports an error ({cause}): check the disk, then try again")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return damaged(path, str(cause))
    return Fault(f"the store {path} failed: {type(cause).__name__}: {cause}")


def damaged(path: Path, what: str) -> Fault:
    """Returns the fault for a file that is no longer what Hansa wrote."""
    return Fault(
        f"{path} is damaged ({what}): move it away and restore a backup (hansa store restore does both),"
        " or start afresh and pull from peers"
    )


def log_lost(path: Path, what: str) -> Fault:
    """Returns the fault for a log that lacks writes which somebody was told are kept."""
    return Fault(
        f"{path} is damaged: it lacks writes that were acknowledged ({what}): put the missing file back,"
        " restore a backup, or go on without them with hansa store repair --accept-loss"
    )


def bad_row(what: str, error: Exception) -> Fault:
    """Returns the fault for a row whose columns no longer hold what they may hold."""
    return Fault(
        f"a row of the store is damaged ({what}: {error}): hansa store check names it, hansa store repair mends"
    )

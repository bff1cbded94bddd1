"""The flags that a node was last started with, so that `hansa restart` can give it the same after it was stopped."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from hansa.entrypoints.home import LAST_START, write_whole
from hansa.kernel.errors import Unavailable


class _LastStart(msgspec.Struct, frozen=True):
    flags: tuple[str, ...] = ()


def keep(home: Path, flags: tuple[str, ...]) -> None:
    """Writes down the flags of a node that has come up; where there is no room for them, it is up nevertheless."""
    with contextlib.suppress(Unavailable):
        write_whole(home / LAST_START, msgspec.json.encode(_LastStart(flags)) + b"\n")


def flags(home: Path) -> tuple[str, ...]:
    """Returns the flags of the last start; none when nobody knows."""
    try:
        return msgspec.json.decode((home / LAST_START).read_bytes(), type=_LastStart).flags
    except (OSError, msgspec.MsgspecError):
        return ()

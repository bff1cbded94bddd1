"""Files that a command writes where it is told to: what is there already stays, unless it is said to go."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Annotated

import typer

from hansa.kernel.errors import DiskFull, UsageError

To = Annotated[Path | None, typer.Option("--to", "-o", help="File to write; standard output if not given.")]
Force = Annotated[bool, typer.Option("--force", help="Write over the file if it is there.")]


def write_new(to: Path, text: str, force: bool) -> None:
    """Writes a file, whole or not at all; what is no file (a pipe, a terminal) is written to.

    Args:
        force: whether a file that is there is written over.

    Raises:
        UsageError: it is there; it can't be written. DiskFull: no room; what was there is as it was.
    """
    if to.exists() and not to.is_file():
        _write(to, text, to)
        return
    fresh = to.with_name(f".{to.name}.{os.getpid()}")
    made = False
    try:
        if not force:
            to.open("x").close()  # whoever made it meanwhile keeps it
            made = True
        _write(fresh, text, to)
        fresh.replace(to)
        made = False
    except FileExistsError:
        raise UsageError(f"{to} is there already, nothing was written: name another file, or say --force") from None
    except OSError as error:
        raise UsageError(f"can't write {to} ({error.strerror})") from None
    finally:
        for path in (fresh, *([to] if made else [])):
            path.unlink(missing_ok=True)


def _write(path: Path, text: str, to: Path) -> None:
    try:
        with path.open("w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"no room for {to}: free some space; nothing was written") from None
        raise UsageError(f"can't write {to} ({error.strerror})") from None

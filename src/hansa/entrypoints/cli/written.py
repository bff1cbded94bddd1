"""Files that a command writes where it is told to: what is there already stays, unless it is said to go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hansa.kernel.errors import UsageError

To = Annotated[Path | None, typer.Option("--to", "-o", help="File to write; standard output if not given.")]
Force = Annotated[bool, typer.Option("--force", help="Write over the file if it is there.")]


def write_new(to: Path, text: str, force: bool) -> None:
    """Writes a file; what is no file (a pipe, a terminal) is written to.

    Args:
        force: whether a file that is there is written over.

    Raises:
        UsageError: it is there; it can't be written.
    """
    over = force or (to.exists() and not to.is_file())
    try:
        with to.open("w" if over else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{to} is there already, nothing was written: name another file, or say --force") from None
    except OSError as error:
        raise UsageError(f"can't write {to} ({error.strerror})") from None

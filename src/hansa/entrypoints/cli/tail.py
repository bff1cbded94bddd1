"""Reading a log from its end, and going on as it grows."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from hansa.entrypoints.cli.show import moment
from hansa.kernel.errors import Unavailable

BLOCK = 64 * 1024
PAUSE_SECONDS = 0.2


def last_lines(path: Path, count: int, after: int = 0) -> list[str]:
    """Returns the last lines of a file; none when there is no such file. Reads no more of it than needed.

    Args:
        after: bytes at its start that are passed over; none of a file that is shorter, for that is a new one.

    Raises:
        Unavailable: it can't be read.
    """
    try:
        with path.open("rb") as file:
            at = file.seek(0, os.SEEK_END)
            start = after if after <= at else 0
            tail = b""
            while at > start and tail.count(b"\n") <= count:
                step = min(BLOCK, at - start)
                at = file.seek(at - step)
                tail = file.read(step) + tail
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Unavailable(f"{path} can't be read ({error.strerror}): run this as the user who owns it") from None
    return tail.decode(errors="replace").splitlines()[-count:]


def following(path: Path) -> Iterator[str]:
    """Yields lines as they are appended, without end; goes on with the new file when the old one is put aside."""
    file = _opened(path)
    rest = ""
    try:
        if file:
            file.seek(0, os.SEEK_END)
        while True:
            aside = file is not None and _put_aside(path, file.fileno())  # looked at first, so that the rest is read
            piece = file.read() if file else ""
            if piece:
                *lines, rest = (rest + piece).split("\n")
                yield from lines
            if aside and file:
                file.close()
            if aside or file is None:
                file = _opened(path)
            if not piece and not aside:
                time.sleep(PAUSE_SECONDS)
    finally:
        if file:
            file.close()


def _opened(path: Path) -> TextIO | None:
    with contextlib.suppress(FileNotFoundError):
        return path.open(encoding="utf-8", errors="replace")
    return None


def _put_aside(path: Path, descriptor: int) -> bool:
    try:
        return path.stat().st_ino != os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False  # between the old one and the new one


def parsed(line: str) -> dict[str, Any]:
    """Returns a line of the log as what was written down; text that is no JSON as an event of its own."""
    with contextlib.suppress(ValueError):
        made = json.loads(line)
        if isinstance(made, dict):
            return made
    return {"event": line}


def readable(line: str) -> str:
    """Returns a line of the log for people: time, level, event, and the rest as name=value."""
    made = parsed(line)
    head = f"{moment(str(made.pop('timestamp', '')))} {made.pop('level', ''):<7} {made.pop('event', '')}"
    return " ".join([head, *(f"{name}={value}" for name, value in made.items() if value != "")])

"""Taking all of a store along: into a file, out of a file, and from one database to another. Whole or not at all.

What is written is read again before it counts: the lines (`contents`) of what was made must be those that came in, byte
for byte. So every row, both chains and every record's bytes are compared. In a database all of that is one transaction;
a file gets its name at the end. Whatever is interrupted is begun again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from hansa.adapters.store import connections, contents, copying
from hansa.adapters.store.grouping import Transactions
from hansa.adapters.store.writes import Batch
from hansa.kernel.errors import Fault, Refused, UsageError
from hansa.node.rows import Change

CHUNK = 500
MAX_LINE = 64 * 1024 * 1024
PART = ".part"

Tell = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved: how many lines, and the digest of all of them."""

    lines: int
    sha256: str


class Summed:
    """Counts lines and sums them up, as they pass."""

    def __init__(self) -> None:
        """Begins with none."""
        self.lines = 0
        self._sum = sha256()

    def add(self, line: bytes) -> None:
        """Adds a line."""
        self._sum.update(line + b"\n")
        self.lines += 1

    def passing(self, lines: Iterable[bytes], tell: Tell, total: int, label: str) -> Iterator[bytes]:
        """Yields the lines."""
        for line in lines:
            self.add(line)
            if self.lines % 100 == 0:
                tell(self.lines, max(total, self.lines), label)
            yield line

    def moved(self) -> Moved:
        """Returns what has passed."""
        return Moved(self.lines, self._sum.hexdigest())


def write_file(session: Any, target: Path, node: str, tell: Tell = lambda *_: None) -> Moved:
    """Writes all of a database to a new file that only its owner can read, and brings it to the disk.

    Args:
        session: in a transaction that shows one moment.

    Raises:
        UsageError: there is something at `target`, or no folder for it. Fault: a row is damaged. Nothing is left there.
    """
    if not target.parent.is_dir():
        raise UsageError(f"{target.parent} is no folder: make it first, or name another place")
    part = target.with_name(target.name + PART)
    if os.path.lexists(target):
        raise UsageError(f"{target} exists: nothing is overwritten; name another place")
    part.unlink(missing_ok=True)
    copying.new_file(part)
    total = contents.count(session)
    summed = Summed()
    try:
        with part.open("wb") as file:
            file.write(contents.head(node) + b"\n")
            for line in summed.passing(contents.of_database(session), tell, total, "writing"):
                file.write(line + b"\n")
            moved = summed.moved()
            file.write(contents.end(moved.lines, moved.sha256) + b"\n")
        copying.sync(part)
        part.rename(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    copying.sync(target.parent)
    return moved


@contextmanager
def read_file(source: Path) -> Iterator[tuple[contents.Head, Iterator[bytes]]]:
    """Opens a file that `write_file` wrote; yields its head and its lines, which raise where some are missing.

    Raises:
        UsageError: there is none, it can't be read, it is damaged, or something else.
    """
    try:
        with source.open("rb") as file:
            lines = (line.rstrip(b"\n") for line in iter(lambda: file.readline(MAX_LINE), b""))
            yield contents.read_head(next(lines, b"")), _whole(lines, source)
    except OSError as error:
        raise UsageError(f"{source} can't be read ({error.strerror})") from None


def _whole(lines: Iterable[bytes], source: Path) -> Iterator[bytes]:
    came = Summed()
    for line in lines:
        if end := contents.read_end(line):
            if Moved(end.lines, end.sha256) != came.moved():
                raise UsageError(f"{source} is damaged: it does not hold what was written; export it again")
            return
        came.add(line)
        yield line
    raise UsageError(f"{source} is cut off after {came.lines} lines: export it again")


def take_in(
    session: Transactions, lines: Iterable[bytes], journal_bound: int, tell: Tell = lambda *_: None, total: int = 0
) -> Moved:
    """Makes all rows in an empty database, in the transaction that is open, and compares them with what came.

    Args:
        lines: all but head and end.
        total: how many they are, where that is known.

    Raises:
        UsageError: the lines are damaged, cut off, or contradict each other; the caller rolls back.
        Fault: what was made is not what came in.
    """
    came = Summed()

    def changes() -> Iterator[Change]:
        for line in lines:
            change, again = contents.read_line(line)
            came.add(again)
            if came.lines % 100 == 0:
                tell(came.lines, max(total, came.lines), "taking in")
            yield change

    waiting = changes()
    try:
        while chunk := list(islice(waiting, CHUNK)):
            Batch(session, journal_bound, many=True).make(chunk)
    except Refused as error:
        raise UsageError(f"its rows contradict each other ({error}): export it again") from None
    moved = came.moved()
    made = digest(session, tell, moved.lines)
    if made != moved:
        raise Fault(f"what was made is not what came in ({made.lines} of {moved.lines} lines): nothing was kept")
    return moved


def digest(session: Any, tell: Tell = lambda *_: None, total: int = 0) -> Moved:
    """Returns how many lines a database gives, and their digest."""
    made = Summed()
    for _ in made.passing(contents.of_database(session), tell, total, "comparing"):
        pass
    return made.moved()


def make_file(path: Path, fill: Callable[[Transactions], Moved]) -> Moved:
    """Makes a new SQLite store at `path` in one transaction; nothing is left there when `fill` raises."""
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    try:
        with closing(connections.open_writing(path, lambda: None, None)) as session:
            session.begin()
            try:
                moved = fill(session)
                session.commit()
            finally:
                session.rollback()
    except BaseException:
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        raise
    return moved

"""The file of the audit log in a data directory: one writer, who holds the directory's lock; anybody may read along.

An order is on the disk before it is carried out, and is not carried out if it can't be written. A file that has grown
to `ROTATED_AT` bytes is put aside as `audit-NUMBER.jsonl`, by the number of its last line; the next one goes on from
its hash. Beyond `KEPT` such files the oldest is removed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hansa.entrypoints.audit.chain import BEGINNING, MAX_LINE, MENDED, ORDER, OUTCOME, START, End, Entry, read
from hansa.entrypoints.audit.told import Caller
from hansa.kernel.errors import DiskFull, Unavailable, UsageError

NAME = "audit.jsonl"
ROTATED_AT = 4 * 1024 * 1024
KEPT = 15
"""Files that are kept beside the newest one: with it 64 MiB, about 200,000 lines."""

_OPEN = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


def files(home: Path) -> list[Path]:
    """Returns the files of a directory's log, the oldest first."""
    return [*sorted(home.glob("audit-*.jsonl")), *([home / NAME] if (home / NAME).exists() else [])]


def lines(home: Path) -> Iterator[tuple[str, bytes]]:
    """Yields the lines of a directory's log with their places, the oldest first; the last one may be unfinished.

    Raises:
        Unavailable: a file can't be read.
    """
    for path in files(home):
        yield from lines_of(path)


def lines_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yields the lines of one file with their places.

    Raises:
        UsageError: it is not there. Unavailable: it can't be read.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE + 2):
                number += 1
                yield f"{path.name}:{number}", line if len(line) <= MAX_LINE + 1 else line[:-1] + b"\n"
    except FileNotFoundError:
        raise UsageError(f"there is no {path}: name a file that hansa audit export wrote") from None
    except OSError as error:
        raise Unavailable(f"can't read {path} ({error.strerror}): ask its owner for it") from None


class Book:
    """The log of a directory, for the process that holds its lock."""

    def __init__(self, home: Path, now: Callable[[], int], rotated_at: int = ROTATED_AT, kept: int = KEPT) -> None:
        """Goes on, with the first line that it is to write, from the last one that is there.

        Args:
            now: milliseconds UTC.
            rotated_at: bytes at which a file is put aside.
            kept: files that are kept beside the newest.
        """
        self._home, self._now, self._rotated_at, self._kept = home, now, rotated_at, kept
        self._number, self._head, self._known = 0, BEGINNING, False

    @property
    def head(self) -> str:
        """The hash of the last line that this process wrote, or found when it wrote one."""
        return self._head

    def start(self, given: Mapping[str, Any], by: Caller) -> int:
        """Notes that a node was started, with its settings.

        Raises:
            DiskFull, Unavailable: it can't be written.
        """
        return self._add(START, "up", by.view(), dict(given))

    def order(self, what: str, given: Mapping[str, Any], by: Caller) -> int:
        """Notes an order before it is carried out; returns its number.

        Raises:
            DiskFull: there is no room for it. Unavailable: the file can't be written, or its last line does not hold,
                so that nothing can follow from it. The order must not be carried out.
        """
        return self._add(ORDER, what, by.view(), dict(given))

    def outcome(self, of: int, what: str, outcome: str, made: Mapping[str, Any]) -> int:
        """Notes what came of an order.

        Raises:
            DiskFull, Unavailable: it can't be written; the order then stands there without an outcome.
        """
        return self._add(OUTCOME, what, {}, dict(made), of, outcome)

    def _add(
        self, kind: str, what: str, by: dict[str, str], given: dict[str, Any], of: int = 0, outcome: str = ""
    ) -> int:
        if not self._known:
            self._mend()
        self._rotate()
        entry = Entry(self._number + 1, self._now(), kind, what, by, given, self._head, of, outcome).sealed()
        if len(entry.line()) > MAX_LINE:
            entry = Entry(self._number + 1, entry.at, kind, what, by, {"left_out": "too long"}, self._head, of, outcome)
            entry = entry.sealed()
        self._write(entry.line())
        self._number, self._head = entry.number, entry.hash
        return entry.number

    def _write(self, line: bytes) -> None:
        """Appends a line, whole and on the disk, or not at all."""
        path = self._home / NAME
        try:
            fresh = not path.exists()
            descriptor = os.open(path, _OPEN, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                try:
                    if os.write(descriptor, line) != len(line):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    os.fsync(descriptor)
                except OSError:
                    with suppress(OSError):  # else it is mended when the log is opened next
                        os.ftruncate(descriptor, size)
                    raise
            finally:
                os.close(descriptor)
            if fresh:
                self._sync_folder()
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise (DiskFull if full else Unavailable)(
                f"the audit log {path} can't be written ({error.strerror}), and what is not in it is not done"
            ) from None

    def _rotate(self) -> None:
        path = self._home / NAME
        with suppress(FileNotFoundError):
            if path.stat().st_size >= self._rotated_at:
                path.rename(path.with_name(f"audit-{self._number:012}.jsonl"))
                for old in sorted(self._home.glob("audit-*.jsonl"))[: -self._kept or None]:
                    old.unlink()
                self._sync_folder()

    def _sync_folder(self) -> None:
        folder = os.open(self._home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _mend(self) -> None:
        """Takes an unfinished last line away, and goes on from the one before it."""
        torn = 0
        self._number, self._head = 0, BEGINNING
        for path in reversed(files(self._home)):
            with path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(0, end - 2 * MAX_LINE))
                tail = file.read()
            whole = tail[: tail.rfind(b"\n") + 1]
            if len(whole) < len(tail):
                torn += len(tail) - len(whole)
                os.truncate(path, end - len(tail) + len(whole))
            if whole:
                self._go_on(path, whole[:-1].rpartition(b"\n")[2])
                break
        self._known = True
        if torn:
            self._add(MENDED, "audit", {}, {"bytes": torn})

    def _go_on(self, path: Path, line: bytes) -> None:
        try:
            last = read(line)
            if not isinstance(last, Entry) or last.hash != last.computed():
                raise ValueError("its hash is of other words")
        except ValueError as error:
            raise Unavailable(
                f"the last line of {path} does not hold ({error}): hansa audit verify says more; move the file aside"
            ) from None
        self._number, self._head = last.number, last.hash


def export(home: Path, node: str, since: int) -> Iterator[bytes]:
    """Yields the lines of a log from a moment on (milliseconds UTC), and the line that ends an export.

    Raises:
        Unavailable: a line can't be read as one.
    """
    last: Entry | None = None
    for place, line in lines(home):
        if not line.endswith(b"\n"):
            break
        try:
            one = read(line[:-1])
        except ValueError as error:
            raise Unavailable(f"{place}: {error}: hansa audit verify says more") from None
        if isinstance(one, Entry):
            last = one
            if one.at >= since:
                yield line
    yield End(last.hash if last else BEGINNING, last.number if last else 0, node).line()

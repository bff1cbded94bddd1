"""Has the write-ahead log lost something that was acknowledged? Asked of its bytes, before SQLite opens the file.

SQLite takes whatever follows the first frame that does not check for the rest of an interrupted write, and drops it
without a word. That is right after a power loss, where it is at most the one commit that nobody was told of. It is
wrong when somebody cut, deleted or damaged the log. Three witnesses tell the two apart:

1. The file is marked as in use, and the mark lies in the database itself (`Writer` sees to that before it acknowledges
   the first batch): then there must be a log, and not an empty one.
2. The log's index (`-shm`) names the last frame that was committed. It stays on the disk when a process is killed. Of
   another generation of the log, or torn, it says nothing.
3. Every commit is synced before the next one begins, so behind the first bad frame there is one commit at most.

Format: https://www.sqlite.org/fileformat2.html#walformat and https://www.sqlite.org/walformat.html.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_INDEX = struct.Struct("=3IBBH8I")
_MAGIC = {0x377F0682: "<u4", 0x377F0683: ">u4"}
"""What the log begins with, and in which order of bytes it is summed up."""

Sums = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Log:
    """What a log holds.

    Attributes:
        salts: name of this generation of the log.
        frames: frames that check, up to the last commit among them.
        behind: commits of this generation behind the first frame that does not check.
    """

    salts: bytes
    frames: int
    behind: int


def loss(database: Path, in_use: bool) -> str | None:
    """Returns what is wrong with the log of a database that nobody has open; None when nothing is.

    Args:
        in_use: what the database file says by itself, without its log.
    """
    path = database.with_name(database.name + "-wal")
    data = path.read_bytes() if path.is_file() else b""
    if not data:
        return f"{path.name} is gone, with all that was written since the last checkpoint" if in_use else None
    log = read(data)
    committed = _committed(database.with_name(database.name + "-shm"))
    if committed is not None and committed[0] == log.salts and committed[1] > log.frames:
        return f"{path.name} has {log.frames} good frames of {committed[1]} that were written"
    if log.behind > 1:
        return f"{path.name} is damaged at frame {log.frames + 1}, and {log.behind} commits follow"
    return None


def read(data: bytes) -> Log:
    """Returns what a log holds."""
    if len(data) < _HEADER.size:
        return Log(b"", 0, 0)
    magic, _, size, _, *_rest = _HEADER.unpack_from(data)
    salts = data[16:24]
    order = _MAGIC.get(magic)
    if order is None or size not in _PAGE_SIZES:
        return Log(salts, 0, _commits(data, 0, 4096, salts))
    sums = sum_up((0, 0), data[:24], order)
    good = whole = 0
    if sums == _HEADER.unpack_from(data)[6:]:
        for number, start in _frames(data, size):
            _, commit, _, _, *stated = _FRAME.unpack_from(data, start)
            sums = sum_up(sums, data[start : start + 8], order)
            sums = sum_up(sums, data[start + _FRAME.size : start + _FRAME.size + size], order)
            if data[start + 8 : start + 16] != salts or sums != tuple(stated):
                break
            good = number
            whole = number if commit else whole
    return Log(salts, whole, _commits(data, good, size, salts))


_PAGE_SIZES = frozenset(2**power for power in range(9, 17))


def _frames(data: bytes, size: int) -> Iterator[tuple[int, int]]:
    """Yields number and start of each whole frame."""
    step = _FRAME.size + size
    yield from enumerate(range(_HEADER.size, len(data) - step + 1, step), 1)


def _commits(data: bytes, after: int, size: int, salts: bytes) -> int:
    """Counts the commits of a generation behind a frame, by the heads of the frames alone."""
    return sum(
        number > after and data[start + 8 : start + 16] == salts and data[start + 4 : start + 8] != bytes(4)
        for number, start in _frames(data, size)
    )


def _committed(path: Path) -> tuple[bytes, int] | None:
    """Returns generation and last committed frame that the log's index names; None when it can't be relied on."""
    try:
        data = path.read_bytes()[: 2 * _INDEX.size]
    except OSError:
        return None
    first, second = data[: _INDEX.size], data[_INDEX.size :]
    if len(second) < _INDEX.size or first != second:
        return None
    fields = _INDEX.unpack(first)
    order = "<u4" if sys.byteorder == "little" else ">u4"
    if not fields[3] or sum_up((0, 0), first[:40], order) != fields[-2:]:
        return None
    return first[32:40], int(fields[6])


def sum_up(sums: Sums, data: bytes, order: str) -> Sums:
    """Returns SQLite's checksum of `data`, going on from `sums`.

    For each pair of words: s0 += x + s1, then s1 += y + s0, modulo 2^32. That is a linear step by the matrix
    [[1, 1], [1, 2]], whose powers are Fibonacci numbers, so that a whole page is two dot products.
    """
    words = np.frombuffer(data, order).astype(np.uint32)
    x, both = words[0::2], words[0::2] + words[1::2]
    low, middle, high = _powers(len(x))
    s0, s1 = np.uint32(sums[0]), np.uint32(sums[1])
    with np.errstate(over="ignore"):
        first = (low[:-1] * x + middle[:-1] * both).sum(dtype=np.uint32) + low[-1] * s0 + middle[-1] * s1
        second = (middle[:-1] * x + high[:-1] * both).sum(dtype=np.uint32) + middle[-1] * s0 + high[-1] * s1
    return int(first), int(second)


@cache
def _powers(count: int) -> tuple[Any, Any, Any]:
    """Returns the entries of the matrix to the powers count - 1 down to 0, and, last, to the power `count`."""
    low, middle, high = 1, 0, 1
    found = []
    for _ in range(count + 1):
        found.append((low, middle, high))
        low, middle, high = low + middle, low + 2 * middle, middle + 2 * high
    ordered = [*reversed(found[:-1]), found[-1]]
    columns = np.array([[part % 2**32 for part in one] for one in ordered], dtype=np.uint32).T
    return columns[0], columns[1], columns[2]

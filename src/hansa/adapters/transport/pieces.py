"""How frames become the messages of a link: small ones together, large ones in pieces.

A message is a row of pieces, each with its kind (1 byte), its length (4 bytes, big-endian) and its bytes. No message
has more than `MAX_BATCH` bytes of them, so that a large frame does not hold up the sign of life behind it.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from enum import IntEnum

from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from hansa.overlay.frames import MAX_FRAME

MAX_BATCH = 64 * 1024
"""Bytes of one message, before it is sealed."""

HEAD = 5
_HEAD = struct.Struct(">BI")


class Kind(IntEnum):
    """What a piece is; numbers are only ever added."""

    FRAME = 0
    """A frame, or its last piece."""
    MORE = 1
    """A piece of a frame that goes on."""
    BEAT = 2
    """A sign of life."""
    BYE = 3
    """The last piece: why the link ends, as the code of a reason; nothing for no fault."""
    WELCOME = 4
    """The first piece of whoever was dialled: the link's order, 8 bytes."""
    REFUSED = 5
    """Instead of a welcome: why not, as the code of a reason."""


class Queue:
    """What waits to be sent, as frames and single pieces."""

    def __init__(self) -> None:
        """Holds nothing."""
        self._waiting: deque[tuple[Kind, bytes]] = deque()
        self._sent = 0  # bytes of the first frame that have gone
        self.size = 0

    def __bool__(self) -> bool:
        """Says whether something waits."""
        return bool(self._waiting)

    def put(self, kind: Kind, data: bytes) -> None:
        """Puts something at the end; a frame is of kind FRAME, whatever its length."""
        self._waiting.append((kind, data))
        self.size += len(data)

    def batch(self) -> tuple[bytes, int]:
        """Takes out what fits into one message: its bytes, and how many of those were counted in `size`.

        `size` still counts them: the caller takes them off once they are gone.
        """
        parts: list[bytes] = []
        room, counted = MAX_BATCH, 0
        while self._waiting and room > HEAD:
            kind, data = self._waiting[0]
            rest = len(data) - self._sent
            if rest + HEAD <= room:
                piece = data[self._sent :] if self._sent else data
                self._waiting.popleft()
                self._sent = 0
            elif rest + HEAD <= MAX_BATCH:
                break  # whole in the next message
            else:
                piece = data[self._sent : self._sent + room - HEAD]
                self._sent += len(piece)
                kind = Kind.MORE
            parts += (_HEAD.pack(kind, len(piece)), piece)
            room -= HEAD + len(piece)
            counted += len(piece)
        return b"".join(parts), counted


def single(kind: Kind, data: bytes = b"") -> bytes:
    """Returns a message of one piece."""
    return _HEAD.pack(kind, len(data)) + data


class Joiner:
    """Makes frames of the pieces that come."""

    def __init__(self) -> None:
        """Has nothing yet."""
        self._parts: list[bytes] = []
        self._size = 0

    def read(self, message: bytes) -> Iterator[tuple[int, bytes]]:
        """Gives what is in a message, frames whole; kinds of a later version too, for the caller to skip.

        Raises:
            Refused: BAD_LINK, when it is no row of pieces; TOO_LARGE, when a frame gets longer than `MAX_FRAME`.
        """
        at, end = 0, len(message)
        while at < end:
            kind, size = _HEAD.unpack_from(message, at) if at + HEAD <= end else (0, end)
            start, at = at + HEAD, at + HEAD + size
            if at > end:
                raise Refused(Reason.BAD_LINK, "a piece is cut short")
            data = message[start:at]
            if kind > Kind.MORE:
                yield kind, data
                continue
            self._size += size
            if self._size > MAX_FRAME:
                raise Refused(Reason.TOO_LARGE, f"a frame of more than {MAX_FRAME} bytes")
            self._parts.append(data)
            if kind == Kind.FRAME:
                whole = data if len(self._parts) == 1 else b"".join(self._parts)
                self._parts, self._size = [], 0
                yield kind, whole

"""What happened in a run, in order, and its digest: equal digests, equal runs.

Every line is (virtual microseconds, where, what); SHA-256 goes over all of them, and the last ones are kept to be read.
"""

from __future__ import annotations

import hashlib
from collections import deque

from hansa.sim.loop import VirtualLoop

KEPT = 200
"""Lines that are kept for whoever looks at a failed run."""

_BLOCK = 512


class Journal:
    """A run's journal."""

    def __init__(self, loop: VirtualLoop, kept: int | None = KEPT) -> None:
        """Begins with nothing.

        Args:
            kept: lines to keep; None for all.
        """
        self._loop = loop
        self._hash = hashlib.sha256()
        self._block: list[str] = []
        self.last: deque[str] = deque(maxlen=kept)
        self.count = 0

    def note(self, where: object, what: str) -> None:
        """Writes a line."""
        line = f"{self._loop.now_us} {where} {what}"
        self._block.append(line)
        self.count += 1
        if len(self._block) >= _BLOCK:
            self._flush()

    def _flush(self) -> None:
        self._hash.update(("\n".join(self._block) + "\n").encode() if self._block else b"")
        self.last.extend(self._block)
        self._block.clear()

    @property
    def digest(self) -> str:
        """SHA-256 over all lines so far, in hex."""
        self._flush()
        return self._hash.hexdigest()

    def tail(self) -> list[str]:
        """Returns the last lines."""
        self._flush()
        return list(self.last)

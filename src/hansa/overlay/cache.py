"""Words that were passed on lately, for neighbours that missed them; bounded in bytes and in time."""

from __future__ import annotations

from hansa.kernel.instant import Instant


class Cache:
    """Envelopes by id, with the hops that they had come; the oldest go first."""

    def __init__(self, window: int, most_bytes: int) -> None:
        """Begins empty.

        Args:
            window: milliseconds that a word is kept.
            most_bytes: bytes of all words together.
        """
        self._window, self._most = window, most_bytes
        self._words: dict[bytes, tuple[Instant, bytes, int]] = {}
        self.size = 0

    def __len__(self) -> int:
        """Words that are kept."""
        return len(self._words)

    def put(self, digest: bytes, raw: bytes, hops: int, now: Instant) -> None:
        """Keeps a word; one that is kept already stays as it is."""
        if digest in self._words or len(raw) > self._most:
            return
        self._words[digest] = now, raw, hops
        self.size += len(raw)
        while self.size > self._most:
            self._drop()

    def get(self, digest: bytes) -> tuple[bytes, int] | None:
        """Returns a word and its hops."""
        found = self._words.get(digest)
        return None if found is None else (found[1], found[2])

    def forget(self, now: Instant) -> None:
        """Drops what is older than the window."""
        while self._words and self._words[next(iter(self._words))][0] + self._window <= now:
            self._drop()

    def _drop(self) -> None:
        self.size -= len(self._words.pop(next(iter(self._words)))[1])

"""Which records a node holds, as a set whose parts can be compared by digest (a Merkle tree with 16 branches).

The digest of a prefix says which ids below it are held, and nothing else: it does not depend on the order in which they
came. Up to `LEAF` ids it is taken over the ids themselves, above that over the digests of the 16 longer prefixes. A
sum or an exclusive-or of ids would be cheaper, and whoever makes ids can find other sets with the same sum.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections.abc import Iterable

LEAF = 32
DIGITS = "0123456789abcdef"
_SIZE = 32


class Holdings:
    """A sorted set of 32-byte ids, with digests by prefix; a prefix is lower-case hex.

    Adding costs a binary search and the digests on one path, when they are asked for next; asking whether one is held
    a step in a dictionary.
    """

    def __init__(self, ids: Iterable[bytes] = ()) -> None:
        """Holds these ids."""
        self._held = dict.fromkeys(ids)
        self._ids = sorted(self._held)
        self._digests: dict[str, bytes] = {}
        self._longest = 0

    def __len__(self) -> int:
        """Returns how many ids are held."""
        return len(self._ids)

    def __contains__(self, id_: bytes) -> bool:
        """Says whether an id is held."""
        return id_ in self._held

    def add(self, id_: bytes) -> bool:
        """Adds an id; says whether it was new."""
        if id_ in self._held:
            return False
        self._held[id_] = None
        insort(self._ids, id_)
        self._changed(id_)
        return True

    def drop(self, id_: bytes) -> bool:
        """Takes an id out; says whether it was held."""
        if id_ not in self._held:
            return False
        del self._held[id_]
        del self._ids[bisect_left(self._ids, id_)]
        self._changed(id_)
        return True

    def _changed(self, id_: bytes) -> None:
        name = id_.hex()
        for length in range(self._longest + 1):
            self._digests.pop(name[:length], None)

    def _span(self, prefix: str) -> tuple[int, int]:
        low, high = bounds_of(prefix)
        end = bisect_left(self._ids, high)
        return bisect_left(self._ids, low), end + (end < len(self._ids) and self._ids[end] == high)

    def count(self, prefix: str) -> int:
        """Returns how many ids begin with a prefix."""
        low, high = self._span(prefix)
        return high - low

    def below(self, prefix: str, limit: int | None = None) -> list[bytes]:
        """Returns the ids that begin with a prefix, in order, up to a limit."""
        low, high = self._span(prefix)
        return self._ids[low : high if limit is None else min(high, low + limit)]

    def digest(self, prefix: str = "") -> bytes:
        """Returns the digest of the ids below a prefix; empty bytes when there are none."""
        known = self._digests.get(prefix)
        if known is None:
            low, high = self._span(prefix)
            if low == high:
                known = b""
            elif high - low <= LEAF:
                known = hashlib.sha256(b"ids" + b"".join(self._ids[low:high])).digest()
            else:
                known = hashlib.sha256(b"parts" + b"".join(map(_framed, self.parts(prefix)))).digest()
            self._digests[prefix] = known
            self._longest = max(self._longest, len(prefix))
        return known

    def parts(self, prefix: str) -> tuple[bytes, ...]:
        """Returns the digests of the 16 prefixes that are one digit longer."""
        return tuple([self.digest(prefix + digit) for digit in DIGITS])


def bounds_of(prefix: str) -> tuple[bytes, bytes]:
    """Returns the least and the greatest id that begins with a prefix."""
    return bytes.fromhex(prefix.ljust(2 * _SIZE, "0")), bytes.fromhex(prefix.ljust(2 * _SIZE, "f"))


def _framed(digest: bytes) -> bytes:
    return bytes([len(digest)]) + digest


def digest_of(ids: Iterable[bytes], prefix: str = "") -> bytes:
    """Returns what `Holdings.digest` does, by the definition alone: the reference that it is held against."""
    mine = sorted({one for one in ids if one.hex().startswith(prefix)})
    if not mine:
        return b""
    if len(mine) <= LEAF:
        return hashlib.sha256(b"ids" + b"".join(mine)).digest()
    parts = [digest_of(mine, prefix + digit) for digit in DIGITS]
    return hashlib.sha256(b"parts" + b"".join(map(_framed, parts))).digest()

"""Merkle trees over batches of messages (RFC 9162, section 2.1): one signature over the root vouches for each leaf.

    leaf = SHA-256(0x00 || message)          inner = SHA-256(0x01 || left || right)

A tree of n leaves is split at the largest power of two below n; the audit path of a leaf holds the siblings from the
leaf upwards. The two tags keep leaves and inner nodes apart, so that no inner node can be shown as a message.

    >>> tree = Tree([b"one", b"two", b"three"])
    >>> tree.place(2).root(b"three") == tree.root
    True
    >>> tree.place(2).root(b"four") == tree.root
    False
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256

import msgspec

HASH_BYTES = 32
MIN_SIZE = 2
MAX_SIZE = 1024
"""Leaves of one tree: enough for a bulk, and a path of ten hashes at most."""

MAX_PATH = (MAX_SIZE - 1).bit_length()


def leaf_hash(message: bytes) -> bytes:
    """Returns the hash of a leaf."""
    return sha256(b"\0" + message).digest()


def inner_hash(left: bytes, right: bytes) -> bytes:
    """Returns the hash of an inner node."""
    return sha256(b"\1" + left + right).digest()


@lru_cache(maxsize=4 * MAX_SIZE)
def path_length(index: int, size: int) -> int:
    """Returns how many siblings the path of leaf `index` has in a tree of `size` leaves."""
    last, count = size - 1, 0
    while last:
        count += index & 1 or index < last
        index >>= 1
        last >>= 1
    return count


class Place(msgspec.Struct, frozen=True):
    """Where a leaf stands in a tree, and what leads from it to the root.

    Attributes:
        index: from 0.
        size: leaves of the tree.
        path: the siblings from the leaf upwards, 32 bytes each, one after the other.
    """

    index: int
    size: int
    path: bytes

    @property
    def exists(self) -> bool:
        """Says whether a tree of that size has that place, and the path the length that belongs to it."""
        if not (MIN_SIZE <= self.size <= MAX_SIZE and 0 <= self.index < self.size):
            return False
        return len(self.path) == HASH_BYTES * path_length(self.index, self.size)

    def root(self, message: bytes) -> bytes:
        """Returns the root of the tree in which `message` stands here (RFC 9162, 2.1.3.2); the place must exist."""
        return self.climb(message, MAX_PATH)[-1][0]

    def climb(self, message: bytes, levels: int) -> list[tuple[bytes, int]]:
        """Returns the hashes from `message` so many levels up, and how much of the path is still ahead at each."""
        path, index, last, ahead = self.path, self.index, self.size - 1, len(self.path)
        node = leaf_hash(message)
        climbed = [(node, ahead)]
        while last and len(climbed) <= levels:
            if index & 1:
                node = sha256(b"\1" + path[-ahead : HASH_BYTES - ahead or None] + node).digest()
                ahead -= HASH_BYTES
            elif index < last:
                node = sha256(b"\1" + node + path[-ahead : HASH_BYTES - ahead or None]).digest()
                ahead -= HASH_BYTES
            index >>= 1
            last >>= 1
            climbed.append((node, ahead))
        return climbed


class Neighbour:
    """Stands at a message of a tree and knows all that is above: to the next message it only goes by where they meet.

    Attributes:
        root: of the tree.
    """

    def __init__(self, place: Place, message: bytes) -> None:
        """Makes every hash from the message up to the root."""
        self._place = place
        self._above = place.climb(message, MAX_PATH)
        self.root = self._above[-1][0]

    def goes_to(self, place: Place, message: bytes) -> bool:
        """Says whether `message` stands at `place` in the same tree, and if so, stands there; the place must exist."""
        if place.size != self._place.size:
            return False
        levels = (place.index ^ self._place.index).bit_length()
        climbed = place.climb(message, levels)
        meeting = climbed[-1]
        ahead = meeting[1]
        if meeting != self._above[levels] or (ahead and place.path[-ahead:] != self._place.path[-ahead:]):
            return False
        self._above[: levels + 1] = climbed
        self._place = place
        return True


class Tree:
    """The tree of some messages, made level by level: a node without a sibling goes up as it is."""

    def __init__(self, messages: Sequence[bytes]) -> None:
        """Hashes the messages.

        Raises:
            ValueError: fewer than `MIN_SIZE` or more than `MAX_SIZE`.
        """
        if not MIN_SIZE <= len(messages) <= MAX_SIZE:
            raise ValueError(f"a batch has {MIN_SIZE} to {MAX_SIZE} messages, not {len(messages)}")
        self._levels = [[leaf_hash(message) for message in messages]]
        while len(below := self._levels[-1]) > 1:
            above = [inner_hash(*below[at : at + 2]) for at in range(0, len(below) - 1, 2)]
            self._levels.append(above + below[len(below) & ~1 :])

    @property
    def root(self) -> bytes:
        """The hash that stands for all messages in their order."""
        return self._levels[-1][0]

    def place(self, index: int) -> Place:
        """Returns the place of message `index`."""
        path, at = [], index
        for level in self._levels[:-1]:
            if at ^ 1 < len(level):
                path.append(level[at ^ 1])
            at >>= 1
        return Place(index, len(self._levels[0]), b"".join(path))

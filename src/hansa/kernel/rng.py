"""Chance as a value: a tree of random streams that grows from one seed and is the same on every machine.

A stream is SHA-256 over (seed, counter), so that neither the Python version nor PYTHONHASHSEED nor what other parts
draw changes what one part sees: each part takes a child of its own by name. In a real node the seed comes from the
operating system; in the simulator it is the number that replays the run.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_WORD = 8
_WORDS = struct.Struct(">4Q")
_SPAN = 1 << 64


class Rng:
    """One stream of random numbers.

    >>> Rng(7).child("net").below(1000) == Rng(7).child("net").below(1000)
    True
    """

    __slots__ = ("_counter", "_seed", "_words")

    def __init__(self, seed: int | str | bytes) -> None:
        """Begins a stream; equal seeds give equal streams."""
        given = seed if isinstance(seed, bytes) else str(seed).encode()
        self._seed = hashlib.sha256(b"hansa-rng-v1\n" + given).digest()
        self._counter = 0
        self._words: list[int] = []

    def child(self, *names: object) -> Rng:
        """Returns the stream of a part, by its name; drawing from it does not move this one."""
        path = "\n".join(str(name) for name in names).encode()
        return Rng(self._seed + b"\n" + path)

    def _word(self) -> int:
        if not self._words:
            block = hashlib.sha256(self._seed + self._counter.to_bytes(8, "big")).digest()
            self._words = [*_WORDS.unpack(block)][::-1]
            self._counter += 1
        return self._words.pop()

    def below(self, bound: int) -> int:
        """Returns a whole number in [0, bound), each as likely as any other.

        Raises:
            ValueError: `bound` is not in [1, 2^64].
        """
        if not 1 <= bound <= _SPAN:
            raise ValueError(f"bound must be between 1 and 2^64, not {bound}")
        fair = _SPAN - _SPAN % bound  # words above this would favour small numbers
        while True:
            word = self._word()
            if word < fair:
                return word % bound

    def between(self, low: int, high: int) -> int:
        """Returns a whole number in [low, high], both ends included.

        Raises:
            ValueError: `high` is below `low`.
        """
        return low + self.below(high - low + 1)

    def fraction(self) -> float:
        """Returns a number in [0, 1), a multiple of 2^-53."""
        return (self._word() >> 11) * 2.0**-53

    def happens(self, probability: float) -> bool:
        """Says yes with a probability in [0, 1]; draws nothing at 0 and at 1, so that an idle fault costs nothing."""
        if probability <= 0:
            return False
        return probability >= 1 or self.fraction() < probability

    def pick(self, items: Sequence[T]) -> T:
        """Returns one of the items.

        Raises:
            ValueError: there are none.
        """
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Returns the items in a random order (Fisher and Yates)."""
        return self.sample(items, len(items))

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """Returns up to `count` different ones of the items, in random order."""
        pool = list(items)
        count = min(count, len(pool))
        for place in range(count):
            other = self.between(place, len(pool) - 1)
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:count]

    def bytes(self, size: int) -> bytes:
        """Returns `size` random bytes."""
        words = -(-size // _WORD)
        return b"".join(self._word().to_bytes(_WORD, "big") for _ in range(words))[:size]

"""The engine that is always there: mutates seeds by the numbers of one seed, and sees nothing of the code that runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

PIECES = [
    *(bytes([one]) for one in b'\0\xff"\\{}]:,\n\r\t#@*'),
    *b"-0 1e400 null \\ud800 ../ 1_0 0x f'{ }' lambda: = [[ ]] {'a':  def >>> ---".split(),
    *(b"[" * 40, b"(" * 60, b"9" * 30, b"    ", b"---\n", b">>> f(1)\n", b"\x00\n", b"@x\n"),
    *(text.encode("utf-8", "surrogatepass") for text in "\ud800\ufeff\u202e\u00e9"),
]
"""What is put in: the characters and words that parsers trip over."""


def inputs(seeds: Iterable[bytes], runs: int, seed: int) -> Iterator[bytes]:
    """Yields that many inputs: first the seeds as they are, then bent ones."""
    kept, random = list(seeds), Random(seed)
    for number in range(runs):
        yield kept[number] if number < len(kept) else _bent(kept, random)


def _bent(seeds: list[bytes], random: Random) -> bytes:
    data = random.choice(seeds)
    for _ in range(random.choice((1, 1, 2, 4, 8))):
        start = random.randrange(len(data) + 1)
        end = min(len(data), start + random.choice((0, 0, 1, 1, 4, 32)))
        other = random.choice(seeds)
        at = random.randrange(len(other) + 1)
        piece = random.choice(
            (b"", random.choice(PIECES), bytes([random.randrange(256)]), data[start:end] * 3, other[at : at + 16])
        )
        data = data[:start] + piece + data[end:]
    return data[:16_384]

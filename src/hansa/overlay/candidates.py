"""Addresses that may be dialled: a table that an attacker can't fill, as Bitcoin's address manager (attack 42).

An entry is new (somebody told of it) or tried (a link to it stood). Each half has buckets; a secret key and the range
that an address is in say which one an entry belongs to. Whoever tells of many addresses, or has many in few ranges,
fights with its own entries for few places (Heilman, Kendler, Zohar and Goldberg 2015, section 7):

1. one source reaches `per_source` buckets of the new half, one range of addresses `per_range` buckets of the tried half
2. in a full new bucket the entry goes that failed most often, or else the oldest
3. nothing is thrown out of a full tried bucket before it was dialled and did not answer (test before evict)
4. a pick takes new or tried by a coin, then a bucket, then an entry, so that a full bucket is picked no more often
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from hansa.kernel.canonical import Json
from hansa.kernel.ids import NodeId
from hansa.kernel.rng import Rng
from hansa.overlay.messages import MAX_URL

_IPV4 = re.compile(r"(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}\Z")
_KEY = re.compile(r"([0-9a-f]{2}){16,64}\Z")
_OWN_NETWORK = re.compile(r"(127|10|192\.168|172\.(1[6-9]|2\d|3[01])|169\.254)\.|localhost\Z|::1\Z|f[cd]|fe80")


@dataclass(frozen=True, slots=True)
class Params:
    """How large the table is.

    Attributes:
        new, tried: buckets of each half.
        room: entries of one bucket.
        per_source: new buckets that one source reaches. Raising it lets one neighbour tell of more.
        per_range: tried buckets that one range of addresses reaches.
    """

    new: int = 64
    tried: int = 32
    room: int = 16
    per_source: int = 8
    per_range: int = 4

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        for name in ("new", "tried", "room"):
            if not 1 <= getattr(self, name) <= 4_096:
                raise ValueError(f"{name} must be between 1 and 4096")
        if not 1 <= self.per_source <= self.new:
            raise ValueError("per_source must be between 1 and new")
        if not 1 <= self.per_range <= self.tried:
            raise ValueError("per_range must be between 1 and tried")


@dataclass(slots=True)
class Candidate:
    """An entry: whom, where, who told of it, whether a link to it ever stood, and calls in a row that failed."""

    whom: NodeId
    urls: tuple[str, ...]
    source: str
    tried: bool = False
    failures: int = 0
    bucket: int = 0


class _Kept(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    whom: Annotated[NodeId, msgspec.Meta(min_length=8, max_length=64)]
    urls: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=MAX_URL)], ...], msgspec.Meta(max_length=4)]
    source: Annotated[str, msgspec.Meta(max_length=MAX_URL)]
    tried: bool


def range_of(urls: Sequence[str]) -> str:
    """Returns the range of a node's first address: /16 of IPv4, /32 of IPv6, else the last two labels of the name.

    Addresses of one's own network and machine are ranges of their own: they are too few to be told apart otherwise.

    >>> range_of(["ws://203.0.113.7:8470"]), range_of(["ws://a.b.example.org"]), range_of(["ws://127.0.0.1:84"])
    ('203.0', 'example.org', '127.0.0.1:84')
    """
    if not urls:
        return ""
    try:
        parts = urlsplit(urls[0])
        host = parts.hostname or parts.path
    except ValueError:
        return urls[0]
    if _OWN_NETWORK.match(host):
        return parts.netloc
    if match := _IPV4.match(host):
        return f"{match[1]}.{match[2]}"
    if ":" in host:
        return ":".join(host.split(":")[:2])
    return ".".join(host.split(".")[-2:])


class Candidates:
    """The table of one node."""

    def __init__(self, key: bytes, params: Params) -> None:
        """Begins with no entry.

        Args:
            key: secret, and the same after a restart: who knows it can choose addresses that meet in one bucket.
        """
        self._key = key
        self._params = params
        self._entries: dict[NodeId, Candidate] = {}
        self._new: list[dict[NodeId, None]] = [{} for _ in range(params.new)]
        self._tried: list[dict[NodeId, None]] = [{} for _ in range(params.tried)]
        self._tests: dict[NodeId, NodeId] = {}

    def __len__(self) -> int:
        """Returns how many entries there are."""
        return len(self._entries)

    def get(self, whom: NodeId) -> Candidate | None:
        """Returns an entry."""
        return self._entries.get(whom)

    def add(self, whom: NodeId, urls: Sequence[str], source: str) -> None:
        """Somebody told of a node; where it is known, only its addresses are renewed."""
        if not urls:
            return
        entry = self._entries.get(whom)
        if entry is not None:
            entry.urls = tuple(urls)
            return
        entry = Candidate(whom, tuple(urls), source)
        entry.bucket = self._place(b"new", self._params.new, self._params.per_source, source, range_of(urls))  # 1
        bucket = self._new[entry.bucket]
        if len(bucket) >= self._params.room:
            self._drop(max(bucket, key=lambda one: self._entries[one].failures))  # 2: max keeps the oldest of equals
        bucket[whom] = None
        self._entries[whom] = entry

    def answered(self, whom: NodeId) -> None:
        """A link that this node made to it stood: it belongs to the tried half, as soon as there is room."""
        entry = self._entries.get(whom)
        if entry is None:
            return
        entry.failures = 0
        self._tests = {old: new for old, new in self._tests.items() if old != whom}
        if entry.tried:
            return
        place = self._place(b"tried", self._params.tried, self._params.per_range, range_of(entry.urls), whom)
        bucket = self._tried[place]
        if len(bucket) >= self._params.room:
            self._tests.setdefault(next(iter(bucket)), whom)  # 3
            return
        self._move(entry, place)

    def failed(self, whom: NodeId) -> None:
        """Nobody answered at its addresses."""
        entry = self._entries.get(whom)
        if entry is None:
            return
        entry.failures += 1
        waits = self._tests.pop(whom, None)
        if waits is not None and waits in self._entries:
            place = entry.bucket
            self._drop(whom)
            self._move(self._entries[waits], place)
        elif not entry.tried and entry.failures >= 10:
            self._drop(whom)

    def to_test(self) -> list[NodeId]:
        """Returns whose places others wait for: dial them, and say what came of it."""
        return list(self._tests)

    def pick(self, rng: Rng, fits: Callable[[NodeId], bool], tries: int = 24) -> Candidate | None:
        """Returns an entry that fits, at random by rule 4; None where none is found in so many tries."""
        halves = [filled for half in (self._new, self._tried) if (filled := [bucket for bucket in half if bucket])]
        for _ in range(tries if halves else 0):
            whom = rng.pick(list(rng.pick(rng.pick(halves))))
            if fits(whom):
                return self._entries[whom]
        return None

    def all(self) -> list[Candidate]:
        """Returns all entries, the oldest first."""
        return list(self._entries.values())

    def kept(self) -> Json:
        """Returns what is to be kept over a restart, as plain JSON; it holds the key, and is nobody else's to see."""
        table: list[Json] = [[one.whom, list(one.urls), one.source, one.tried] for one in self._entries.values()]
        return {"key": self._key.hex(), "entries": table}

    def restore(self, kept: Json) -> None:
        """Takes back what was kept, at the start; what has another shape is skipped, what does not fit goes as ever."""
        if not isinstance(kept, Mapping):
            return
        key, entries = kept.get("key"), kept.get("entries")
        if isinstance(key, str) and _KEY.match(key) and not self._entries:
            self._key = bytes.fromhex(key)
        for raw in entries if isinstance(entries, Sequence) else ():
            try:
                one = msgspec.convert(raw, _Kept)
            except msgspec.ValidationError:
                continue
            self.add(one.whom, one.urls, one.source)
            if one.tried:
                self.answered(one.whom)

    def _place(self, half: bytes, buckets: int, reach: int, owner: str, other: str) -> int:
        inner = self._number(half, owner, other) % reach
        return self._number(half, owner, str(inner)) % buckets

    def _number(self, *parts: bytes | str) -> int:
        told = b"\0".join(part if isinstance(part, bytes) else part.encode() for part in parts)
        return int.from_bytes(hashlib.blake2b(told, key=self._key, digest_size=8).digest(), "big")

    def _move(self, entry: Candidate, place: int) -> None:
        self._new[entry.bucket].pop(entry.whom, None)
        entry.tried, entry.bucket = True, place
        self._tried[place][entry.whom] = None

    def _drop(self, whom: NodeId) -> None:
        entry = self._entries.pop(whom)
        (self._tried if entry.tried else self._new)[entry.bucket].pop(whom, None)
        self._tests.pop(whom, None)

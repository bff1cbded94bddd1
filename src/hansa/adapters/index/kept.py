"""The index in a file between two starts, so that a start need not read every skill again.

The file is derived: the store is right, and whatever is wrong with the file, the index is made anew from the store.

1. It is taken only whole: its SHA-256 stands in front. Half a file, or a changed one, is none.
2. It is taken only from the same making: the parameters, and the very source of what takes texts apart. A program
   whose thesaurus has grown a line makes a new one.
3. Its parts are held against one another before the first question, so that none can point outside of another.
4. What it holds is then compared with the store, skill by skill, and some texts are looked at (`node.shelf`).

It is written beside its place and moved there: at an orderly end, and when an eighth of the texts has changed. After a
crash the texts since then are taken apart again. A disk without room for it costs the next start its time, no more.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from dataclasses import astuple
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np

from hansa.adapters.index import features, thesaurus, words
from hansa.adapters.index.features import FAMILIES
from hansa.adapters.index.sparse import Params, SparseIndex
from hansa.adapters.index.texts import Texts
from hansa.adapters.index.vocabulary import Vocabulary
from hansa.kernel.ids import ContentId

MAGIC = b"hansa index 2\n"
LEAST_CHANGES = 512
"""Texts that may come or go before the file is written anew, in a small index."""


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    """What stands before the parts: how they were made, and how long each is in bytes."""

    making: str
    fresh: float
    changes: int
    sizes: list[int]


class KeptIndex(SparseIndex):
    """A `SparseIndex` that lies in a file between two starts."""

    def __init__(self, path: Path, params: Params | None = None) -> None:
        """Takes what lies at `path`, or starts empty."""
        super().__init__(params)
        self._path = path
        self._unkept = 0
        with contextlib.suppress(OSError, ValueError, msgspec.DecodeError):
            self._read(path.read_bytes())

    def add(self, skill: ContentId, text: str) -> None:
        """Puts a skill in; nothing changes when it is in."""
        before = len(self)
        super().add(skill, text)
        self._changed(len(self) - before)

    def drop(self, skill: ContentId) -> None:
        """Takes a skill out."""
        before = len(self)
        super().drop(skill)
        self._changed(before - len(self))

    def keep(self) -> bool:
        """Writes the file, if there is something new to write; says whether it lies there as it should."""
        if not self._unkept:
            return True
        self._unkept = 0
        fresh = self._path.with_suffix(".new")
        try:
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(self._written())
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
            return False
        return True

    def _changed(self, by: int) -> None:
        self._unkept += by
        if self._unkept >= max(LEAST_CHANGES, len(self) // 8):
            self.keep()

    # ---- the file

    def _written(self) -> bytes:
        ids, lengths, repeats, flat, rows = self.texts.parts()
        all_words, names, ends, of_words = self.vocabulary.parts()
        having, rareness, sizes, fresh = self.weights.parts(rows)
        parts = [
            *("\n".join(one).encode() for one in (ids, all_words, names)),
            *(one.tobytes() for one in (lengths, repeats, flat, ends, of_words, having, rareness, sizes)),
        ]
        head = msgspec.json.encode(_Head(making(self.params), fresh, self.weights.owed, [len(one) for one in parts]))
        content = b"".join([head, b"\n", *parts])
        return MAGIC + hashlib.sha256(content).digest() + content

    def _read(self, data: bytes) -> None:
        """Goes on from a file.

        Raises:
            ValueError: it is not whole, of another making, or its parts do not fit one another.
        """
        whole = memoryview(data)
        content = whole[len(MAGIC) + 32 :]
        if data[: len(MAGIC)] != MAGIC or hashlib.sha256(content).digest() != whole[len(MAGIC) : len(MAGIC) + 32]:
            raise ValueError("not whole")
        line = data.index(b"\n", len(MAGIC) + 32)
        head = msgspec.json.decode(data[len(MAGIC) + 32 : line], type=_Head)
        edges = np.cumsum([line + 1, *head.sizes]).tolist()
        if head.making != making(self.params) or len(head.sizes) != 11 or edges[-1] != len(data):
            raise ValueError("of another making")
        parts = [whole[start:end] for start, end in pairwise(edges)]
        ids, all_words, names = (str(part, "utf-8").split("\n") if len(part) else [] for part in parts[:3])
        lengths, repeats, flat, ends, of_words = (np.frombuffer(part, np.uint32) for part in parts[3:8])
        having = np.frombuffer(parts[8], np.int32)
        rareness, sizes = (np.frombuffer(part, np.float32) for part in parts[9:])
        vocabulary = Vocabulary.of_parts(all_words, names, ends, of_words)
        if len(having) > len(names) or len(sizes) != len(ids) * FAMILIES:
            raise ValueError("weights do not fit")
        skills = [ContentId(one) for one in ids]
        texts = Texts.of_parts(skills, lengths, repeats, flat, len(all_words), len(names))
        self.weights.take(having, rareness, sizes, head.fresh, head.changes, len(names))
        self.vocabulary, self.texts = vocabulary, texts


def making(params: Params) -> str:
    """Returns what a file's content depends on besides the texts: parameters, sources, the order of bytes."""
    found = hashlib.sha256(repr((astuple(params), sys.byteorder)).encode())
    for module in (features, thesaurus, words):
        found.update(Path(module.__file__ or "").read_bytes())
    return found.hexdigest()

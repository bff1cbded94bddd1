"""Records that came over links before what they rest on: kept for a while, and judged again once that came.

So a finding that overtook its skill waits here instead of being fetched again over a bad net. What a record may rest on
it names: ids of records and of skills, and its author, whose keys may be missing. It is judged again when one of those
was kept, and otherwise not: whoever comes back after a while gets hundreds of such records, and thousands of others.
What is kept is bounded in number and bytes; the oldest makes room, and is asked for again by anti-entropy.
"""

from __future__ import annotations

from collections.abc import Sequence

from hansa.identity import roots
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason
from hansa.node.rows import RecordRow
from hansa.overlay.doing import Judge
from hansa.skills.messages import SKILL

EARLY = frozenset({Reason.UNKNOWN_SKILL, Reason.NOT_YET, Reason.WRONG_SIGNER})
"""Reasons for which a record may be taken once another one is here."""

MAX_KEPT = 512
MAX_BYTES = 4 * 1024 * 1024

MAX_CAME = 4_096
"""Names of what was kept lately that are remembered: while a record is judged, what it waits for may come."""


class TooEarly:
    """Records that wait for others."""

    def __init__(self) -> None:
        """Begins with none."""
        self._waiting: dict[ContentId, tuple[Judge, Sequence[str]]] = {}
        self._named: dict[str, dict[ContentId, None]] = {}
        self._due: dict[ContentId, None] = {}
        self._bytes = 0
        self._came: dict[str, int] = {}
        self._count = 0

    def __len__(self) -> int:
        """Counts them."""
        return len(self._waiting)

    @property
    def count(self) -> int:
        """How often something was kept so far: a moment to compare with."""
        return self._count

    def keep(self, id_: ContentId, judge: Judge, names: Sequence[str], began: int) -> None:
        """Keeps a record; of those that are too many the oldest goes.

        Args:
            names: what it may rest on.
            began: the `count` when it began to be judged: if one of its names came since then, it is judged again.
        """
        self.drop(id_)
        self._waiting[id_] = judge, names
        self._bytes += len(judge.raw)
        for name in names:
            self._named.setdefault(name, {})[id_] = None
        if any(self._came.get(name, 0) > began for name in names):
            self._due[id_] = None
        while len(self._waiting) > MAX_KEPT or self._bytes > MAX_BYTES:
            self.drop(next(iter(self._waiting)))

    def drop(self, id_: ContentId) -> None:
        """Forgets a record."""
        judge, names = self._waiting.pop(id_, (None, ()))
        if judge is None:
            return
        self._bytes -= len(judge.raw)
        self._due.pop(id_, None)
        for name in names:
            waiting = self._named[name]
            del waiting[id_]
            if not waiting:
                del self._named[name]

    def came(self, *names: str) -> None:
        """Notes that something was kept that others may rest on, by the names that they may have for it."""
        self._count += 1
        for name in names:
            self._came.pop(name, None)
            self._came[name] = self._count
            self._due |= self._named.get(name, {})
        while len(self._came) > MAX_CAME:
            del self._came[next(iter(self._came))]

    def due(self) -> list[Judge]:
        """Returns all that are to be judged again now; they are not kept any more."""
        found = {id_: self._waiting[id_][0] for id_ in self._due}
        for id_ in found:
            self.drop(id_)
        return list(found.values())


def names_of(row: RecordRow) -> tuple[str, ...]:
    """Returns by what names others may rest on a record: its id, that of the skill in it, and whose keys it has."""
    if row.kind == roots.KIND:
        return row.id, row.author
    return (row.id, row.subject) if row.kind == SKILL else (row.id,)

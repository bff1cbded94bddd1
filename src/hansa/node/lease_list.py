"""The leases that this node has given or taken, in the order in which they were asked for, read from signed records.

As with cases (`casebook`) nothing is kept of a lease but what its two ends have signed: the ask, the lender's words and
the borrower's acts, all filed under the ask's id. Marks number the asks, and say up to which number all are over, so
that a start reads those that are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hansa.identity.envelope import Verified
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.wire import parse
from hansa.market.lease import Ask, Lease
from hansa.market.messages import ACT, ASK, LEASE, ActBody, AskBody, LeaseBody, as_ask, as_lease
from hansa.node.core import Core
from hansa.node.rows import Change, PutMark
from hansa.node.testimony import open_held
from hansa.node.vault import open_record

COUNT = "leases"
"""Mark with the number of asks that this node has made or taken in; "lease N" is the id of one."""

OVER_UPTO = "leases over"
"""Mark with the number up to which all of them are over."""


@dataclass(frozen=True, slots=True)
class Story:
    """What is held of one lease.

    Attributes:
        lender: whom it was asked of.
        request: what it is for, by its borrower's own count.
        asked: when.
        lease: how it stands by the lender's last word; None before there is one. `word`: that word's id and number.
        acts: what the borrower has done, oldest first.
    """

    ask: Ask
    lender: NodeId
    request: int
    asked: int
    lease: Lease | None = None
    word: tuple[ContentId, int] = (ContentId(""), -1)
    acts: tuple[ActBody, ...] = ()

    @property
    def is_over(self) -> bool:
        """Says whether nothing follows any more."""
        return self.lease is not None and self.lease.is_over


class LeaseList:
    """Reads leases."""

    def __init__(self, core: Core) -> None:
        """Reads the core's store."""
        self._core = core

    def count(self) -> int:
        """Returns how many were ever asked for."""
        return int(self._core.store.mark(COUNT) or 0)

    def entry(self, ask: ContentId) -> list[Change]:
        """Returns what puts a new ask at the end of the list."""
        number = self.count() + 1
        return [PutMark(COUNT, str(number)), PutMark(f"lease {number}", ask)]

    def page(self, before: int | None = None, limit: int = 100) -> list[tuple[int, Story]]:
        """Returns leases with a number below `before`, the newest first; those that are damaged are left out."""
        number = self.count() + 1 if before is None else min(before, self.count() + 1)
        found: list[tuple[int, Story]] = []
        while number > 1 and len(found) < limit:
            number -= 1
            story = self.story(self._core.store.mark(f"lease {number}"))
            if story is not None:
                found.append((number, story))
        return found

    def unclosed(self) -> Iterator[Story]:
        """Yields the leases behind the mark up to which all are over, the oldest first."""
        for number in range(int(self._core.store.mark(OVER_UPTO) or 0) + 1, self.count() + 1):
            story = self.story(self._core.store.mark(f"lease {number}"))
            if story is not None:
                yield story

    def open(self) -> Iterator[Story]:
        """Yields the leases that are not over, the oldest first."""
        return (story for story in self.unclosed() if not story.is_over)

    def upto(self, still_open: Sequence[ContentId]) -> PutMark | None:
        """Returns the change that notes up to which number all are over; None where that is noted."""
        number = kept = int(self._core.store.mark(OVER_UPTO) or 0)
        waits = dict.fromkeys(still_open)
        while number < self.count() and self._core.store.mark(f"lease {number + 1}") not in waits:
            number += 1
        return PutMark(OVER_UPTO, str(number)) if number > kept else None

    def story(self, id_: str) -> Story | None:
        """Returns what is held of the lease for an ask; None when the ask is not held, or damaged."""
        asked = open_held(self._core, id_)
        if asked is None or asked.header.kind != ASK:
            return None
        body = parse(asked.body, AskBody)
        lender = NodeId(asked.header.recipient)
        ask = as_ask(asked.id, asked.author, body)
        words = [one for one in self._said(asked.id, LEASE) if one.author == lender]
        acts = [one for one in self._said(asked.id, ACT) if one.author == asked.author]
        last = max(words, key=lambda one: one.header.seq, default=None)
        return Story(
            ask,
            lender,
            body.request,
            asked.header.created,
            as_lease(ask, parse(last.body, LeaseBody)) if last is not None else None,
            (last.id, last.header.seq) if last is not None else (ContentId(""), -1),
            tuple(parse(one.body, ActBody) for one in sorted(acts, key=lambda one: one.header.seq)),
        )

    def _said(self, ask: ContentId, kind: str) -> list[Verified]:
        found = []
        for row in self._core.store.records_about(ask, kind):
            try:
                found.append(open_record(row, self._core.ring))
            except Refused:
                continue  # damaged: it is shown by `hansa store check`
        return found

"""Pulling a feed without being fooled: rollback, fork, freeze and mix-and-match are seen (threat 9).

A feed is an append-only list of record ids; link n of its hash chain covers link n - 1 and id n. A source signs the
chain's length and head. A reader keeps, per source, the last length and head that it has *walked to itself*: a number
that nobody has shown the items for is never kept, so there is nothing to fast-forward.

Rules, in order:

1. the index is signed by the source and not past its expiry (freeze)
2. it is not shorter than what was walked before (rollback)
3. the items that follow, chained on to the remembered head, end in the signed head (fork, mix-and-match)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, chain
from hansa.kernel.instant import Instant
from hansa.kernel.verdict import Reason
from hansa.overlay.messages import Index


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a feed was walked: number of items, and the chain's link there."""

    length: int = 0
    head: str = ""


def walk(mark: Mark, ids: Sequence[ContentId]) -> Mark:
    """Returns the mark after `ids`, which follow `mark` in the feed."""
    head = mark.head
    for one in ids:
        head = chain(head, one)
    return Mark(mark.length + len(ids), head)


def check_index(mark: Mark, index: Index, expires: int, now: Instant) -> None:
    """Checks rules 1 and 2, and rule 3 where the feed has nothing new.

    Raises:
        Refused: FROZEN, ROLLBACK or FORK.
    """
    if not now < expires:  # 1
        raise Refused(Reason.FROZEN)
    if index.length < mark.length:  # 2
        raise Refused(Reason.ROLLBACK, f"{index.length} records, {mark.length} seen before")
    if index.length == mark.length and index.head != mark.head:  # 3
        raise Refused(Reason.FORK)


def check_walk(end: Mark, index: Index) -> None:
    """Checks rule 3 once as many items were walked as the index counts.

    Raises:
        Refused: MIX_AND_MATCH, when they do not add up to the signed head; nothing of them may be kept.
    """
    if end.length == index.length and end.head != index.head:
        raise Refused(Reason.MIX_AND_MATCH)
    if end.length > index.length:
        raise Refused(Reason.MIX_AND_MATCH, "more records than its index counts")

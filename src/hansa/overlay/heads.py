"""Do two readers of one source see one feed? What one was shown must lie on the way that the other has walked.

A reader remembers the chain's links at the last lengths that it walked itself, per source, and the signed index in
which the walk ended. Another reader shows the signed index that *its* walk ended in. Rules, in order:

1. at a length that is remembered, its head must be the link there: else the source shows two feeds (threat 11)
2. a length beyond the end is kept and judged when the walk gets there; a length before the start is not judged

The proof names both signed indexes, the link, and the ids from there on: whoever has it needs nobody's word.

    trail = extend(Trail(), Mark(), ids)
    assert link_at(trail, 3) == theirs.head
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hansa.kernel.ids import ContentId, chain
from hansa.overlay.feed import Mark, walk
from hansa.overlay.messages import Index

MAX_LINKS = 1_000
"""Lengths that are remembered of each source; a reader who is further behind is judged when it has caught up."""


@dataclass(frozen=True, slots=True)
class Trail:
    """A walk's last part: `links[n]` is the chain's link at length `start + n`, `ids[n]` the item that follows it."""

    start: int = 0
    links: tuple[str, ...] = ("",)
    ids: tuple[ContentId, ...] = ()

    @property
    def end(self) -> int:
        """The length that was walked to."""
        return self.start + len(self.ids)


def extend(trail: Trail, mark: Mark, ids: Sequence[ContentId]) -> Trail:
    """Returns the trail after `ids`, which follow `mark`; begins anew at a mark that is not the trail's end."""
    if (trail.end, trail.links[-1]) != (mark.length, mark.head):
        trail = Trail(mark.length, (mark.head,))
    links = list(trail.links)
    for one in ids:
        links.append(chain(links[-1], one))
    drop = max(0, len(links) - 1 - MAX_LINKS)
    return Trail(trail.start + drop, tuple(links[drop:]), (*trail.ids, *ids)[drop:])


def link_at(trail: Trail, length: int) -> str | None:
    """Returns the chain's link at a length; None for one that is not remembered."""
    place = length - trail.start
    return trail.links[place] if 0 <= place < len(trail.links) else None


def is_split(one: Index, other: Index, link: str, ids: Sequence[ContentId]) -> bool:
    """Says whether two indexes of one source can't both be of one feed.

    Args:
        link: the chain's link at the length of `other`, on the way to `one`.
        ids: the items from there to the end of `one`.
    """
    leads_there = walk(Mark(other.length, link), ids) == Mark(one.length, one.head)
    return leads_there and link != other.head

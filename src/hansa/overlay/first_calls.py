"""Whom to dial first after a start: not the address table alone, which may have been poisoned meanwhile (attack 42).

1. the anchors: links that stood longest before the restart, this node's own ones first, so they are older than a flood
2. whom the operator named or an invitation came from
3. entries of the address table, picked by its rules; at most `per_range` of one range while there are others

Once is enough: an eclipse needs every one of them. Sources: Bitcoin Core's anchors (pull request 17428) and its quota
by network group; Marcus, Heilman and Goldberg 2018 for what happens without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hansa.kernel.ids import NodeId
from hansa.kernel.rng import Rng
from hansa.overlay.candidates import Candidates, range_of

ANCHORS = 4
"""Links of before the restart that are dialled first. More would let an old eclipse live on for longer."""


@dataclass(frozen=True, slots=True)
class Known:
    """A node and where it can be dialled."""

    whom: NodeId
    urls: tuple[str, ...]


def first_calls(
    anchors: Sequence[Known], named: Sequence[Known], table: Candidates, count: int, per_range: int, rng: Rng
) -> list[Known]:
    """Returns whom to dial, in this order: the anchors and the named ones, then up to `count` of the table."""
    chosen = {one.whom: one for one in (*anchors[:ANCHORS], *named) if one.urls}
    ranges: dict[str, int] = {}
    for one in chosen.values():
        ranges[range_of(one.urls)] = ranges.get(range_of(one.urls), 0) + 1
    wanted = len(chosen) + count
    seen: dict[NodeId, None] = dict.fromkeys(chosen)
    spare: list[Known] = []
    while len(chosen) < wanted and (entry := table.pick(rng, lambda whom: whom not in seen)):
        seen[entry.whom] = None
        where = range_of(entry.urls)
        if ranges.get(where, 0) < per_range:
            ranges[where] = ranges.get(where, 0) + 1
            chosen[entry.whom] = Known(entry.whom, entry.urls)
        else:
            spare.append(Known(entry.whom, entry.urls))
    return [*chosen.values(), *spare[: wanted - len(chosen)]]

"""Where a skill comes from: a graph of ids that must stay small, and can't have a cycle unless somebody lies (H6).

Ids are hashes of content that names its parents, so a real cycle would need a hash collision; what is met in practice
are claims about skills not held here ("unresolved") and graphs made to be slow. Both are walked in linear time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason

Parents = Callable[[ContentId], Sequence[ContentId] | None]
"""Answers which skills a skill names as parents; None when it is not held here."""

MAX_ANCESTORS = 4_096
"""Work bound: a walk that meets more is refused."""


@dataclass(frozen=True, slots=True)
class Ancestry:
    """What is known of a skill's ancestors.

    Attributes:
        depth: longest chain of parents that are held here.
        resolved: ancestors held here, nearest first.
        unresolved: ancestors named but not held here; no credit flows through them.
    """

    depth: int
    resolved: tuple[ContentId, ...]
    unresolved: tuple[ContentId, ...]


NO_ANCESTORS = Ancestry(0, (), ())
"""What `ancestry` finds of a skill that names no parents."""


def ancestry(
    skill: ContentId, lineage: Sequence[ContentId], parents: Parents, max_parents: int, max_depth: int
) -> Ancestry:
    """Walks the ancestors of `skill`, nearest first, each once.

    Raises:
        Refused: BAD_LINEAGE, when a skill names itself, a parent twice, more than `max_parents`, when the chain is
            deeper than `max_depth` or leads back to `skill`, or when there are more than `MAX_ANCESTORS`.
    """
    _check_width(lineage, max_parents)
    graph: dict[ContentId, Sequence[ContentId]] = {skill: lineage}
    unresolved: dict[ContentId, None] = {}
    waiting = deque((one, 1) for one in lineage)
    while waiting:
        one, generation = waiting.popleft()
        if one == skill:
            raise Refused(Reason.BAD_LINEAGE, "a cycle")
        if one in graph or one in unresolved:
            continue
        if len(graph) + len(unresolved) > MAX_ANCESTORS:  # the skill itself is in the graph
            raise Refused(Reason.BAD_LINEAGE, f"more than {MAX_ANCESTORS} ancestors")
        above = parents(one)
        if above is None:
            unresolved[one] = None
        else:
            if generation > max_depth:  # even the shortest way is too long
                raise Refused(Reason.BAD_LINEAGE, f"deeper than {max_depth}")
            graph[one] = above
            waiting.extend((parent, generation + 1) for parent in above)
    depth = _longest_chain(graph)
    if depth > max_depth:
        raise Refused(Reason.BAD_LINEAGE, f"deeper than {max_depth}")
    return Ancestry(depth, tuple(one for one in graph if one != skill), tuple(unresolved))


def _longest_chain(graph: Mapping[ContentId, Sequence[ContentId]]) -> int:
    """Returns the number of steps of the longest chain, peeling off the skills that nobody left names (Kahn 1962).

    Cycles among ancestors, which only a hash collision could make, are never peeled and end the walk.
    """
    named = dict.fromkeys(graph, 0)
    for above in graph.values():
        for one in dict.fromkeys(above):
            if one in named:
                named[one] += 1
    depth = dict.fromkeys(graph, 0)
    free = deque(one for one, count in named.items() if count == 0)
    while free:
        one = free.popleft()
        for parent in dict.fromkeys(graph[one]):
            if parent in named:
                depth[parent] = max(depth[parent], depth[one] + 1)
                named[parent] -= 1
                if named[parent] == 0:
                    free.append(parent)
    return max(depth.values())


def _check_width(lineage: Sequence[ContentId], max_parents: int) -> None:
    if len(lineage) > max_parents:
        raise Refused(Reason.BAD_LINEAGE, f"{len(lineage)} parents, at most {max_parents}")
    if len(set(lineage)) != len(lineage):
        raise Refused(Reason.BAD_LINEAGE, "a parent is named twice")

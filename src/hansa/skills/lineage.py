"""Where a skill comes from: a graph of ids that must stay small, and can't have a cycle unless somebody lies (H6).

Ids are hashes of content that names its parents, so a real cycle would need a hash collision; what is met in practice
are claims about skills not held here ("unresolved") and graphs made to be slow. Both are walked in linear time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def ancestry(
    skill: ContentId, lineage: Sequence[ContentId], parents: Parents, max_parents: int, max_depth: int
) -> Ancestry:
    """Walks the ancestors of `skill`, generation by generation.

    Raises:
        Refused: BAD_LINEAGE, when a skill names itself, a parent twice, more than `max_parents`, when the chain is
            deeper than `max_depth` or leads back to `skill`, or when there are more than `MAX_ANCESTORS`.
    """
    resolved: dict[ContentId, None] = {}
    unresolved: dict[ContentId, None] = {}
    _check_width(lineage, max_parents)
    generation, depth = list(lineage), 0
    while generation:
        following: dict[ContentId, None] = {}
        held = False
        for one in generation:
            if one == skill:
                raise Refused(Reason.BAD_LINEAGE, "a cycle")
            above = parents(one)
            if above is None:
                unresolved[one] = None
                continue
            held = True
            resolved[one] = None
            following.update(dict.fromkeys(id_ for id_ in above if id_ not in resolved))
        depth += held
        if depth > max_depth or len(resolved) + len(unresolved) > MAX_ANCESTORS:
            raise Refused(Reason.BAD_LINEAGE, f"deeper than {max_depth} or more than {MAX_ANCESTORS} ancestors")
        generation = list(following)
    return Ancestry(depth, tuple(resolved), tuple(unresolved))


def _check_width(lineage: Sequence[ContentId], max_parents: int) -> None:
    if len(lineage) > max_parents:
        raise Refused(Reason.BAD_LINEAGE, f"{len(lineage)} parents, at most {max_parents}")
    if len(set(lineage)) != len(lineage):
        raise Refused(Reason.BAD_LINEAGE, "a parent is named twice")

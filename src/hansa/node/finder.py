"""Finding skills: two searches joined, then ranked by what this node has computed about each.

1. Each search brings its best. Where most of them are not what is looked for (in quarantine, say, which anybody who
   may push can fill), or all of one author, more are asked for, so that nobody is crowded out by a flood (threat 17).
2. What is known of each is looked up, and they are ranked.
3. The ranking is spread over pages: while others have something to say, no author but this node fills more than a
   share of a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hansa.kernel.ids import ContentId
from hansa.node.core import Core
from hansa.node.rows import SkillRow
from hansa.node.shelf import Shelf
from hansa.node.vault import is_whole
from hansa.skills.model import SkillState
from hansa.skills.ranking import Ranked, rank, spread, spread_ranked

POOL = 50
"""How many candidates each of the two searches brings."""

DEEPER = (4 * POOL, 16 * POOL, 64 * POOL)
"""How many they are asked for where too few of those before are looked for; only the first when one author has all."""


@dataclass(frozen=True, slots=True)
class Found:
    """A skill and why it stands where it stands."""

    row: SkillRow
    rank: Ranked


def whole(found: Sequence[Found]) -> list[Found]:
    """Returns those that can be opened: what is damaged in the store is not shown as proved. For what is shown only."""
    return [one for one in found if is_whole(one.row)]


class Finder:
    """Searches the node's skills."""

    def __init__(self, core: Core, shelf: Shelf) -> None:
        """Works on the core's store and index."""
        self._core = core
        self._shelf = shelf

    def find(
        self,
        intent: str,
        limit: int = 10,
        states: tuple[SkillState, ...] = (SkillState.ADMITTED,),
        at_least: float = 0.0,
        page: int = 0,
    ) -> list[Found]:
        """Returns the skills that fit an intent best.

        Args:
            states: by default only what is proved here: nothing in quarantine is shown unasked.
            at_least: calibrated similarity below which a skill is left out.
            page: places among which no author may have too many; 0 for `limit`.
        """
        core, page = self._core, page or max(1, limit)
        rows, similar, lexical = self._pool(intent, states, page)
        near = [id_ for id_ in rows if id_ not in similar]
        similar |= dict(zip(near, core.index.similarities(intent, near), strict=True))
        facts = {id_: self._shelf.facts(row) for id_, row in rows.items() if similar[id_] >= at_least}
        ranked = rank(similar, lexical, facts, core.now(), core.settings.ranking)
        authors = {id_: row.author for id_, row in rows.items()}
        found = spread_ranked(ranked, authors, core.me, page, core.settings.ranking)
        return [Found(rows[one.skill], one) for one in found[: max(0, limit)]]

    def _pool(
        self, intent: str, states: tuple[SkillState, ...], page: int
    ) -> tuple[dict[ContentId, SkillRow], dict[ContentId, float], list[tuple[ContentId, float]]]:
        """Returns the candidates' rows, the similarities found so far, and the scores by words."""
        core = self._core
        most = core.settings.ranking.most_of(page)
        words = core.store.lexical(intent, DEEPER[0])  # scoring takes the same time for few as for many
        for size in (POOL, *DEEPER):
            similar = {one.skill: one.similarity for one in core.index.nearest(intent, size)}
            lexical = words[:size] if size <= DEEPER[0] else core.store.lexical(intent, size)
            ids = list(dict.fromkeys([*similar, *(skill for skill, _ in lexical)]))
            owners = core.store.owners(ids)
            authors = {id_: owners[id_][0] for id_ in ids if id_ in owners and owners[id_][1] in states}
            alone = len(frozenset(authors.values())) < 2 and size == POOL
            if max(len(similar), len(lexical)) < size or (len(authors) >= POOL and not alone):
                break
        best = spread(list(authors), authors, core.me, page, most)[: 2 * POOL]
        rows = ((id_, core.store.skill(id_)) for id_ in best)
        return {id_: row for id_, row in rows if row is not None}, similar, lexical

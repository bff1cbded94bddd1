"""Finding skills: two searches joined, then ranked by what this node has computed about each."""

from __future__ import annotations

from dataclasses import dataclass

from hansa.kernel.ids import ContentId
from hansa.node.core import Core
from hansa.node.rows import SkillRow
from hansa.node.shelf import Shelf
from hansa.skills.model import SkillState
from hansa.skills.ranking import Facts, Ranked, rank

POOL = 50
"""How many candidates each of the two searches brings."""


@dataclass(frozen=True, slots=True)
class Found:
    """A skill and why it stands where it stands."""

    row: SkillRow
    rank: Ranked


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
    ) -> list[Found]:
        """Returns the skills that fit an intent best.

        Args:
            states: by default only what is proved here: nothing in quarantine is shown unasked.
            at_least: calibrated similarity below which a skill is left out.
        """
        similar = {one.skill: one.similarity for one in self._core.index.nearest(intent, POOL)}
        lexical = self._core.store.lexical(intent, POOL)
        rows: dict[ContentId, SkillRow] = {}
        facts: dict[ContentId, Facts] = {}
        for id_ in dict.fromkeys([*similar, *(skill for skill, _ in lexical)]):
            row = self._core.store.skill(id_)
            if row is not None and row.state in states:
                rows[id_] = row
                facts[id_] = self._shelf.facts(row)
                if id_ not in similar:
                    similar[id_] = self._core.index.similarity(intent, row.intent)
        ranked = rank(similar, lexical, facts, self._core.now(), self._core.settings.ranking)
        return [Found(rows[one.skill], one) for one in ranked if one.similarity >= at_least][:limit]

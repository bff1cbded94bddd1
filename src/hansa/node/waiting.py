"""What waits to be proved, and in which order: by what is known of who brought it, and nobody can fill the queue.

1. Those come first who have come furthest (`conduct.standing.Rung`), in the domain of each skill.
2. Among those of one rung authors take turns, so that many skills of one keep nobody else waiting.
3. Of one author, what somebody has refuted comes first.
4. All who are not known yet have `conduct.newcomer_proofs` an hour together: many keys are no more than one.
"""

from __future__ import annotations

from collections import Counter

from hansa.admission.rate import Bucket, take
from hansa.conduct.standing import Rung
from hansa.kernel.instant import HOUR
from hansa.node.core import Core
from hansa.node.ports import SkillFilter
from hansa.node.rows import SkillRow
from hansa.node.shelf import Shelf
from hansa.skills.model import Origin, SkillState, domain


class Waiting:
    """The queue of what is to be proved."""

    def __init__(self, core: Core, shelf: Shelf) -> None:
        """Works for one node."""
        self._core = core
        self._shelf = shelf
        self._pool: Bucket | None = None

    def unproved(self, origin: Origin | None = None) -> list[SkillRow]:
        """Returns the skills in quarantine that have checks, in the order in which they are to be proved."""
        rows: list[SkillRow] = []
        after = ""
        wanted = SkillFilter(states=(SkillState.QUARANTINED,), origin=origin)
        while page := self._core.store.skills(wanted, after=after, limit=500):
            rows += [row for row in page if row.has_checks]
            after = page[-1].id
        turns = Counter[tuple[str, Rung]]()
        ordered: list[tuple[int, int, SkillRow]] = []
        for row in sorted(rows, key=self._suspicion):
            rung = self.rung(row)
            turns[row.author, rung] += 1
            ordered.append((-rung, turns[row.author, rung], row))
        return [row for _, _, row in sorted(ordered, key=lambda one: (one[0], one[1], self._suspicion(one[2])))]

    def rung(self, row: SkillRow) -> Rung:
        """Returns how far whoever brought a skill has come, in its domain; this node itself is trusted."""
        if row.origin is Origin.OWN:
            return Rung.TRUSTED
        return self._core.accounts.decide(row.author, self._core.now(), domain(row.tags)).rung

    def tried(self, row: SkillRow) -> bool:
        """Says whether this node has looked at a skill before."""
        return any(one.prover == self._core.me for one in self._core.store.evidence(row.id))

    def passed_over(self, row: SkillRow) -> bool:
        """Says whether a skill is not proved now: it was tried, or the share of those not known yet is used up.

        Asked when its turn comes: who was a newcomer when the queue was made may be known by then.
        """
        if self.tried(row):
            return True
        if self.rung(row) >= Rung.KNOWN:
            return False
        self._pool, granted = take(self._pool, self._core.settings.conduct.newcomer_proofs, self._core.now(), HOUR)
        return not granted

    def _suspicion(self, row: SkillRow) -> tuple[int, int, str]:
        return (-self._shelf.refutations(row.id), row.added, row.id)

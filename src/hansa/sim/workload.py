"""What the nodes of a world say while faults are done to them: skills, findings with their receipts, tombstones."""

from __future__ import annotations

import hashlib

import msgspec

from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Dealing, Receipt
from hansa.kernel.ids import ContentId
from hansa.kernel.rng import Rng
from hansa.node.rows import RecordRow
from hansa.sim.world import Inhabitant, World
from hansa.skills import messages
from hansa.skills.model import MILLION, PYTHON, Case, Cases, Claim, Evidence, Outcome, Result, Skill, Step

HARNESS = "simulated-1"
WEIGHTS = {"skill": 6, "finding": 3, "tombstone": 2}
"""How often each kind of work comes, among so many."""


def specimen(number: int) -> Skill:
    """Returns one of many good skills that differ by a number."""
    name = f"times_{number}"
    return Skill(
        intent=f"multiply a number by {number}",
        reasoning_path=(Step(step=1, action="Write it down."),),
        result=Result(media_type=PYTHON, text=f"def {name}(x):\n    return {number} * x\n", entry_point=name),
        checks=(Cases(cases=(Case(args="(2,)", expect=str(2 * number)),)),),
        license="MIT",
        tags=("specimen",),
    )


class Workload:
    """Work at random nodes at random times."""

    def __init__(self, world: World, rng: Rng) -> None:
        """Works on a world; what it draws comes from `rng`."""
        self._world = world
        self._rng = rng
        self._made = 0
        self._taken_back: dict[ContentId, None] = {}
        self._work = [kind for kind, weight in WEIGHTS.items() for _ in range(weight)]

    def plan(self, count: int, within_ms: int) -> None:
        """Has so many things be said, from now on, at times drawn beforehand."""
        nodes = len(self._world.residents)
        for number in range(count):
            own = self._rng.child(number)
            self._world.after(own.below(within_ms), self._do, own.below(nodes), own.pick(self._work), own)

    def _do(self, number: int, kind: str, rng: Rng) -> None:
        work = {"skill": self._skill, "finding": self._finding, "tombstone": self._tombstone}[kind]
        self._made += 1
        made = self._made
        self._world.spawn(number, lambda inhabitant: work(number, inhabitant, rng, made))

    async def _skill(self, number: int, inhabitant: Inhabitant, rng: Rng, made: int) -> None:
        claim = Claim(confidence=901_000, verification_score=MILLION, trials=35, harness=HARNESS)
        body = messages.skill_body(specimen(made), claim)
        await self._world.publish(number, inhabitant, messages.SKILL, body)

    async def _finding(self, number: int, inhabitant: Inhabitant, rng: Rng, made: int) -> None:
        """Finds that somebody's skill does what it says, and says so: a finding, and the receipt that rests on it."""
        core = inhabitant.node.core
        claims = [row for row in self._skills(inhabitant) if row.author != core.me]
        if not claims:
            return
        claim = rng.pick(claims)
        digest = hashlib.sha256(f"{made}".encode()).hexdigest()
        evidence = Evidence(
            ContentId(claim.subject), core.me, HARNESS, "simulated", Outcome.PASS, 35, 35, 1, 1, digest, "", core.now()
        )
        body = messages.evidence_body(evidence)
        finding = await self._world.publish(number, inhabitant, messages.EVIDENCE, body)
        if finding is not None:
            receipt = Receipt(
                dealing=Dealing.SKILL_REPROVED, subject=claim.author, skill=claim.subject,
                records=(claim.id, finding.id), domain="specimen",
            )  # fmt: skip
            await self._world.publish(number, inhabitant, RECEIPT, msgspec.to_builtins(receipt))

    async def _tombstone(self, number: int, inhabitant: Inhabitant, rng: Rng, made: int) -> None:
        """Takes one of this node's own skills back, sometimes with a warning; each once, as the node's own door does.

        Who says it twice, since an old backup does not know of the first time, is refused by all others: a duplicate.
        """
        core = inhabitant.node.core
        own = [ContentId(row.subject) for row in self._skills(inhabitant) if row.author == core.me]
        standing = [one for one in own if one not in self._taken_back]
        if standing:
            skill = rng.pick(standing)
            self._taken_back[skill] = None
            body = messages.tombstone_body(skill, "no longer kept up", recall=rng.happens(0.5))
            if await self._world.publish(number, inhabitant, messages.TOMBSTONE, body) is None:
                del self._taken_back[skill]

    @staticmethod
    def _skills(inhabitant: Inhabitant) -> list[RecordRow]:
        """Returns the skill records held, by id."""
        store = inhabitant.node.core.store
        rows = (store.record(id_) for id_ in store.record_ids("", 1_000_000))
        return [row for row in rows if row is not None and row.kind == messages.SKILL and not row.withheld]

"""Changes of keys against a plain model: after any of them, in any order, what counts is what a dictionary says."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hansa.admission.service import Via
from hansa.identity.envelope import Signed
from hansa.identity.keys import SigningKey
from hansa.kernel.errors import Refused
from hansa.skills.model import SkillState
from tests.attacks.specimens import key, scaled
from tests.node.owner import Owner
from tests.node.world import START, World, multiplier

NEVER = 2**53
NUMBERS = st.integers(START, START + 30)


class Keys(RuleBasedStateMachine):
    """One node, one author, and a model of what the node must hold of her: number -> (key, skill)."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name), "memory")
        self.node = self.world.settle("node")
        self.owner = Owner(1)
        self.used = 1
        self.bounds: dict[SigningKey, int] = {self.owner.day: NEVER}
        self.held: dict[int, tuple[SigningKey, int]] = {}
        self.old_roots: list[SigningKey] = []
        assert self.take(self.owner.name()) == "taken"

    def teardown(self) -> None:
        self.world.close()
        self.folder.cleanup()

    def take(self, message: Signed) -> str:
        async def one() -> str:
            try:
                await self.node.node.inbox.receive(message.raw, Via.FEED)
            except Refused as refusal:
                return refusal.reason.code
            return "taken"

        return asyncio.run(one())

    def pick(self, number: int) -> SigningKey:
        return list(self.bounds)[number % len(self.bounds)]

    @rule(number=NUMBERS, which=st.integers(0, 9))
    def says(self, number: int, which: int) -> None:
        """The owner, or whoever has stolen one of her keys, says something."""
        by = self.pick(which)
        self.used += 1
        fate = self.take(self.owner.skill(multiplier(self.used), by, seq=number))
        if number > self.bounds[by]:
            assert fate == "revoked"
        elif number in self.held:
            assert fate == "equivocation"
        else:
            assert fate == "taken"
            self.held[number] = (by, self.used)

    @rule(number=NUMBERS, which=st.integers(0, 3))
    def a_stranger_says(self, number: int, which: int) -> None:
        self.used += 1
        by = [key(7), self.owner.root, *self.old_roots][which % (2 + len(self.old_roots))]
        assert self.take(self.owner.skill(multiplier(self.used), by, seq=number)) == "wrong_signer"

    @precondition(lambda self: len(self.bounds) < 9)
    @rule(until=st.one_of(st.none(), NUMBERS))
    def rotates(self, until: int | None) -> None:
        before = self.owner.day
        assert self.take(self.owner.name(new=True, until=-1 if until is None else until)) == "taken"
        self.bounds[before] = -1 if until is None else until
        self.bounds[self.owner.day] = NEVER
        self.forget()

    @precondition(lambda self: len(self.bounds) > 1)
    @rule(which=st.integers(0, 9), until=st.one_of(st.just(-1), NUMBERS))
    def revokes_further(self, which: int, until: int) -> None:
        retired = [one for one in self.bounds if one is not self.owner.day]
        old = retired[which % len(retired)]
        owner = self.owner
        message = owner.version(len(owner.chain) + 1, [owner.root], [owner.day], {old.public: until}, [owner.root])
        fate = self.take(message)
        if until > self.bounds[old]:
            assert fate == "rollback"
            return
        assert fate == "taken"
        owner.chain.append(message)
        self.bounds[old] = until
        self.forget()

    @rule()
    def rotates_the_root(self) -> None:
        self.old_roots.append(self.owner.root)
        assert self.take(self.owner.name(new_root=True)) == "taken"

    @rule(which=st.integers(0, 9), jump=st.integers(1, 3))
    def a_thief_names_keys(self, which: int, jump: int) -> None:
        """Signed by any signing key, today's or yesterday's, or by a root key of yesterday."""
        thieves = [*self.bounds, *self.old_roots]
        thief = thieves[which % len(thieves)]
        version = self.owner.version(len(self.owner.chain) + jump, [thief], [thief], {}, [thief])
        assert self.take(version) in ("threshold", "rollback", "revoked")

    @rule(which=st.integers(0, 30))
    def an_old_version_comes_again(self, which: int) -> None:
        assert self.take(self.owner.chain[which % len(self.owner.chain)]) == "duplicate"

    @rule()
    def restarts(self) -> None:
        self.node = self.world.restart(self.node)

    def forget(self) -> None:
        self.held = {number: said for number, said in self.held.items() if number <= self.bounds[said[0]]}

    @invariant()
    def what_counts_is_what_the_model_says(self) -> None:
        store = self.node.store
        assert {row.seq for row in store.records_after(self.owner.id, START - 1)} == self.held.keys()
        for number, (_, skill) in self.held.items():
            assert store.record(store.record_at(self.owner.id, number)).subject == multiplier(skill).id
        standing = {skill for _, skill in self.held.values()}
        for one in range(2, self.used + 1):
            row = store.skill(multiplier(one).id)
            assert (row is not None and row.state is not SkillState.REMOVED) == (one in standing)

    @invariant()
    def the_id_and_the_chain_stay(self) -> None:
        chain = self.node.node.core.ring.chain(self.owner.id)
        assert [root.version for root in chain] == list(range(1, len(self.owner.chain) + 1))
        assert chain[-1].signing.keys == {self.owner.day.public}
        assert chain[-1].roots.keys == {self.owner.root.public}


TestKeys = Keys.TestCase
TestKeys.settings = settings(max_examples=scaled(15), stateful_step_count=20, deadline=None)

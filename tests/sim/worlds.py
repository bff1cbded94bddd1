"""Worlds for the simulator's tests, and workshops whose nodes break one promise each."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from hansa.adapters.store.simulated import Outcomes, SimulatedStore
from hansa.entrypoints.simulation import Workshop
from hansa.identity import envelope
from hansa.identity.envelope import Signed
from hansa.kernel.ids import ContentId, NodeId
from hansa.node.gathering import Taken
from hansa.node.node import Node
from hansa.node.rows import AppendLedger, Change, SetSkillState
from hansa.node.travelling import ORDER
from hansa.overlay import frames
from hansa.sim.naive import Naive
from hansa.sim.workload import specimen
from hansa.sim.world import Params, Place, World
from hansa.skills import messages
from hansa.skills.model import Claim, SkillState

SHARED = tuple(ORDER)
"""Kinds that travel."""

CULPRIT = 1
"""The node that breaks a promise; all others are sound."""


class NaiveWorkshop(Workshop):
    """Nodes with the naive overlay."""

    def open(self, place: Place) -> Naive:
        return Naive(Node(self.core(place)), place, SHARED)


def small(seed: int = 1, nodes: int = 3, workshop: Workshop | None = None, params: Params | None = None) -> World:
    """Returns a started world, a second old: its links stand."""
    world = World(seed, nodes, workshop or NaiveWorkshop(), params)
    world.start()
    world.run(1)
    return world


def say(world: World, number: int, skill: int = 1, kind: str = messages.SKILL, body: Any = None) -> list[Signed | None]:
    """Has a node say something; what is returned holds the record once it is acknowledged."""
    said: list[Signed | None] = []

    async def work(inhabitant: Any) -> None:
        given = body if body is not None else messages.skill_body(specimen(skill), Claim())
        said.append(await world.publish(number, inhabitant, kind, given))

    world.spawn(number, work)
    return said


def take_back(world: World, number: int, skill: int = 1) -> list[Signed | None]:
    """Has a node take a skill back."""
    return say(world, number, kind=messages.TOMBSTONE, body=messages.tombstone_body(specimen(skill).id, "no more"))


# ---- one broken promise each


class _CulpritWorkshop(NaiveWorkshop):
    def open(self, place: Place) -> Naive:
        return self.culprit(place) if place.number == CULPRIT else super().open(place)

    def culprit(self, place: Place) -> Naive:
        raise NotImplementedError


class AcknowledgesEarly(NaiveWorkshop):
    """Its store says that a write is durable when it has been handed in."""

    def contents(self, number: int) -> SimulatedStore:
        return _Hasty() if number == CULPRIT else SimulatedStore()


class _Hasty(SimulatedStore):
    def apply_each(self, batches: Sequence[Sequence[Change]]) -> Awaitable[Outcomes]:
        super().apply_each(batches)

        async def said() -> Outcomes:
            return [None for _ in batches]

        return said()


class LosesWhatItPromised(_CulpritWorkshop):
    """Acknowledges and keeps nothing."""

    def culprit(self, place: Place) -> Naive:
        class Liar(Naive):
            async def publish(self, signed: Signed) -> Taken:
                return Taken(signed.id, "skill", "", envelope.as_signed(signed))

        return Liar(Node(self.core(place)), place, SHARED)


class SwallowsMessages(_CulpritWorkshop):
    """Counts a message in and forgets about it."""

    def culprit(self, place: Place) -> Naive:
        class Glutton(Naive):
            async def _take(self, peer: NodeId, raw: bytes) -> None:
                self.node.core.counters.came_in()
                await super()._take(peer, raw)

        return Glutton(Node(self.core(place)), place, SHARED)


class CountsFatesTwice(_CulpritWorkshop):
    """Says of each message twice what became of it."""

    def culprit(self, place: Place) -> Naive:
        made = Naive(Node(self.core(place)), place, SHARED)
        counters = made.node.core.counters
        once = counters.ended

        def twice(reason: Any) -> None:
            once(reason)
            once(reason)

        counters.ended = twice  # type: ignore[method-assign]
        return made


class Resurrects(_CulpritWorkshop):
    """Brings back what was taken back, as soon as it hears of anything else."""

    def culprit(self, place: Place) -> Naive:
        class Necromancer(Naive):
            async def _take(self, peer: NodeId, raw: bytes) -> None:
                await super()._take(peer, raw)
                store = self.node.core.store
                for row in store.tombstones():
                    await store.apply([SetSkillState(row.skill, SkillState.ADMITTED)])

        return Necromancer(Node(self.core(place)), place, SHARED)


class ForgetsTombstones(_CulpritWorkshop):
    """Keeps the record of a tombstone and leaves the skill in use."""

    def contents(self, number: int) -> SimulatedStore:
        return _Forgetful() if number == CULPRIT else SimulatedStore()

    def open(self, place: Place) -> Naive:
        return NaiveWorkshop.open(self, place)


class _Forgetful(SimulatedStore):
    def _make(self, change: Change) -> None:
        if not isinstance(change, SetSkillState):
            super()._make(change)


class CountsTwice(_CulpritWorkshop):
    """Folds each receipt into its accounts twice."""

    def culprit(self, place: Place) -> Naive:
        made = Naive(Node(self.core(place)), place, SHARED)
        accounts = made.node.core.accounts
        fold = accounts._fold

        def twice(account: Any, subject: NodeId, after: int) -> int:
            fold(account, subject, after)
            return fold(account, subject, after)

        accounts._fold = twice  # type: ignore[method-assign]
        return made


class EntersTwice(NaiveWorkshop):
    """Its store makes each change of the ledger twice."""

    def contents(self, number: int) -> SimulatedStore:
        return _Stutterer() if number == CULPRIT else SimulatedStore()


class _Stutterer(SimulatedStore):
    def apply_each(self, batches: Sequence[Sequence[Change]]) -> Awaitable[Outcomes]:
        twice = [[*changes, *(one for one in changes if isinstance(one, AppendLedger))] for changes in batches]
        return super().apply_each(twice)


class ServesAnything(_CulpritWorkshop):
    """Serves what lies in its store without looking at it."""

    def culprit(self, place: Place) -> Naive:
        class Careless(Naive):
            def _serve(self, peer: NodeId, ids: Sequence[ContentId]) -> None:
                for id_ in ids:
                    row = self.node.core.store.record(id_)
                    if row is not None:
                        self._send(peer, frames.Word(row.envelope))

        return Careless(Node(self.core(place)), place, SHARED)


class NeverTakes(_CulpritWorkshop):
    """Takes nothing from others."""

    def culprit(self, place: Place) -> Naive:
        class Deaf(Naive):
            async def _take(self, peer: NodeId, raw: bytes) -> None:
                return

        return Deaf(Node(self.core(place)), place, SHARED)


class HalfABatch(NaiveWorkshop):
    """Its store keeps the first change of a batch alone, and says that nothing was kept."""

    def contents(self, number: int) -> SimulatedStore:
        return _Torn() if number == CULPRIT else SimulatedStore()


class _Torn(SimulatedStore):
    def commit(self, batches: Sequence[Sequence[Change]]) -> Outcomes:
        return super().commit([changes[:1] for changes in batches])

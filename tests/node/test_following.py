"""What a process knows after it has followed another one is what a process knows that was started just now."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from typing import Any

import pytest

from hansa.adapters.index.sparse import SparseIndex
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import ContentId, NodeId
from hansa.node.core import Core
from hansa.node.events import Kind
from hansa.node.following import Follower
from hansa.node.node import Node
from hansa.node.ports import Store
from hansa.node.rows import Change, OutboxRow, PutOutbox, RecordRow
from hansa.node.touched import touches
from hansa.skills.messages import TOMBSTONE, tombstone_body
from tests.node.world import DOUBLE, SLUG, LoopbackCaller, Resident, World, multiplier, skill_message
from tests.skills.specimens import with_files


class Spied:
    """Implements `node.following.Shared` beside the store of a hub: what is applied there was another process's doing.

    Attributes:
        keys: those that each batch touched.
    """

    def __init__(self, store: Store) -> None:
        self.seen = 0
        self.keys: list[list[str]] = []
        self._store = store
        self._apply, self._apply_each = store.apply, store.apply_each
        store.apply, store.apply_each = self.apply, self.apply_each  # type: ignore[method-assign]

    async def apply(self, changes: Sequence[Change]) -> None:
        await self._apply(changes)
        self._note(changes)

    def apply_each(self, batches: Sequence[Sequence[Change]]) -> Awaitable[list[HansaError | None]]:
        return self._noted(batches, self._apply_each(batches))

    async def _noted(self, batches: Sequence[Sequence[Change]], made: Awaitable[list[HansaError | None]]) -> list[Any]:
        errors = await made
        for changes, error in zip(batches, errors, strict=True):
            if error is None:
                self._note(changes)
        return errors

    def _note(self, changes: Iterable[Change]) -> None:
        self.keys.append([key for one in changes for key in touches(one)])

    def others(self, most: int) -> tuple[int, Iterable[str]]:
        following = self.keys[self.seen : self.seen + most]
        return self.seen + len(following), [key for keys in following for key in keys]

    def records_of(self, ids: Sequence[ContentId]) -> list[RecordRow]:
        return [row for one in ids if (row := self._store.record(one)) is not None]


class Twin:
    """Another process of a hub, in this one: a memory of its own over the same store."""

    def __init__(self, world: World, hub: Resident, spied: Spied) -> None:
        core = hub.node.core
        self.core = Core(
            core.settings, hub.keys, hub.store, world.clock, SparseIndex(), None, LoopbackCaller(world.net)
        )
        Node(self.core).start()
        self.follower = Follower(self.core, spied)

    def view(self, authors: Sequence[NodeId]) -> dict[str, Any]:
        """Returns what it knows beside the store."""
        core = self.core
        return {
            "found": sorted(core.index.held()),
            "bytes": {one: core.memory.bytes_of(one) for one in authors},
            "held": core.memory.bytes_held(),
            "keys": {one: [root.version for root in core.ring.chain(one)] for one in authors},
            "children": sorted(core.lineages.below(DOUBLE.id)),
            "good": {one: core.accounts.account(one).good for one in authors},
            "guests": {one: core.memory.guest(one) for one in authors},
        }


@pytest.fixture
def hub(world: World) -> Resident:
    return world.settle("hub", "hub")


async def test_a_process_that_followed_knows_what_one_knows_that_was_started_now(world: World, hub: Resident) -> None:
    a, b = world.settle("a"), world.settle("b")
    authors = (a.id, b.id)
    world.invite(hub, a, b)
    spied = Spied(hub.store)
    twin = Twin(world, hub, spied)
    assert twin.view(authors)["found"] == []  # everything is in memory now, and would be old
    child = multiplier(3, lineage=(DOUBLE.id,))
    world.table.teach(DOUBLE)
    world.table.teach(child)
    world.table.teach(SLUG)
    await a.publish(DOUBLE, hub)
    await a.publish(child, hub)
    await b.publish(SLUG, hub)
    bundle = skill_message(b.key, with_files("a.txt", "b.txt"))  # whose files count, too
    async with hub.http() as http:
        assert (await http.post("/skills", content=bundle.raw)).status_code == 201
    await b.subscribe(hub, report="all")
    await b.sync(hub)
    gone = a.say(TOMBSTONE, tombstone_body(child.id, "no good"), seq=a.node.core.numbering.last + 1)
    async with hub.http() as http:
        assert (await http.post("/records", content=gone.raw)).status_code == 201
    await a.node.keyholder.rotate([a.key])
    await a.deliver()
    await hub.ask("peer.set", id=b.id, banned=True)
    await hub.ask("skill.remove", id=with_files("a.txt", "b.txt").id)
    while twin.follower.follow(most=3):
        pass
    fresh = Twin(world, hub, Spied(hub.store))
    assert twin.view(authors) == fresh.view(authors)
    assert twin.view(authors)["found"] != []
    assert twin.core.memory.guest(b.id).banned


async def test_without_following_it_knows_nothing_of_it(world: World, hub: Resident) -> None:
    """Or the test above would hold for a follower that does nothing."""
    a = world.settle("a")
    world.invite(hub, a)
    spied = Spied(hub.store)
    twin = Twin(world, hub, spied)
    before = twin.view((a.id,))
    world.table.teach(DOUBLE)
    await a.publish(DOUBLE, hub)
    assert twin.view((a.id,)) == before | {"guests": twin.view((a.id,))["guests"]}
    assert not twin.follower.follow()
    assert twin.view((a.id,)) != before


async def test_whoever_waits_for_news_is_woken_by_what_another_process_took_in(world: World, hub: Resident) -> None:
    a = world.settle("a")
    world.invite(hub, a)
    spied = Spied(hub.store)
    twin = Twin(world, hub, spied)
    async with hub.http() as http:
        assert (await http.post("/skills", content=skill_message(a.key, SLUG).raw)).status_code == 201
    assert list(twin.core.driver.history) == []
    twin.follower.follow()
    (shown,) = twin.core.driver.history
    assert shown.kind is Kind.NODE_FOLLOWED
    assert shown.fields == {"records": 1, "skills": 1}


async def test_what_is_to_be_delivered_wakes_whoever_delivers(world: World, hub: Resident) -> None:
    spied = Spied(hub.store)
    twin = Twin(world, hub, spied)
    assert not twin.core.driver.outbox_filled.is_set()
    await hub.store.apply([PutOutbox(OutboxRow(DOUBLE.id, "http://a", "pending"))])
    twin.follower.follow()
    assert twin.core.driver.outbox_filled.is_set()


async def test_a_turn_of_a_follower_is_as_of_what_it_has_followed(world: World, hub: Resident) -> None:
    spied = Spied(hub.store)
    twin = Twin(world, hub, spied)
    await hub.store.apply([PutOutbox(OutboxRow(DOUBLE.id, "http://a", "pending"))])
    assert twin.core.turns.seen() == 0
    twin.follower.follow()
    assert twin.core.turns.seen() == 1 == spied.seen

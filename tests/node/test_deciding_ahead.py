"""What comes in is decided on while what came before is written: as if that had been written already."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest

from hansa.admission.service import Via
from hansa.identity import envelope
from hansa.kernel.errors import DiskFull, Fault, HansaError
from hansa.kernel.ids import content_id
from hansa.node.doorkeeper import TURN
from hansa.node.inbox import AHEAD
from hansa.node.rows import Change, WithholdRecord
from hansa.skills.messages import EVIDENCE, SKILL
from tests.attacks.specimens import key
from tests.node.test_gathering import AUTHOR, OTHER, SKILLS, fate, finding, hub_of
from tests.node.test_turns import settle
from tests.node.world import Resident, World, multiplier, skill_message, speak

Fates = asyncio.Task[list[str]]


class SlowStore:
    """A node's store that writes when it is told to.

    Attributes:
        handed_in: how many batches each write has.
    """

    def __init__(self, node: Resident) -> None:
        self.handed_in: list[int] = []
        self._node = node
        self._real = node.store.apply_each
        self._may_write = asyncio.Event()
        self._instead: HansaError | None = None
        node.store.apply_each = self._apply_each  # type: ignore[method-assign]

    def _apply_each(self, batches: Sequence[Sequence[Change]]) -> Awaitable[list[HansaError | None]]:
        self.handed_in.append(len(batches))
        return self._later(batches)

    async def _later(self, batches: Sequence[Sequence[Change]]) -> list[HansaError | None]:
        await self._may_write.wait()
        if isinstance(self._instead, Fault):
            raise self._instead
        return [self._instead] * len(batches) if self._instead else await self._real(batches)

    def write(self, instead: HansaError | None = None) -> None:
        """Writes all that was handed in, and from now on at once; or says why not, until `write` is called again."""
        self._instead = instead
        self._may_write.set()


def bulk(node: Resident, *messages: Any) -> Fates:
    """Hands messages in together; the task's result says what became of them."""

    async def handed_in() -> list[str]:
        raws = [one.raw for one in messages]
        return [fate(one) for one in await node.node.inbox.receive_many(raws, Via.HTTP)]

    return asyncio.create_task(handed_in())


async def writing(
    world: World, *messages: Any, **admission: Any
) -> tuple[Resident, SlowStore, asyncio.Task[list[str]]]:
    """Returns a hub that holds a skill, and is writing some messages."""
    hub = hub_of(world, **admission)
    assert await bulk(hub, skill_message(AUTHOR, SKILLS[0], seq=1)) == [SKILL]
    slow = SlowStore(hub)
    first = bulk(hub, *messages)
    await settle()
    assert (slow.handed_in, first.done()) == ([len(messages)], False)
    return hub, slow, first


async def test_the_next_messages_are_decided_on_while_the_first_are_written(world: World) -> None:
    hub, slow, first = await writing(world, *(finding(number) for number in range(10)))
    second = bulk(hub, *(finding(number) for number in range(10, 30)))
    await settle()
    assert slow.handed_in == [10, 20]
    slow.write()
    assert await first == [EVIDENCE] * 10
    assert await second == [EVIDENCE] * 20
    assert [one.digest for one in hub.store.evidence(SKILLS[0].id)] == [content_id(b"%d" % n) for n in range(30)]
    assert hub.node.core.counters.balanced


async def test_no_more_is_decided_on_ahead_than_the_bound_says(world: World) -> None:
    hub, slow, first = await writing(world, finding(0))
    later = []
    for number in range(1, 6):
        later.append(bulk(hub, finding(number)))
        await settle()
    assert slow.handed_in == [1] * (AHEAD + 1)
    slow.write()
    assert [await one for one in (first, *later)] == [[EVIDENCE]] * 6
    assert slow.handed_in == [1] * (AHEAD + 1) + [5 - AHEAD]


@pytest.mark.parametrize(
    ("then", "fates"),
    [
        ([finding(1)], ["duplicate"]),
        ([finding(2, seq=1001)], ["equivocation"]),
        ([finding(3), finding(4), finding(5), finding(6), finding(2, seq=1001)], [EVIDENCE] * 4 + ["equivocation"]),
        ([speak(AUTHOR, "tombstone", {"skill": SKILLS[0].id, "why": "x"}, seq=3)], ["tombstone"]),
    ],
)
async def test_what_must_see_what_is_being_written_waits_for_it(
    world: World, then: list[Any], fates: list[str]
) -> None:
    hub, slow, first = await writing(world, finding(1))
    second = bulk(hub, *then)
    await settle()
    slow.write()
    assert (await first, await second) == ([EVIDENCE], fates)
    assert len([row for row in hub.store.ledger() if row.dealing == "equivocated"]) == fates.count("equivocation")


async def test_a_finding_about_a_skill_that_is_being_written_finds_it(world: World) -> None:
    hub, slow, first = await writing(world, skill_message(OTHER, SKILLS[1], seq=1))
    second = bulk(hub, finding(1, skill=SKILLS[1].id))
    child = bulk(hub, skill_message(OTHER, multiplier(9, lineage=(SKILLS[1].id,)), seq=2))
    await settle()
    slow.write()
    assert (await first, await second, await child) == ([SKILL], [EVIDENCE], [SKILL])


async def test_the_share_of_the_store_counts_what_is_being_written(world: World) -> None:
    size = len(finding(9).raw)
    hub, slow, first = await writing(
        world, *(finding(number, author=OTHER) for number in range(3)), share_floor_bytes=5 * size + size // 2
    )
    second = bulk(hub, *(finding(number, author=OTHER) for number in range(3, 8)))
    await settle()
    slow.write()
    assert await first == [EVIDENCE] * 3
    assert await second == [EVIDENCE] * 2 + ["over_share"] * 3


async def test_what_was_not_written_counts_no_more(world: World) -> None:
    size = len(finding(9).raw)
    hub, slow, first = await writing(
        world, *(finding(number, author=OTHER) for number in range(3)), share_floor_bytes=3 * size + size // 2
    )
    slow.write(DiskFull("no room"))
    assert await first == ["DiskFull"] * 3
    slow.write()
    assert await bulk(hub, *(finding(number, author=OTHER) for number in range(3))) == [EVIDENCE] * 3


async def test_a_number_that_was_used_meanwhile_is_known(world: World) -> None:
    """The highest number of an author is remembered; what came in since counts."""
    hub = hub_of(world)
    await bulk(hub, skill_message(AUTHOR, SKILLS[0], seq=1), *(finding(number) for number in range(10)))
    assert await bulk(hub, *(finding(number) for number in range(10, 20))) == [EVIDENCE] * 10
    again = [finding(30 + number, seq=1000 + number) for number in range(15, 20)]
    assert await bulk(hub, *again) == ["equivocation"] * 5
    assert len(hub.store.ledger()) == 5


async def test_who_waits_for_a_turn_gets_it_before_the_next_messages(world: World) -> None:
    hub, slow, first = await writing(world, finding(1))
    got_it: list[int] = []

    async def the_operator() -> None:
        async with hub.node.core.turns.of(AUTHOR.public.did):
            got_it.append(len(slow.handed_in))

    asked = asyncio.create_task(the_operator())
    await settle()
    second = bulk(hub, finding(2))
    await settle()
    assert (slow.handed_in, got_it) == ([1], [])
    slow.write()
    await asked
    assert (await first, await second, got_it) == ([EVIDENCE], [EVIDENCE], [1])


async def test_everybody_is_told_when_the_store_is_closed_meanwhile(world: World) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    hub, slow, first = await writing(world, finding(1))
    second, third = bulk(hub, finding(2)), bulk(hub, finding(3))
    await settle()
    slow.write(Fault("the store is closed"))
    assert [await one for one in (first, second, third)] == [["Fault"]] * 3
    assert hub.node.core.counters.balanced
    slow.write()
    assert await bulk(hub, finding(4)) == [EVIDENCE]
    assert hub.node.core.turns.free(AUTHOR.public.did)


class Gates:
    """A node's store of which each write is let through by itself."""

    def __init__(self, node: Resident) -> None:
        self.gates: list[asyncio.Future[None]] = []
        self._open = False
        self._real = node.store.apply_each
        node.store.apply_each = self._apply_each  # type: ignore[method-assign]

    def _apply_each(self, batches: Sequence[Sequence[Change]]) -> Awaitable[list[HansaError | None]]:
        gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gates.append(gate)
        if self._open:
            gate.set_result(None)
        return self._later(gate, batches)

    def open(self) -> None:
        """Lets through whatever waits, and whatever comes."""
        self._open = True
        for gate in self.gates:
            if not gate.done():
                gate.set_result(None)

    async def _later(self, gate: asyncio.Future[None], batches: Sequence[Sequence[Change]]) -> list[HansaError | None]:
        await gate
        return await self._real(batches)


async def test_what_breaks_for_some_is_told_to_them_alone_and_counted_once(world: World) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    hub = hub_of(world)
    assert await bulk(hub, skill_message(AUTHOR, SKILLS[0], seq=1)) == [SKILL]
    gates = Gates(hub)
    asked = []
    for number in range(3):
        asked.append(bulk(hub, finding(number)))
        await settle()
    gates.gates[0].set_exception(Fault("something of ours broke"))
    await settle()
    gates.open()
    assert [await one for one in asked] == [["Fault"], [EVIDENCE], [EVIDENCE]]
    assert hub.node.core.counters.balanced
    assert hub.node.core.turns.free(AUTHOR.public.did)


async def test_a_turn_is_held_as_long_as_something_under_it_is_written(world: World) -> None:
    """Also where what was written before it broke, and another one of its group waits for it."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    hub = hub_of(world)
    assert await bulk(hub, skill_message(AUTHOR, SKILLS[0], seq=1)) == [SKILL]
    gates = Gates(hub)
    first = bulk(hub, finding(1))
    await settle()
    second = bulk(hub, finding(2), finding(2))
    await settle()
    gates.gates[0].set_exception(Fault("something of ours broke"))
    await settle()
    assert not hub.node.core.turns.free(AUTHOR.public.did)
    gates.open()
    assert (await first, await second) == (["Fault"], [EVIDENCE, "duplicate"])
    assert hub.node.core.counters.balanced


async def test_who_names_another_turn_as_its_skill_holds_up_nobody(world: World) -> None:
    hub = hub_of(world)
    assert await bulk(hub, skill_message(AUTHOR, SKILLS[0], seq=1)) == [SKILL]
    turns = hub.node.core.turns
    await turns.take(SKILLS[0].id)
    asked = bulk(hub, finding(9, skill=TURN, author=OTHER), finding(3, author=key(30)), finding(2))
    await settle()

    async def the_operator() -> None:
        async with turns.of(AUTHOR.public.did, TURN):
            pass

    approves = asyncio.create_task(the_operator())
    await settle()
    turns.give(SKILLS[0].id)
    await asyncio.wait_for(approves, 5)
    assert await asyncio.wait_for(asked, 5) == ["bad_body", EVIDENCE, EVIDENCE]


async def test_what_is_being_written_when_shares_are_first_counted_counts_once(world: World) -> None:
    """It is in the store already, and nobody was told yet."""
    hub = hub_of(world)
    raws = [skill_message(AUTHOR, SKILLS[0], seq=1).raw]
    await hub.node.inbox.receive_many(raws, Via.FILE)
    hub.node.core.memory.__dict__.pop("_bytes", None)  # as after a start
    real, told = hub.store.apply_each, asyncio.Event()

    async def told_late(batches: Sequence[Sequence[Change]]) -> list[HansaError | None]:
        outcomes = await real(batches)
        await told.wait()
        return outcomes

    hub.store.apply_each = told_late  # type: ignore[method-assign, assignment]
    imported = asyncio.create_task(hub.node.inbox.receive_many([finding(n).raw for n in range(20)], Via.FILE))
    while len(hub.store.evidence(SKILLS[0].id)) < 20:
        await asyncio.sleep(0)
    asked = bulk(hub, finding(100))
    await settle()
    told.set()
    await asked
    await imported
    assert hub.node.core.memory.bytes_of(AUTHOR.public.did) == hub.store.sizes()[AUTHOR.public.did]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
async def test_nobody_is_left_waiting_when_all_tasks_are_cancelled(world: World) -> None:
    hub = hub_of(world)
    await bulk(hub, skill_message(AUTHOR, SKILLS[0], seq=1))
    keeping = hub.node.inbox._keeping
    add = keeping.add

    def added_and_cancelled(*given: Any) -> None:
        add(*given)
        list(keeping._spans)[-1].cancel()

    keeping.add = added_and_cancelled  # type: ignore[method-assign]
    assert await asyncio.wait_for(bulk(hub, finding(1)), 5) == ["Fault"]
    assert hub.node.core.counters.balanced
    assert hub.node.core.turns.free(AUTHOR.public.did)
    gc.collect()  # what was never begun


async def test_a_withheld_record_that_comes_again_in_a_bulk_is_known(world: World) -> None:
    """It has lost its number, and is above the highest that its author has left."""
    hub = hub_of(world)
    await bulk(hub, skill_message(AUTHOR, SKILLS[0], seq=1), finding(1), finding(2))
    await hub.store.apply([WithholdRecord(finding(2).id)])
    hub.node.core.memory._last.clear()
    held = hub.node.core.memory
    held.look_up([envelope.verify(one) for one in (finding(2), *(finding(number) for number in range(3, 9)))])
    assert held.holds(finding(2).id)
    assert not held.holds(finding(3).id)
    held.leave()


async def test_a_tombstone_that_was_not_written_takes_nothing_out_of_the_search(world: World) -> None:
    gone = speak(AUTHOR, "tombstone", {"skill": SKILLS[0].id, "why": "x"}, seq=3)
    hub, slow, first = await writing(world, gone)
    assert SKILLS[0].id in hub.node.core.index.held()
    slow.write(DiskFull("no room"))
    assert await first == ["DiskFull"]
    assert SKILLS[0].id in hub.node.core.index.held()
    slow.write()
    assert await bulk(hub, gone) == ["tombstone"]
    assert SKILLS[0].id not in hub.node.core.index.held()

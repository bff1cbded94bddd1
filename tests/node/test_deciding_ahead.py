"""What comes in is decided on while what came before is written: as if that had been written already."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest

from hansa.admission.service import Via
from hansa.kernel.errors import DiskFull, Fault, HansaError
from hansa.kernel.ids import content_id
from hansa.node.inbox import AHEAD
from hansa.node.rows import Change
from hansa.skills.messages import EVIDENCE, SKILL
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

"""Attack 9, the feed: rollback, freeze, fast-forward and mix-and-match by a source; also after a restart.

Each single lie is in `tests/node/test_pulling.py`; here are sequences of them, and what a node still knows later.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hansa.kernel.errors import Refused
from hansa.kernel.ids import chain
from hansa.kernel.instant import MINUTE
from hansa.kernel.verdict import Reason
from hansa.node.ports import Answer
from hansa.node.subscribing import FeedItem, FeedPage
from tests.node.world import Resident, World, multiplier, skill_message


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, request.param)
    yield made
    made.close()


class Liar:
    """A source with a feed of its own making, of which it shows whatever it likes."""

    def __init__(self, world: World, count: int = 6) -> None:
        self.world, self.hub = world, world.settle("hub", "hub")
        self.messages = [skill_message(self.hub.key, multiplier(n)) for n in range(2, 2 + count)]

    def show(self, known: int, order: list[int], length: int | None = None, minutes: int = 1) -> None:
        """Shows the feed `order` to whoever has walked `known` of it, under an index for `length` of it."""
        head = ""
        for which in order[: length if length is not None else len(order)]:
            head = chain(head, self.messages[which].id)
        total = len(order) if length is None else length
        expires = self.world.clock.now() + minutes * MINUTE
        index = self.hub.say("index", {"length": total, "head": head}, expires=expires).raw.decode()
        items = [
            FeedItem(place, self.messages[which].id, self.messages[which].raw.decode())
            for place, which in enumerate(order[known:], known + 1)
        ]
        page = msgspec.json.encode(FeedPage(index, items))
        self.world.net.twists[self.hub.url] = lambda method, path, answer: (
            Answer(200, page) if path.startswith("/feed") else answer
        )


async def outcome(node: Resident, liar: Liar) -> Reason | int:
    try:
        return len(await node.pull(liar.hub))
    except Refused as refusal:
        return refusal.reason


async def test_an_older_state_is_seen_through_also_after_a_restart(world: World) -> None:
    liar, b = Liar(world), world.settle("b")
    await b.subscribe(liar.hub)
    liar.show(0, [0, 1, 2, 3])
    assert await outcome(b, liar) == 4
    for _ in range(2):
        liar.show(4, [0, 1, 2])
        assert await outcome(b, liar) is Reason.ROLLBACK
        liar.show(4, [])
        assert await outcome(b, liar) is Reason.ROLLBACK
        b = world.restart(b)
    liar.show(4, [0, 1, 2, 3, 4])
    assert await outcome(b, liar) == 1


async def test_another_history_of_any_length_is_seen_through(world: World) -> None:
    liar, b = Liar(world), world.settle("b")
    await b.subscribe(liar.hub)
    liar.show(0, [0, 1])
    await outcome(b, liar)
    for order in ([1, 0], [1, 0, 2], [0, 2, 3], [2, 1, 0, 3, 4, 5]):
        liar.show(2, order)
        assert await outcome(b, liar) in (Reason.FORK, Reason.MIX_AND_MATCH), order
        assert not b.holds(multiplier(4))
    liar.show(2, [0, 1, 2])
    assert await outcome(b, liar) == 1


async def test_a_source_that_stands_still_is_noticed_when_its_word_expires(world: World) -> None:
    liar, b = Liar(world), world.settle("b")
    await b.subscribe(liar.hub)
    liar.show(0, [0, 1])
    await outcome(b, liar)
    liar.show(2, [0, 1], minutes=10)
    for _ in range(4):
        assert await outcome(b, liar) == 0
        world.clock.advance(MINUTE)
    world.clock.advance(6 * MINUTE)
    assert await outcome(b, liar) in (Reason.EXPIRED, Reason.STALE, Reason.FROZEN)


async def test_a_number_at_the_end_of_all_numbers_leaves_no_mark(world: World) -> None:
    liar, b = Liar(world), world.settle("b")
    await b.subscribe(liar.hub)
    for length in (2**40, 1_000_000, 3):
        index = liar.hub.say("index", {"length": length, "head": "0" * 64}, expires=world.clock.now() + MINUTE)
        page = msgspec.json.encode(FeedPage(index.raw.decode(), []))
        world.net.twists[liar.hub.url] = lambda method, path, answer, page=page: Answer(200, page)
        assert await outcome(b, liar) is Reason.MIX_AND_MATCH
    assert b.store.subscriptions()[0].length == 0
    liar.show(0, [0, 1])
    assert await outcome(b, liar) == 2


@pytest.mark.parametrize("field", ["length", "head"])
@pytest.mark.parametrize("value", [-1, 2**41, None, "7", True, "g" * 64, "0" * 63])
async def test_an_index_of_the_wrong_shape_is_refused(world: World, field: str, value: object) -> None:
    liar, b = Liar(world), world.settle("b")
    await b.subscribe(liar.hub)
    body = {"length": 0, "head": "", field: value}
    index = liar.hub.say("index", body, expires=world.clock.now() + MINUTE)
    page = msgspec.json.encode(FeedPage(index.raw.decode(), []))
    world.net.twists[liar.hub.url] = lambda method, path, answer: Answer(200, page)
    assert await outcome(b, liar) is Reason.BAD_BODY


async def test_an_old_index_again_is_seen_through(world: World) -> None:
    """Not a replay guard but the mark does it: an index that was true before the last pull is a rollback now."""
    liar, b = Liar(world), world.settle("b")
    await b.subscribe(liar.hub)
    liar.show(0, [0])
    old = world.net.twists[liar.hub.url]
    await outcome(b, liar)
    liar.show(1, [0, 1])
    await outcome(b, liar)
    world.net.twists[liar.hub.url] = old
    assert await outcome(b, liar) in (Reason.ROLLBACK, Reason.MIX_AND_MATCH)

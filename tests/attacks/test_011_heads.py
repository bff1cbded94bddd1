"""Attack 11, split view: a source shows each of two readers another feed; comparing heads gives it away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hansa.identity import envelope
from hansa.kernel.ids import ContentId, chain
from hansa.kernel.instant import MINUTE
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.node import witness
from hansa.node.ports import Answer
from hansa.node.subscribing import FeedPage
from hansa.node.taking import FeedItem
from hansa.node.vault import open_record
from hansa.overlay.heads import is_split
from hansa.overlay.messages import Index
from tests.node.world import Resident, World, multiplier, skill_message


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, request.param)
    yield made
    made.close()


class TwoFaced:
    """A hub that shows one feed to A and another to B, who read it and each other."""

    def __init__(self, world: World) -> None:
        self.world, self.hub = world, world.settle("hub", "hub")
        self.a, self.b = world.settle("a"), world.settle("b")
        self.messages = [skill_message(self.hub.key, multiplier(n)) for n in range(2, 12)]
        self.known: dict[str, int] = {}

    async def meet(self) -> None:
        for reader, other in ((self.a, self.b), (self.b, self.a)):
            await reader.subscribe(self.hub)
            await reader.subscribe(other)

    def show(self, known: int, order: list[int]) -> None:
        head = ""
        for which in order:
            head = chain(head, self.messages[which].id)
        expires = self.world.clock.now() + MINUTE
        index = self.hub.say("index", {"length": len(order), "head": head}, expires=expires).raw.decode()
        items = [
            FeedItem(place, self.messages[which].id, self.messages[which].raw.decode())
            for place, which in enumerate(order[known:], known + 1)
        ]
        page = msgspec.json.encode(FeedPage(index, items))
        self.world.net.twists[self.hub.url] = lambda method, path, answer: (
            Answer(200, page) if path.startswith("/feed") else answer
        )

    async def reads(self, reader: Resident, order: list[int]) -> None:
        known = self.known.get(reader.name, 0)
        self.show(known, order)
        await reader.pull(self.hub)
        self.known[reader.name] = len(order)

    async def compare(self, reader: Resident, other: Resident) -> list[Reason]:
        return [one.reason for one in await reader.node.subscriber.witness.compare(other.url)]


VIEWS = [
    ([0, 1, 2], [0, 1, 3]),  # of one length
    ([0, 1, 2, 4], [0, 1, 3]),  # A has seen more
    ([0], [1]),
    ([0, 1, 2, 4, 5, 6], [7]),
]


@pytest.mark.parametrize(("left", "right"), VIEWS)
async def test_two_readers_that_compare_heads_find_out_within_one_round_and_hold_the_proof(
    world: World, left: list[int], right: list[int]
) -> None:
    liar = TwoFaced(world)
    await liar.meet()
    await liar.reads(liar.a, left)
    await liar.reads(liar.b, right)
    assert await liar.compare(liar.a, liar.b) == [Reason.FORK]
    (entry,) = liar.a.store.ledger()
    assert (entry.dealing, entry.subject) == ("equivocated", liar.hub.id)
    receipt = open_record(liar.a.store.record(entry.entry.receipt)).body
    proof = json.loads(liar.a.store.blob(ContentId(receipt["records"][2])))
    signed = [envelope.verify(envelope.read(proof[name].encode())) for name in ("index", "other")]
    assert [one.author for one in signed] == [liar.hub.id] * 2  # both signed by the source: nobody's word is needed
    assert [one.id for one in signed] == receipt["records"][:2]
    assert is_split(*(parse(one.body, Index) for one in signed), proof["link"], proof["ids"])
    assert await liar.compare(liar.a, liar.b) == []  # one proof is enough
    assert len(liar.a.store.ledger()) == 1


async def test_a_reader_who_is_behind_finds_out_when_it_gets_there(world: World) -> None:
    liar = TwoFaced(world)
    await liar.meet()
    await liar.reads(liar.a, [0])
    await liar.reads(liar.b, [0, 1, 3, 4])
    assert await liar.compare(liar.a, liar.b) == []
    await liar.reads(liar.a, [0, 1, 2, 4, 5])
    assert [row.dealing for row in liar.a.store.ledger()] == ["equivocated"]
    assert await liar.compare(liar.a, liar.b) == [Reason.FORK]


async def test_readers_of_an_honest_source_find_nothing_wherever_they_are(world: World) -> None:
    liar = TwoFaced(world)
    await liar.meet()
    for mine, theirs in ((1, 3), (3, 3), (5, 4), (6, 8)):
        await liar.reads(liar.a, list(range(mine)))
        await liar.reads(liar.b, list(range(theirs)))
        for reader, other in ((liar.a, liar.b), (liar.b, liar.a)):
            assert await liar.compare(reader, other) == []
    assert liar.a.store.ledger() == liar.b.store.ledger() == []


async def test_sync_compares_by_itself_and_names_the_source(world: World) -> None:
    liar = TwoFaced(world)
    await liar.meet()
    await liar.reads(liar.b, [0, 1, 3])
    liar.show(0, [0, 1, 2])
    done = await liar.a.ask("sync")
    assert not done.ok
    assert [one["reason"] for one in done.value["faults"]] == ["fork"]
    assert liar.hub.id in done.value["faults"][0]["message"]


async def test_a_peer_cannot_have_an_honest_source_accused(world: World) -> None:
    """What it shows must be signed by the source: an index of its own making, of another network or kind is nothing."""
    liar = TwoFaced(world)
    await liar.meet()
    await liar.reads(liar.a, [0, 1, 2])
    body = {"length": 3, "head": "0" * 64}
    forged = [
        liar.b.say("index", body),
        liar.b.say("index", body, author=liar.hub.id),
        liar.hub.say("index", body, network="elsewhere"),
        liar.hub.say("welcome", body),
        liar.hub.say("index", {"length": -1, "head": ""}),
    ]
    for texts in ([one.raw.decode() for one in forged], ["", "{}", "x" * 1000]):
        page = msgspec.json.encode({"heads": texts})
        world.net.twists[liar.b.url] = lambda method, path, answer, page=page: Answer(200, page)
        assert await liar.compare(liar.a, liar.b) == []
    for answer in (Answer(404, b"{}"), Answer(200, b"[]"), Answer(200, b"\xff")):
        world.net.twists[liar.b.url] = lambda method, path, _, answer=answer: answer
        assert await liar.compare(liar.a, liar.b) == []
    assert liar.a.store.ledger() == []


async def test_what_waits_to_be_judged_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "MAX_CLAIMS", 3)
    liar = TwoFaced(world)
    await liar.meet()
    await liar.reads(liar.a, [0])
    claims = [liar.hub.say("index", {"length": 100 + n, "head": "1" * 64}).raw.decode() for n in range(9)]
    page = msgspec.json.encode({"heads": claims})
    world.net.twists[liar.b.url] = lambda method, path, answer: Answer(200, page)
    assert await liar.compare(liar.a, liar.b) == []
    (source,) = (one for one in liar.a.node.subscriber.witness._sources.values() if one.claims)
    assert len(source.claims) == 3

"""Records whose bytes are damaged are asked for again of neighbours, and nobody can put others in their place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hansa.identity import envelope
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.node.mending import AT_ONCE, PATIENCE_MS, REST_MS, Mending
from hansa.node.repairing import DAMAGED
from hansa.node.rows import PutMark
from hansa.node.vault import open_record
from hansa.overlay import frames
from hansa.overlay.frames import Fetch, Word
from hansa.sim.world import World
from tests.sim.test_network import chain, core, me, net
from tests.sim.worlds import say


def damaged(nodes: int = 3, at: int = 1) -> tuple[World, ContentId]:
    """Returns a world, and a record whose bytes at one node are damaged."""
    world = chain(nodes)
    say(world, 0)
    world.run(3)
    id_ = ContentId(world.residents[at].store.record_ids("", 10)[0])
    world.residents[at].store.damage(id_, 2_000)
    world.checker.on_damage(at, id_)
    return world, id_


def is_whole(world: World, number: int, id_: ContentId) -> bool:
    row = world.residents[number].store.record(id_)
    assert row is not None
    try:
        return open_record(row, core(world, number).ring).id == id_
    except Exception:
        return False


def test_what_somebody_came_upon_is_given_back_by_a_neighbour() -> None:
    world, id_ = damaged()
    assert not is_whole(world, 1, id_)
    assert net(world, 1).words.found([id_]) == []
    world.run(8)
    assert is_whole(world, 1, id_)
    assert not core(world, 1).noticed
    assert [row.envelope for row in net(world, 1).words._travelling.words([id_])]
    assert not world.violations


def test_what_a_check_has_named_is_given_back_and_not_asked_for_again() -> None:
    world, id_ = damaged()
    world.residents[1].store.commit([[PutMark(DAMAGED, json.dumps([id_, "0" * 64]))]])
    world.run(8)
    assert is_whole(world, 1, id_)
    assert json.loads(core(world, 1).store.mark(DAMAGED)) == ["0" * 64]


def test_where_it_lies_in_the_feed_it_stays() -> None:
    world, id_ = damaged(at=0)
    core(world, 0).noticed[id_] = None
    before = [row.id for row in world.residents[0].store.feed(0, 10)]
    world.run(8)
    assert is_whole(world, 0, id_)
    assert [row.id for row in world.residents[0].store.feed(0, 10)] == before


def test_of_neighbours_one_is_asked_after_the_other() -> None:
    world, id_ = damaged()
    net(world, 0).words.found = lambda ids: []  # type: ignore[method-assign]
    core(world, 1).noticed[id_] = None
    world.run(12)
    assert is_whole(world, 1, id_)


# ---- whom to ask

A, B = NodeId("did:key:zA"), NodeId("did:key:zB")


def at(ms: int) -> Instant:
    return Instant(100_000 + ms)


def asking(world: World, *ids: ContentId) -> Mending:
    made = Mending(core(world, 0))
    made.linked(A)
    made.linked(B)
    core(world, 0).noticed.clear()
    core(world, 0).noticed.update(dict.fromkeys(ids))
    return made


def asked(made: Mending, now: Instant) -> list[tuple[NodeId, int]]:
    return [(whom, len(frame.ids)) for whom, frame in made.tick(now).sends if isinstance(frame, Fetch)]


def test_all_are_asked_and_then_none_for_a_while() -> None:
    made = asking(chain(1, seconds=1), ContentId("1" * 64))
    assert asked(made, at(0)) == [(A, 1)]
    assert asked(made, at(PATIENCE_MS - 1)) == []
    assert asked(made, at(PATIENCE_MS)) == [(B, 1)]
    assert asked(made, at(2 * PATIENCE_MS)) == []
    assert asked(made, at(3 * PATIENCE_MS)) == []
    assert asked(made, at(2 * PATIENCE_MS + REST_MS)) == [(A, 1)]


def test_one_whose_link_ended_is_not_waited_for() -> None:
    made = asking(chain(1, seconds=1), ContentId("1" * 64))
    asked(made, at(0))
    made.lost(A)
    assert asked(made, at(10)) == [(B, 1)]


def test_only_so_many_are_awaited_at_a_time() -> None:
    made = asking(chain(1, seconds=1), *(ContentId(f"{number:064x}") for number in range(AT_ONCE + 40)))
    assert asked(made, at(0)) == [(A, AT_ONCE)]
    assert asked(made, at(10)) == []
    assert asked(made, at(PATIENCE_MS)) == [(B, AT_ONCE)]


# ---- attacks


@pytest.mark.parametrize("flaw", ["another record", "a bit", "not asked", "no envelope"])
def test_a_neighbour_can_give_back_what_was_lost_and_nothing_else(flaw: str) -> None:
    world, id_ = damaged()
    words = net(world, 1).words
    words.mending._lost.clear()
    core(world, 1).noticed[id_] = None
    for _, frame in words.mending.tick(Instant(net(world, 1).now() + 10_000)).sends:
        assert isinstance(frame, Fetch)
    (asked_of,) = [one.of for one in words.mending._lost.values()]
    whole = world.residents[0].store.record(id_)
    assert whole is not None
    assert asked_of is not None
    bad = world.residents[1].store.record(id_)
    assert bad is not None
    if flaw == "another record":
        say(world, 0, 5)
        world.run(1)
        other = [one for one in world.residents[0].store.record_ids("", 10) if one != id_]
        row = world.residents[0].store.record(ContentId(other[0]))
        assert row is not None
        data = row.envelope
    elif flaw == "a bit":
        signature = whole.envelope.rindex(b'"sig":"') + 20
        data = whole.envelope[:signature] + bytes([whole.envelope[signature] ^ 1]) + whole.envelope[signature + 1 :]
        assert envelope.id_of(data) == id_
    else:
        data = b"{}" if flaw == "no envelope" else whole.envelope
    sender = asked_of if flaw != "not asked" else next(one for one in (me(world, 0), me(world, 2)) if one != asked_of)

    async def hear(inhabitant: Any) -> None:
        net(world, 1).heard(sender, frames.encode(Word(data)))

    world.spawn(1, hear)
    world.run(0.1)
    kept = world.residents[1].store.record(id_)
    assert kept is not None
    assert kept.envelope == bad.envelope

"""Attack 68, by neighbours: a node was restored, and they keep back or make up what it has said since.

Pass criterion: no single one of those whom its operator knows, and no number of strangers, has the node go on without
what it has said, or has it count on from a number that it never used; one who names what is not there holds up nobody.
"""

from __future__ import annotations

import pytest

from hansa.entrypoints.simulation import NETWORK
from hansa.identity import envelope
from hansa.identity.envelope import Header
from hansa.kernel.ids import EVERYONE
from hansa.node.rows import Change, PeerRow, PutPeer
from hansa.overlay import frames
from hansa.overlay.frames import Word
from hansa.sim.workload import specimen
from hansa.sim.world import World
from hansa.skills import messages
from hansa.skills.model import Claim
from tests.sim.restored import Star, feed, keeps_all_back, names_without_end, restored
from tests.sim.test_network import core, me, net


@pytest.mark.parametrize("liar", [1, 2])
@pytest.mark.parametrize("nodes", [3, 5])
def test_what_one_neighbour_keeps_back_another_brings(liar: int, nodes: int) -> None:
    world, before = restored(nodes, Star({liar: keeps_all_back}))
    world.run(20)
    assert not core(world, 0).asks_first
    assert feed(world) == before


def test_the_only_neighbour_that_it_knows_is_not_believed() -> None:
    world, _ = restored(2, Star({1: keeps_all_back}))
    world.run(30)
    assert core(world, 0).asks_first


def test_strangers_that_keep_back_are_not_counted() -> None:
    def strangers(world: World) -> list[Change]:
        return [PutPeer(PeerRow(me(world, number))) for number in (1, 2, 3, 4)]

    world, _ = restored(6, Star(dict.fromkeys((1, 2, 3, 4), keeps_all_back)), strangers)
    world.run(30)
    assert list(net(world, 0).words.recollecting._asker.answered)
    assert core(world, 0).asks_first


def test_those_who_are_banned_are_not_counted() -> None:
    def banned(world: World) -> list[Change]:
        return [PutPeer(PeerRow(me(world, number), invited=True, banned=number > 1)) for number in (1, 2, 3)]

    world, _ = restored(4, Star(dict.fromkeys((2, 3), keeps_all_back)), banned)
    world.run(30)
    assert core(world, 0).asks_first


def test_whoever_names_what_is_not_there_holds_nobody_up_and_is_not_counted() -> None:
    world, before = restored(4, Star({1: names_without_end}))
    world.run(30)
    assert not core(world, 0).asks_first
    assert feed(world) == before
    world, _ = restored(3, Star({1: names_without_end}))
    world.run(30)
    assert core(world, 0).asks_first
    found = net(world, 0).words.recollecting._asker._neighbours[me(world, 1)]
    assert len(found.lacking) <= 4_096 + 500


def test_a_number_that_it_never_used_is_not_put_into_its_mouth() -> None:
    world, before = restored(4)
    world.run(1)
    now = int(core(world, 0).now())
    head = Header(version="1.0", network=NETWORK, kind=messages.SKILL, author=me(world, 0), recipient=EVERYONE,
                  seq=2**52, created=now, expires=0)  # fmt: skip
    forged = envelope.seal(head, messages.skill_body(specimen(9), Claim()), [world.residents[1].keys.key])
    raw = forged.raw.replace(me(world, 1).encode(), me(world, 0).encode())
    for data in (forged.raw, raw):
        net(world, 0).heard(me(world, 1), frames.encode(Word(data)))
    world.run(15)
    assert not core(world, 0).asks_first
    assert feed(world) == before
    assert core(world, 0).numbering.last < 2**51
    assert core(world, 0).counters.balanced

"""Worlds in which one node was restored from a backup, and neighbours that lie to it about what it has said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.node.core import ASK_FIRST
from hansa.node.rows import Change, PutMark
from hansa.overlay.doing import Doing
from hansa.overlay.frames import Mine, Yours
from hansa.sim.workload import specimen
from hansa.sim.world import Place, World
from hansa.skills.model import SkillState
from tests.sim.test_network import Chain, chain
from tests.sim.worlds import say, take_back

Answer = Callable[[NodeId, Mine, Instant], Doing]


class Star(Chain):
    """The first node may have a link with each other one, and they with nobody else; liars answer as they like."""

    def __init__(self, liars: dict[int, Answer] | None = None) -> None:
        super().__init__()
        self.liars = liars or {}

    def open(self, place: Place) -> Any:
        made = super().open(place)
        number = place.number

        def near(whom: NodeId) -> bool:
            return 0 in (number, self.numbers.get(whom, 99)) and whom not in self.barred

        made.network._admits = near
        if number in self.liars:
            made.network.words.recollecting._answer = self.liars[number]  # type: ignore[method-assign]
        return made


def keeps_all_back(peer: NodeId, frame: Mine, now: Instant) -> Doing:
    """Says that it holds nothing."""
    doing = Doing()
    doing.send(peer, Yours(frame.since, ()))
    return doing


def names_without_end(peer: NodeId, frame: Mine, now: Instant) -> Doing:
    """Names records that nobody has, page after page."""
    doing = Doing()
    ids = tuple((frame.since * 500 + one).to_bytes(32, "big") for one in range(500))
    doing.send(peer, Yours(frame.since, ids, frame.since + 1))
    return doing


def restored(
    nodes: int, workshop: Star | None = None, lost: Callable[[World], list[Change]] = lambda _: []
) -> tuple[World, list[str]]:
    """Returns a world whose first node was just restored, and its feed before that.

    It said two things, was backed up, said a third one and took the first one back.

    Args:
        lost: how the backup differs otherwise.
    """
    world = chain(nodes, workshop or Star())
    say(world, 0, 1)
    say(world, 0, 2)
    world.run(3)
    world.back_up(0)
    say(world, 0, 3)
    world.run(1)
    take_back(world, 0, 1)
    world.run(3)
    before, backup = feed(world), world.residents[0].backup
    assert backup is not None
    backup.commit([[PutMark(ASK_FIRST, "restored"), *lost(world)]])
    world.restore(0)
    return world, before


def feed(world: World) -> list[str]:
    """Returns what the first node's feed names."""
    return [row.id for row in world.residents[0].store.feed(0, 100)]


def state(world: World, skill: int) -> SkillState | None:
    """Returns what became of a skill at the first node."""
    return world.residents[0].store.skill_state(specimen(skill).id)

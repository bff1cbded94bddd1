"""Who died is given up, and links are made anew, when the node's own membership does so, at a hundred nodes."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

import numpy as np
import pytest

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.overlay.link_params import Policy
from hansa.sim.models.bounded import Bounds
from hansa.sim.models.chance import generator
from hansa.sim.models.graph import Graph
from hansa.sim.studies.detecting import detected
from hansa.sim.studies.failing import failure
from hansa.sim.studies.ways import Way
from tests.overlay.hall import Hall
from tests.overlay.village import House, name, url
from tests.sim.graphs import graph_of

NODES, DEAD = 100, 10


@dataclass(frozen=True)
class Seen:
    """What real members did: the network before, who died, and when (ms) they were given up and all was healed."""

    graph: Graph
    dead: np.ndarray
    first: float
    last: float
    healed: int


def real_members(seed: int) -> Seen:
    """Lets a hundred real `Members` find each other, stops ten of them, and looks on."""
    hall = Hall(NODES, seed)
    for house in hall.houses.values():
        for number in range(NODES):
            if number != house.number:
                body = {"incarnation": 1, "addresses": [url(number)]}
                house.members.spoken(name(number), "presence", body, 0, Instant(hall.now), name(number))
    hall.run(40 * SECOND)
    numbers = sorted(Rng(seed).child("dead").sample(range(NODES), DEAD))
    dead = [name(number) for number in numbers]
    near = {one: [peer for peer in hall.houses[one].links if peer not in dead] for one in dead}
    made = [(h.number, hall.houses[peer].number) for h in hall.up() for peer, own in h.links.items() if own]
    began = hall.now
    hall.crash(*dead)
    healed = _until_healed(hall, dead)
    hall.run(10 * SECOND)
    verdicts: dict[NodeId, dict[NodeId, int]] = {one: {} for one in dead}
    for at, who, what, about in hall.happened:
        if what == "member_dead" and at >= began and about in dead:
            verdicts[NodeId(about)].setdefault(who, at - began)
    first = statistics.median(min(found.values()) for found in verdicts.values())
    last = statistics.median(max(verdicts[one].get(peer, 0) for peer in near[one]) for one in dead)
    return Seen(graph_of(NODES, made), np.array(numbers, np.int32), first, last, healed)


def _until_healed(hall: Hall, dead: list[NodeId]) -> int:
    """Returns after how many ms nobody has a link to the dead any more, and everybody enough of others."""

    def whole(house: House) -> bool:
        return len(house.links) >= Bounds().low and not any(one in house.links for one in dead)

    for passed in range(100, 30 * SECOND, 100):
        hall.run(100)
        if all(whole(house) for house in hall.up()):
            return passed
    raise AssertionError("not healed within half a minute")


@pytest.mark.slow
def test_a_failure_is_seen_and_healed_when_real_members_see_and_heal_it() -> None:
    real, model = [], []
    for seed in range(1, 5):
        seen = real_members(seed)
        real.append((seen.first, seen.last, seen.healed / SECOND))
        alive = np.ones(NODES, np.bool_)
        alive[seen.dead] = False
        for chance in range(10):
            found = detected(seen.graph, seen.dead, alive, generator(Rng(chance)))
            healed = failure(seen.graph, Policy.BOUNDED, DEAD / NODES, 0, Rng(chance)).healed_at
            model.append((np.median(found.first), np.median(found.last), healed))
    first, last, healed = np.mean(real, axis=0)
    mine = np.mean(model, axis=0)
    assert mine[0] == pytest.approx(first, rel=0.1)
    assert mine[1] == pytest.approx(last, rel=0.15)
    assert mine[2] == pytest.approx(healed, rel=0.25)


def test_who_is_watched_by_one_neighbour_alone_is_given_up_later() -> None:
    star = graph_of(12, [(0, other) for other in range(1, 12)] + [(1, other) for other in range(2, 12)])
    lonely = graph_of(12, [(0, 1)] + [(1, other) for other in range(2, 12)])
    alive = np.arange(12) != 0
    dead = np.array([0], np.int32)
    watched, alone = (detected(one, dead, alive, generator(Rng(1))).last[0] for one in (star, lonely))
    assert 4_000 < watched < 12_000
    assert alone > 24_000


def test_the_dead_without_neighbours_are_nobody_s_concern() -> None:
    graph = graph_of(12, [(1, 2)])
    found = failure(graph, Policy.BOUNDED, 0.9, 5, Rng(1))
    assert found.dead.size == 11 and found.healed.links == 0


def test_nobody_dies_of_no_failure_and_somebody_of_the_least() -> None:
    graph = graph_of(12, [(one, (one + 1) % 12) for one in range(12)])
    none, least = (failure(graph, Policy.BOUNDED, share, 5, Rng(1)) for share in (0, 0.001))
    assert none.alive.all() and not none.known and least.dead.size == 1


def test_a_sender_learns_at_once_of_a_loss_that_the_relay_before_knows_of_and_waits_for_an_answer_else() -> None:
    ring = graph_of(20, [(one, (one + step) % 20) for one in range(20) for step in (1, 2, 3)])
    found = failure(ring, Policy.BOUNDED, 0.05, 100, Rng(1))
    dead = int(found.dead[0])
    way = Way(((dead - 1) % 20, dead, (dead + 1) % 20), 0.5, 200, 100)
    assert found.notice_s(way, 100) == 3  # 2 s, and twice the latency
    assert found.notice_s(way, int(found.first_at[dead])) == 1
    assert not found.off_the_maps(100).any() and found.off_the_maps(int(found.gone_at[dead]))[dead]

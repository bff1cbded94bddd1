"""Attack 45: somebody says that a healthy node is dead, or is itself so starved of CPU that it believes so.

Passes when no forged report removes a healthy node anywhere, by whomever and however often it is made; and when nodes
that get almost no CPU give up healthy ones at least 50 times less often than under SWIM as published.
"""

from __future__ import annotations

import pytest

from hansa.kernel.instant import MINUTE, SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.overlay.member import Phase
from tests.attacks.specimens import scaled
from tests.overlay.plain_swim import Mesh
from tests.overlay.test_members import FAR, PEERS, Scene
from tests.overlay.village import House, Village, name

NODES, STARVED = 20, 24


def slander(village: Village, liars: list[House], rng: Rng, period: int) -> None:
    """Liars accuse everybody, again and again, with the incarnation that they know."""

    def lie(liar: House) -> None:
        known = [one for one in liar.members.known(Instant(village.now)) if one.id not in {one.id for one in liars}]
        for one in rng.sample(known, 3):
            liar.seq += 1
            said = one.incarnation + rng.below(2)
            village.spread(liar.id, "suspicion", {"whom": one.id, "incarnation": said}, liar.seq)
        village.at(period, lambda: lie(liar))

    for liar in liars:
        village.at(rng.below(period), lambda liar=liar: lie(liar))


@pytest.mark.parametrize("liars", [1, 10])
def test_no_forged_report_removes_a_healthy_node(liars: int) -> None:
    village = Village(NODES, 1)
    village.run(MINUTE)
    slander(village, [village.houses[name(number)] for number in range(liars)], Rng(2), 4 * SECOND)
    village.run(scaled(40) * SECOND)
    assert village.deaths() == []
    for house in village.up():
        assert len(house.members.alive(Instant(village.now))) == NODES - 1
    blamed = {whom for _, whom, _ in village.blames}
    assert blamed
    assert blamed <= {name(number) for number in range(liars)}


def test_reports_of_sybils_do_not_shorten_a_doubt() -> None:
    """However many strangers and members agree: only neighbours count, and of those k."""
    waits = []
    for agreeing in ([], [f"did:key:z6Mksybil{number}" for number in range(50)]):
        scene = Scene(2)
        scene.word(FAR)
        for one in agreeing:
            scene.word(one)
        scene.mute.add(PEERS[1])
        while scene.phase(PEERS[1]) is not Phase.SUSPECT:
            scene.run(100)
        for one in agreeing:
            scene.accuse(one, PEERS[1])
        waits.append(scene.until(Phase.DEAD, PEERS[1]))
    assert abs(waits[0] - waits[1]) <= 200


def test_a_report_alone_kills_nobody_whom_this_node_can_not_reach_either_before_the_time_is_over() -> None:
    scene = Scene(5)
    scene.run(2 * SECOND)
    scene.mute.add(PEERS[4])
    for one in PEERS[:4]:
        scene.accuse(one, PEERS[4])
    scene.run(3_900)
    assert scene.phase(PEERS[4]) is not Phase.DEAD


def starve(village: Village, slow: list, rng: Rng) -> None:
    def stall(whom) -> None:
        busy = rng.between(1_000, 16_000)
        village.stall(whom, busy)
        village.at(busy + rng.between(2, 40), lambda: stall(whom))

    for whom in slow:
        village.at(rng.below(5_000), lambda whom=whom: stall(whom))


def false_deaths(village: Village, warm_up: int, seed: int) -> int:
    village.run(warm_up)
    slow = [name(number) for number in range(0, STARVED, 4)]
    starve(village, slow, Rng(seed))
    began = village.now
    village.run(150 * SECOND)
    return sum(about not in slow for _, about in village.deaths(began))


def test_starved_nodes_give_up_healthy_ones_fifty_times_less_often_than_under_plain_swim() -> None:
    plain = ours = 0
    for seed in range(scaled(2)):
        plain += false_deaths(Mesh(STARVED, seed), 5 * SECOND, seed)
        ours += false_deaths(Village(STARVED, seed), 20 * SECOND, seed)
    assert plain >= 50
    assert ours * 50 <= plain

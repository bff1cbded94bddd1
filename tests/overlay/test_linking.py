"""Which links a node keeps, makes and ends, in a village of many."""

import collections

import pytest

from hansa.kernel.instant import MINUTE, SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.overlay import link_params
from hansa.overlay.link_params import Policy
from hansa.overlay.members import Params
from tests.overlay.test_members import PEERS, Scene
from tests.overlay.village import START, Village, name


def links(**changes):
    return Params(links=link_params.Params(**changes))


@pytest.mark.parametrize("seed", [1, 2])
def test_fifty_nodes_that_know_one_each_end_in_one_piece_with_few_links(seed):
    village = Village(50, seed)
    village.run(20 * SECOND)
    assert village.pieces() == 1
    village.run(100 * SECOND)
    degrees = village.degrees()
    assert village.pieces() == 1
    assert sum(degree <= 12 for degree in degrees) >= 45  # the others have links that are within their grace
    assert max(degrees) <= 15
    assert min(degrees) >= 6
    assert all(len(house.members.alive(Instant(village.now))) == 49 for house in village.up())
    assert not village.deaths()


def test_links_do_not_flap():
    village = Village(30, 3)
    village.run(2 * MINUTE)
    before = {one.id: set(one.members.neighbours()) for one in village.up()}
    village.run(MINUTE)
    kept = [len(before[one.id] & set(one.members.neighbours())) / len(before[one.id]) for one in village.up()]
    assert sum(kept) / len(kept) >= 0.85


def test_where_there_are_few_everybody_is_linked_to_everybody():
    village = Village(5, 1)
    village.run(30 * SECOND)
    assert village.degrees() == [4] * 5


def test_lost_links_are_replaced_within_seconds():
    village = Village(30, 4)
    village.run(MINUTE)
    gone = [name(number) for number in range(0, 30, 3)]
    village.crash(*gone, silently=False)
    village.run(5 * SECOND)
    assert village.pieces() == 1
    assert min(village.degrees()) >= 6


def test_links_to_nodes_that_fell_silent_are_replaced_as_well():
    village = Village(30, 5)
    village.run(MINUTE)
    gone = [name(number) for number in range(0, 30, 3)]
    village.crash(*gone)
    village.run(MINUTE)
    assert village.pieces() == 1
    believed = [set(house.members.alive(Instant(village.now))) & set(gone) for house in village.up()]
    assert sum(map(len, believed)) <= 2  # of 200
    for house in village.up():
        assert sum(peer not in gone for peer in house.members.neighbours()) >= 6
    assert all(about in gone for _, about in village.deaths())
    village.run(150 * SECOND)
    assert not any(set(house.members.alive(Instant(village.now))) & set(gone) for house in village.up())


def test_a_partition_makes_two_villages_and_heals_within_ten_seconds():
    village = Village(30, 6)
    village.run(MINUTE)
    sides = [[name(number) for number in range(30) if number % 2 == side] for side in (0, 1)]
    village.split(*sides)
    village.run(2 * MINUTE)
    assert all(peer in sides[house.number % 2] for house in village.up() for peer in house.members.neighbours())
    village.split()
    healed = village.now
    while village.pieces() > 1 and village.now - healed < MINUTE:
        village.run(SECOND)
    assert village.now - healed <= 10 * SECOND
    village.run(2 * MINUTE)
    assert village.pieces() == 1
    assert all(len(house.members.alive(Instant(village.now))) == 29 for house in village.up())


def test_with_a_fifth_of_all_frames_lost_nobody_is_given_up():
    village = Village(20, 7, loss=0.2)
    village.run(3 * MINUTE)
    assert not village.deaths()
    assert village.pieces() == 1


def test_a_node_that_was_away_is_back_within_seconds_by_what_it_kept():
    village = Village(20, 8)
    village.run(MINUTE)
    old = village.houses[name(9)]
    kept = old.members.candidates(Instant(village.now))
    incarnation = old.members.incarnation
    village.crash(name(9), silently=False)
    village.run(30 * SECOND)
    new = village.build(9, [], kept)
    village.run(5 * SECOND)
    assert len(new.members.neighbours()) >= 6
    assert new.members.incarnation > incarnation
    assert all(name(9) in one.members.alive(Instant(village.now)) for one in village.up() if one is not new)


def test_who_leaves_is_gone_at_once_and_accused_by_nobody():
    village = Village(20, 9)
    village.run(MINUTE)
    house = village.houses[name(5)]
    village.do(house, house.members.leave(Instant(village.now)))
    village.run(SECOND)
    village.crash(name(5), silently=False)
    village.says.clear()
    village.run(30 * SECOND)
    assert "suspicion" not in village.says
    assert all(name(5) not in one.members.alive(Instant(village.now)) for one in village.up())


def test_one_village_is_the_same_each_time_it_is_played():
    def played():
        village = Village(12, 10, loss=0.05)
        village.run(20 * SECOND)
        village.crash(name(3))
        village.run(20 * SECOND)
        return village.happened, village.degrees(), village.says

    assert played() == played()


def test_preferential_attachment_makes_hubs_and_bounds_do_not():
    spread = {}
    for policy in Policy:
        village = Village(0, 11, links(policy=policy, attach=2, target=4, low=3, high=6))
        for number in range(60):
            village.build(number, [0] if number else [])
            village.run(SECOND)
            for one in village.up():
                for other in village.up():
                    other.members.charted(one.id, list(one.links))
        village.run(30 * SECOND)
        degrees = sorted(len(one.links) for one in village.up())
        assert village.pieces() == 1
        spread[policy] = degrees[-1] / degrees[len(degrees) // 2]
    assert spread[Policy.PREFERENTIAL] >= 3
    assert spread[Policy.PREFERENTIAL] > 1.5 * spread[Policy.BOUNDED]


# ---- one node


def many(count, params=None):
    """A node that so many others linked to."""
    scene = Scene(0, params=params)
    others = [type(PEERS[0])(f"did:key:z6Mk{number:05}") for number in range(count)]
    for one in others:
        scene.word(one)
        scene.link(one, dialled=False)
        scene.now += 1
    return scene, others


def test_more_links_than_there_may_be_are_ended_after_their_grace_the_youngest_first():
    scene, others = many(20, links(outbound=0))
    scene.run(29 * SECOND)
    assert len(scene.links) == 20
    scene.run(5 * SECOND)
    assert set(scene.links) >= set(others[:12])
    assert len(scene.node.neighbours()) == 12


def test_a_link_within_its_grace_is_not_ended_for_an_older_one():
    scene, _ = many(13, links(outbound=0))
    scene.run(29 * SECOND)
    scene.word(PEERS[0])
    scene.link(PEERS[0], dialled=False)
    scene.run(5 * SECOND)
    assert PEERS[0] in scene.links
    assert len(scene.links) == 13


def test_a_link_is_exchanged_only_where_there_is_one_of_its_own_to_spare():
    scene, _ = many(6, links(renew_ms=10 * SECOND))
    for one in [type(PEERS[0])(f"did:key:z6Mkown{number}") for number in range(3)]:
        scene.word(one)
        scene.link(one)
    for number in range(9):
        scene.word(type(PEERS[0])(f"did:key:z6Mkmore{number}"))
    assert not scene.run(2 * MINUTE).closes


def test_of_too_many_links_those_of_a_bad_score_go_first():
    scene, others = many(14, links(outbound=0))
    scene.node.graded(dict.fromkeys(others[:2], -5.0))
    scene.run(35 * SECOND)
    assert not set(scene.links) & set(others[:2])


def test_others_can_not_fill_the_place_of_links_of_its_own_making():
    scene, _ = many(40)
    own = [type(PEERS[0])(f"did:key:z6Mkown{number}") for number in range(3)]
    for one in own:
        scene.word(one)
        scene.link(one)
    scene.run(60 * SECOND)
    assert set(own) <= set(scene.links)


def test_with_others_links_alone_it_still_dials_some_of_its_own():
    scene, _ = many(9)
    for number in range(9):
        scene.word(type(PEERS[0])(f"did:key:z6Mkmore{number}"))
    assert len(scene.run(SECOND).dials) == link_params.Params().outbound


def test_no_more_links_of_others_than_the_bound_even_within_their_grace():
    scene, others = many(40, links(max_connections=30))
    assert len(scene.links) == 30
    assert list(scene.links) == others[:30]


def test_a_link_that_was_made_to_look_ends_soon():
    scene, others = many(9, links(outbound=0))
    scene.link(PEERS[0], dialled=True)
    scene.run(2 * SECOND)
    assert PEERS[0] in scene.links and PEERS[0] not in scene.node.neighbours()
    scene.run(2 * SECOND)
    assert PEERS[0] not in scene.links
    assert set(others) <= set(scene.links)


def test_a_link_to_one_who_came_back_from_the_dead_is_held():
    scene, others = many(9, links(outbound=0))
    scene.word(PEERS[0])
    scene.deaf.add(PEERS[0])
    scene.accuse(others[0], PEERS[0])
    scene.run(MINUTE)
    assert PEERS[0] not in scene.node.alive(Instant(scene.now))
    scene.deaf.clear()
    scene.link(PEERS[0], dialled=True)
    scene.run(MINUTE)
    assert PEERS[0] in scene.links


def test_links_go_to_different_ranges_while_there_are_some():
    scene = Scene(0)
    for number in range(60):
        near = number < 50
        where = f"ws://99.9.0.{number}:1" if near else f"ws://{number}.1.0.1:1"
        scene.seq += 1
        body = {"incarnation": 1, "addresses": [where]}
        whom = type(PEERS[0])(f"did:key:z6Mk{number:05}")
        scene.node.spoken(whom, "presence", body, scene.seq, Instant(START), whom)
    dials = scene.run(100).dials
    ranges = collections.Counter(dial.urls[0].split(".")[0] for dial in dials)
    assert len(dials) == 8
    assert ranges["ws://99"] <= 3


def test_a_tick_costs_little():
    village = Village(20, 12)
    village.run(MINUTE)
    draws = Rng(1)
    assert max(village.degrees()) <= 14 and draws.below(1) == 0
    sent = sum(house.sent for house in village.houses.values())
    assert sent / 20 / 60 <= 4


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("low", {"low": 9}),
        ("target", None),
        ("high", {"high": 7}),
        ("max_connections", {"max_connections": 11}),
        ("outbound", {"outbound": 9}),
        ("attach", {"attach": 0}),
        ("bridges", {"bridges": 13}),
        ("per_range", {"per_range": 0}),
        ("grace_ms", {"grace_ms": 0}),
        ("renew_ms", {"renew_ms": 0}),
    ],
)
def test_numbers_that_make_no_sense_are_refused(field, changes):
    link_params.Params().validate()
    if changes:
        with pytest.raises(ValueError, match=f"^{field}"):
            link_params.Params(**changes).validate()

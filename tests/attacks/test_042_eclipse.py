"""Attack 42: a node's address table is poisoned, then it is made to start anew, so that it links to attackers alone.

Passes when of 10,000 seeds at most 0.1 % end with every link to an attacker, where 80 % of the table are attackers'
addresses, each in a range of its own, and half of the links of before were exchanged since the flood began. The anchors
and the node that the invitation came from make the difference: eight picks of such a table alone end so in 16.8 %.
"""

from __future__ import annotations

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import MINUTE, SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.overlay.candidates import Candidates, Params
from hansa.overlay.first_calls import Known, first_calls
from hansa.overlay.members import Members
from hansa.overlay.own_presence import Facts
from tests.attacks.specimens import scaled

HONEST, POISON, LINKS = 10, 40, 8
DOWN = 0.2
"""How likely an honest node is not there after the restart; attackers always are."""

START = 1_790_000_000_000


def known(kind: str, number: int) -> Known:
    where = 11 + number if kind == "honest" else 100 + number
    return Known(NodeId(f"did:key:z6Mk{kind}{number:03}"), (f"ws://{where}.{number}.0.1:1",))


HONESTS = [known("honest", number) for number in range(HONEST)]
EVIL = [known("evil", number) for number in range(POISON)]


def is_evil(one: NodeId) -> bool:
    return "evil" in one


def poisoned(rng: Rng) -> Candidates:
    """A table in which four of five entries are attackers', in both halves."""
    table = Candidates(rng.bytes(32), Params())
    for one in rng.shuffled([*HONESTS, *EVIL]):
        table.add(one.whom, one.urls, one.whom)
        if rng.below(2):
            table.answered(one.whom)
    return table


def before(rng: Rng) -> list[Known]:
    """Links of before the restart, the oldest first: each was exchanged since the flood with a chance of one half."""
    old = rng.sample(HONESTS, LINKS)
    lasted = [one for one in old if rng.below(2)]
    fresh = [rng.pick(EVIL) if rng.below(5) else rng.pick(HONESTS) for _ in range(LINKS - len(lasted))]
    return lasted + fresh


def is_eclipsed(rng: Rng, anchors: bool = True, named: bool = True) -> bool:
    inviter = known("honest", 200)
    calls = first_calls(before(rng) if anchors else [], [inviter] if named else [], poisoned(rng), LINKS, 2, rng)
    linked = [one.whom for one in calls if is_evil(one.whom) or not rng.happens(DOWN)][:LINKS]
    return all(map(is_evil, linked))


def test_of_ten_thousand_starts_with_a_poisoned_table_at_most_one_in_a_thousand_is_eclipsed() -> None:
    seeds = scaled(10_000)
    eclipsed = sum(is_eclipsed(Rng(f"eclipse {seed}")) for seed in range(seeds))
    assert eclipsed <= seeds / 1_000


def test_the_table_alone_is_eclipsed_more_than_a_hundred_times_as_often() -> None:
    seeds = 1_000
    eclipsed = sum(is_eclipsed(Rng(f"alone {seed}"), False, False) for seed in range(seeds))
    assert eclipsed >= 0.1 * seeds


def test_a_whole_node_that_starts_anew_dials_the_anchors_first_and_links_to_honest_nodes() -> None:
    for seed in range(scaled(60)):
        rng = Rng(f"whole {seed}")
        anchors = [[one.whom, list(one.urls)] for one in before(rng)]
        kept = {"incarnation": 7, "anchors": anchors, "table": poisoned(rng).kept()}
        node = Members(NodeId("did:key:z6Mkme"), Facts(), rng.child("node"), Instant(START), [known("honest", 200)])
        node.restore(kept, Instant(START))
        for after in range(0, 20 * SECOND, 100):
            for dial in node.tick(Instant(START + after)).dials:
                if is_evil(dial.whom) or dial.whom[-3:] not in ("000", "003", "006"):
                    node.linked(dial.whom, Instant(START + after), dial.urls[0], True)
        assert not all(map(is_evil, node.neighbours()))


def test_a_flood_of_presences_through_one_neighbour_leaves_the_honest_addresses_in_the_table() -> None:
    node = Members(NodeId("did:key:z6Mkme"), Facts(), Rng(1), Instant(START))
    for number, one in enumerate(HONESTS * 1):
        body = {"incarnation": 1, "addresses": list(one.urls)}
        node.spoken(one.whom, "presence", body, number, Instant(START), HONESTS[number - 1].whom)
    for number in range(6_000):
        whom = NodeId(f"did:key:z6Mkevil{number}")
        body = {"incarnation": 1, "addresses": [f"ws://{11 + number % 200}.{number // 200}.0.1:1"]}
        node.spoken(whom, "presence", body, 1, Instant(START), EVIL[0].whom)
    kept = [raw[0] for raw in node.candidates(Instant(START))["table"]["entries"]]
    assert sum(not is_evil(one) for one in kept) >= 8
    assert len(kept) <= 200


def test_inbound_links_of_attackers_do_not_keep_a_node_from_dialling_its_own() -> None:
    node = Members(NodeId("did:key:z6Mkme"), Facts(), Rng(1), Instant(START), HONESTS)
    for one in EVIL:
        node.linked(one.whom, Instant(START))
    for after in range(0, 2 * MINUTE, 100):
        done = node.tick(Instant(START + after))
        for dial in done.dials:
            node.linked(dial.whom, Instant(START + after), dial.urls[0], True)
        for close in done.closes:
            node.lost(close.whom, True, Instant(START + after))
    assert sum(not is_evil(one) for one in node.neighbours()) >= 3

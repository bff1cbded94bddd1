"""Messages to nodes that are no neighbours arrive while a way is left, and relays carry no more than their share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hansa.kernel.ids import NodeId, content_id
from hansa.kernel.instant import Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.overlay import relaying
from hansa.overlay.arrived import Arrived
from hansa.overlay.doing import Misdeed
from hansa.overlay.flights import Flight
from hansa.overlay.frames import MAX_ROUTE, AnyFrame, Packet, Stuck
from hansa.overlay.links_said import Links
from hansa.overlay.paths import Way
from hansa.overlay.routes import MAX_ANSWERS, MAX_AWAITED, MAX_WAYS, Params, Routes
from tests.overlay.graphs import node, nodes, words
from tests.overlay.roads import Roads, damages, drops_all, packet_id

# 0 and 1 are the ends; four ways between them that share no relay
FOUR_WAYS = [(0, 2), (2, 1), (0, 3), (3, 1), (0, 4), (4, 5), (5, 1), (0, 6), (6, 7), (7, 8), (8, 1)]
NOW = Instant(1_760_000_000_000)


def carried(roads: Roads, count: int = 20) -> None:
    """Sends letters from 0 to 1 and holds that each arrives, and that 0 knows of it."""
    sent = []
    for number in range(count):
        sent.append(roads.send(0, 1, f"letter {number}"))
        roads.run(300)
    roads.run(30_000)
    assert [letter for letter in sent if not roads.has(1, letter)] == []
    assert sorted(roads.events(0, "delivered")) == sorted(sent)


def test_a_letter_arrives_over_relays_and_its_sender_knows() -> None:
    roads = Roads(9, FOUR_WAYS)
    carried(roads)
    assert roads.doing(0).spreads == []


def test_a_neighbour_gets_it_without_relays() -> None:
    roads = Roads(3, [(0, 1), (0, 2), (2, 1)])
    carried(roads, 1)
    assert [frame.route for _, frame in roads.doing(0).sends if isinstance(frame, Packet)] == [(roads.names[1],)]


@pytest.mark.parametrize("bad", [(2,), (3,), (2, 3), (2, 3, 5), (2, 3, 6), (4, 7, 3), (5, 8, 2)])
def test_nothing_is_lost_while_one_way_of_honest_relays_is_left(bad: tuple[int, ...]) -> None:
    for harm in (drops_all, damages):
        roads = Roads(9, FOUR_WAYS)
        for number in bad:
            roads.tamper[roads.names[number]] = harm
        carried(roads)


def test_nothing_is_lost_to_relays_that_drop_every_other_packet() -> None:
    roads = Roads(9, FOUR_WAYS)
    for number in (2, 3, 4):
        chance = Rng(number)

        def grey(_: NodeId, __: NodeId, frame: AnyFrame, chance: Rng = chance) -> AnyFrame | None:
            return None if isinstance(frame, Packet) and chance.happens(0.5) else frame

        roads.tamper[roads.names[number]] = grey
    carried(roads, 40)


def test_a_relay_that_drops_is_used_less_and_less() -> None:
    roads = Roads(9, FOUR_WAYS)
    first = roads.routes(0).ways(roads.names[1], roads.now)[0].relays
    roads.tamper[first[0]] = drops_all
    carried(roads, 30)
    assert roads.routes(0).experience.shuns(first[0])
    late = [frame for _, frame in roads.doing(0).sends if isinstance(frame, Packet)][-10:]
    assert not any(first[0] in frame.route for frame in late)
    best = roads.routes(0).ways(roads.names[1], roads.now)[0]
    assert first[0] not in best.relays


def test_relays_that_are_cut_off_are_gone_round_at_once() -> None:
    roads = Roads(9, FOUR_WAYS)
    for far in ((2, 1), (3, 1)):
        roads.cut(*far)
    letter = roads.send(0, 1, "round")
    roads.run(1_500)  # long before an answer is overdue
    assert roads.has(1, letter)


def test_a_link_that_breaks_under_a_letter_sends_it_another_way_at_once() -> None:
    roads = Roads(9, FOUR_WAYS)
    first = roads.routes(0).ways(roads.names[1], roads.now)[0].relays[0]
    roads.tamper[first] = drops_all
    letter = roads.send(0, 1, "broken off")
    roads.run(100)
    roads.cut(0, roads.names.index(first))
    roads.run(300)
    assert roads.has(1, letter)


def test_without_a_way_gossip_has_it() -> None:
    roads = Roads(3, [(0, 2)])
    roads.send(0, 1, "into the blue")
    assert [spread.whom for spread in roads.doing(0).spreads] == [roads.names[1]]
    assert roads.events(0, "no way known")


def test_when_all_ways_have_failed_gossip_has_it() -> None:
    roads = Roads(9, FOUR_WAYS)
    for number in (2, 3, 5, 8):
        roads.tamper[roads.names[number]] = drops_all
    letter = roads.send(0, 1, "lost")
    roads.run(60_000)
    assert len(roads.doing(0).spreads) == 1
    assert roads.events(0, "all ways failed") == [letter]
    assert 4 <= sum(isinstance(frame, Packet) for _, frame in roads.doing(0).sends) <= Params().tries


def test_a_letter_that_was_damaged_on_the_way_is_not_answered() -> None:
    roads = Roads(3, [(0, 2), (2, 1)])
    roads.tamper[roads.names[2]] = damages
    roads.send(0, 1, "damaged")
    roads.run(10_000)
    assert roads.events(0, "delivered") == []
    assert roads.doing(1).replies == []


def test_a_letter_that_is_not_wanted_is_answered_with_why_and_not_sent_again() -> None:
    roads = Roads(9, FOUR_WAYS)
    roads.towns[roads.names[1]].wants = lambda _: Reason.RATE
    letter = roads.send(0, 1, "unwanted")
    roads.run(20_000)
    assert roads.events(0, "refused") == [f"{letter} rate_limited"]
    assert sum(isinstance(frame, Packet) for _, frame in roads.doing(0).sends) == 1


def test_answers_are_not_answered() -> None:
    roads = Roads(9, FOUR_WAYS)
    carried(roads, 3)
    assert len(roads.doing(1).replies) == 3
    assert roads.doing(0).replies == []


def test_a_letter_under_way_is_not_sent_twice() -> None:
    roads = Roads(9, FOUR_WAYS)
    raw = roads.letter(0, "once")
    assert roads.routes(0).carry(raw, roads.names[1], roads.now).sends
    assert not roads.routes(0).carry(raw, roads.names[1], roads.now).sends


def test_a_letter_to_many_goes_to_each_once_and_not_to_its_sender() -> None:
    roads = Roads(4, [(0, 1), (0, 2), (0, 3)])
    names = roads.names
    doing = roads.routes(0).carry_all(roads.letter(0, "to all"), [*names, names[1]], roads.now)
    assert [whom for whom, _ in doing.sends] == names[1:]
    with pytest.raises(ValueError, match="this node"):
        roads.routes(0).carry(roads.letter(0, "to me"), names[0], roads.now)


def test_an_answer_of_somebody_else_counts_for_nothing() -> None:
    roads = Roads(3, [(0, 2), (2, 1)])
    letter = roads.send(0, 1, "mine")
    sent = next(frame for _, frame in roads.doing(0).sends if isinstance(frame, Packet))
    good = Arrived(packet=sent.id.hex(), envelope=letter)
    strange = Arrived(packet=packet_id("other").hex(), envelope=letter)
    other = Arrived(packet=sent.id.hex(), envelope="0" * 64)
    routes = roads.routes(0)
    for author, body in ((roads.names[2], good), (roads.names[1], strange), (roads.names[1], other)):
        assert routes.arrived(author, body, roads.now).events == []
    assert routes.arrived(roads.names[1], good, roads.now).events


def test_a_report_counts_only_from_where_the_packet_went_and_about_its_way() -> None:
    roads = Roads(9, FOUR_WAYS)
    roads.send(0, 1, "mine")
    whom, sent = next((whom, frame) for whom, frame in roads.doing(0).sends if isinstance(frame, Packet))
    me, last = roads.names[0], roads.names[1]
    other = next(name for name in roads.names[2:4] if name != whom)
    routes = roads.routes(0)
    for peer, report in (
        (other, Stuck(sent.id, whom, last, (me,))),
        (whom, Stuck(packet_id("x"), whom, last, (me,))),
        (whom, Stuck(sent.id, other, last, (me,))),
        (whom, Stuck(sent.id, me, whom, (me,))),
    ):
        assert routes.heard(peer, report, roads.now).sends == []
    assert routes.heard(whom, Stuck(sent.id, whom, last, (me,)), roads.now).sends


def test_whoever_stands_behind_where_a_packet_stuck_is_not_charged() -> None:
    roads = Roads(5, [(0, 2), (2, 3), (3, 4), (4, 1)])
    path = tuple(roads.names[number] for number in (0, 2, 3, 4, 1))
    experience = roads.routes(0).experience
    experience.lost(path, roads.names[3])
    assert [experience.relay(name).lost for name in path] == [0, 1, 1, 0, 0]
    experience.lost(path)
    assert [experience.relay(name).lost for name in path] == [0, 2, 2, 1, 0]
    experience.lost(path, roads.names[0])
    assert [experience.relay(name).lost for name in path] == [0, 2, 2, 1, 0]


# ---- what a relay refuses

ME, PEER = node(0), node(1)
ENVELOPE = content_id(b"an envelope")


def relay(params: Params | None = None) -> Routes:
    routes = Routes(ME, Rng(1), params)
    for number in (1, 2, 3):
        routes.linked(node(number), NOW)
    return routes


def packet(route: tuple[NodeId, ...], past: tuple[NodeId, ...], raw: bytes = b"{}") -> Packet:
    return Packet(packet_id("one"), route, past, raw)


def test_a_relay_passes_on_what_is_at_its_place() -> None:
    doing = relay().heard(PEER, packet(nodes(0, 2, 9), nodes(8, 1)), NOW)
    assert doing.sends == [(node(2), packet(nodes(2, 9), nodes(8, 1, 0)))]
    assert doing.blames == []


@pytest.mark.parametrize(
    "frame",
    [
        packet((), nodes(1)),
        packet(nodes(2, 9), nodes(1)),
        packet(nodes(0, 2, 9), ()),
        packet(nodes(0, 2, 9), nodes(1, 8)),
        packet(nodes(0, 2, 9), nodes(0, 1)),
        packet(nodes(0, 2, 0), nodes(1)),
        packet(nodes(0, 2, 1), nodes(1)),
        packet(nodes(0, 2, 9, 9), nodes(1)),
        packet((ME, *map(node, range(100, 100 + MAX_ROUTE - 1))), nodes(8, 1)),
    ],
)
def test_a_relay_refuses_what_is_not_at_its_place_or_goes_in_circles(frame: Packet) -> None:
    doing = relay().heard(PEER, frame, NOW)
    assert (doing.sends, doing.judges) == ([], [])
    assert [blame.what for blame in doing.blames] == [Misdeed.BROKEN]


def test_a_relay_without_the_next_link_says_so_on_the_way_back() -> None:
    doing = relay().heard(PEER, packet(nodes(0, 7, 9), nodes(8, 1)), NOW)
    assert doing.sends == [(PEER, Stuck(packet_id("one"), ME, node(7), nodes(1, 8)))]


def test_reports_go_back_along_the_way_and_no_other() -> None:
    routes = relay()
    doing = routes.heard(PEER, Stuck(packet_id("one"), node(1), node(7), nodes(0, 2, 8)), NOW)
    assert doing.sends == [(node(2), Stuck(packet_id("one"), node(1), node(7), nodes(2, 8)))]
    for back in ((), nodes(2, 8), nodes(0, 2, 2)):
        doing = routes.heard(PEER, Stuck(packet_id("one"), node(1), node(7), back), NOW)
        assert doing.sends == []
        assert [blame.what for blame in doing.blames] == [Misdeed.BROKEN]
    assert routes.heard(PEER, Stuck(packet_id("one"), node(1), node(7), nodes(0, 9)), NOW).sends == []


def test_what_comes_without_a_link_is_not_heard() -> None:
    assert relay().heard(node(9), packet(nodes(0, 2, 8), nodes(9)), NOW).sends == []


def test_a_neighbour_has_a_quota_of_packets_and_another_one_its_own() -> None:
    routes = relay(replace(Params(), relaying=relaying.Params(packets=5)))
    passed = [routes.heard(PEER, packet(nodes(0, 2, 9), nodes(1)), NOW) for _ in range(8)]
    assert [len(doing.sends) for doing in passed] == [1] * 5 + [0] * 3
    assert [blame.what for doing in passed for blame in doing.blames] == [Misdeed.FLOOD] * 3
    assert routes.heard(node(3), packet(nodes(0, 2, 9), nodes(3)), NOW).sends
    assert routes.heard(PEER, packet(nodes(0, 2, 9), nodes(1)), Instant(NOW + 12_000)).sends
    report = Stuck(packet_id("one"), node(1), node(7), nodes(0, 2, 8))
    assert not routes.heard(PEER, report, Instant(NOW + 12_000)).sends


def test_a_neighbour_has_a_quota_of_bytes() -> None:
    routes = relay(replace(Params(), relaying=relaying.Params(bytes=1_000)))
    big = packet(nodes(0, 2, 9), nodes(1), b"x" * 400)
    assert [len(routes.heard(PEER, big, NOW).sends) for _ in range(4)] == [1, 1, 0, 0]
    assert routes.heard(PEER, big, Instant(NOW + 10_000)).sends


def test_a_link_that_goes_and_comes_gets_no_new_quota() -> None:
    routes = relay(replace(Params(), relaying=relaying.Params(packets=2)))
    for _ in range(2):
        assert routes.heard(PEER, packet(nodes(0, 2, 9), nodes(1)), NOW).sends
    routes.lost(PEER, False, NOW)
    routes.linked(PEER, NOW)
    assert not routes.heard(PEER, packet(nodes(0, 2, 9), nodes(1)), NOW).sends


# ---- bounds


def test_quotas_of_neighbours_that_are_gone_are_forgotten_when_they_are_whole() -> None:
    relays = relaying.Relay(ME, relaying.Params())
    for number in range(1, 50):
        relays.fault(node(number), packet(nodes(0, 99), nodes(number)), NOW)
    relays.tick(Instant(NOW + 59_999))
    assert len(relays) == 49
    relays.tick(Instant(NOW + 60_000))
    assert len(relays) == 0


def test_what_is_under_way_is_bounded_and_the_rest_goes_by_gossip() -> None:
    roads = Roads(3, [(0, 2), (2, 1)], replace(Params(), flights=2))
    for number in range(4):
        roads.send(0, 1, f"letter {number}")
    assert len(roads.doing(0).spreads) == len(roads.events(0, "routes full")) == 2
    roads.run(1_000)
    roads.send(0, 1, "room again")
    assert len(roads.doing(0).spreads) == 2
    size = len(roads.letter(0, "letter 0"))
    roads = Roads(3, [(0, 2), (2, 1)], replace(Params(), flight_bytes=2 * size + size // 2))
    for number in range(4):
        roads.send(0, 1, f"letter {number}")
    assert len(roads.doing(0).spreads) == 2


def test_answers_that_are_owed_are_bounded() -> None:
    routes = relay(replace(Params(), relaying=relaying.Params(packets=10_000)))
    for number in range(MAX_ANSWERS + 3):
        doing = routes.heard(PEER, Packet(packet_id(str(number)), (ME,), (PEER,), b"same"), NOW)
        assert len(doing.judges) == (number == 0)
    assert len(routes.judged(b"same", ENVELOPE, "skill", None, NOW).replies) == MAX_ANSWERS
    for number in range(MAX_AWAITED + 3):
        routes.heard(PEER, Packet(packet_id("x"), (ME,), (PEER,), b"%d" % number), NOW)
    answered = [routes.judged(b"%d" % n, ENVELOPE, "skill", None, NOW).replies for n in range(MAX_AWAITED + 3)]
    assert [len(one) for one in answered] == [0] * 3 + [1] * MAX_AWAITED


def test_own_links_are_said_each_period_and_soon_after_a_change() -> None:
    routes = relay()
    assert [len(said.body["links"]) for said in routes.tick(NOW).says] == [3]  # type: ignore[index, arg-type, call-overload]
    assert routes.tick(Instant(NOW + 29_000)).says == []
    assert routes.tick(Instant(NOW + 30_000)).says
    routes.linked(node(4), Instant(NOW + 30_001))
    assert routes.tick(Instant(NOW + 31_000)).says == []
    assert routes.tick(Instant(NOW + 35_000)).says
    assert Routes(ME, Rng(1)).tick(NOW).says == []


def test_what_is_said_of_links_makes_ways_and_so_does_trust() -> None:
    routes = relay()
    assert routes.ways(node(9), NOW) == []
    for number in (1, 2, 3):
        assert routes.said(node(number), words(0, 9), 1, NOW, NOW)
    assert routes.said(node(9), words(1, 2, 3), 1, NOW, NOW)
    later = Instant(NOW + 1_000)
    assert len(routes.ways(node(9), later)) == 3
    for best in (1, 2, 3):
        routes.weigh({node(best): 1.0}, {})
        assert routes.ways(node(9), later)[0].relays == nodes(best)


@pytest.mark.parametrize("field", ["tries", "answer_ms", "flights", "flight_bytes", "say_soon_ms"])
def test_parameters_that_make_no_sense_are_named(field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}"):
        replace(Params(), **{field: 0}).validate()
    for name in ("packets", "bytes"):
        with pytest.raises(ValueError, match=f"^{name}"):
            replace(relaying.Params(), **{name: 0}).validate()


def test_many_packets_that_are_lost_at_once_cost_one_search() -> None:
    roads = Roads(9, FOUR_WAYS)
    for number in range(2, 9):
        roads.tamper[roads.names[number]] = drops_all
    for number in range(50):
        roads.send(0, 1, f"letter {number}")
    before = roads.routes(0).searches
    roads.run(2_500)
    assert roads.routes(0).searches == before + 1
    assert roads.routes(0).experience.relays()


def test_ways_are_kept_for_five_seconds_while_the_map_changes_and_no_longer() -> None:
    routes = relay()
    for number in range(8):
        now = Instant(NOW + number * 1_000)
        routes.said(node(1), words(0, 9, number + 20), number, now, now)
        routes.said(node(9), words(1), number, now, now)
        assert routes.ways(node(9), now)
    assert routes.searches == 2
    routes.linked(node(4), Instant(NOW + 8_000))
    routes.ways(node(9), Instant(NOW + 8_000))
    assert routes.searches == 3


def test_destinations_whose_ways_are_kept_are_bounded() -> None:
    routes = relay()
    for number in range(MAX_WAYS + 1):
        routes.ways(node(100 + number), NOW)
    before = routes.searches
    routes.ways(node(101), NOW)
    assert routes.searches == before
    routes.ways(node(100), NOW)
    assert routes.searches == before + 1


def test_what_others_say_of_their_links_adds_ten_seconds_to_the_wait_at_most() -> None:
    routes = relay()
    routes.measured(node(1), 600_000, 1, 0)
    raw = Roads(1, []).letter(0, "slow")
    routes.carry(raw, node(1), NOW)
    assert not routes.tick(Instant(NOW + 11_999)).spreads
    assert routes.tick(Instant(NOW + 12_000)).spreads


def test_a_node_has_no_link_to_itself_and_no_more_than_it_may_name() -> None:
    routes = relay()
    routes.linked(ME, NOW)
    for number in range(200):
        routes.linked(node(number + 1), NOW)
    said = routes.tick(NOW).says[0].body
    assert parse(said, Links)  # type: ignore[arg-type]
    assert ME not in [one["whom"] for one in said["links"]]  # type: ignore[index, call-overload, union-attr]
    routes.measured(node(150), 1, 1, 1)
    assert routes.heard(node(150), packet(nodes(0, 2, 9), nodes(150)), NOW).sends == []


def test_ways_are_tried_as_often_as_is_allowed_and_then_gossip_has_it() -> None:
    roads = Roads(9, FOUR_WAYS, replace(Params(), tries=2))
    for number in range(2, 9):
        roads.tamper[roads.names[number]] = drops_all
    roads.send(0, 1, "lost")
    roads.run(10_000)
    assert sum(isinstance(frame, Packet) for _, frame in roads.doing(0).sends) == 2
    assert len(roads.doing(0).spreads) == 1


def test_a_report_of_an_earlier_try_counts_for_nothing() -> None:
    roads = Roads(9, FOUR_WAYS)
    for number in range(2, 9):
        roads.tamper[roads.names[number]] = drops_all
    roads.send(0, 1, "mine")
    roads.run(2_300)  # the second try is under way
    routes, me = roads.routes(0), roads.names[0]
    first, second = [frame for _, frame in roads.doing(0).sends if isinstance(frame, Packet)]
    assert routes.heard(first.route[0], Stuck(first.id, first.route[0], first.route[1], (me,)), roads.now).sends == []
    # nor does one of the second try's first relay that takes the first try's name
    stolen = Stuck(first.id, second.route[0], second.route[1], (me,))
    assert routes.heard(second.route[0], stolen, roads.now).sends == []
    good = Stuck(second.id, second.route[0], second.route[1], (me,))
    assert routes.heard(second.route[0], good, roads.now).sends


def test_the_next_way_shares_no_relay_with_those_that_failed() -> None:
    flight = Flight(ENVELOPE, b"", node(1), {b"": nodes(0, 2, 3, 1)})
    ways = [
        Way(path, worth, 0)
        for path, worth in ((nodes(0, 2, 1), 0.9), (nodes(0, 4, 3, 1), 0.8), (nodes(0, 5, 6, 7, 1), 0.1))
    ]
    ways.append(Way(nodes(0, 2, 3, 1), 1.0, 0))

    def nobody(_: NodeId) -> bool:
        return False

    assert flight.next_way(ways, nobody) is ways[2]
    assert flight.next_way(ways, lambda relay: relay == node(6)) is ways[0]
    flight.gone[node(2), node(1)] = None
    assert flight.next_way(ways[:2], nobody) is ways[1]
    assert flight.next_way(ways[3:], nobody) is None


def test_what_is_measured_is_said_within_its_bounds() -> None:
    routes = relay()
    routes.measured(node(1), 10**9, 2**60, 2_000)
    routes.measured(node(2), -1, -1, -1)
    said = parse(routes.tick(NOW).says[0].body, Links)  # type: ignore[arg-type]
    assert [(one.latency_ms, one.bandwidth, one.utilisation) for one in said.links[:2]] == [
        (600_000, 2**53 - 1, 1000),
        (0, 0, 0),
    ]


def test_an_envelope_without_a_proved_author_is_not_answered() -> None:
    for reason_ in (None, Reason.RATE):
        routes = relay()
        routes.heard(PEER, Packet(packet_id("x"), (ME,), (PEER,), b"raw"), NOW)
        assert routes.judged(b"raw", None, "skill", reason_, NOW).replies == []

"""Notices: their bodies, the lane that they earn, to whom they go, and what is sent again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel import canonical
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.instant import Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.overlay import acks, propagation
from hansa.overlay.acks import Acks
from hansa.overlay.arrived import Arrived
from hansa.overlay.links_said import Links
from hansa.overlay.notices import MAX_TTL, Mode, Notice, Noticed, Priority, lane, read_notice
from hansa.overlay.propagation import Neighbour, Next, Params, Place, is_interested, onward
from tests.attacks.specimens import reason
from tests.overlay.graphs import node, nodes, words

NOW = Instant(1_760_000_000_000)
ID = content_id(b"notice")
BROADCAST = Notice(type="threat_alert", payload={"skill": ID})
GOOD: dict[str, Any] = {"type": "threat_alert", "payload": {"skill": ID}}

texts = st.text(max_size=20)
notices = st.builds(
    Notice,
    type=st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True),
    payload=st.dictionaries(st.text(min_size=1, max_size=9), texts, max_size=5),
    priority=st.sampled_from(Priority),
    ttl=st.integers(1, 255),
    mode=st.sampled_from(Mode),
    destination_nodes=st.lists(st.integers(0, 99).map(node), max_size=16).map(tuple),
    resource=texts,
    interests=st.lists(st.text(min_size=1, max_size=9), max_size=3).map(tuple),
    wants_ack=st.booleans(),
)


@given(notices)
def test_a_body_is_read_as_it_was_written(notice: Notice) -> None:
    assert parse(canonical.decode(canonical.encode(msgspec.to_builtins(notice))), Notice) == notice


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Threat"},
        {"type": ""},
        {"type": "a" * 33},
        {"type": "a\n"},
        {"payload": {"": "x"}},
        {"payload": {"k": 1}},
        {"payload": {"k": "x" * 2_001}},
        {"payload": {str(number): "" for number in range(33)}},
        {"priority": "urgent"},
        {"ttl": 0},
        {"ttl": 256},
        {"mode": "flood"},
        {"destination_nodes": ["did:key:z1234"]},
        {"mode": "multicast"},
        {"mode": "multicast", "destination_nodes": ["did:key:z1234"] * 17},
        {"mode": "multicast", "destination_nodes": ["short"]},
        {"resource": "gpu"},
        {"mode": "resource_directed"},
        {"resource": "x" * 65, "mode": "resource_directed"},
        {"interests": ["x"] * 17},
        {"interests": [""]},
        {"trusted": True},
    ],
)
def test_a_notice_out_of_its_bounds_is_refused(change: dict[str, Any]) -> None:
    assert read_notice(GOOD)
    assert reason(read_notice, {**GOOD, **change}) is Reason.BAD_BODY


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        (Noticed, {"to": "x"}),
        (Noticed, {"to": ID, "done": "x" * 65}),
        (Arrived, {"packet": "0" * 31, "envelope": ID}),
        (Arrived, {"packet": "0" * 32, "envelope": "0"}),
        (Arrived, {"packet": "0" * 32, "envelope": ID, "reason": "x" * 65}),
        (Links, {"links": [{"whom": "did:key:z1", "latency_ms": 1, "bandwidth": 1, "utilisation": 1001}]}),
        (Links, {"links": [{"whom": "did:key:z1", "latency_ms": 600_001, "bandwidth": 1, "utilisation": 1}]}),
        (Links, {"links": [{"whom": "did:key:z1", "latency_ms": 1, "bandwidth": -1, "utilisation": 1}]}),
        (Links, {"links": [{"whom": "did", "latency_ms": 1, "bandwidth": 1, "utilisation": 1}]}),
        (Links, msgspec.to_builtins(words(*range(101)))),
        (Links, {"links": [], "transports": ["x"] * 9}),
        (Links, {"links": [], "versions": ["x" * 17]}),
    ],
)
def test_a_body_out_of_its_bounds_is_refused(shape: Any, body: dict[str, Any]) -> None:
    assert reason(parse, body, shape) is Reason.BAD_BODY


@pytest.mark.parametrize(
    ("claimed", "lanes"),
    [
        ("low", "low low low low"),
        ("normal", "low normal normal normal"),
        ("high", "low normal high high"),
        ("critical", "low normal high critical"),
    ],
)
def test_the_table_of_lanes(claimed: str, lanes: str) -> None:
    assert [lane(Priority(claimed), rank) for rank in range(4)] == lanes.split()
    assert lane(Priority(claimed), -1) == "low"
    assert lane(Priority(claimed), 9) == claimed


# ---- propagation


def crowd(count: int, **offers: int) -> dict[NodeId, Neighbour]:
    return {node(number): Neighbour(offers=offers) for number in range(1, count + 1)}


def go(notice: Notice, place: Place, neighbours: dict[NodeId, Neighbour], lane_: Priority = Priority.NORMAL) -> Next:
    return onward(notice, lane_, place, neighbours, Params(), Rng(1))


HERE = Place(node(0), node(1), 1)


def test_a_broadcast_goes_to_some_in_the_lower_lanes_and_to_all_in_the_upper() -> None:
    for lane_, count in ((Priority.LOW, 6), (Priority.NORMAL, 6), (Priority.HIGH, 19), (Priority.CRITICAL, 19)):
        assert len(set(go(BROADCAST, HERE, crowd(20), lane_).words)) == count


@given(st.sampled_from(Mode), st.integers(0, 20), st.integers(1, 255), st.integers(0, 9), st.sampled_from(Priority))
def test_nothing_goes_back_or_to_itself_or_beyond_its_hops(
    mode: Mode, hops: int, ttl: int, stalled: int, lane_: Priority
) -> None:
    notice = Notice(type="x", payload={}, mode=mode, ttl=ttl, resource="gpu", destination_nodes=nodes(1, 5))
    neighbours = {**crowd(8, gpu=3), node(0): Neighbour()}
    found = go(notice, Place(node(0), node(1), hops, stalled, {"gpu": 1}), neighbours, lane_)
    assert not {node(0), node(1)} & set(found.words)
    if hops >= min(ttl, Params().ttl):
        assert found.words == ()
    assert len(set(found.words)) == len(found.words)


def test_news_goes_to_whom_it_concerns_and_to_one_more() -> None:
    notice = replace_(BROADCAST, interests=("grain",))
    neighbours = {node(2): Neighbour(("grain", "fish")), node(3): Neighbour(("cloth",)), node(4): Neighbour(("wax",))}
    neighbours[node(5)] = Neighbour()
    found = go(notice, HERE, neighbours).words
    assert set(found[:2]) == {node(2), node(5)}
    assert len(found) == 3
    assert found[2] in nodes(3, 4)
    assert is_interested((), ("grain",))
    assert is_interested(("cloth",), ())
    assert not is_interested(("cloth",), ("grain",))


def replace_(notice: Notice, **changes: Any) -> Notice:
    return msgspec.structs.replace(notice, **changes)


def test_a_multicast_is_routed_by_its_author_and_passed_on_by_nobody() -> None:
    notice = replace_(BROADCAST, mode=Mode.MULTICAST, destination_nodes=nodes(7, 0, 8))
    assert go(notice, Place(node(0)), crowd(5)) == Next(routed=nodes(7, 8))
    assert go(notice, HERE, crowd(5)) == Next()


SEEKS = Notice(type="x", payload={}, mode=Mode.RESOURCE_DIRECTED, resource="gpu")


def test_a_search_goes_to_those_that_offer_more_the_most_first() -> None:
    neighbours = {
        node(number): Neighbour(offers={"gpu": amount}) for number, amount in ((2, 5), (3, 9), (4, 7), (5, 1))
    }
    assert go(SEEKS, replace(HERE, offers={"gpu": 4}, stalled=2), neighbours) == Next(nodes(3, 4), 0)


def test_a_search_goes_on_for_three_links_without_getting_nearer_and_no_farther() -> None:
    neighbours = {node(2): Neighbour(offers={"gpu": 1}), node(3): Neighbour(), node(4): Neighbour(offers={"cpu": 9})}
    place = replace(HERE, offers={"gpu": 4})
    for stalled in range(3):
        assert go(SEEKS, replace(place, stalled=stalled), neighbours) == Next(nodes(2), stalled + 1)
    assert go(SEEKS, replace(place, stalled=3), neighbours) == Next()


def test_a_search_on_a_plain_ends_wherever_it_turns() -> None:
    near = {number: [(number - 1) % 30, (number + 1) % 30] for number in range(30)}
    rng, at, came, stalled, hops = Rng(1), 0, None, 0, 0
    while True:
        neighbours = {node(other): Neighbour() for other in near[at]}
        place = Place(node(at), None if came is None else node(came), hops, stalled)
        found = onward(SEEKS, Priority.LOW, place, neighbours, Params(), rng)
        if not found.words:
            break
        came, at, stalled, hops = at, int(found.words[0][-4:]), found.stalled, hops + 1
    assert hops == 3


def test_what_is_chosen_depends_on_the_seed_and_not_on_the_order_of_neighbours() -> None:
    around = crowd(20)
    backwards = dict(reversed(list(around.items())))
    assert go(BROADCAST, HERE, around) == go(BROADCAST, HERE, backwards)
    chosen = {onward(BROADCAST, Priority.LOW, HERE, around, Params(), Rng(seed)).words for seed in range(5)}
    assert len(chosen) > 1


@pytest.mark.parametrize("field", ["ttl", "fanout", "bridges", "branches", "stalled"])
def test_parameters_that_make_no_sense_are_named(field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}"):
        replace(propagation.Params(), **{field: -1}).validate()
    with pytest.raises(ValueError, match=r"^ttl"):
        propagation.Params(ttl=MAX_TTL + 1).validate()


# ---- answers


def test_what_is_not_answered_is_sent_again_to_whom_it_was_for_and_less_often_each_time() -> None:
    waiting = Acks()
    waiting.sent(ID, b"raw", nodes(1, 2), NOW)
    assert waiting.due(Instant(NOW + 14_999)) == []
    assert waiting.noticed(node(1), ID, "quarantine")
    assert waiting.due(Instant(NOW + 15_000)) == [(b"raw", node(2))]
    assert waiting.due(Instant(NOW + 44_999)) == []
    assert waiting.due(Instant(NOW + 45_000)) == [(b"raw", node(2))]
    assert waiting.answers(ID) == {node(1): "quarantine"}
    assert waiting.due(Instant(NOW + 200_000)) == []
    assert len(waiting) == 0


def test_what_is_answered_by_all_is_not_sent_again() -> None:
    waiting = Acks()
    waiting.sent(ID, b"raw", nodes(1), NOW)
    assert waiting.noticed(node(1), ID, "")
    assert waiting.due(Instant(NOW + 15_000)) == []
    assert len(waiting) == 0


def test_an_answer_counts_once_and_of_those_that_were_named() -> None:
    waiting = Acks()
    waiting.sent(ID, b"raw", nodes(1, 2), NOW)
    assert waiting.noticed(node(1), ID, "")
    assert not waiting.noticed(node(1), ID, "")
    assert not waiting.noticed(node(9), ID, "")
    assert not waiting.noticed(node(1), ContentId("0" * 64), "")
    waiting.sent(content_id(b"all"), b"raw", (), NOW)
    assert waiting.noticed(node(9), content_id(b"all"), "")


def test_answers_and_notices_that_are_waited_for_are_bounded() -> None:
    waiting = Acks(acks.Params(notices=3, answers=2))
    waiting.sent(ID, b"raw", (), NOW)
    assert [waiting.noticed(node(number), ID, "") for number in range(4)] == [True, True, False, False]
    for number in range(3):
        waiting.sent(content_id(b"%d" % number), b"raw", (), NOW)
    assert len(waiting) == 3
    assert waiting.answers(ID) == {}


@pytest.mark.parametrize("field", ["wait_ms", "tries", "notices", "answers"])
def test_parameters_of_answers_that_make_no_sense_are_named(field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}"):
        replace(acks.Params(), **{field: 0}).validate()


def test_an_answer_to_everybody_counts_once() -> None:
    waiting = Acks()
    waiting.sent(ID, b"raw", (), NOW)
    assert [waiting.noticed(node(1), ID, "") for _ in range(2)] == [True, False]

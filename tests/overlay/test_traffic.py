"""Counters of links, and what was seen of relays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.overlay.experience import MAX_KEPT, Experience
from hansa.overlay.paths import HOP
from hansa.overlay.traffic import MAX_PEERS, Rates, Traffic
from tests.overlay.graphs import node, nodes


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 999), st.booleans()), max_size=40))
def test_the_window_holds_what_went_over_in_the_last_ten_seconds(steps: list[tuple[int, int, bool]]) -> None:
    traffic, now, said = Traffic(), 1_760_000_000_000, []
    for wait, size, out in steps:
        now += wait
        (traffic.sent if out else traffic.heard)(node(1), size, Instant(now))
        said.append((now // 1_000, size, out))
        recent = [(size, out) for second, size, out in said if second > now // 1_000 - 10]
        came, went = [size for size, out in recent if not out], [size for size, out in recent if out]
        wanted = Rates(len(came), sum(came), len(went), sum(went))
        assert traffic.rates(node(1), Instant(now)) == wanted
    assert traffic.rates(node(1), Instant(now + 10_000)) == Rates()


def test_links_are_counted_apart_and_bounded() -> None:
    traffic = Traffic()
    for number in range(MAX_PEERS + 5):
        traffic.sent(node(number), 10, Instant(0))
        traffic.sent(node(0), 10, Instant(0))
    counted = traffic.all(Instant(0))
    assert len(counted) == MAX_PEERS
    assert node(0) in counted
    assert counted[node(MAX_PEERS)].bytes == 10
    assert counted[node(0)].bytes_per_second == (MAX_PEERS + 6)
    assert traffic.rates(node(1), Instant(0)) == Rates()
    traffic.forget(node(0))
    assert traffic.rates(node(0), Instant(0)) == Rates()


def test_a_clock_that_goes_backwards_forgets_nothing() -> None:
    traffic = Traffic()
    traffic.sent(node(1), 10, Instant(50_000))
    traffic.sent(node(1), 10, Instant(20_000))
    assert traffic.rates(node(1), Instant(50_000)).bytes_out == 20


def path(*numbers: int) -> tuple[NodeId, ...]:
    return nodes(*numbers)


def test_shares_follow_what_arrived() -> None:
    seen = Experience()
    assert seen.relay(node(2)).share == seen.path(path(0, 2, 1)).share == 0.5
    seen.delivered(path(0, 2, 1))
    assert seen.relay(node(2)).share == seen.path(path(0, 2, 1)).share == pytest.approx(2 / 3)
    for _ in range(4):
        seen.lost(path(0, 3, 1))
    assert seen.relay(node(3)).share == pytest.approx(1 / 6)
    assert seen.dear() == {node(3): int(8 * HOP * (0.5 - 1 / 6))}
    assert list(seen.relays()) == [node(2), node(3)]
    assert seen.relay(node(0)).lost == seen.relay(node(1)).lost == 0


def test_a_relay_is_shunned_after_four_packets_of_which_most_were_lost() -> None:
    seen = Experience()
    for _ in range(3):
        seen.lost(path(0, 2, 1))
    assert not seen.shuns(node(2))
    seen.lost(path(0, 2, 1))
    assert seen.shuns(node(2))
    for _ in range(4):
        seen.delivered(path(0, 2, 1))
    assert not seen.shuns(node(2))


def test_counts_are_halved_every_five_minutes_so_that_a_relay_gets_another_chance() -> None:
    seen = Experience()
    seen.tick(Instant(0))
    for _ in range(6):
        seen.lost(path(0, 2, 1))
    seen.tick(Instant(299_999))
    assert seen.relay(node(2)).lost == 6
    seen.tick(Instant(300_000))
    assert seen.relay(node(2)).lost == 3
    assert not seen.shuns(node(2))
    for number in (2, 3):
        seen.tick(Instant(300_000 * number))
    assert seen.relays() == {}


def test_what_is_remembered_is_bounded() -> None:
    seen = Experience()
    for number in range(MAX_KEPT + 3):
        seen.delivered(path(0, 10_000 + number, 1))
    assert len(seen.relays()) == MAX_KEPT
    assert seen.relay(node(10_000)).delivered == 0

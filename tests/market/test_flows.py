"""The six figures of what went from whom to whom (M16): bounds, sums, and what they are by hand."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import HOUR, Instant
from hansa.kernel.resources import Resource
from hansa.market.flows import MOST_PAIRS, NARROW, USED, Transfer, Ways, flows
from hansa.market.lease_states import State
from hansa.market.model import Window

ME = NodeId("did:key:z6MkMe")
OTHERS = [NodeId(f"did:key:z6Mk{letter}") for letter in "abcdefghijklmn"]
CPU = Resource.COMPUTATIONAL_POWER
DAY = Window(Instant(0), Instant(24 * HOUR))


def lease(
    peer: NodeId = OTHERS[0], begins: int = 0, hours: int = 1, amount: int = 1000, state: State | None = State.SETTLED,
    *, ended: int | None = None, lent: bool = False, resource: Resource = CPU, cost: int = 0,
) -> Transfer:  # fmt: skip
    window = Window(Instant(begins * HOUR), Instant((begins + hours) * HOUR))
    ends = None if ended is None else Instant(ended * HOUR)
    ends_ = (ME, peer) if lent else (peer, ME)
    return Transfer(ContentId("0" * 64), *ends_, resource, amount, window, state, ends, 1, 0, cost)


@st.composite
def transfers(draw: st.DrawFn) -> Transfer:
    return lease(
        draw(st.sampled_from(OTHERS)), draw(st.integers(0, 30)), draw(st.integers(0, 5)), draw(st.integers(1, 9)),
        draw(st.sampled_from([None, *State])), ended=draw(st.none() | st.integers(0, 40)), lent=draw(st.booleans()),
        resource=draw(st.sampled_from(list(Resource))), cost=draw(st.integers(0, 99)),
    )  # fmt: skip


PATHS = st.lists(
    st.lists(st.sampled_from(OTHERS), max_size=3, unique=True).map(lambda relays: (ME, *relays, OTHERS[-1])), max_size=4
)


@given(
    st.lists(transfers(), max_size=40),
    st.dictionaries(
        st.sampled_from(OTHERS),
        PATHS.flatmap(
            lambda paths: st.lists(st.integers(0, 9), min_size=len(paths), max_size=len(paths)).map(
                lambda counts: Ways(paths, counts)
            )
        ),
    ),
)
def test_every_figure_is_within_its_bounds(done: list[Transfer], ways: dict[NodeId, Ways]) -> None:
    found = flows(done, DAY, ME, ways, {})
    assert 0 <= found.total <= sum(one.state in USED for one in done)
    assert sum(one.transfers for one in found.pairs) <= found.total
    assert [one.transfers for one in found.pairs] == sorted((one.transfers for one in found.pairs), reverse=True)
    assert len(found.pairs) <= MOST_PAIRS
    assert abs(sum(found.distribution.values()) - (1 if found.total else 0)) < 1e-9
    for share in (found.efficiency, found.optimal_routing):
        assert share is None or 0 <= share <= 1
    for narrow in found.bottlenecks:
        assert 0 < narrow.share <= 1
        assert narrow.share >= NARROW or narrow.only_to
        assert narrow.relay != ME


@given(st.lists(transfers(), max_size=20), st.randoms())
def test_the_order_in_which_they_came_changes_nothing(done: list[Transfer], chance: object) -> None:
    turned = list(done)
    chance.shuffle(turned)  # type: ignore[attr-defined]
    assert flows(done, DAY, ME, {}, {}) == flows(turned, DAY, ME, {}, {})


def test_what_lies_outside_of_the_window_does_not_count() -> None:
    done = [lease(begins=30), lease(begins=23, hours=3), lease(begins=-2, hours=3), lease(begins=-2, hours=2)]
    assert flows(done, DAY, ME, {}, {}).total == 2
    assert flows([lease(hours=4, ended=1)], Window(Instant(2 * HOUR), DAY.ends), ME, {}, {}).total == 0


def test_efficiency_is_what_was_had_of_what_was_asked_for() -> None:
    asked = [lease(hours=4), lease(hours=4, state=None), lease(hours=4, ended=2), lease(hours=4, state=State.LAPSED)]
    assert flows(asked, DAY, ME, {}, {}).efficiency == (1 + 0 + 1 / 2 + 0) / 4
    assert flows([lease(state=State.BROKEN)], DAY, ME, {}, {}).efficiency == 0
    assert flows([], DAY, ME, {}, {}).efficiency is None
    copy = lease(hours=0, amount=1, resource=Resource.KNOWLEDGE_BASE)
    assert flows([copy], DAY, ME, {}, {}).efficiency == 1
    some = replace(lease(amount=4, resource=Resource.KNOWLEDGE_BASE), brought=3)
    assert flows([some], DAY, ME, {}, {}).efficiency == 3 / 4


def test_pairs_name_lender_and_borrower_and_what_it_cost() -> None:
    done = [lease(cost=5), lease(cost=7), lease(lent=True, cost=1), lease(OTHERS[1])]
    first, second, third = flows(done, DAY, ME, {}, {}).pairs
    assert (first.lender, first.borrower, first.transfers, first.cost) == (OTHERS[0], ME, 2, 12)
    assert {(second.lender, second.borrower), (third.lender, third.borrower)} == {(ME, OTHERS[0]), (OTHERS[1], ME)}


def test_a_relay_that_half_of_it_goes_by_or_that_nobody_gets_around_is_a_bottleneck() -> None:
    a, b, relay, other = OTHERS[:4]
    ways = {
        a: Ways([(ME, relay, a), (ME, other, a)], [3, 1]),
        b: Ways([(ME, b)], [4]),
    }
    (found,) = flows([lease(a), lease(b)], DAY, ME, ways, {relay: 0.9}).bottlenecks
    assert (found.relay, found.share, found.only_to, found.arrived) == (relay, 0.5, (), 0.9)
    assert not flows([lease(a), lease(b), lease(b)], DAY, ME, ways, {}).bottlenecks
    alone = {a: Ways([(ME, relay, a), (ME, relay, other, a)], [1, 0]), b: ways[b]}
    (found,) = flows([lease(a), lease(b), lease(b)], DAY, ME, alone, {}).bottlenecks
    assert found.only_to == (a,)


def test_optimal_routing_is_the_share_of_the_best_way() -> None:
    a, b = OTHERS[:2]
    ways = {a: Ways([(ME, b, a), (ME, a)], [3.0, 1.0]), b: Ways([(ME, b)], [4.0])}
    assert flows([lease(a), lease(b)], DAY, ME, ways, {}).optimal_routing == 7 / 8
    assert flows([lease(a)], DAY, ME, ways, {}).optimal_routing == 3 / 4
    assert flows([lease(OTHERS[5])], DAY, ME, ways, {}).optimal_routing is None


def test_a_lease_that_was_given_back_before_it_began_was_used_for_no_time() -> None:
    one = replace(lease(begins=5), ended=Instant(HOUR))
    assert one.used is not None and one.used.lasts == 0

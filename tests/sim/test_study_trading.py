"""The market of a study is the node's market: the same matches from arrays as from the node's own clearing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.adapters.simplex import simplex
from hansa.market.exact import exact
from hansa.market.policy import Params
from hansa.market.problem import Solver
from hansa.sim.studies import trading
from hansa.sim.studies.trading import Matched, Offers, Requests, cleared, in_arrays

PARTIES = 6


@st.composite
def markets(draw: st.DrawFn) -> tuple[Requests, Offers, np.ndarray]:
    def columns(rows: int, *ranges: tuple[int, int]) -> list[np.ndarray]:
        return [np.array(draw(st.lists(st.integers(*one), min_size=rows, max_size=rows)), np.int64) for one in ranges]

    asked, given_ = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    requests = Requests(*columns(asked, (0, PARTIES - 1), (0, 2), (1, 30), (0, 1000), (0, 300)))
    offers = Offers(*columns(given_, (0, PARTIES - 1), (0, 2), (1, 30), (0, 200)))
    return requests, offers, columns(PARTIES, (0, 1000))[0]


def rows(found: Matched) -> list[tuple[int, ...]]:
    return list(zip(found.request.tolist(), found.offer.tolist(), found.units.tolist(), strict=True))


@pytest.mark.parametrize("solve", [exact, simplex])
@settings(max_examples=60, deadline=None)
@given(market=markets(), least=st.sampled_from([0, 400]), widest=st.sampled_from([1, 2, 3, 5, 64]))
def test_arrays_match_as_the_node_does(
    solve: Solver, market: tuple[Requests, Offers, np.ndarray], least: int, widest: int
) -> None:
    params = Params(least_trust=least, widest=widest)
    assert rows(cleared(*market, solve, params)) == rows(in_arrays(*market, solve, params))


@settings(deadline=None)
@given(markets())
def test_nobody_gets_more_than_was_asked_for_or_offered_or_from_itself(
    market: tuple[Requests, Offers, np.ndarray],
) -> None:
    requests, offers, trust = market
    found = cleared(requests, offers, trust, exact)
    assert (np.bincount(found.request, found.units, requests.units.size) <= requests.units).all()
    assert (np.bincount(found.offer, found.units, offers.units.size) <= offers.units).all()
    assert (requests.borrower[found.request] != offers.lender[found.offer]).all()
    assert (requests.resource[found.request] == offers.resource[found.offer]).all()


@settings(deadline=None)
@given(markets())
def test_pairs_that_are_barred_do_not_come_together(market: tuple[Requests, Offers, np.ndarray]) -> None:
    first = rows(cleared(*market, exact))
    barred = [(request, offer) for request, offer, _ in first]
    then = rows(cleared(*market, exact, barred=barred))
    assert not {(request, offer) for request, offer, _ in then} & set(barred)


def test_a_large_market_does_not_go_through_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trading, "clear", None)
    count = 250
    chance = np.random.default_rng(1)
    parties = np.arange(count)
    requests = Requests(
        parties, chance.integers(0, 8, count), chance.integers(1, 9, count), parties, np.full(count, 400)
    )
    offers = Offers(parties, chance.integers(0, 8, count), chance.integers(1, 9, count), np.full(count, 100))
    assert cleared(requests, offers, parties, simplex).units.sum() > 0


def test_where_nobody_offers_nothing_is_matched() -> None:
    none = np.empty(0, np.int64)
    one = np.array([1])
    requests = Requests(one, one, one, one, np.array([100]))
    for params in (Params(), Params(fairness=0)):
        assert rows(cleared(requests, Offers(none, none, none, none), np.ones(2, np.int64), simplex, params)) == []
        assert rows(in_arrays(requests, Offers(none, none, none, none), np.ones(2, np.int64), simplex, params)) == []

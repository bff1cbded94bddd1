"""A clearing: nobody gives more than there is, nobody gets what is of no use, and everything is explained."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given

from hansa.adapters.simplex import simplex
from hansa.kernel.instant import HOUR
from hansa.market.clearing import clear
from hansa.market.model import Offer, Request
from hansa.market.policy import Params, Views, Why
from tests.market.things import NOW, VIEWS, a_request, an_offer, hours, markets, node

Market = tuple[list[Request], list[Offer]]


@given(markets())
def test_nobody_gives_more_than_there_is_and_every_unit_is_accounted_for(market: Market) -> None:
    requests, offers = market
    found = clear(requests, offers, VIEWS)
    sold, got = Counter(), Counter()
    for match in found.matches:
        sold[match.offer] += match.amount
        got[match.request] += match.amount
    missing = {one.request: one.units for one in found.unmet}
    assert all(sold[offer.id] + found.unsold.get(offer.id, 0) == offer.amount for offer in offers)
    assert all(got[request.id] + missing.get(request.id, 0) == request.amount for request in requests)


@given(markets())
def test_every_match_keeps_the_rules_of_both_sides(market: Market) -> None:
    requests = {one.id: one for one in market[0]}
    offers = {one.id: one for one in market[1]}
    found = clear(*market, VIEWS)
    for match in found.matches:
        request, offer = requests[match.request], offers[match.offer]
        assert request.resource is offer.resource
        assert request.borrower != offer.lender
        assert match.price <= request.most
        assert match.window.lasts == request.lasts or not request.lasts  # copies may come until the deadline
        assert max(request.window.begins, offer.window.begins) <= match.window.begins
        assert match.window.ends <= min(request.window.ends, offer.window.ends)
    got = Counter()
    for match in found.matches:
        got[match.request] += match.amount
    assert all(many >= requests[one].least for one, many in got.items())


@given(markets())
def test_all_who_see_the_same_come_to_the_same(market: Market) -> None:
    requests, offers = [list(one) for one in market]
    found = clear(requests, offers, VIEWS)
    Random(1).shuffle(requests)
    Random(2).shuffle(offers)
    assert clear(requests, offers, VIEWS) == found


@given(markets())
def test_the_fast_solver_comes_to_as_much_worth(market: Market) -> None:
    exact = [one for one in market[0] if one.least == 1]
    plain = Params(fairness=0)
    assert clear(exact, market[1], VIEWS, plain, simplex).welfare == clear(exact, market[1], VIEWS, plain).welfare


def test_where_many_offer_not_all_are_held_against_the_same_few() -> None:
    """The same eight are worth most to all 100; the others must not lie idle."""
    offers = [an_offer(str(number), amount=1, price=number) for number in range(100)]
    requests = [a_request(str(number), amount=1) for number in range(100)]
    found = clear(requests, offers, VIEWS, Params(widest=16), simplex)
    assert sum(one.amount for one in found.matches) >= 95
    best = clear(requests[:1], offers, VIEWS, Params(widest=2)).matches
    assert [one.offer for one in best] == [offers[0].id]


@pytest.mark.parametrize(
    ("why", "request_", "offer"),
    [
        (Why.NOBODY_OFFERS, a_request("x", borrower="me"), an_offer("x", lender="me")),
        (Why.NO_TIME, a_request("x", window=hours(0, 2)), an_offer("x", window=hours(1.5, 9))),
        (Why.TOO_DEAR, a_request("x", most=150, urgency=600), an_offer("x", price=100)),
        (Why.NOT_TRUSTED, a_request("x"), an_offer("x", lender="unknown")),
        (Why.TOO_LITTLE, a_request("x", amount=12, least=11), an_offer("x", amount=10)),
        (Why.TAKEN, a_request("x", amount=12), an_offer("x", amount=10)),
    ],
)
def test_what_is_not_met_says_why(why: Why, request_: Request, offer: Offer) -> None:
    views = Views(trust=lambda whom: 0 if whom == node("unknown") else 500, heed=VIEWS.heed)
    found = clear([request_], [offer], views, Params(least_trust=100))
    assert [one.why for one in found.unmet] == [why]
    assert found.unmet[0].detail


def test_of_two_requests_the_one_of_more_worth_gets_it_and_the_other_is_told_by_how_much() -> None:
    late, now = a_request("late"), a_request("now", urgency=800)
    found = clear([late, now], [an_offer("one")], VIEWS, Params(fairness=0))
    assert [(one.request, one.amount) for one in found.matches] == [(now.id, 10)]
    assert "urgency 240" in found.matches[0].because
    winner, loser = found.matches[0].worth, clear([late], [an_offer("one")], VIEWS).matches[0].worth
    assert (
        found.unmet[0].detail
        == f"units of its best offer went to requests worth {winner} and more; it is worth {loser}"
    )


def test_urgency_counts_as_far_as_standing_lets_it_and_costs_what_it_claims() -> None:
    views = Views(trust=VIEWS.trust, heed=lambda whom: 0 if whom == node("stranger") else 1000)
    calm, loud = a_request("calm", urgency=100), a_request("loud", urgency=1000, borrower="stranger")
    found = clear([loud, calm], [an_offer("one")], views, Params(fairness=0))
    assert [one.request for one in found.matches] == [calm.id]
    assert clear([loud], [an_offer("one")], views).matches[0].price == 200


def test_trusted_lenders_are_preferred_to_cheaper_ones() -> None:
    views = Views(trust=lambda whom: 900 if whom == node("old") else 100, heed=VIEWS.heed)
    cheap, dear = an_offer("cheap", price=50), an_offer("dear", price=300, lender="old")
    assert [one.offer for one in clear([a_request("x")], [cheap, dear], views).matches] == [dear.id]


def test_fairness_shares_what_worth_alone_gives_to_one() -> None:
    requests = [a_request("a", urgency=300), a_request("b", urgency=200)]
    apart = clear(requests, [an_offer("one")], VIEWS, Params(fairness=0))
    alike = clear(requests, [an_offer("one")], VIEWS)
    assert [one.amount for one in apart.matches] == [10]
    assert [one.amount for one in alike.matches] == [5, 5]
    assert (alike.fairness, apart.fairness) == (1000, 500)


def test_a_borrower_gains_nothing_by_asking_in_pieces() -> None:
    whole = [a_request("a", amount=12), a_request("b", amount=12)]
    pieces = [a_request(f"a{n}", amount=3, borrower="borrowera") for n in range(4)] + whole[1:]
    offer = an_offer("one", amount=12)
    for requests in (whole, pieces):
        matches = clear(requests, [offer], VIEWS).matches
        assert sum(one.amount for one in matches if one.borrower == node("borrowera")) == 6


def test_what_costs_an_hour_costs_half_for_half_of_it_and_no_fraction_is_given_away() -> None:
    match = clear([a_request("x", amount=1, lasts=HOUR // 2)], [an_offer("x", price=101)], VIEWS).matches[0]
    assert match.cost == 51
    assert match.window.begins == NOW


@pytest.mark.parametrize(
    "wrong",
    [{"need": 0, "urgency": 500}, {"need": 300}, {"steps": 0}, {"widest": 0}, {"fairness": 1001}, {"least_trust": -1}],
)
def test_parameters_that_make_no_sense_are_named(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Params(**wrong).validate()

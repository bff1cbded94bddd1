"""Who gets what of which offer, and why (M7): every node clears what it sees, and so needs nobody in the middle.

    found = clear(requests, offers, views)
    found.matches     units of offers for requests, each with what decided
    found.unmet       what found nothing, each with the rule that kept it out or whom it lost to

Of the offers that come into question for a request (`policy`) those of most worth are weighed; units go where all of
them together are worth most, with fairness among borrowers (`problem`). A request that would get fewer units than it
can use gets none: the half of such that is furthest from it steps back, and the others are weighed anew.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hansa.kernel.ids import ContentId
from hansa.kernel.instant import Instant
from hansa.kernel.resources import Resource
from hansa.market import quantities
from hansa.market.exact import exact
from hansa.market.model import Match, Offer, Request, Window, price
from hansa.market.policy import Params, Views, Why, Worth, obstacle, worth
from hansa.market.problem import Problem, Solver, jain, shares, welfare


@dataclass(frozen=True, slots=True)
class Unmet:
    """Units of a request that found no offer.

    Attributes:
        detail: in words: the nearest offer that failed, or what those were worth that got what it wanted.
    """

    request: ContentId
    units: int
    why: Why
    detail: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a clearing came to.

    Attributes:
        matches: by the ids of requests and of offers.
        unmet: by the ids of requests.
        welfare: sum of worth over all units.
        fairness: Jain's index over the shares that borrowers get of what they ask for, by resource, in thousandths.
        unsold: units left of each offer that has any.
    """

    matches: tuple[Match, ...]
    unmet: tuple[Unmet, ...]
    welfare: int
    fairness: int
    unsold: Mapping[ContentId, int]


@dataclass(frozen=True, slots=True)
class _Edge:
    request: int
    offer: int
    worth: Worth


def clear(
    requests: Sequence[Request],
    offers: Sequence[Offer],
    views: Views,
    params: Params | None = None,
    solve: Solver = exact,
) -> Cleared:
    """Returns who gets what of which offer.

    In whatever order they came: by their ids, so that all who see the same come to the same.

    Args:
        requests, offers: each id once; amounts are at least 1.
        views: what this node knows of the parties.
        solve: finds the units over each edge; a faster one for many.
    """
    requests, offers = sorted(requests, key=lambda one: one.id), sorted(offers, key=lambda one: one.id)
    return _Clearing(requests, offers, views, params or Params(), solve).cleared()


class _Clearing:
    def __init__(
        self, requests: Sequence[Request], offers: Sequence[Offer], views: Views, params: Params, solve: Solver
    ) -> None:
        self._requests, self._offers, self._views = requests, offers, views
        self._params, self._solve = params, solve
        self._of: dict[Resource, list[int]] = {}
        for number, offer in enumerate(offers):
            self._of.setdefault(offer.resource, []).append(number)
        self._edges = [edge for number in range(len(requests)) for edge in self._edges_of(number)]

    def _edges_of(self, number: int) -> list[_Edge]:
        request = self._requests[number]
        fit = [
            _Edge(number, place, worth(request, self._offers[place], self._views, self._params))
            for place in self._of.get(request.resource, ())
            if self._offers[place].lender != request.borrower
            and obstacle(request, self._offers[place], self._views, self._params) is None
        ]
        return self._narrowed(number, fit) if len(fit) > self._params.widest else fit

    def _narrowed(self, number: int, fit: list[_Edge]) -> list[_Edge]:
        """Returns half of what a request is held against by worth, and half by turns, in the order of offers.

        Where thousands offer, the same few are worth most to all; held against those alone, most requests would go
        without while the other offers lie idle.
        """
        by_turns = self._params.widest // 2
        by_worth = heapq.nsmallest(self._params.widest - by_turns, fit, key=lambda one: (-one.worth.total, one.offer))
        best = {one.offer for one in by_worth}
        rest = [one for one in fit if one.offer not in best]
        start = number * by_turns % len(rest)
        turns = (rest[start:] + rest[:start])[:by_turns]
        return sorted([*by_worth, *turns], key=lambda one: one.offer)

    def cleared(self) -> Cleared:
        edges, stepped_back = self._edges, dict[int, int]()
        while True:
            problem = self._problem(edges)
            units = self._solve(problem)
            short = self._short(edges, units)
            if not short:
                break
            for number, got in short:
                stepped_back[number] = got
            edges = [edge for edge in edges if edge.request not in stepped_back]
        matches = tuple(self._match(edge, got) for edge, got in zip(edges, units, strict=True) if got)
        left = Counter({number: offer.amount for number, offer in enumerate(self._offers)})
        for edge, got in zip(edges, units, strict=True):
            left[edge.offer] -= got
        return Cleared(
            matches,
            tuple(self._unmet(edges, units, stepped_back)),
            welfare(problem, units),
            int(1000 * jain(shares(problem, units))),
            {self._offers[number].id: many for number, many in left.items() if many},
        )

    def _problem(self, edges: Sequence[_Edge]) -> Problem:
        groups: dict[tuple[str, Resource], int] = {}
        of = [groups.setdefault((one.borrower, one.resource), len(groups)) for one in self._requests]
        return Problem(
            demands=[request.amount for request in self._requests],
            supplies=[offer.amount for offer in self._offers],
            requests=[edge.request for edge in edges],
            offers=[edge.offer for edge in edges],
            worths=[edge.worth.total for edge in edges],
            caps=[min(self._requests[one.request].amount, self._offers[one.offer].amount) for one in edges],
            groups=of,
            bonuses=self._params.bonuses,
        )

    def _short(self, edges: Sequence[_Edge], units: Sequence[int]) -> list[tuple[int, int]]:
        """Returns the requests that get some units and too few, the half that lacks most, with what they would get."""
        got = Counter[int]()
        for edge, many in zip(edges, units, strict=True):
            got[edge.request] += many
        short = [(number, many) for number, many in got.items() if 0 < many < self._requests[number].least]
        short.sort(key=lambda one: (one[1] * 1000 // self._requests[one[0]].least, self._requests[one[0]].id))
        return short[: (len(short) + 1) // 2]

    def _match(self, edge: _Edge, units: int) -> Match:
        request, offer = self._requests[edge.request], self._offers[edge.offer]
        begins, ends = max(request.window.begins, offer.window.begins), min(request.window.ends, offer.window.ends)
        return Match(
            request=request.id,
            offer=offer.id,
            lender=offer.lender,
            borrower=request.borrower,
            resource=offer.resource,
            amount=units,
            worth=edge.worth.total,
            price=price(offer, request.urgency),
            window=Window(begins, Instant(begins + request.lasts) if request.lasts else ends),
            because=str(edge.worth),
            topic=request.topic,
        )

    # ---- why not

    def _unmet(self, edges: Sequence[_Edge], units: Sequence[int], stepped_back: Mapping[int, int]) -> list[Unmet]:
        got, lowest = Counter[int](), dict[int, int]()
        for edge, many in zip(edges, units, strict=True):
            if many:
                got[edge.request] += many
                lowest[edge.offer] = min(edge.worth.total, lowest.get(edge.offer, edge.worth.total))
        best: dict[int, _Edge] = {}
        for edge in self._edges:
            held = best.setdefault(edge.request, edge)
            if edge.worth.total > held.worth.total:
                best[edge.request] = edge
        found = []
        for number, request in enumerate(self._requests):
            missing = request.amount - got[number]
            if not missing:
                continue
            if number in stepped_back:
                detail = f"{stepped_back[number]} could be had, and {request.least} are the least that is of use"
                found.append(Unmet(request.id, missing, Why.TOO_LITTLE, detail))
            elif number in best:
                edge = best[number]
                floor = lowest.get(edge.offer)
                taken = f"went to requests worth {floor} and more" if floor is not None else "are fewer than it needs"
                detail = f"units of its best offer {taken}; it is worth {edge.worth.total}"
                found.append(Unmet(request.id, missing, Why.TAKEN, detail))
            else:
                found.append(Unmet(request.id, missing, *self._nearest(request)))
        return found

    def _nearest(self, request: Request) -> tuple[Why, str]:
        """Returns the last rule that all offers of a resource fail by, and how near the nearest one comes."""
        others = [self._offers[place] for place in self._of.get(request.resource, ())]
        others = [offer for offer in others if offer.lender != request.borrower]
        if not others:
            return Why.NOBODY_OFFERS, f"nobody else offers {request.resource}"
        rules = [obstacle(request, offer, self._views, self._params) for offer in others]
        order = list(Why)
        last = max((rule for rule in rules if rule is not None), key=order.index)
        near = [offer for offer, rule in zip(others, rules, strict=True) if rule is last]
        if last is Why.OTHER_TOPIC:
            return last, f"none of {len(others)} offers is about {request.topic}"
        if last is Why.NO_TIME:
            return last, f"none of {len(others)} offers has the time that it needs, before its deadline"
        if last is Why.TOO_DEAR:
            least = min(price(offer, request.urgency) for offer in near)
            cheapest, pays = (quantities.price(request.resource, one) for one in (least, request.most))
            return last, f"the cheapest costs {cheapest} credits, its urgency counted, and it pays {pays}"
        most = max(self._views.trust(offer.lender) for offer in near)
        return last, f"the most trusted lender has {most}, and {self._params.least_trust} is asked for"

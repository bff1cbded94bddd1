"""The market of a study: what is asked for and offered, in columns, and who gets what by the node's own policy.

Few parties are cleared by `market.clearing` itself. For many the same problem is built in arrays: the same edges by the
rules of `market.policy`, the same worths, the same groups, given to the same solver; so both come to the same matches,
which a test holds. What is left out are windows, as offers stand for the whole study, and least amounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import HOUR, Instant
from hansa.kernel.resources import Resource
from hansa.market.clearing import clear
from hansa.market.model import URGENCY, Offer, Request, Window
from hansa.market.policy import Params, Views
from hansa.market.problem import Problem, Solver

Numbers = NDArray[np.int64]

BY_HAND = 200
"""Requests and offers, of each at most, for which the node's own clearing is called."""

BLOCK = 1 << 16
"""Pairs that are weighed at once: they fit into a processor's cache."""

RESOURCES = tuple(Resource)
LEASED_MS = HOUR


@dataclass(frozen=True, slots=True)
class Requests:
    """Who asks for what, in columns: party, place in `RESOURCES`, units, urgency, and what it pays for one at most."""

    borrower: Numbers
    resource: Numbers
    units: Numbers
    urgency: Numbers
    most: Numbers

    def some(self, places: Numbers, units: Numbers) -> Requests:
        """Returns the requests at some places, with what `units` has for them."""
        columns = (self.borrower, self.resource, units, self.urgency, self.most)
        return Requests(*(column[places] for column in columns))


@dataclass(frozen=True, slots=True)
class Offers:
    """Who gives what, in columns: party, place in `RESOURCES`, free units, and the price of one."""

    lender: Numbers
    resource: Numbers
    units: Numbers
    price: Numbers

    def some(self, places: Numbers, units: Numbers) -> Offers:
        """Returns the offers at some places, with what `units` has for them."""
        return Offers(*(column[places] for column in (self.lender, self.resource, units, self.price)))


@dataclass(frozen=True, slots=True)
class Matched:
    """Units of offers for requests, by their places, in the order of requests, then offers."""

    request: Numbers
    offer: Numbers
    units: Numbers


def cleared(
    requests: Requests,
    offers: Offers,
    trust: Numbers,
    solve: Solver,
    params: Params | None = None,
    barred: Iterable[tuple[int, int]] = (),
) -> Matched:
    """Returns who gets what.

    Args:
        requests, offers: units are at least 1, and prices below 2^31.
        trust: in each party as a lender, in thousandths.
        solve: finds the optimum of a problem.
        params: the policy.
        barred: a place of a request and a place of an offer that must not come together: it got no answer there.
    """
    params, barred = params or Params(), list(barred)
    if not barred and max(requests.units.size, offers.units.size) <= BY_HAND:
        return _by_the_node(requests, offers, trust, solve, params)
    return in_arrays(requests, offers, trust, solve, params, barred)


# ---- few: the node's own clearing


def _by_the_node(requests: Requests, offers: Offers, trust: Numbers, solve: Solver, params: Params) -> Matched:
    always = Window(Instant(0), Instant(2 * LEASED_MS))
    asked = [
        Request(_id(place), _party(who), RESOURCES[what], units, 1, urgency, most, always, LEASED_MS)
        for place, (who, what, units, urgency, most) in enumerate(_rows(requests))
    ]
    given = [
        Offer(_id(place), _party(who), RESOURCES[what], units, price, always)
        for place, (who, what, units, price) in enumerate(_rows(offers))
    ]
    views = Views(trust=lambda party: int(trust[int(party)]), heed=lambda _: URGENCY)
    found = clear(asked, given, views, params, solve)
    columns = [(int(one.request), int(one.offer), one.amount) for one in found.matches]
    request, offer, units = np.array(columns, np.int64).reshape(-1, 3).T
    return Matched(request, offer, units)


def _rows(columns: Requests | Offers) -> Iterable[tuple[int, ...]]:
    return zip(*(getattr(columns, name).tolist() for name in columns.__slots__), strict=True)


def _id(place: int) -> ContentId:
    return ContentId(f"{place:010}")


def _party(number: int) -> NodeId:
    return NodeId(str(number))


# ---- many: the same problem in arrays


def in_arrays(
    requests: Requests,
    offers: Offers,
    trust: Numbers,
    solve: Solver,
    params: Params,
    barred: Sequence[tuple[int, int]] = (),
) -> Matched:
    """Returns what `cleared` does, without an object for each party."""
    pairs = np.array(barred, np.int64).reshape(-1, 2)
    found = [_edges(requests, offers, trust, params, what, pairs) for what in range(len(RESOURCES))]
    request, offer, worth = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((offer, request))
    request, offer, worth = request[order], offer[order], worth[order]
    groups = _groups(requests)
    problem = Problem(
        demands=requests.units.tolist(),
        supplies=offers.units.tolist(),
        requests=request.tolist(),
        offers=offer.tolist(),
        worths=worth.tolist(),
        caps=np.minimum(requests.units[request], offers.units[offer]).tolist(),
        groups=groups,
        bonuses=params.bonuses,
    )
    units = np.array(solve(problem), np.int64)
    some = np.flatnonzero(units)
    return Matched(request[some], offer[some], units[some])


def _edges(
    requests: Requests, offers: Offers, trust: Numbers, params: Params, what: int, barred: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Returns the edges of one resource: requests, offers, and what a unit is worth over each."""
    asked, given = np.flatnonzero(requests.resource == what), np.flatnonzero(offers.resource == what)
    rows = max(1, BLOCK // max(1, given.size))
    blocks = [
        _block(requests, offers, trust, params, asked[at : at + rows], given, barred)
        for at in range(0, asked.size if given.size else 0, rows)
    ]
    empty = (np.empty(0, np.int64),) * 3
    request, offer, worth = (np.concatenate(column) for column in zip(empty, *blocks, strict=True))
    return request, offer, worth


def _block(
    requests: Requests,
    offers: Offers,
    trust: Numbers,
    params: Params,
    asked: Numbers,
    given: Numbers,
    barred: Numbers,
) -> tuple[Numbers, Numbers, Numbers]:
    """Returns the edges of some requests: all offers that no rule keeps from one, or as many as it is held against."""
    urgency, most = requests.urgency[asked, None], requests.most[asked, None]
    price = offers.price[None, given] * (URGENCY + urgency) // URGENCY
    trusted = trust[offers.lender[given]]
    fit = requests.borrower[asked, None] != offers.lender[None, given]
    fit &= (price <= most) & (trusted >= params.least_trust)[None, :]
    if barred.size:
        row, here = _found(asked, barred[:, 0])
        column, there = _found(given, barred[:, 1])
        fit[row[here & there], column[here & there]] = False
    saved = URGENCY * (most - price) // np.maximum(most, 1)
    saved[(most == 0)[:, 0]] = URGENCY
    worth = params.need + params.urgency * urgency // URGENCY + params.thrift * saved // URGENCY
    worth += params.trust * np.minimum(URGENCY, trusted) // URGENCY
    worth[~fit] = -1
    wide = np.flatnonzero(fit.sum(axis=1) > params.widest)
    if wide.size:
        fit[wide] = _narrowed(asked[wide], fit[wide], worth[wide], params.widest)
    row, column = np.nonzero(fit)
    return asked[row], given[column], worth[row, column]


def _narrowed(numbers: Numbers, fit: NDArray[np.bool_], worth: Numbers, widest: int) -> NDArray[np.bool_]:
    """Returns what requests with more than enough offers are held against, as `market.clearing` has it.

    Args:
        numbers: of the requests, which have a row each; offers have the columns.
    """
    by_turns = widest // 2
    columns = np.arange(fit.shape[1])
    keys = columns.size * worth - columns  # of most worth, then the first
    best = np.argpartition(-keys, widest - by_turns - 1, axis=1)[:, : widest - by_turns]
    kept = np.zeros_like(fit)
    np.put_along_axis(kept, best, True, axis=1)
    rest = fit & ~kept
    left = rest.sum(axis=1, keepdims=True)
    turn = (np.cumsum(rest, axis=1) - 1 - numbers[:, None] * by_turns % left) % left
    found: NDArray[np.bool_] = kept | (rest & (turn < by_turns))
    return found


def _found(rising: Numbers, wanted: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
    """Returns where numbers stand among rising ones, and which of them do."""
    places = np.minimum(np.searchsorted(rising, wanted), rising.size - 1)
    return places, rising[places] == wanted


def _groups(requests: Requests) -> list[int]:
    """Returns the number of each request's group, one for all that a borrower asks of a resource."""
    groups: dict[tuple[int, int], int] = {}
    pairs = zip(requests.borrower.tolist(), requests.resource.tolist(), strict=True)
    return [groups.setdefault(pair, len(groups)) for pair in pairs]

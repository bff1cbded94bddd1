"""What of a market is weighed: as much as a clearing can look at without holding the node up.

Names cost nothing to make, so anybody can say more than a node can weigh. Whom it knows comes first, then what is
cheapest; of what is alike each node begins elsewhere, so that not all of them ask the same few lenders.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from hansa.kernel.ids import NodeId, content_id
from hansa.market.exact import exact
from hansa.market.greedy import greedy
from hansa.market.model import Offer, Request
from hansa.market.problem import Problem

MOST = 64
"""Requests, and offers, that are weighed at once."""

MOST_EXACT = 400
"""Edges of a problem up to which its optimum is looked for: some 50 ms. Of more, what is good enough is taken."""


def offers_weighed(offers: Sequence[Offer], me: NodeId, knows: Callable[[NodeId], bool]) -> list[Offer]:
    """Returns the offers that are weighed by `me`."""
    if len(offers) <= MOST:
        return list(offers)
    begin = content_id(me.encode())
    return heapq.nsmallest(MOST, offers, key=lambda one: (not knows(one.lender), one.price, one.id < begin, one.id))


def requests_weighed(
    requests: Sequence[Request], own: Sequence[Request], knows: Callable[[NodeId], bool]
) -> list[Request]:
    """Returns the requests that are weighed, all of the own ones among them; of others, what pays most."""
    room = MOST - len(own)
    if len(requests) > room:
        requests = heapq.nsmallest(room, requests, key=lambda one: (not knows(one.borrower), -one.most, one.id))
    return [*requests, *own]


def solved(problem: Problem) -> list[int]:
    """Returns the units over each edge: of an optimum where the problem is small."""
    return exact(problem) if len(problem.worths) <= MOST_EXACT else greedy(problem)

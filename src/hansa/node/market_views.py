"""What people and programs are shown of the market: plain values, for the command line, HTTP and Python alike."""

from __future__ import annotations

from typing import Any

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import iso
from hansa.kernel.resources import UNITS, Resource
from hansa.market.lease_states import State
from hansa.market.messages import Requested, offer_id, request_id
from hansa.market.model import Match, Offer, Request
from hansa.node.lease_list import Story
from hansa.node.market import Market

UNANSWERED = "unanswered"


class MarketViews:
    """Shows one node's market."""

    def __init__(self, market: Market, me: NodeId) -> None:
        """Reads from `market`; changes nothing."""
        self._market = market
        self._me = me

    def listing(self) -> dict[str, Any]:
        """Returns what is on offer and asked for: this node's own first, each with what is left of it."""
        market, now = self._market, self._market.now()
        own = [
            {"offer": offer_id(self._me, one), "own": True, "lender": self._me, **_offered(one.resource, one.amount)}
            | {"free": market.free(one, now), "price": one.price, "begins": iso(one.begins), "ends": iso(one.ends)}
            for one in market.stall.said(now)
        ]
        missing = market.open_requests(now)
        asked = [self._requested(one, missing) for one in market.stall.requests(now).values()]
        return {
            "offers": [*own, *(self._offer(one) for one in market.bazaar.offers(now))],
            "requests": [*asked, *(self._request(one) for one in market.bazaar.requests(now))],
        }

    def _requested(self, one: Requested, missing: dict[int, Requested]) -> dict[str, Any]:
        left = missing.get(one.number)
        return {
            "request": request_id(self._me, one), "own": True, "borrower": self._me, "number": one.number,
            **_offered(one.resource, one.amount), "missing": left.amount if left is not None else 0,
            "least": one.least, "urgency": one.urgency, "most": one.most, "begins": iso(one.begins),
            "ends": iso(one.ends), "lasts_seconds": one.lasts // 1000,
        }  # fmt: skip

    def _offer(self, one: Offer) -> dict[str, Any]:
        return {
            "offer": one.id, "own": False, "lender": one.lender, **_offered(one.resource, one.amount),
            "free": one.amount, "price": one.price, "begins": iso(one.window.begins), "ends": iso(one.window.ends),
        }  # fmt: skip

    def _request(self, one: Request) -> dict[str, Any]:
        return {
            "request": one.id, "own": False, "borrower": one.borrower, **_offered(one.resource, one.amount),
            "missing": one.amount, "least": one.least, "urgency": one.urgency, "most": one.most,
            "begins": iso(one.window.begins), "ends": iso(one.window.ends), "lasts_seconds": one.lasts // 1000,
        }  # fmt: skip

    def matching(self) -> dict[str, Any]:
        """Returns what a clearing of all that is seen comes to now, and why; nobody is asked for anything by this."""
        seen = self._market.look()
        found = seen.cleared
        return {
            "requests": len(seen.requests),
            "offers": len(seen.offers),
            "matches": [self._match(one) for one in found.matches],
            "unmet": [
                {"request": one.request, "units": one.units, "why": one.why.value, "detail": one.detail}
                for one in found.unmet
            ],
            "unsold": dict(found.unsold),
            "left_out": [{"lender": lender, "why": why} for lender, why in seen.left_out.items()],
            "welfare": found.welfare,
            "fairness": found.fairness,
        }

    def _match(self, one: Match) -> dict[str, Any]:
        return {
            "request": one.request, "offer": one.offer, "lender": one.lender, "borrower": one.borrower,
            **_offered(one.resource, one.amount), "own": one.borrower == self._me, "price": one.price,
            "worth": one.worth, "cost": one.cost, "because": one.because,
        }  # fmt: skip

    def leases(self, before: int | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """Returns leases, the newest first; `before` is the number of the last one of the page before."""
        return [self._lease(number, story) for number, story in self._market.leases.page(before, limit)]

    def _lease(self, number: int, story: Story) -> dict[str, Any]:
        ask, lease = story.ask, story.lease
        lent = story.lender == self._me
        loan = self._market.borrower.loans.get(ask.id)
        state = lease.state.value if lease is not None else "asked"
        if lease is None and not lent and (loan is None or loan.given_up):
            state = (loan.why if loan is not None else "") or UNANSWERED
        return {
            "number": number, "lease": ask.id, "lent": lent, "peer": ask.borrower if lent else story.lender,
            **_offered(ask.resource, ask.amount), "state": state, "price": ask.price, "begins": iso(ask.window.begins),
            "ends": iso(ask.window.ends), "fence": lease.fence if lease is not None else 0,
            "used": self._used(story), "cost": lease.cost if lease is not None else 0,
            "request": story.request, "acts": [one.act.value for one in story.acts],
        }  # fmt: skip

    def _used(self, story: Story) -> int:
        """Returns units x milliseconds: of a lease that is not over, as this end has measured them up to now."""
        id_, lease, market = story.ask.id, story.lease, self._market
        if lease is None or lease.state is not State.ACTIVE:
            return lease.used if lease is not None else 0
        held, loan = market.lender.book.get(id_), market.borrower.loans.get(id_)
        if held is not None:
            return held.used
        return loan.used + market.borrower.under_way(loan) if loan is not None else lease.used

    def balances(self) -> list[dict[str, Any]]:
        """Returns what each node owes this one, in millionths of a credit; below 0 where this one owes."""
        return [{"peer": peer, "owes": amount} for peer, amount in self._market.balances.all()]


def _offered(resource: Resource, amount: int) -> dict[str, Any]:
    return {"resource": resource.value, "amount": amount, "unit": UNITS[resource].name}

"""What people and programs are shown of flows, forecasts and what was leased ahead: plain values for every door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import HOUR, Instant, iso
from hansa.kernel.resources import UNITS, Resource
from hansa.market.flows import Flows, Transfer, Ways, flows
from hansa.market.model import Window
from hansa.market.usage import LEAST_KNOWN, ahead_number
from hansa.node.ahead import Ahead, Drawn
from hansa.node.lease_history import LeaseHistory
from hansa.node.network import Network


class FlowViews:
    """Shows what went from whom to whom, and what is expected. Reads what `LeaseHistory` read last."""

    def __init__(self, me: NodeId, past: LeaseHistory, ahead: Ahead) -> None:
        """Changes nothing."""
        self._me = me
        self._past = past
        self._ahead = ahead

    def flows(self, window: Window, network: Network | None) -> dict[str, Any]:
        """Returns the six figures (M16), and what they were made of.

        Args:
            network: knows the ways to others; without one nothing is said of bottlenecks and routing.
        """
        copies = [one for one in self._past.copies(window.begins) if one.window.begins < window.ends]
        transfers = [*self._past.transfers(), *copies]
        partners = dict.fromkeys(sorted(self._partner(one) for one in transfers))
        ways = {one: _ways(network, one) for one in partners} if network is not None else {}
        relays = network.parts.routes.experience.relays() if network is not None else {}
        found = flows(transfers, window, self._me, ways, {relay: count.share for relay, count in relays.items()})
        return _figures(found) | {
            "begins": iso(window.begins),
            "ends": iso(window.ends),
            "sees": self._sees(transfers, copies, window, network),
        }

    def _partner(self, one: Transfer) -> NodeId:
        return one.lender if one.borrower == self._me else one.borrower

    def _sees(
        self, transfers: Sequence[Transfer], copies: Sequence[Transfer], window: Window, network: Network | None
    ) -> dict[str, Any]:
        """Returns of how much the figures are: of the net, what this node has an end in."""
        seen = [one for one in transfers if one.window.begins < window.ends and one.window.ends >= window.begins]
        known = len(network.parts.members.known(network.now())) if network is not None else None
        return {
            "asked": len(seen) - len(copies),
            "copies": len(copies),
            "partners": len({self._partner(one) for one in seen}),
            "known_nodes": known,
        }

    def forecast(self, resource: Resource, hours: int) -> dict[str, Any]:
        """Returns the past of a resource by hour, and what is expected of the coming hours (M12)."""
        past, expected = self._ahead.outlook(resource, hours)
        rows = [] if expected is None else [
            {
                "hour": iso(at), "expected": round(units), "low": round(low), "high": round(high),
                "leased": self._ahead.leased(resource, at),
                "leased_ahead": self._ahead.leased(resource, at) - self._ahead.leased(
                    resource, at, ahead_number(resource, at)
                ),
            }
            for (at, units), low, high in zip(expected.hours(), expected.low, expected.high, strict=True)
        ]  # fmt: skip
        return {
            "resource": resource.value, "unit": UNITS[resource].name, "forecast": rows,
            "method": "" if expected is None else expected.method,
            "error": None if expected is None else round(expected.error, 3),
            "known_hours": len(past.asked), "needed_hours": LEAST_KNOWN,
            "past": [
                {"hour": iso(past.begins + at * HOUR), "asked": asked, "lent": lent, "borrowed": borrowed}
                for at, (asked, lent, borrowed) in enumerate(zip(past.asked, past.lent, past.borrowed, strict=True))
            ],
        }  # fmt: skip


def drawn(found: Sequence[Drawn]) -> list[dict[str, Any]]:
    """Returns what was taken of leases that were asked for ahead."""
    return [
        {"lease": one.lease, "lender": one.lender, "amount": one.part.amount,
         "begins": iso(one.part.window.begins), "ends": iso(one.part.window.ends)}
        for one in found
    ]  # fmt: skip


def _ways(network: Network, whom: NodeId) -> Ways:
    routes = network.parts.routes
    paths = [way.path for way in routes.ways(whom, network.now())]
    return Ways(paths, [routes.experience.path(path).delivered for path in paths])


def _figures(found: Flows) -> dict[str, Any]:
    return {
        "total": found.total,
        "pairs": [
            {"lender": one.lender, "borrower": one.borrower, "transfers": one.transfers, "cost": one.cost}
            for one in found.pairs
        ],
        "distribution": {resource.value: round(share, 4) for resource, share in found.distribution.items()},
        "efficiency": _rounded(found.efficiency),
        "bottlenecks": [
            {"relay": one.relay, "share": round(one.share, 4), "only_to": list(one.only_to),
             "arrived": round(one.arrived, 4)}
            for one in found.bottlenecks
        ],
        "optimal_routing": _rounded(found.optimal_routing),
    }  # fmt: skip


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def since(now: Instant, hours: int) -> Window:
    """Returns the window of the last hours."""
    return Window(Instant(max(0, now - hours * HOUR)), now)

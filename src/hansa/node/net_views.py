"""What people and programs are shown of the overlay: plain values, for the command line, HTTP and MCP alike."""

from __future__ import annotations

from typing import Any

from hansa.kernel.ids import NodeId
from hansa.node.network import Network
from hansa.overlay import health
from hansa.overlay.health import Health
from hansa.overlay.member import Member


class NetViews:
    """Shows one node's network."""

    def __init__(self, network: Network) -> None:
        """Reads from `network`; changes nothing."""
        self._net = network

    def status(self) -> dict[str, Any]:
        """Returns the node's place in the overlay in short."""
        net, now = self._net, self._net.now()
        measured = net.gauges.health(now)
        phases: dict[str, int] = {}
        for member in net.parts.members.known(now):
            phases[member.phase.value] = phases.get(member.phase.value, 0) + 1
        return {
            "instance_id": net.me,
            "addresses": list(net.parts.members.presence().addresses),
            "links": len(net.neighbours),
            "members": phases,
            "records": len(net.parts.reconciler.holdings),
            "records_digest": net.parts.reconciler.holdings.digest().hex(),
            "health": _figures(measured),
            "frames": {"in": net.frames_in, "out": net.frames_out, "lost": net.frames_lost},
            "slow_by": net.parts.members.health,
            "words": net.parts.gossip.counters(),
        }

    def peers(self) -> list[dict[str, Any]]:
        """Returns every member that is known: neighbours first, each with what is known of its link."""
        net, now = self._net, self._net.now()
        links = net.neighbours
        mesh = net.parts.gossip.mesh()
        rows = []
        for member in net.parts.members.known(now):
            guest = net.core.memory.guest(member.id)
            row: dict[str, Any] = {
                "instance_id": member.id,
                "state": member.phase.value,
                "incarnation": member.incarnation,
                "addresses": list(member.urls),
                "linked": member.id in links,
                "invited": guest.invited,
                "banned": guest.banned,
                "no_link": "" if member.id in links else net.no_links.why(member.id),
            }
            if member.id in links:
                row |= self._link(member, links[member.id], member.id in mesh)
            rows.append(row)
        return sorted(rows, key=lambda row: (not row["linked"], row["instance_id"]))

    def _link(self, member: Member, dialled: str, eager: bool) -> dict[str, Any]:
        net, now, peer = self._net, self._net.now(), member.id
        tier, strength = net.gauges.tier(peer, now)
        rates = net.gauges.rates(peer, now)
        rtt = net.gauges.rtt_ms(peer)
        return {
            "url": dialled or next(iter(member.urls), ""),
            "incoming": not dialled,
            "tier": tier.word,
            "strength": round(strength, 3),
            "score": net.parts.gossip.score(peer),
            "rtt_ms": None if rtt is None else round(rtt, 1),
            "pushed_to": eager,
            "window_seconds": 10,
            "messages_in": rates.messages_in,
            "bytes_in": rates.bytes_in,
            "messages_out": rates.messages_out,
            "bytes_out": rates.bytes_out,
        }

    def paths(self, whom: NodeId) -> list[dict[str, Any]]:
        """Returns the ways to a node that are worth trying, the best first (M3, M4)."""
        ways = self._net.parts.routes.ways(whom, self._net.now())
        return [
            {
                "path": list(way.path),
                "hops": len(way.path) - 1,
                "merit": round(way.merit, 4),
                "latency_ms": way.latency_ms,
            }
            for way in ways
        ]

    def health(self) -> dict[str, Any]:
        """Returns the eight figures, the weighted overall, what is weak, and what is not measured yet (M15)."""
        measured = self._net.gauges.health(self._net.now())
        weak = [
            {"figure": one.figure, "value": round(one.value, 3), "repair": one.repair.value, "about": list(one.about)}
            for one in health.advice(measured)
        ]
        return _figures(measured) | {
            "cut_nodes": list(measured.cut_nodes),
            "bridges": [list(pair) for pair in measured.bridges],
            "weak": weak,
            "unmeasured": list(measured.unmeasured),
        }


def _figures(measured: Health) -> dict[str, float]:
    names = ("connectivity", "redundancy", "latency", "throughput", "utilisation", "trust", "flow", "balance")
    return {"overall": round(measured.overall, 3)} | {name: round(getattr(measured, name), 3) for name in names}

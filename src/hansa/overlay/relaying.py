"""Passing on packets of others: what a relay checks, and how much it carries for each neighbour (attacks 23, 46).

Checks, in order:

1. the packet is at this node, and comes from where it says that it was last
2. no node is on its way twice: it goes in no circle
3. the way is no longer than `MAX_ROUTE` links
4. the neighbour is within its quota of packets in a minute and bytes in ten seconds

A packet that fails one goes no further. 1 to 3 are broken frames; 4 is a flood.
"""

from __future__ import annotations

from dataclasses import dataclass

from hansa.admission.rate import Bucket, take
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import MINUTE, Instant
from hansa.overlay.doing import Misdeed
from hansa.overlay.frames import MAX_ROUTE, Packet, Stuck
from hansa.overlay.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Params:
    """What is carried for each neighbour.

    Attributes:
        packets: packets and reports in a minute. Raising it lets a neighbour use more of this node.
        bytes: bytes of packets in ten seconds.
    """

    packets: int = 1_200
    bytes: int = 8 * 1024 * 1024

    def validate(self) -> None:
        """Raises ValueError naming the field when a value makes no sense."""
        for name in ("packets", "bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


class Relay:
    """The checks, and each neighbour's quota."""

    def __init__(self, me: NodeId, params: Params) -> None:
        """Begins with whole quotas."""
        params.validate()
        self._me = me
        self._params = params
        self._buckets: dict[NodeId, Bucket] = {}
        self._traffic = Traffic()

    def __len__(self) -> int:
        """Counts neighbours with a quota that is not whole."""
        return len(self._buckets)

    def fault(self, peer: NodeId, packet: Packet, now: Instant) -> Misdeed | None:
        """Returns what a neighbour did wrong with a packet; None when it may go on."""
        way = packet.past + packet.route
        if not packet.route or packet.route[0] != self._me or not packet.past or packet.past[-1] != peer:  # 1
            return Misdeed.BROKEN
        if len(dict.fromkeys(way)) != len(way):  # 2
            return Misdeed.BROKEN
        if len(way) > MAX_ROUTE + 1:  # 3
            return Misdeed.BROKEN
        return self._over_quota(peer, len(packet.raw), now)  # 4

    def fault_of_report(self, peer: NodeId, stuck: Stuck, now: Instant) -> Misdeed | None:
        """Returns what a neighbour did wrong with a report on its way back; None when it may go on."""
        if not stuck.back or stuck.back[0] != self._me or len(dict.fromkeys(stuck.back)) != len(stuck.back):
            return Misdeed.BROKEN
        return self._over_quota(peer, 0, now)

    def tick(self, now: Instant) -> None:
        """Forgets quotas that are whole again: a new one is the same."""
        for peer in [peer for peer, bucket in self._buckets.items() if bucket.at <= now - MINUTE]:
            del self._buckets[peer]

    def _over_quota(self, peer: NodeId, size: int, now: Instant) -> Misdeed | None:
        self._buckets[peer], within = take(self._buckets.get(peer), self._params.packets, now)
        if not within or self._traffic.rates(peer, now).bytes_in + size > self._params.bytes:
            return Misdeed.FLOOD
        self._traffic.heard(peer, size, now)
        return None

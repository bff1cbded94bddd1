"""What is measured of this node's links: how long answers take, what goes over them (S18), and how full they are.

From that come the node's own word on its links (`overlay.links_said`), the tier of each (M11), and the health of the
network as this node sees it (M15).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from hansa.conduct.beta import SCALE
from hansa.conduct.dealings import KINDS, Dealing
from hansa.conduct.trust import FULL, trust
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND, Instant
from hansa.node.core import Core
from hansa.node.overlay_parts import Parts
from hansa.overlay import health, tiers
from hansa.overlay.frames import AnyFrame, Ping, Pong
from hansa.overlay.health import Delivery, Health
from hansa.overlay.tiers import Bond, Tier
from hansa.overlay.traffic import Rates, Traffic

PAGE = 500
LEAST_BANDWIDTH = 1_000_000
"""Bytes a second that a link is taken for before more was seen to go over it."""

FIRST_RTT_MS = 100
MAX_PENDING = 64
MAX_BONDS = 2_048
FULL_QUEUE = 4 * 1024 * 1024
"""Bytes that may wait for a link (`adapters.transport.params`)."""


@dataclass(slots=True)
class _Link:
    since: Instant
    rtt_ms: float = FIRST_RTT_MS
    answered: int = 0
    asked: int = 0
    bandwidth: int = LEAST_BANDWIDTH


class Gauges:
    """Measures while frames pass."""

    def __init__(self, core: Core, parts: Parts) -> None:
        """Begins with nothing measured."""
        self._core = core
        self._parts = parts
        self.traffic = Traffic()
        self._links: dict[NodeId, _Link] = {}
        self._pings: dict[tuple[NodeId, int], Instant] = {}
        self._first_met: dict[NodeId, Instant] = {}
        self._up_ms: dict[NodeId, int] = {}
        self._good_words: Counter[str] = Counter()
        self._read_upto = 0
        self._words = (0, Instant(0))
        self.new_words = 0.0

    def linked(self, peer: NodeId, now: Instant) -> None:
        """Begins to measure a link."""
        self._links[peer] = _Link(now)
        self._first_met.setdefault(peer, now)
        while len(self._first_met) > MAX_BONDS:
            gone = next(iter(self._first_met))
            self._first_met.pop(gone)
            self._up_ms.pop(gone, None)

    def lost(self, peer: NodeId, now: Instant) -> None:
        """Notes how long a link stood."""
        link = self._links.pop(peer, None)
        if link is not None:
            self._up_ms[peer] = self._up_ms.get(peer, 0) + now - link.since
        self.traffic.forget(peer)

    def sent(self, peer: NodeId, frame: AnyFrame, size: int, now: Instant) -> None:
        """Counts a frame that went out; a ping's time is taken."""
        self.traffic.sent(peer, size, now)
        if isinstance(frame, Ping) and peer in self._links:
            self._links[peer].asked += 1
            self._pings[peer, frame.nonce] = now
            while len(self._pings) > MAX_PENDING:
                del self._pings[next(iter(self._pings))]

    def heard(self, peer: NodeId, frame: AnyFrame, size: int, now: Instant) -> None:
        """Counts a frame that came in; of an answer to a ping the time is taken, smoothed as TCP does (RFC 6298)."""
        self.traffic.heard(peer, size, now)
        if isinstance(frame, Pong):
            asked = self._pings.pop((peer, frame.nonce), None)
            link = self._links.get(peer)
            if asked is not None and link is not None:
                link.answered += 1
                link.rtt_ms += (now - asked - link.rtt_ms) / (1 if link.answered == 1 else 8)

    def tick(self, now: Instant, queued: Mapping[NodeId, int], load: Mapping[NodeId, int]) -> None:
        """Tells the parts what was measured; about every ten seconds.

        Args:
            queued: bytes that wait to be sent, by neighbour.
            load: how busy nodes say that they are, thousandths.
        """
        trust = self.trust()
        for peer, link in self._links.items():
            rate = self.traffic.rates(peer, now).bytes_per_second
            link.bandwidth = max(link.bandwidth, rate)
            used = max(rate * 1000 // link.bandwidth, queued.get(peer, 0) * 1000 // FULL_QUEUE)
            self._parts.routes.measured(peer, round(link.rtt_ms), link.bandwidth, min(1000, used))
        self._parts.routes.weigh(trust, load)
        order = tiers.kept_first({peer: self.bond(peer, now) for peer in self._links})
        scores = {peer: self._parts.gossip.score(peer) - place for place, peer in enumerate(order)}
        self._parts.members.graded({peer: float(score) for peer, score in scores.items()})
        first, at = self._words
        words = self._parts.gossip.counters().get("first", 0)
        if at and now > at:
            self.new_words = (words - first) * SECOND / (now - at)
        self._words = words, now

    # ---- what comes of it

    def trust(self) -> dict[NodeId, float]:
        """Returns the trust (M13) in each node that is known to the overlay, in [0, 1]; this node trusts itself."""
        nodes = dict.fromkeys([*self._parts.routes.topology.known(), *self._links])
        found = {node: self._core.accounts.account(node) for node in nodes}
        return {node: trust(one).total / SCALE for node, one in found.items()} | {self._core.me: 1.0}

    def bond(self, peer: NodeId, now: Instant) -> Bond:
        """Returns what is known of a link."""
        link = self._links.get(peer)
        up = self._up_ms.get(peer, 0) + (now - link.since if link else 0)
        account = self._core.accounts.account(peer)
        return Bond(
            delivered=link.answered if link else 0,
            lost=max(0, link.asked - link.answered - 1) if link else 0,
            up_ms=up,
            since_ms=max(1, now - self._first_met.get(peer, now)),
            latency_ms=round(link.rtt_ms) if link and link.answered else None,
            gained=trust(account).contribution / SCALE,
            given=min(1.0, self._said_good(peer) / FULL),
        )

    def _said_good(self, peer: NodeId) -> int:
        """Returns how many receipts of a peer speak for this node: what that peer says that it gained."""
        while rows := self._core.store.receipts_of(self._core.me, self._read_upto, PAGE):
            for row in rows:
                self._read_upto = row.entry.number
                if row.author != self._core.me and KINDS[Dealing(row.dealing)].good:
                    self._good_words[row.author] += 1
        return self._good_words[peer]

    def tier(self, peer: NodeId, now: Instant) -> tuple[Tier, float]:
        """Returns the tier of a link (M11), and its strength in [0, 1]."""
        bond = self.bond(peer, now)
        return tiers.tier(bond), tiers.strength(bond)

    def rtt_ms(self, peer: NodeId) -> float | None:
        """Returns how long an answer of a neighbour takes, milliseconds; None before the first."""
        link = self._links.get(peer)
        return link.rtt_ms if link is not None and link.answered else None

    def rates(self, peer: NodeId, now: Instant) -> Rates:
        """Returns what went over a link in the last ten seconds (S18)."""
        return self.traffic.rates(peer, now)

    def health(self, now: Instant) -> Health:
        """Returns how well the network is, as this node sees it (M15)."""
        routes = self._parts.routes
        known = [*routes.topology.known(), *self._parts.members.alive(now), self._core.me]
        relays = routes.experience.relays()
        delivered = round(sum(one.delivered for one in relays.values()))
        sent = delivered + round(sum(one.lost for one in relays.values()))
        return health.measure(
            routes.topology.graph(now), known, self.trust(), self.traffic.all(now), self.new_words,
            Delivery(sent, delivered),
        )  # fmt: skip

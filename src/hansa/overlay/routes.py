"""How a message reaches one node that is no neighbour: along a way that its sender chooses, or the next one (M3, M4).

The sender puts the whole route into the packet (source routing), for it alone knows whom it trusts. Whoever is meant
answers with a signed word, `arrived`; without it in time, or on `Stuck`, or when the first link breaks, the next way is
tried, one that shares no relay with the failed ones first. When no way is known, or all have failed, gossip carries
the envelope. A relay checks and counts (`relaying`) and keeps nothing of what it passes on.

    doing = routes.carry(raw, whom, now)        # sends, or spreads
    doing = routes.judged(raw, id, kind, None, now)   # at the other end: replies
    doing = routes.along(sealed.raw, reply.route, now)
    doing = routes.arrived(author, body, now)   # events: "delivered"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec

from hansa.identity.dsse import read
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.instant import ALWAYS, NEVER, SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Box, Reason
from hansa.overlay import paths, relaying, topology
from hansa.overlay.arrived import ARRIVED, Arrived
from hansa.overlay.doing import Blame, Doing, Happened, Judge, Reply, Say, Spread
from hansa.overlay.experience import Experience
from hansa.overlay.flights import Flight, Flights
from hansa.overlay.frames import MAX_ROUTE, Packet, Stuck
from hansa.overlay.links_said import LINKS, MAX_LATENCY_MS, MAX_LINKS, Links, LinkSaid
from hansa.overlay.paths import Way
from hansa.overlay.relaying import Relay
from hansa.overlay.topology import Topology


@dataclass(frozen=True, slots=True)
class Params:
    """How this node sends along routes, and what it carries for others.

    Attributes:
        tries: ways that are tried for one envelope before gossip has it. Raising it survives more bad relays, slower.
        answer_ms: milliseconds that an answer may take beside what the links of the way say. Raising it tries the next
            way later; lowering it calls slow relays lost.
        flights: envelopes under way at once.
        flight_bytes: bytes of them together.
        say_soon_ms: milliseconds between two words on own links at least.
    """

    tries: int = 6
    answer_ms: int = 2 * SECOND
    flights: int = 512
    flight_bytes: int = 32 * 1024 * 1024
    say_soon_ms: int = 5 * SECOND
    paths: paths.Params = field(default_factory=paths.Params)
    topology: topology.Params = field(default_factory=topology.Params)
    relaying: relaying.Params = field(default_factory=relaying.Params)

    def validate(self) -> None:
        """Raises ValueError naming the field when a value makes no sense."""
        for name in ("tries", "answer_ms", "flights", "flight_bytes", "say_soon_ms"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        self.paths.validate()
        self.topology.validate()
        self.relaying.validate()


MAX_AWAITED = 512
"""Packets for this node whose envelope is being judged; of more, the oldest gets no answer, and comes again."""

MAX_ANSWERS = 8
"""Packets with one envelope that are answered while it is being judged: as many ways as a sender may try at once."""

LONGEST_WAIT_MS = 10 * SECOND
"""What the links of a way may add to the wait for an answer: they are said by others."""

MAX_WAYS = 256
"""Destinations whose ways are kept until the map changes."""

WAYS_MS = 5 * SECOND
"""Milliseconds for which ways are good although the map changes: what is wrong in them shows when they fail."""

AFTER_LOSS_MS = 500
"""Milliseconds for which ways are good although packets get lost: many that are lost at once cost one search."""

NEW_LINK = LinkSaid(whom=NodeId("did:key:z"), latency_ms=100, bandwidth=1_000_000, utilisation=0)
"""What is said of a link before it was measured."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Ways to a node, when they were found, and on which map."""

    ways: list[Way]
    at: Instant
    version: int


class Routes:
    """The part that sends along routes.

    Attributes:
        due: before then nothing comes of `tick`; it is worked out there, and moved up by whatever comes in.
        searches: how often ways were looked for.
    """

    def __init__(
        self,
        me: NodeId,
        rng: Rng,
        params: Params | None = None,
        transports: tuple[str, ...] = (),
        versions: tuple[str, ...] = (),
    ) -> None:
        """Begins without links.

        Args:
            rng: packet ids are drawn from it; who can guess them can call packets stuck.
        """
        self._me = me
        self._rng = rng
        self._params = params or Params()
        self._params.validate()
        self._speaks = (transports, versions)
        self.topology = Topology(me, self._params.topology)
        self.experience = Experience()
        self._links: dict[NodeId, LinkSaid] = {}
        self._relay = Relay(me, self._params.relaying)
        self._flights = Flights(self._params.flights, self._params.flight_bytes)
        self._awaited: dict[ContentId, dict[bytes, tuple[NodeId, ...]]] = {}
        self._trust: Mapping[NodeId, float] = {}
        self._load: Mapping[NodeId, int] = {}
        self._ways: dict[NodeId, _Found] = {}
        self._said_at: Instant | None = None
        self._news = False
        self.searches = 0
        self.due = ALWAYS

    # ---- what happens on links

    def linked(self, peer: NodeId, now: Instant) -> Doing:
        """A link stands."""
        self.due = ALWAYS
        if peer != self._me and len(self._links) < MAX_LINKS:
            self._links.setdefault(peer, msgspec.structs.replace(NEW_LINK, whom=peer))
            self._changed()
        return Doing()

    def lost(self, peer: NodeId, on_purpose: bool, now: Instant) -> Doing:
        """A link ended: what was under way over it goes another way."""
        self.due = ALWAYS
        if self._links.pop(peer, None) is None:
            return Doing()
        self._changed()
        doing = Doing()
        for flight in self._flights:
            if flight.last[1][1] == peer:
                doing.add(self._again(flight, now, (self._me, peer)))
        return doing

    def measured(self, peer: NodeId, latency_ms: int, bandwidth: int, utilisation: int) -> None:
        """Takes what was measured on a link: ms there and back, bytes per second, thousandths in use."""
        if peer in self._links:
            said = LinkSaid(
                whom=peer,
                latency_ms=min(max(0, latency_ms), MAX_LATENCY_MS),
                bandwidth=min(max(0, bandwidth), 2**53 - 1),
                utilisation=min(max(0, utilisation), 1000),
            )
            if said != self._links[peer]:
                self._links[peer] = said
                self.topology.own(self._own_links())

    def said(self, author: NodeId, links: Links, seq: int, created: Instant, now: Instant) -> bool:
        """Takes a node's verified word on its links; False when it changes nothing."""
        self.due = ALWAYS
        return self.topology.said(author, links, seq, created, now)

    def weigh(self, trust: Mapping[NodeId, float], load: Mapping[NodeId, int]) -> None:
        """Takes what else ways are judged by.

        Args:
            trust: node to [0, 1] (M13); 0 for whom it lacks.
            load: node to thousandths in use, as nodes say of themselves (`handlers.Snapshots`).
        """
        self._trust, self._load = trust, load
        self._ways.clear()

    def heard(self, peer: NodeId, frame: Packet | Stuck, now: Instant) -> Doing:
        """A neighbour sent a packet, or says that one could not go on."""
        self.due = ALWAYS
        if peer not in self._links:
            return Doing()
        if isinstance(frame, Packet):
            return self._packet(peer, frame, now)
        return self._stuck(peer, frame, now)

    def tick(self, now: Instant) -> Doing:
        """Tries the next way where an answer is overdue; says what the own links are, each period."""
        self.topology.tick(now)
        self.experience.tick(now)
        self._relay.tick(now)
        doing = Doing()
        for flight in self._flights:
            if now >= flight.due:
                doing.add(self._again(flight, now))
        if now >= self._say_at:
            self._said_at, self._news = now, False
            doing.says.append(Say(LINKS, msgspec.to_builtins(self._own_links())))
        busy = len(self._flights) or len(self._relay)
        self.due = ALWAYS if busy else Instant(min(self.topology.due, self.experience.due, self._say_at))
        return doing

    # ---- sending

    def carry(self, raw: bytes, whom: NodeId, now: Instant) -> Doing:
        """Sends a signed envelope to a node; an event says "delivered" with its id once that node has answered.

        Nothing is sent a second time while it is under way.

        Raises:
            ValueError: it is for this node itself.
            Refused: it is no envelope.
        """
        if whom == self._me:
            raise ValueError("whom is this node itself")
        self.due = ALWAYS
        envelope = read(raw).id
        if self._flights.of(envelope, whom):
            return Doing()
        flight = self._flights.begin(envelope, raw, whom)
        if flight is None:
            full = Happened("routes full", whom, envelope)
            return Doing(spreads=[Spread(raw, whom)], events=[full])
        return self._try(flight, now)

    def carry_all(self, raw: bytes, whom: Iterable[NodeId], now: Instant) -> Doing:
        """Sends a signed envelope to each of some nodes, this one left out, one packet each."""
        doing = Doing()
        for node in dict.fromkeys(whom):
            if node != self._me:
                doing.add(self.carry(raw, node, now))
        return doing

    def along(self, raw: bytes, route: tuple[NodeId, ...], now: Instant) -> Doing:
        """Sends the signed envelope of a `Reply` the way back; nothing waits for an answer to it."""
        doing = Doing()
        if route and route[0] in self._links and len(route) <= MAX_ROUTE:
            doing.send(route[0], Packet(self._rng.bytes(16), route, (self._me,), raw))
        return doing

    def back(self, raw: bytes, author: NodeId) -> tuple[NodeId, ...]:
        """Returns the way back to the author of an envelope that a packet brought and that is being judged.

        Empty when it came another way, and its author is no neighbour.
        """
        for back in self._awaited.get(content_id(raw), {}).values():
            if back[-1] == author:
                return back
        return (author,) if author in self._links else ()

    def judged(self, raw: bytes, id_: ContentId | None, kind: str, reason: Reason | None, now: Instant) -> Doing:
        """Answers the packets that an envelope came in, once the inbox has judged it.

        Args:
            raw: what was handed over as a `Judge`.
            id_: its content id when its author is proved; None else: it may have been damaged on the way, and whoever
                sent it shall try another one.
            kind: what it is; an `arrived` is never answered.
            reason: why it was not taken; None when it was.
        """
        waiting = self._awaited.pop(content_id(raw), {}) if self._awaited else {}
        if id_ is None or kind == ARRIVED or (reason and reason.box in (Box.TRANSPORT, Box.IDENTITY)):
            return Doing()
        code = "" if reason in (None, Reason.DUPLICATE) else reason.code
        doing = Doing()
        for packet, back in waiting.items():
            body = msgspec.to_builtins(Arrived(packet=packet.hex(), envelope=id_, reason=code))
            doing.replies.append(Reply(back[-1], ARRIVED, body, back))
        return doing

    def arrived(self, author: NodeId, body: Arrived, now: Instant) -> Doing:
        """Takes the verified word of whom a packet was meant for: it came."""
        packet = bytes.fromhex(body.packet)
        flight = self._flights.by_packet(packet)
        if flight is None or flight.whom != author or flight.envelope != body.envelope:
            return Doing()
        self.experience.delivered(flight.tried[packet])
        self._flights.end(flight)
        name = "refused" if body.reason else "delivered"
        return Doing(events=[Happened(name, author, f"{flight.envelope} {body.reason}".strip())])

    def ways(self, whom: NodeId, now: Instant) -> list[Way]:
        """Returns the ways to a node that are worth trying, the best first.

        They are looked for anew when they are `WAYS_MS` old and the map has changed, or an own link.
        """
        graph = self.topology.graph(now)
        found = self._ways.get(whom)
        newer = found is not None and found.version != self.topology.version
        if found is None or (newer and (not found.ways or now >= found.at + WAYS_MS)):
            if len(self._ways) >= MAX_WAYS:
                del self._ways[next(iter(self._ways))]
            trust = {node: (self._trust.get(node, 0.0) + self.experience.relay(node).share) / 2 for node in graph}
            dear = self.experience.dear()
            ways = paths.candidates(graph, self._me, whom, self._params.paths, trust, self._load, dear)
            self.searches += 1
            found = self._ways[whom] = _Found(ways, now, self.topology.version)
        return found.ways

    # ---- parts of the above

    def _try(self, flight: Flight, now: Instant) -> Doing:
        left = self._params.tries > len(flight.tried)
        ways = [way for way in self.ways(flight.whom, now) if way.path[1] in self._links] if left else []
        way = flight.next_way(ways, self.experience.shuns)
        doing = Doing()
        if way is None:
            self._flights.end(flight)
            doing.spreads.append(Spread(flight.raw, flight.whom))
            name = "all ways failed" if flight.tried else "no way known"
            doing.events.append(Happened(name, flight.whom, flight.envelope))
            return doing
        packet = self._rng.bytes(16)
        wait = self._params.answer_ms + min(2 * way.latency_ms, LONGEST_WAIT_MS)
        self._flights.tries(flight, packet, way.path, Instant(now + wait))
        doing.send(way.path[1], Packet(packet, way.path[1:], (self._me,), flight.raw))
        return doing

    def _again(self, flight: Flight, now: Instant, gone: tuple[NodeId, NodeId] | None = None) -> Doing:
        self.experience.lost(flight.last[1], gone[0] if gone else None)
        if gone:
            flight.gone[gone] = None
        found = self._ways.get(flight.whom)
        if found and now >= found.at + AFTER_LOSS_MS:
            del self._ways[flight.whom]
        return self._try(flight, now)

    def _packet(self, peer: NodeId, packet: Packet, now: Instant) -> Doing:
        fault = self._relay.fault(peer, packet, now)
        if fault:
            return Doing(blames=[Blame(peer, fault)])
        doing, back = Doing(), packet.past[::-1]
        if len(packet.route) == 1:
            name = content_id(packet.raw)
            if name not in self._awaited:
                doing.judges.append(Judge(peer, packet.raw, len(packet.past)))
                if len(self._awaited) >= MAX_AWAITED:
                    del self._awaited[next(iter(self._awaited))]
            came = self._awaited.setdefault(name, {})
            if len(came) < MAX_ANSWERS:
                came[packet.id] = back
        elif packet.route[1] in self._links:
            doing.send(packet.route[1], Packet(packet.id, packet.route[1:], (*packet.past, self._me), packet.raw))
        else:
            doing.send(peer, Stuck(packet.id, self._me, packet.route[1], back))
        return doing

    def _stuck(self, peer: NodeId, stuck: Stuck, now: Instant) -> Doing:
        fault = self._relay.fault_of_report(peer, stuck, now)
        if fault:
            return Doing(blames=[Blame(peer, fault)])
        doing = Doing()
        if len(stuck.back) > 1:
            if stuck.back[1] in self._links:
                doing.send(stuck.back[1], Stuck(stuck.id, stuck.at, stuck.to, stuck.back[1:]))
            return doing
        flight = self._flights.by_packet(stuck.id)
        if flight is None or flight.last[0] != stuck.id:
            return doing
        path = flight.last[1]
        if path[1] != peer or (stuck.at, stuck.to) not in list(pairwise(path[1:])):
            return doing
        return self._again(flight, now, (stuck.at, stuck.to))

    def _own_links(self) -> Links:
        return Links(links=tuple(self._links.values()), transports=self._speaks[0], versions=self._speaks[1])

    def _changed(self) -> None:
        self._news = True
        self._ways.clear()
        self.topology.own(self._own_links())

    @property
    def _say_at(self) -> int:
        if self._said_at is None:
            return 0 if self._links else NEVER
        return self._said_at + (self._params.say_soon_ms if self._news else self._params.topology.period_ms)

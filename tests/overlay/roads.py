"""Nodes that only route: each a `Routes`, joined by links that lose nothing; relays may drop, delay or lie.

Time is a number that the driver moves; frames arrive in the order in which they were sent, a link's latency later.
Each node judges what arrives by `verify`, as an inbox would, and the words on links reach everybody at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

import msgspec

from hansa.identity.dsse import read
from hansa.identity.envelope import seal, verify
from hansa.identity.keys import SigningKey
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.instant import Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.overlay.arrived import ARRIVED, Arrived
from hansa.overlay.doing import Doing, Happened
from hansa.overlay.frames import AnyFrame, Packet, Stuck, decode, encode
from hansa.overlay.links_said import Links
from hansa.overlay.routes import Params, Routes
from tests.attacks.specimens import header, key

STEP_MS = 100
LATENCY_MS = 10

Tamper = Callable[[NodeId, NodeId, AnyFrame], AnyFrame | None]
"""(from, to, frame) to what arrives; None for nothing."""


def honest(_: NodeId, __: NodeId, frame: AnyFrame) -> AnyFrame | None:
    return frame


@dataclass
class Town:
    """One node: its key, its routes, and what it was handed."""

    key: SigningKey
    routes: Routes
    taken: dict[ContentId, int] = field(default_factory=dict)
    events: list[Happened] = field(default_factory=list)
    doings: Doing = field(default_factory=Doing)
    wants: Callable[[dict[str, Any]], Reason | None] = lambda _: None


class Roads:
    """All of them."""

    def __init__(
        self, count: int, pairs: Iterable[tuple[int, int]], params: Params | None = None, seed: int = 1
    ) -> None:
        self.now = Instant(1_760_000_000_000)
        self._count = 0
        self._wire: list[tuple[int, int, NodeId, NodeId, bytes]] = []
        self.towns: dict[NodeId, Town] = {}
        self.names: list[NodeId] = []
        self.tamper: dict[NodeId, Tamper] = {}
        self.links: dict[tuple[NodeId, NodeId], None] = {}
        for number in range(count):
            signer = key(number)
            name = NodeId(str(signer.public.did))
            self.names.append(name)
            self.towns[name] = Town(signer, Routes(name, Rng(seed).child(number), params))
        for one, two in pairs:
            self.join(one, two)
        self.run(STEP_MS)

    def join(self, one: int, two: int) -> None:
        a, b = self.names[one], self.names[two]
        for here, there in ((a, b), (b, a)):
            self.links[here, there] = None
            self.do(here, self.towns[here].routes.linked(there, self.now))
            self.towns[here].routes.measured(there, LATENCY_MS, 1_000_000, 0)

    def cut(self, one: int, two: int, told: bool = True) -> None:
        a, b = self.names[one], self.names[two]
        for here, there in ((a, b), (b, a)):
            self.links.pop((here, there), None)
            if told:
                self.do(here, self.towns[here].routes.lost(there, False, self.now))

    def letter(self, sender: int, text: str) -> bytes:
        town = self.towns[self.names[sender]]
        return seal(header(town.key, kind="notice", created=int(self.now)), {"text": text}, [town.key]).raw

    def send(self, sender: int, to: int, text: str) -> ContentId:
        raw = self.letter(sender, text)
        name = self.names[sender]
        self.do(name, self.towns[name].routes.carry(raw, self.names[to], self.now))
        return read(raw).id

    def run(self, ms: int) -> None:
        """Moves time on: deliveries when they are due, a tick each `STEP_MS`."""
        end = self.now + ms
        while self.now < end:
            self.now = Instant(self.now + STEP_MS)
            while self._wire and self._wire[0][0] <= self.now:
                _, _, source, to, data = heappop(self._wire)
                self._arrive(source, to, data)
            for name, town in self.towns.items():
                self.do(name, town.routes.tick(self.now))

    def do(self, name: NodeId, doing: Doing) -> None:
        """Does what a node wants done."""
        town = self.towns[name]
        town.events += doing.events
        town.doings.add(doing)
        for said in doing.says:
            words = parse(said.body, Links)  # type: ignore[arg-type]
            for other, there in self.towns.items():
                if other != name:
                    self._count += 1
                    there.routes.said(name, words, self._count, self.now, self.now)
        for judge in doing.judges:
            self._judge(name, judge.raw)
        for reply in doing.replies:
            sealed = seal(
                header(town.key, kind=reply.kind, recipient=reply.whom, created=int(self.now)), reply.body, [town.key]
            )
            self.do(name, town.routes.along(sealed.raw, reply.route, self.now))
        for whom, frame in doing.sends:
            self._count += 1
            heappush(self._wire, (self.now + LATENCY_MS // 2, self._count, name, whom, encode(frame)))

    def _arrive(self, source: NodeId, to: NodeId, data: bytes) -> None:
        if (source, to) not in self.links:
            return
        frame = decode(data)
        assert frame is not None
        for ill in (source, to):
            if ill in self.tamper and frame is not None:
                frame = self.tamper[ill](source, to, frame)
        if isinstance(frame, Packet | Stuck):
            self.do(to, self.towns[to].routes.heard(source, frame, self.now))

    def _judge(self, name: NodeId, raw: bytes) -> None:
        town = self.towns[name]
        try:
            message = verify(read(raw))
        except Refused as refused:
            self.do(name, town.routes.judged(raw, None, "", refused.reason, self.now))
            return
        if message.header.kind == ARRIVED:
            self.do(name, town.routes.judged(raw, message.id, ARRIVED, None, self.now))
            body = parse(message.body, Arrived)
            self.do(name, town.routes.arrived(message.author, body, self.now))
            return
        reason = Reason.DUPLICATE if message.id in town.taken else town.wants(message.body)
        if reason in (None, Reason.DUPLICATE):
            town.taken[message.id] = town.taken.get(message.id, 0) + 1
        self.do(name, town.routes.judged(raw, message.id, message.header.kind, reason, self.now))

    def events(self, number: int, name: str) -> list[str]:
        """Returns the details of a node's events of a name."""
        return [event.detail for event in self.towns[self.names[number]].events if event.name == name]

    def has(self, number: int, letter: ContentId) -> bool:
        return letter in self.towns[self.names[number]].taken

    def doing(self, number: int) -> Doing:
        return self.towns[self.names[number]].doings

    def routes(self, number: int) -> Routes:
        return self.towns[self.names[number]].routes


def drops_all(_: NodeId, __: NodeId, frame: AnyFrame) -> AnyFrame | None:
    """A black hole."""
    return None if isinstance(frame, Packet) else frame


def damages(_: NodeId, __: NodeId, frame: AnyFrame) -> AnyFrame | None:
    """Changes a signature on the way: the payload stays, so that its id does."""
    if not isinstance(frame, Packet):
        return frame
    parts = msgspec.json.decode(frame.raw)
    first = parts["signatures"][0]["sig"]
    parts["signatures"][0]["sig"] = ("B" if first[0] != "B" else "C") + first[1:]
    return Packet(frame.id, frame.route, frame.past, msgspec.json.encode(parts))


def packet_id(text: str) -> bytes:
    return bytes.fromhex(content_id(text.encode())[:32])

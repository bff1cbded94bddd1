"""A node's transport on the simulated net; implements `node.transport.Transport`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason
from hansa.node.transport import Listener
from hansa.sim.loop import MS
from hansa.sim.net import Host, Net, Port

LEGS = 3
"""Ways that pass before the other end of a dial stands: connect, its answer, the first half of the handshake."""


class SimTransport(Port):
    """Makes links over a `Net`."""

    def __init__(self, net: Net, me: Host) -> None:
        """Speaks for one host; nothing is taken before `start`."""
        self._net = net
        self._me = me
        self._process = me.process
        self._listener: Listener | None = None
        self._ids = {host.id: host for host in net.hosts}
        self._dials: dict[int, list[asyncio.Future[NodeId]]] = {}

    @property
    def name(self) -> str:
        """What its addresses begin with."""
        return "sim"

    @property
    def addresses(self) -> Sequence[str]:
        """Where others can dial this node."""
        return (self._me.url,) if self._me.port is self else ()

    def speaks(self, url: str) -> bool:
        """Says whether it can dial an address of this form."""
        return url.startswith("sim://")

    async def start(self, listener: Listener) -> None:
        """Begins to take links."""
        if self._process.alive:
            self._listener = listener
            self._me.port = self

    async def dial(self, url: str, whom: NodeId | None = None) -> NodeId:
        """Returns who is at an address, with a link to it standing.

        Raises:
            Unavailable: nobody answered. Refused: BAD_LINK.
        """
        other = next((host for host in self._net.hosts if host.url == url), None)
        if other is None or not self._process.alive:
            raise Unavailable(f"no node answers at {url}")
        if other is self._me or whom not in (None, other.id):
            raise Refused(Reason.BAD_LINK, f"{url} is {'this node' if other is self._me else 'another node'}")
        if self._stands(other):
            return other.id
        done: asyncio.Future[NodeId] = asyncio.get_running_loop().create_future()
        self._dials.setdefault(other.number, []).append(done)
        net = self._net
        net.tell(self._me, net.params.connect_ms * MS, self._fail, other, done, "no answer")
        if not net.is_blocked(self._me, other):
            legs = sum(net.delay_us() for _ in range(LEGS)) + net.resend_us(1_000)
            net.tell(other if other.answers else self._me, legs, self._asked, other, done)
        return await done

    def _asked(self, other: Host, done: asyncio.Future[NodeId]) -> None:
        """The dial has reached the other host; runs there, or here where no process answers there."""
        net = self._net
        if net.is_blocked(self._me, other) or net.is_blocked(other, self._me):
            return
        if not other.answers:
            net.tell(self._me, net.delay_us(), self._fail, other, done, "nobody listens")
        elif self._process.alive and self._me.port is self and not done.done():
            net.join(self._me, other)
            net.tell(self._me, 2 * net.params.base_ms * MS + net.params.jitter_ms * MS, self._made, other)

    def _stands(self, other: Host) -> bool:
        link = self._me.links.get(other.number)
        return link is not None and self._me.number in link.told

    def _fail(self, other: Host, done: asyncio.Future[NodeId], why: str) -> None:
        if not done.done():
            done.set_exception(Unavailable(f"no node answers at {other.url}: {why}"))
        self._forget(other, done)

    def _made(self, other: Host) -> None:
        if self._stands(other):
            for done in self._dials.pop(other.number, []):
                if not done.done():
                    done.set_result(other.id)

    def _forget(self, other: Host, done: asyncio.Future[NodeId]) -> None:
        waiting = self._dials.get(other.number, [])
        if done in waiting:
            waiting.remove(done)

    def send(self, peer: NodeId, data: bytes) -> bool:
        """Puts a frame into the link's queue."""
        other = self._ids.get(peer)
        return other is not None and self._me.port is self and self._net.send(self._me, other, data)

    def queued(self, peer: NodeId) -> int:
        """Returns the bytes that wait to be sent to a neighbour."""
        other = self._ids.get(peer)
        link = self._me.links.get(other.number) if other is not None and self._me.port is self else None
        return link.ways[self._me.number].queued if link is not None else 0

    async def close(self, peer: NodeId, reason: Reason | None = None) -> None:
        """Ends a link."""
        other = self._ids.get(peer)
        if other is not None and self._me.port is self:
            self._net.close(self._me, other)

    async def stop(self) -> None:
        """Ends all links, and takes no more."""
        if self._me.port is self:
            for number in list(self._me.links):
                self._net.close(self._me, self._net.hosts[number])
            self._me.port = None

    # ---- what the net says

    def heard(self, source: Host, data: bytes) -> None:
        """A frame arrived."""
        if self._listener is not None:
            self._listener.heard(source.id, data)

    def linked(self, other: Host, dialled: bool) -> None:
        """A link stands."""
        if self._listener is not None:
            self._listener.linked(other.id, other.url, dialled)
            self._made(other)

    def lost(self, other: Host, reason: Reason | None) -> None:
        """A link ended."""
        if self._listener is not None:
            self._listener.lost(other.id, reason)

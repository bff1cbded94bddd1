"""The transport of a node: links over one carrier or several (a bridge has two), with one link to each node.

Dialling, in order; whoever is dialled does the same from the other side:

1. a wire to the address, by the first carrier that speaks its form
2. the handshake (`identity.handshake`): who is there, proved, and wanted
3. one link per pair (`links`): one that stands is used, and the new wire given up
4. the welcome, sealed: from here the link stands, and its listener is told

Whatever goes wrong before 4 ends the wire, and leaves nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence

from hansa.adapters.transport.doorman import Doorman
from hansa.adapters.transport.link import Link
from hansa.adapters.transport.links import Links
from hansa.adapters.transport.params import Params
from hansa.adapters.transport.pieces import Joiner, Kind, single
from hansa.adapters.transport.wire import Broken, Carrier, Wire
from hansa.identity.handshake import Answerer, Dialler, Fresh, Myself, Session, read_refusal, refusal
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import BY_CODE, Reason
from hansa.node.ports import Clock
from hansa.node.transport import Listener


class Fabric:
    """Implements `node.transport.Transport` over carriers."""

    def __init__(
        self,
        me: Callable[[], Myself],
        carriers: Sequence[Carrier],
        clock: Clock,
        params: Params | None = None,
        refuses: Callable[[NodeId], Reason | None] = lambda _: None,
    ) -> None:
        """Takes no links before `start`.

        Args:
            me: what this node shows and signs with at the moment; asked once for each handshake.
            carriers: what brings bytes to other nodes; the first that speaks an address dials it.
            refuses: says why this node wants no link to another that is proved; None where it does.
        """
        self._me = me
        self._carriers = tuple(carriers)
        self._clock = clock
        self._refuses = refuses
        self._params = params or Params()
        self._params.validate()
        self._links = Links(self._params)
        self._doorman = Doorman(self._params, clock)
        self._listener: Listener | None = None
        self._opening: dict[Wire, None] = {}
        self._running = False

    @property
    def name(self) -> str:
        """The names of its carriers."""
        return "+".join(carrier.name for carrier in self._carriers)

    @property
    def addresses(self) -> Sequence[str]:
        """Where others can dial this node, by any of its carriers."""
        return [url for carrier in self._carriers for url in carrier.addresses]

    @property
    def half_open(self) -> int:
        """Handshakes that others began, and that go on."""
        return self._doorman.half_open

    def speaks(self, url: str) -> bool:
        """Says whether one of its carriers speaks an address."""
        return any(carrier.speaks(url) for carrier in self._carriers)

    async def start(self, listener: Listener) -> None:
        """Begins to take links by all carriers, or by none."""
        self._listener, self._running = listener, True
        try:
            for carrier in self._carriers:
                await carrier.start(self)
        except Unavailable:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends all links, and takes no more."""
        self._running = False
        for wire in list(self._opening):
            wire.abort()
        await asyncio.gather(*(link.close() for link in self._links.all()))
        await asyncio.gather(*(carrier.stop() for carrier in self._carriers))

    # ---- links that stand

    def send(self, peer: NodeId, data: bytes) -> bool:
        """Puts a frame into a link's queue; False without a link, with a full queue, or for a frame too large."""
        link = self._links.to(peer)
        return link is not None and link.send(data)

    def queued(self, peer: NodeId) -> int:
        """Returns the bytes that wait to be sent to a neighbour."""
        link = self._links.to(peer)
        return link.queued if link else 0

    async def close(self, peer: NodeId, reason: Reason | None = None) -> None:
        """Ends a link; the other end is told the reason."""
        link = self._links.to(peer)
        if link is not None:
            await link.close(reason)

    def heard(self, link: Link, data: bytes) -> None:
        """Hands on a frame of a link that stands."""
        if self._listener is not None and self._links.to(link.peer) is link:
            self._listener.heard(link.peer, data)

    def ended(self, link: Link, reason: Reason | None) -> None:
        """Forgets a link, and tells."""
        if self._links.drop(link) and self._listener is not None:
            self._listener.lost(link.peer, reason)

    def _stand(self, wire: Wire, link: Link, first: bytes = b"") -> None:
        if self._listener is None or not self._running:
            raise Broken
        del self._opening[wire]
        old = self._links.to(link.peer)
        if old is not None:
            old.end(Reason.UNREACHABLE)
        self._links.put(link)
        self._listener.linked(link.peer, link.url, link.dialled)
        link.begin(first)

    # ---- dialling

    async def dial(self, url: str, whom: NodeId | None = None) -> NodeId:
        """Returns who is at an address, with a link to it standing."""
        me = self._me()
        if whom == me.node:
            raise Refused(Reason.BAD_LINK, "that is this node itself")
        if whom is not None and self._links.to(whom):
            return whom
        carrier = next((one for one in self._carriers if one.speaks(url)), None)
        if carrier is None or not self._running:
            raise Unavailable(f"this node makes no links to {url}")
        if len(self._links) >= self._params.max_links:
            raise Unavailable(f"{self._params.max_links} links stand already: no more are made")
        try:
            async with asyncio.timeout(self._params.handshake_ms / 1000):
                wire = await carrier.connect(url, whom)  # 1
                with self._opened(wire):
                    return await self._greet(wire, Dialler(me, _fresh(), whom), me.node)
        except TimeoutError:
            raise Unavailable(f"{url} does not answer in time: try again later") from None
        except Broken:
            raise Unavailable(f"{url} broke off: is that the address of a node that takes links?") from None

    async def _greet(self, wire: Wire, dialler: Dialler, me: NodeId) -> NodeId:
        await wire.send(dialler.hello)
        theirs = dialler.answered(await wire.receive(), self._clock.now())  # 2
        peer = theirs.node
        unwanted = self._refuses(peer)
        if unwanted is not None:
            raise Refused(unwanted, "this node wants no link to it")
        while (other := self._links.is_made_to(peer)) is not None:
            await asyncio.wait([other])
        if self._links.to(peer, theirs.boot):  # 3
            return peer
        self._links.make(peer)
        try:
            proof, session = dialler.prove(self._links.number() if me < peer else 0)
            await wire.send(proof)
            try:
                order = _welcomed(await wire.receive(), session)
            except Refused as refused:
                if refused.reason is Reason.DUPLICATE:
                    async with asyncio.timeout(self._params.settle_ms / 1000):
                        await self._links.appears(peer)  # the other end's own, which is on the way
                    return peer
                raise
            link = Link(wire, session, self, self._params, order=session.order if me < peer else order, dialled=True)
            if self._links.check_made(link):  # 3
                self._stand(wire, link)  # 4
            return peer
        finally:
            self._links.made(peer)

    # ---- being dialled

    async def take(self, host: str, accept: Callable[[], Awaitable[Wire]]) -> None:
        """Takes a wire that another node made; returns when it has ended."""
        with self._doorman.entering(host):
            if not self._running:
                raise Refused(Reason.CROWDED, "this node takes no links now")
            link = await self._entering(accept)
        if link is not None:
            await link.wait()

    async def _entering(self, accept: Callable[[], Awaitable[Wire]]) -> Link | None:
        try:
            async with asyncio.timeout(self._params.handshake_ms / 1000):
                wire = await accept()
                with self._opened(wire):
                    try:
                        link = await self._answer(wire)
                    except Refused as refused:
                        await wire.send(refusal(refused))
                        await wire.close()
                        return None
                    self._stand(wire, link, single(Kind.WELCOME, link.order.to_bytes(8, "big")))  # 4
                    return link
        except (TimeoutError, Broken):
            return None

    async def _answer(self, wire: Wire) -> Link:
        me = self._me()
        answerer = Answerer(me, _fresh())
        await wire.send(answerer.greeted(await wire.receive()))
        session = answerer.proved(await wire.receive(), self._clock.now())  # 2
        try:
            unwanted = self._refuses(session.peer)
            if unwanted is not None:
                raise Refused(unwanted)
            self._links.check_taken(me.node, session, asyncio.get_running_loop().time())  # 3
        except Refused as refused:
            await wire.send(session.sealer.seal(single(Kind.REFUSED, refused.reason.code.encode())))
            await wire.close()
            raise Broken from None
        order = self._links.number() if me.node < session.peer else session.order
        return Link(wire, session, self, self._params, order=order, dialled=False)

    @contextlib.contextmanager
    def _opened(self, wire: Wire) -> Iterator[None]:
        """Tears a wire on the way out unless a link was made of it, which takes it out of `_opening`."""
        self._opening[wire] = None
        try:
            yield
        finally:
            if wire in self._opening:
                del self._opening[wire]
                wire.abort()


def _fresh() -> Fresh:
    return Fresh(os.urandom(32), os.urandom(32))


def _welcomed(data: bytes, session: Session) -> int:
    """Returns the order in a welcome.

    Raises:
        Refused: why the other end does not want the link.
    """
    try:
        plain = session.opener.open(data)
    except Refused:
        told = read_refusal(data)
        raise told if told is not None else Refused(Reason.BAD_LINK, "no welcome") from None
    for kind, said in Joiner().read(plain):
        if kind == Kind.WELCOME and len(said) == 8:
            return int.from_bytes(said, "big")
        if kind == Kind.REFUSED:
            raise Refused(BY_CODE.get(said[:32].decode("ascii", "replace"), Reason.BAD_LINK), "says the other end")
    raise Refused(Reason.BAD_LINK, "no welcome")

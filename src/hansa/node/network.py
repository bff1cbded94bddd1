"""The node among its neighbours: joins the parts of the overlay with links, inbox and store.

    transport ──frame──▶ the part that it is for ──Doing──▶ sends, links, blame
                                    │                          ▲
                                    └── word ──▶ `wordroom` ────┘ outcome

Each part decides alone (`overlay.members`, `gossip`, `reconcile`, `routes`); what they want done is done here, in the
order of the fields of `Doing`. What words come to is `node.wordroom`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

from hansa.identity import envelope
from hansa.kernel.errors import HansaError, Refused, Unavailable
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind, Shown, Value
from hansa.node.gauges import Gauges
from hansa.node.inbox import Inbox
from hansa.node.newsroom import NewsRoom
from hansa.node.no_links import NoLinks
from hansa.node.overlay_parts import Parts, Ticking, facts_of
from hansa.node.overlay_settings import OverlaySettings
from hansa.node.transport import Transport
from hansa.node.wordroom import WordRoom
from hansa.overlay import frames
from hansa.overlay.doing import Blame, Doing, Happened, Misdeed, Reply, Say, Serve
from hansa.overlay.frames import MAX_IDS, AnyFrame, Have, Word
from hansa.overlay.gossip_params import Rank
from hansa.overlay.linking import PRUNED
from hansa.overlay.notices import Notice

TICK_SECONDS = 0.2
ORDERLY = (None, PRUNED, Reason.UNKNOWN_PEER)
"""Why a link ends that nothing broke."""

_OF_GOSSIP = (frames.Have, frames.Want, frames.Graft, frames.Prune)
_OF_MEMBERS = (frames.Ping, frames.Pong, frames.Reach, frames.Silent)
_OF_RECONCILER = (frames.Sums, frames.Held, frames.Fetch)
_OF_RECOLLECTING = (frames.Mine, frames.Yours)

MEMBER = "member_"
"""How the names begin of what happened to a member."""

LOOK_MS = 5 * SECOND
"""How often it is looked whether all neighbours may still be some: somebody may have been banned."""

WEIGH_MS = 10 * SECOND
"""How often links are weighed: what goes over them, whom to keep."""

SETTLED_MS = 5 * SECOND
"""How old a link must be before others are told of it: many are made to look at somebody, and end."""

FULL = 512 * 1024
"""Bytes that wait to be sent to a neighbour, above which no more records are served to it: it will ask again."""


class Network:
    """The node's place in the overlay. Implements `node.transport.Listener`.

    Attributes:
        frames_in, frames_out: frames that were read and sent; `frames_lost`: that no link took.
        no_links: why calls made no link.
        ticking: what is looked after in each turn in which it is due.
    """

    def __init__(
        self,
        core: Core,
        inbox: Inbox,
        transport: Transport,
        parts: Parts,
        settings: OverlaySettings,
        rng: Rng,
        admits: Callable[[NodeId], bool] = lambda _: True,
    ) -> None:
        """Joins the parts; nothing runs before `start`.

        Args:
            admits: says whether this node may have a link with another; asked for each link, and again and again.
        """
        self._core = core
        self._settings = settings
        self._rng = rng
        self._admits = admits
        self._transport = transport
        self.parts = parts
        self.words = WordRoom(core, inbox, parts, self.now, self.do, self._make_news)
        self.ticking: tuple[Ticking, ...] = (*parts.each, self.words.news)
        self._neighbours: dict[NodeId, str] = {}
        self.no_links = NoLinks()
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._dialling: dict[NodeId, None] = {}
        self._unsettled: dict[NodeId, Instant] = {}
        self._closing: dict[NodeId, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._began = core.now() - core.clock.stopwatch_us() // 1000
        self._looked_at = self._weighed_at = Instant(0)
        self.gauges = Gauges(core, parts)
        self.frames_in = self.frames_out = self.frames_lost = 0

    # ---- life

    async def start(self) -> None:
        """Takes links, looks for neighbours, and keeps up with what is kept.

        Raises:
            Unavailable: the transport can't listen.
        """
        self.words.start()
        self._core.on_party = self._reconsider
        self.words.rank_peers(self.now())
        await self._transport.start(self)
        self._tick()

    async def stop(self) -> None:
        """Says good-bye, ends all links, and waits for what is being decided on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._core.on_party = None
        self.do(self.parts.members.leave(self.now()))
        await self._transport.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.words.stop()

    def _make_news(self, rank: Callable[[NodeId, str], Rank]) -> NewsRoom:
        offers = dict(self._settings.offers())
        return NewsRoom(
            self._core, self.parts, self._rng, offers, rank, lambda effects: self._begin(self._perform(effects))
        )

    async def _perform(self, effects: Effects) -> None:
        with suppress(HansaError):  # a full disk, say: what was warned of is warned of again
            await self._core.driver.perform(effects)

    def now(self) -> Instant:
        """Returns the overlay's time: the clock's at the start, and from then on what has passed since.

        Timers must not stand still when somebody sets the clock back, nor all run out when it is set ahead.
        """
        return Instant(self._began + self._core.clock.stopwatch_us() // 1000)

    @property
    def core(self) -> Core:
        """What the node's parts share."""
        return self._core

    @property
    def me(self) -> NodeId:
        """This node."""
        return self._core.me

    @property
    def neighbours(self) -> dict[NodeId, str]:
        """The nodes that this one has a link with, each with the address that was dialled; "" for an incoming link."""
        return dict(self._neighbours)

    def _tick(self) -> None:
        """Does what is due, again and again: a fault in one turn is told, and does not stop the next."""
        try:
            self._turn(self.now())
        finally:
            self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)

    def _turn(self, now: Instant) -> None:
        for peer in [peer for peer, since in self._unsettled.items() if now >= since + SETTLED_MS]:
            del self._unsettled[peer]
            self.do(self.parts.routes.linked(peer, now))
        self.parts.members.awake(now)
        for part in self.ticking:
            if now >= part.due:
                self.do(part.tick(now), now)
        self.words.tick(now)
        if now >= self._looked_at + LOOK_MS:
            self._looked_at = now
            for peer in [peer for peer in self._neighbours if not self._takes(peer, now)]:
                self._close(peer, Reason.UNKNOWN_PEER)
        if now >= self._weighed_at + WEIGH_MS:
            self._weighed_at = now
            self.words.rank_members(now)
            queued = {peer: self._transport.queued(peer) for peer in self._neighbours}
            self.gauges.tick(now, queued, self.words.news.known.snapshots.loads(now))

    # ---- what the transport tells

    def linked(self, peer: NodeId, url: str, dialled: bool) -> None:
        """Greets a new neighbour: every part is told, and the neighbour of the words that are fresh."""
        now = self.now()
        if not self._takes(peer, now):
            self._begin(self._transport.close(peer, Reason.UNKNOWN_PEER))
            return
        parts = self.parts
        url = self._neighbours[peer] = url if dialled else ""
        self.no_links.linked(peer)
        said = url or next(iter(parts.members.addresses(peer)), "")
        self._show(Kind.LINK_UP, peer, f"linked at {said}" if dialled else "linked: it dialled this node", url=said)
        self.do(parts.members.linked(peer, now, url, dialled))
        self.do(parts.gossip.linked(peer, now, dialled))
        self.do(parts.reconciler.linked(peer, now))
        self.do(self.words.linked(peer, now))
        self._unsettled[peer] = now
        self.gauges.linked(peer, now)
        fresh = self.words.fresh()
        for start in range(0, len(fresh), MAX_IDS):
            self._send(peer, Have(tuple(map(frames.digest, fresh[start : start + MAX_IDS]))), now)

    def lost(self, peer: NodeId, reason: Reason | None) -> None:
        """Tells every part that a link ended."""
        if self._neighbours.pop(peer, None) is None:
            return
        for noted in (self._closing, self._unsettled):
            noted.pop(peer, None)
        self._show(Kind.LINK_DOWN, peer, "link ended", reason=reason.code if reason else "")
        now = self.now()
        self.gauges.lost(peer, now)
        for part in self.parts.each:
            self.do(part.lost(peer, reason in ORDERLY, now))
        self.words.lost(peer)

    def heard(self, peer: NodeId, data: bytes) -> None:
        """Hands a frame to the part that it is for."""
        if peer not in self._neighbours:
            return
        self.frames_in += 1
        now = self.now()
        try:
            frame = frames.decode(data)
        except Refused:
            self._blame(Blame(peer, Misdeed.BROKEN))
            return
        if frame is not None:
            self.gauges.heard(peer, frame, len(data), now)
            self.do(self._hand(peer, frame, now), now)

    def _hand(self, peer: NodeId, frame: AnyFrame, now: Instant) -> Doing:
        parts = self.parts
        if isinstance(frame, Word):
            return self.words.came(peer, frame, now)
        if isinstance(frame, _OF_GOSSIP):
            return parts.gossip.heard(peer, frame, now)
        if isinstance(frame, _OF_MEMBERS):
            return parts.members.heard(peer, frame, now)
        if isinstance(frame, _OF_RECONCILER):
            return parts.reconciler.heard(peer, frame, now)
        if isinstance(frame, _OF_RECOLLECTING):
            return self.words.recollecting.heard(peer, frame, now)
        return parts.routes.heard(peer, frame, now)

    # ---- carrying out

    def do(self, doing: Doing, now: Instant | None = None) -> None:
        """Does what a part wants done; `now` is asked for where the caller does not say."""
        for blame in doing.blames:
            if not blame.charged:
                self._blame(blame)
        if doing.judges:
            now = self.now() if now is None else now
            for judge in doing.judges:
                self.words.judge(judge, now)
        for say in doing.says:
            self._say(say)
        for reply in doing.replies:
            self._reply(reply)
        for spread in doing.spreads:
            self._spread(spread.raw)
        if doing.sends:
            now = self.now() if now is None else now
            for whom, frame in doing.sends:
                self._send(whom, frame, now)
        for serve in doing.serves:
            self._serve(serve)
        for dial in doing.dials:
            self._dial(dial.whom, dial.urls)
        for close in doing.closes:
            self._close(close.whom, close.reason)
        for event in doing.events:
            self._tell(event)

    def _blame(self, blame: Blame) -> None:
        self.do(self.parts.gossip.blamed(blame, self.now()))

    def _send(self, whom: NodeId, frame: AnyFrame, now: Instant) -> None:
        data = frames.encode(frame)
        if self._transport.send(whom, data):
            self.frames_out += 1
            self.gauges.sent(whom, frame, len(data), now)
        else:
            self.frames_lost += 1

    def _serve(self, serve: Serve) -> None:
        """Sends what a neighbour asked for, as long as its link takes it; what is left it will ask for again."""
        self.parts.gossip.fetched(serve.whom, map(frames.digest, serve.ids), self.now())
        for raw in self.words.found(serve.ids):
            if self._transport.queued(serve.whom) > FULL:
                break
            self._send(serve.whom, Word(raw), self.now())

    def _say(self, say: Say) -> None:
        """Signs a statement of this node's own, remembers it for new neighbours, and lets it travel."""
        signed = self._core.seal(say.kind, say.body, expires_in=self._core.settings.admission.window_ms)
        self.words.said(envelope.verify(signed, self._core.ring))
        self.do(self.parts.gossip.spread(signed.id, signed.raw, Rank.TRUSTED, self.now()))

    def _reply(self, reply: Reply) -> None:
        window = self._core.settings.admission.window_ms
        signed = self._core.seal(reply.kind, reply.body, recipient=reply.whom, expires_in=window)
        self.do(self.parts.routes.along(signed.raw, reply.route, self.now()))

    def _spread(self, raw: bytes) -> None:
        id_ = envelope.id_of(raw)
        if id_ is not None and not self.words.answering.goes_alone(raw):
            self.do(self.parts.gossip.spread(id_, raw, Rank.TRUSTED, self.now()))

    def _tell(self, event: Happened) -> None:
        self.words.happened(event)
        if event.name.startswith(MEMBER):
            state = event.name.removeprefix(MEMBER)
            self._show(Kind.MEMBER_CHANGED, event.about, f"{state}: {event.detail}", state=state)

    def _show(self, kind: Kind, ref: str, text: str, **fields: Value) -> None:
        self._core.driver.stream.show(Shown(kind, ref, text, fields), self._core.now())

    # ---- links

    async def connect(self, url: str, whom: NodeId | None = None) -> NodeId:
        """Returns who is at an address, with a link to it standing.

        Raises:
            Unavailable: nobody answered, or no transport of this node speaks that address.
            Refused: see `Transport.dial`; UNKNOWN_PEER, when this node may not have a link with whoever is there.
        """
        if not self._transport.speaks(url):
            raise Unavailable(f"no transport of this node speaks {url}: see the setting overlay.transports")
        found = await self._transport.dial(url, whom)
        if not self._takes(found, self.now()):
            raise Refused(Reason.UNKNOWN_PEER, f"{found} at {url}")
        return found

    def _takes(self, peer: NodeId, now: Instant) -> bool:
        return self._admits(peer) and not self.words.news.shuns(peer, now)

    def _reconsider(self, whom: NodeId | None) -> None:
        """Ends links that may not be any more, at once: nothing that comes over them is heard from now on."""
        now = self.now()
        for peer in list(self._neighbours) if whom is None else [one for one in (whom,) if one in self._neighbours]:
            if not self._takes(peer, now):
                self._close(peer, Reason.UNKNOWN_PEER)
                self.lost(peer, Reason.UNKNOWN_PEER)

    def propagate(self, notice: Notice) -> ContentId:
        """Signs a notice and lets it travel (M9); returns its id.

        Raises:
            Refused: BAD_BODY, when its mode and what it names do not fit.
        """
        id_, doing = self.words.news.propagate(notice, self.now())
        self.do(doing)
        return id_

    def reached_at(self, addresses: Sequence[str]) -> None:
        """Says from now on where others can dial this node."""
        self.parts.members.changed(facts_of(self._core, self._settings, addresses), self.now())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    def _close(self, whom: NodeId, reason: Reason) -> None:
        if whom in self._neighbours and whom not in self._closing:
            self._closing[whom] = None
            self._begin(self._transport.close(whom, reason))

    def _dial(self, whom: NodeId, urls: tuple[str, ...]) -> None:
        if whom not in self._dialling and whom not in self._neighbours:
            self._dialling[whom] = None
            self._begin(self._try_each(whom, urls))

    async def _try_each(self, whom: NodeId, urls: tuple[str, ...]) -> None:
        try:
            for url in filter(self._transport.speaks, urls):
                try:
                    await self._transport.dial(url, whom)
                    return
                except (Unavailable, Refused) as error:  # `members` sees that no link came of it
                    self.no_links.failed(whom, str(error))
        finally:
            self._dialling.pop(whom, None)

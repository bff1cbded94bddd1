"""What becomes of the words that come over links: judged by the one way in, and all parts told of the outcome.

Records go to the inbox, many at a time; what is not kept is heard at once (`hearsay`). A word that anti-entropy or a
packet brought is judged like one that gossip brought; each part is told of what it asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from hansa.identity import envelope, peek, roots
from hansa.identity.envelope import Signed, Verified
from hansa.kernel.errors import HansaError, Refused
from hansa.kernel.ids import EVERYONE, ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.market.messages import OFFERS, REQUESTS
from hansa.node.answering import Answering
from hansa.node.core import Core
from hansa.node.gathering import Taken
from hansa.node.hearsay import Hearsay, Room
from hansa.node.inbox import Inbox
from hansa.node.mending import Mending
from hansa.node.newsroom import NewsRoom, topic_of
from hansa.node.overlay_parts import Parts, Ticking
from hansa.node.recollecting import Recollecting
from hansa.node.rows import RecordRow
from hansa.node.too_early import EARLY, TooEarly, names_of
from hansa.node.travelling import Travelling
from hansa.overlay import frames
from hansa.overlay.arrived import ARRIVED, Arrived
from hansa.overlay.doing import Blame, Doing, Happened, Judge, Misdeed
from hansa.overlay.frames import Word
from hansa.overlay.gossip_params import Rank
from hansa.overlay.links_said import LINKS, Links
from hansa.overlay.notices import NOTICE, NOTICED, Mode, read_notice
from hansa.overlay.presence import PRESENCE, SUSPICION, Presence
from hansa.skills import messages as skills
from hansa.swarm.messages import CAPABILITY

REPEATED = frozenset({PRESENCE, LINKS, OFFERS, REQUESTS, CAPABILITY})
"""Kinds of which a new neighbour is told the last word of each author."""

MAX_STALLED = 256
GROUP = 64
"""Records that are handed to the inbox together."""

URGENT = frozenset({skills.TOMBSTONE, roots.KIND})
"""Kinds of which each moment counts, from those whom the operator knows."""

SOON = frozenset(
    {
        Reason.UNKNOWN_SKILL,
        Reason.NOT_YET,
        Reason.WRONG_SIGNER,
        Reason.RATE,
        Reason.SHARE,
        Reason.CROWDED,
        Reason.STORE_FULL,
        Reason.INTERRUPTED,
        Reason.FROM_FUTURE,
    }
)
"""Reasons that may be gone in a moment: what was refused for one of them is asked for again, and nobody is blamed."""

_GONE = ("member_left", "member_dead")
"""What happened to a member that is not there any more."""


class WordRoom:
    """Has words judged, and finds those that are asked for.

    Attributes:
        news: the room of notices.
        recollecting: asks neighbours after a restore; mending: asks them for what is damaged here;
            answering: says who took skills back what became of them.
        ticking: what is looked after in each turn in which it is due.
        skills: skills that came over links since the start.
    """

    def __init__(
        self,
        core: Core,
        inbox: Inbox,
        parts: Parts,
        now: Callable[[], Instant],
        do: Callable[[Doing, Instant], None],
        make_news: Callable[[Callable[[NodeId, str], Rank]], NewsRoom],
    ) -> None:
        """Works for one node's network, which does what follows, in the overlay's time."""
        self._core = core
        self._inbox = inbox
        self._parts = parts
        self._now = now
        self._do = do
        self._travelling = Travelling(core, parts.reconciler, now, self._kept, self._seen)
        self.news = make_news(self.rank)
        self.recollecting = Recollecting(core, inbox, parts.reconciler)
        self.mending = Mending(core)
        self._market, self._ahead = inbox.market, inbox.ahead
        told = self._market.answered if self._market is not None else None
        self.answering = Answering(core, parts.routes, self.news.later, told)
        lent = self._market.lent if self._market is not None else None  # what runs is metered before leases move on
        self._swarm = inbox.swarm
        rooms: list[Ticking | None] = [
            self.recollecting, self.mending, self.answering, lent, self._market, inbox.ahead, self._swarm,
        ]  # fmt: skip
        self.ticking: tuple[Ticking, ...] = tuple(room for room in rooms if room is not None)
        self._hearsay = Hearsay(core, self._rooms(), REPEATED)
        self._waiting: list[tuple[Judge, Signed]] = []
        self._brought: dict[ContentId, NodeId | None] = {}
        self.skills = 0
        self._stalled: dict[ContentId, int] = {}
        self._early = TooEarly()
        self._worker: asyncio.Task[None] | None = None

    def _rooms(self) -> dict[str, Room]:
        return {
            PRESENCE: self._of_members,
            SUSPICION: self._of_members,
            LINKS: self._links,
            ARRIVED: self._arrived,
            NOTICE: self.news.heard,
            NOTICED: self.news.answered,
            **(self._market.rooms() if self._market is not None else {}),
            **(self._swarm.rooms() if self._swarm is not None else {}),
        }

    def _of_members(self, said: Verified, via: NodeId, now: Instant) -> Doing:
        header = said.header
        doing = self._parts.members.spoken(header.author, header.kind, said.body, header.seq, now, via)
        if header.kind == PRESENCE:
            presence = parse(said.body, Presence)
            self._parts.gossip.interested(header.author, presence.interests or None)
            self.news.presence(header.author, presence.interests, presence.offers)
        return doing

    def _links(self, said: Verified, via: NodeId, now: Instant) -> Doing:
        header, links = said.header, parse(said.body, Links)
        if self._parts.routes.said(header.author, links, header.seq, now, now):
            self._parts.members.charted(header.author, [one.whom for one in links.links])
        return Doing()

    def _arrived(self, said: Verified, via: NodeId, now: Instant) -> Doing:
        return self._parts.routes.arrived(said.author, parse(said.body, Arrived), now)

    def start(self) -> None:
        """Learns what is held."""
        self._core.in_overlay = True
        if self._market is not None:
            self._market.start(self._carry)
        if self._swarm is not None:
            self._swarm.start(self._carry, self._latency)
        self._travelling.start()

    async def stop(self) -> None:
        """Waits for what is being decided on; what only waits comes again another time."""
        self._core.in_overlay = False
        self._travelling.stop()
        self._waiting.clear()
        if self._worker is not None:
            await asyncio.gather(self._worker, return_exceptions=True)
        await self.recollecting.stop()
        await self.mending.stop()
        if self._market is not None:
            await self._market.stop()
        if self._ahead is not None:
            await self._ahead.stop()
        if self._swarm is not None:
            await self._swarm.stop()

    def _latency(self, whom: NodeId) -> int:
        """Returns the milliseconds to another node, by the best way that is known; 0 for none."""
        ways = self._parts.routes.ways(whom, self._now())
        return ways[0].latency_ms if ways else 0

    def _carry(self, raw: bytes, whom: NodeId) -> None:
        now = self._now()
        self._do(self._parts.routes.carry(raw, whom, now), now)

    def happened(self, event: Happened) -> None:
        """Takes what became of an envelope that was carried."""
        self.answering.came(event)
        if self._market is not None:
            self._market.proofs.bringing.came(event)
            if event.name in _GONE:
                self._market.gone(NodeId(event.about))
        if self._swarm is not None:
            self._swarm.delegating.came(event)

    def linked(self, peer: NodeId, now: Instant) -> Doing:
        """Has one more neighbour to ask for what is not here."""
        self.mending.linked(peer)
        return self.recollecting.linked(peer, now)

    def lost(self, peer: NodeId) -> None:
        """Asks a neighbour no more."""
        self.mending.lost(peer)
        self.recollecting.lost(peer)

    # ---- finding

    def fresh(self) -> list[ContentId]:
        """Returns the ids of the words that a new neighbour should know of."""
        return self._hearsay.fresh()

    def said(self, message: Verified) -> None:
        """Remembers what this node itself said."""
        self._hearsay.remember(message)

    def found(self, ids: Sequence[ContentId]) -> list[bytes]:
        """Returns the words with these ids that are here, in the order in which they are best taken."""
        fresh = {id_: self._hearsay.word(id_) for id_ in ids}
        stored = self._travelling.words([id_ for id_, raw in fresh.items() if raw is None])
        return [raw for raw in fresh.values() if raw is not None] + [row.envelope for row in stored]

    # ---- judging

    def came(self, peer: NodeId, frame: Word, now: Instant) -> Doing:
        """Takes a word from a link: what anti-entropy asked for is judged at once, the rest is gossip's to look at."""
        found = peek.named(frame.raw, self._core.settings.limits)
        id_ = None if found is None else found[0]
        reconciler = self._parts.reconciler
        if id_ is not None and self.mending.is_asked(peer, id_):
            self.mending.came(peer, id_, frame.raw)
            return Doing()
        if frame.stalled and id_ is not None and len(self._stalled) < MAX_STALLED:
            self._stalled[id_] = frame.stalled
        if id_ is None or not reconciler.is_asked(peer, frames.digest(id_)):
            return self._parts.gossip.heard(peer, frame, now, found)
        reconciler.came(peer, frames.digest(id_), now)
        if frames.digest(id_) in reconciler.holdings or reconciler.is_here(frames.digest(id_)):
            return Doing()
        self._parts.gossip.brought(peer, frame, now)
        self._brought[id_] = peer
        return Doing(judges=[Judge(peer, frame.raw, frame.hops)])

    def judge(self, judge: Judge, now: Instant) -> None:
        """Has a word judged: at once where it is not kept, else together with others, in the order of their coming."""
        try:
            signed = envelope.read(judge.raw, self._core.settings.limits)
        except Refused as refusal:
            self._core.counters.came_in()
            self._core.counters.ended(refusal.reason)
            self._judged(judge, envelope.id_of(judge.raw), refusal, now)
            return
        if peek.named_kind(signed) in self._hearsay:
            self._hear(judge, signed.id, now)
            return
        if self.recollecting.is_held_back(signed):
            self._hold_back(judge, signed, now)
            return
        self._brought.setdefault(signed.id, None)
        self._parts.reconciler.judging(frames.digest(signed.id), now)
        self._waiting.append((judge, signed))
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._judge_all())

    def _hold_back(self, judge: Judge, signed: Signed, now: Instant) -> None:
        """Holds what this node itself said, and does not know any more, until it knows all of it."""
        try:
            self.recollecting.hold(signed, judge.source, now)
        except Refused as refusal:
            self._core.counters.came_in()
            self._core.counters.ended(refusal.reason)
            self._judged(judge, signed.id, refusal, now)
            return
        gossip = self._parts.gossip
        self._do(gossip.judged(signed.id, judge.source, Verdict.IGNORE, Reason.RESTORED, Rank.STRANGER, now), now)

    def _hear(self, judge: Judge, id_: ContentId, now: Instant) -> None:
        self.news.came_over(judge.hops, self._stalled.pop(id_, 0))
        try:
            message, doing = self._hearsay.hear(judge.raw, judge.source, now)
        except HansaError as error:
            self._judged(judge, id_, error, now)
            return
        self._do(doing, now)
        self._accepted(judge, message, now)

    async def _judge_all(self) -> None:
        try:
            while self._waiting:
                began = self._early.count
                group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
                fates = await self._inbox.receive_words([(signed, judge.source) for judge, signed in group])
                now = self._now()
                for (judge, signed), fate in zip(group, fates, strict=True):
                    self._judged(judge, signed.id, fate, now, began)
        finally:
            self._worker = None

    def _judged(
        self, judge: Judge, id_: ContentId | None, fate: Taken | HansaError, now: Instant, began: int | None = None
    ) -> None:
        """Tells all parts what became of a word; `began` is how many records were kept when it began to be judged."""
        if id_ is not None:
            self._parts.reconciler.judged(frames.digest(id_))
        if isinstance(fate, Taken):
            self._accepted(judge, fate.message, now)
            return
        reason = fate.reason if isinstance(fate, Refused) else Reason.INTERRUPTED
        proved = None if reason.box in (Box.TRANSPORT, Box.IDENTITY) else id_
        self._do(self._parts.routes.judged(judge.raw, proved, "", reason, now), now)
        if id_ is None:  # out of a packet: whoever relayed it did not look inside
            return
        asked = self._brought.pop(id_, None)
        if asked is not None and proved is None and reason not in SOON:
            self._do(self._parts.gossip.blamed(Blame(asked, Misdeed.INVALID), now), now)
        reconciler, name = self._parts.reconciler, frames.digest(id_)
        if reason in EARLY:
            names = peek.named_things(envelope.read(judge.raw, self._core.settings.limits))
            self._early.keep(id_, judge, names, self._early.count if began is None else began)
            reconciler.kept_back(name, now)
        elif reason in SOON:
            reconciler.put_off(name, now)
        if reason in SOON:
            if reason is Reason.WRONG_SIGNER:
                reconciler.hurry(judge.source, now)
        else:
            self._early.drop(id_)
            if proved is None:
                reconciler.put_off(name, now)  # somebody else may have it as it was signed
            elif reason is not Reason.DUPLICATE:
                reconciler.refused(name, now)
        verdict = Verdict.IGNORE if reason in SOON else reason.verdict
        self._do(self._parts.gossip.judged(id_, judge.source, verdict, reason, Rank.STRANGER, now), now)

    def _accepted(self, judge: Judge, message: Verified, now: Instant) -> None:
        kind = message.header.kind
        rank = self.rank(message.author, kind)
        self._do(self._parts.routes.judged(judge.raw, message.id, kind, None, now), now)
        verdict, topic = Verdict.ACCEPT, ""
        if kind == NOTICE:
            notice = read_notice(message.body)
            verdict = Verdict.ACCEPT if notice.mode is Mode.BROADCAST else Verdict.IGNORE  # it has ways of its own
            topic = topic_of(notice)
        if message.header.recipient == EVERYONE:
            self._do(self._parts.gossip.judged(message.id, judge.source, verdict, None, rank, now, topic), now)

    def tick(self, now: Instant) -> None:
        """Has records judged again that came too early, once what they name came; asks on for what is not here."""
        for judge in self._early.due():
            self.judge(judge, now)
        for room in self.ticking:
            if now >= room.due:
                self._do(room.tick(now), now)

    def rank_peers(self, now: Instant) -> None:
        """Tells gossip at the start whom this node knows, before their first word comes."""
        for peer in self._core.store.peers():
            if peer.invited or peer.banned:
                self._parts.gossip.ranked(peer.id, self.rank(peer.id), now)

    def rank_members(self, now: Instant) -> None:
        """Tells gossip what the members have earned by now."""
        for author in self._parts.members.alive(now):
            self._parts.gossip.ranked(author, self.rank(author), now)

    def rank(self, author: NodeId, kind: str = "") -> Rank:
        """Returns what an author has earned here, by whom the operator knows and how it dealt; never by its word."""
        core, now = self._core, self._core.now()
        if author == core.me:
            return Rank.URGENT if kind in URGENT else Rank.TRUSTED
        guest = core.memory.guest(author)
        if guest.banned or guest.barred:
            return Rank.BARRED
        if guest.invited:
            return Rank.URGENT if kind in URGENT else Rank.TRUSTED
        return Rank.KNOWN if core.accounts.is_known(author, now) else Rank.STRANGER

    def _seen(self, row: RecordRow, now: Instant) -> None:
        self.answering.kept(row, now)

    def _kept(self, row: RecordRow, now: Instant) -> None:
        """Lets a record travel that was just kept.

        What gossip brought it passes on itself, once it hears of the verdict. What anti-entropy brought, the neighbours
        most likely have: they compare again, rather than all being sent it.
        """
        self._early.drop(row.id)
        self._early.came(*names_of(row))
        self.recollecting.kept(row.id, now)
        self.skills += row.kind == skills.SKILL and row.id in self._brought
        if row.id not in self._brought:
            self._do(self._parts.gossip.spread(row.id, row.envelope, self.rank(row.author, row.kind), now), now)
        source = self._brought.pop(row.id, None)
        if source is not None:
            self._parts.reconciler.hurry_others(source, now)
        else:
            self._parts.reconciler.spreading(frames.digest(row.id), now)

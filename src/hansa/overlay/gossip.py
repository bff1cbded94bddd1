"""How word travels: pushed along a tree, named on every other link, asked for where it is missing (M9).

Each word goes over each link once in some form: as itself down the tree of its author (`overlay.trees`), else as its
name. So it comes to each node about once (Plumtree: Leitão, Pereira, Rodrigues, "Epidemic Broadcast Trees", SRDS 2007),
whoever misses it knows within a tick whom to ask, and who says nothing is seen (`overlay.audit`). Rules, in order, for
a word that comes:

1. From a neighbour with too bad a score nothing is looked at.
2. Over its rate, and not asked for: dropped before it is read, and blamed by the second.
3. No envelope: blamed. Known as good: a duplicate; its sender is told.
4. Being judged: waits behind that. Held in the store: dropped. No quota for whom it names: dropped (`overlay.quotas`).
5. Judged by the node's one way in. Only what is accepted goes on, once; the id is remembered with the signature good.
6. On it goes, whatever it says of its hops, but for `max_hops`: from there on it is named, not pushed.

Nothing is lost by a drop: each neighbour names the word, and it is asked for (`overlay.wishes`) or comes by
anti-entropy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hansa.identity import peek
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.limits import Limits
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.overlay.doing import Doing, Judge, Misdeed
from hansa.overlay.frames import Graft, Have, Prune, Want, Word, digest, named
from hansa.overlay.gossip_params import Params, Rank
from hansa.overlay.judging import Judging, Waiting
from hansa.overlay.mesh import Link
from hansa.overlay.neighbours import Neighbours
from hansa.overlay.peer_score import UNIT, ScoreParams
from hansa.overlay.quotas import Quotas
from hansa.overlay.seen import Heard, Seen

Said = Word | Have | Want | Graft | Prune
"""The frames of this part."""

FAULTS = frozenset(
    {
        Reason.BAD_ENVELOPE,
        Reason.BAD_KEY,
        Reason.UNSIGNED,
        Reason.FORGED,
        Reason.WRONG_NETWORK,
        Reason.BAD_BODY,
    }
)
"""Beside those of the transport box: faults that whoever passes a word on sees as well, so that they are its own.

What this node's own policy refuses, or a root that has not come here yet, is no fault of the neighbour.
"""

LATER = frozenset(
    {
        Reason.RATE,
        Reason.SHARE,
        Reason.CROWDED,
        Reason.STORE_FULL,
        Reason.INTERRUPTED,
        Reason.NOT_YET,
    }
)
"""Reasons for which the same word may be taken another time."""

_KEPT_FREE = {Rank.BARRED: 1000, Rank.STRANGER: 500, Rank.KNOWN: 100, Rank.TRUSTED: 0, Rank.URGENT: 0}
"""Thousandths of a link's pace that a rank leaves to higher ones."""


class Gossip(Neighbours):
    """Gossip of one node, as a state machine of the shape in `overlay.doing`'s room."""

    def __init__(
        self,
        me: NodeId,
        params: Params,
        rng: Rng,
        held: Callable[[ContentId], bool] = lambda _: False,
        score_params: ScoreParams | None = None,
    ) -> None:
        """Begins with no links.

        Args:
            me: this node; its own words are charged to nobody.
            rng: a stream of this part's own.
            held: says whether the store has a record; asked for ids that were not heard lately.
        """
        super().__init__(me, params, rng, score_params or ScoreParams())
        self._limits = Limits(max_bytes=params.max_bytes)
        self._held = held
        self._quotas = Quotas(params)
        self._judging = Judging(params.judging, params.judging_link, params.judging_life)
        self._muted = Seen(params.retry, params.judging)

    # ---- what comes over links

    def heard(self, peer: NodeId, frame: Said, now: Instant, found: peek.Named | None = None) -> Doing:
        """Takes a frame from a neighbour we have a link with; `found` is what `peek.named` says of a word, if asked."""
        doing = Doing()
        link = self._mesh.links.get(peer)
        if link is None:
            return doing
        if isinstance(frame, Word):
            self._word(link, frame, found, now, doing)
        elif isinstance(frame, Have):
            self._have(link, frame, now, doing)
        elif isinstance(frame, Want):
            self._want(link, frame, now, doing)
        elif isinstance(frame, Graft):
            self._grafted(link, now, doing)
        else:
            self._pruned(link, frame, now)
        return doing

    def _word(self, link: Link, frame: Word, found: peek.Named | None, now: Instant, doing: Doing) -> None:
        size = len(frame.raw)
        if self._is_ignored(link):  # 1
            self._count["ignored"] += 1
            if now >= link.refused_until:
                self._prune(link, self._params.back_off, now, doing)
            else:
                link.over += 1
            return
        fits = link.intake.has(size, now)
        if not fits and not link.owed:  # 2
            self._over(link)
            return
        if found is None or size > self._limits.max_bytes:
            found = peek.named(frame.raw, self._limits)
        if found is None:  # 3
            self._blame(link, Misdeed.INVALID, 1, now, doing)
            return
        name = digest(found[0])
        wish = self._wishes.get(name)
        asked = wish is not None and bool(wish.open & link.bit)
        if wish is not None and asked:
            wish.open &= ~link.bit
            link.owed -= 1
            link.kept_at = now
        elif fits:
            link.intake.take(size)
        else:
            self._over(link)
            return
        known = self._seen.get(name)
        if known is not None:
            self._again(link, known, name, now, doing)
            return
        self._unknown(link, frame, name, found, asked, now, doing)

    def _unknown(
        self,
        link: Link,
        frame: Word,
        name: bytes,
        found: peek.Named,
        asked: bool,
        now: Instant,
        doing: Doing,
    ) -> None:
        judge = Judge(link.peer, frame.raw, frame.hops)
        waiting = self._judging.get(name)
        if waiting is not None:  # 4
            self._judging.also(waiting, link, judge)
        elif name in self._muted:
            self._count["muted"] += 1
        elif self._held(found[0]):
            self._remember(name, found[1], link.bit, now)
            self._count["held"] += 1
        elif not (self._judging.has_room(link, asked) and self._quotas.look(found[1], len(frame.raw), now)):
            self._count["over_quota"] += 1  # for want of time here, which is no fault of the neighbour
        else:  # 5
            self._judging.add(name, link, judge, found[1], now)
            doing.judges.append(judge)

    def _over(self, link: Link) -> None:
        link.over += 1
        self._count["over_quota"] += 1

    def _have(self, link: Link, frame: Have, now: Instant, doing: Doing) -> None:
        if not link.names.has(len(frame.ids), now):
            self._over(link)
            return
        link.names.take(len(frame.ids))
        ignored = self._is_ignored(link)
        for name in frame.ids:
            known = self._seen.get(name)
            if known is not None:
                link.unproved = 0
                known.said |= link.bit
                if known.pushed & link.bit:
                    self._trees.had_it(known.author, link.bit)
            elif not ignored and name not in self._muted:
                self._named(link, name, now)

    def _named(self, link: Link, name: bytes, now: Instant) -> None:
        if self._wishes.get(name) is None and self._held(named(name)):
            return
        wait = self._patience.wait
        if not self._wishes.named(name, link.slot, now, Instant(now + wait + self._rng.below(wait))):
            self._count["wishes_refused"] += 1
        self._hurry(name, now)

    def _want(self, link: Link, frame: Want, now: Instant, doing: Doing) -> None:
        if self._is_ignored(link):
            return
        stored: list[ContentId] = []
        for name in frame.ids:
            link.unproved = 0
            kept = self._cache.get(name)
            known = self._seen.get(name)
            size = self._params.stored_word if kept is None else len(kept[0])
            if (known is not None and known.again & link.bit) or not link.served.charge(size, now):
                link.over += 1
                self._count["unserved"] += 1
                continue
            if known is not None:
                known.again |= known.served & link.bit
                known.served |= link.bit
                self._trees.asked(known.author, link.bit)
            if kept is None:
                stored.append(named(name))
            else:
                doing.send(link.peer, Word(kept[0], min(255, kept[1] + 1)))
                self._count["served"] += 1
        self._serve(link, stored, doing)

    def _again(self, link: Link, known: Heard, name: bytes, now: Instant, doing: Doing) -> None:
        """Sees to a word that is known as good: who sent it learns that it was here, if it was not told already."""
        self._count["duplicates"] += 1
        known.said |= link.bit
        if known.sent & link.bit:
            if not known.asked & link.bit:
                self._blame(link, Misdeed.REPLAY, 1, now, doing)
            known.asked &= ~link.bit
            return
        known.sent |= link.bit
        if known.pushed & link.bit:
            self._name_to(link, name)

    # ---- what the inbox made of it

    def judged(
        self,
        id_: ContentId,
        source: NodeId,
        verdict: Verdict,
        reason: Reason | None,
        rank: Rank,
        now: Instant,
        topic: str = "",
    ) -> Doing:
        """Takes the outcome of a `Judge`.

        Args:
            source: whom the `Judge` named.
            reason: why it was not accepted; None for what was.
            rank: what its author has earned here.
            topic: what it is about, for words that only some care for; it comes from the signed body.
        """
        doing = Doing()
        name = digest(id_)
        link = self._mesh.links.get(source)
        waiting = self._judging.pop(name, link)
        if waiting is None or name in self._seen:
            return doing
        if verdict is Verdict.ACCEPT:
            self._good(name, waiting, link, rank, topic, now, doing)
            return doing
        self._count["refused"] += 1
        if reason is not None and reason.box in {Box.TRANSPORT, Box.IDENTITY}:
            self._at_fault(waiting, reason, now, doing)
            after = self._judging.next(name, waiting, now)
            if after is not None:
                doing.judges.append(after)
            return doing
        self._quotas.pass_on(waiting.author, rank, 0, now)
        if reason in LATER:
            self._muted.add(name, now)
        else:
            self._remember(name, waiting.author, waiting.sent, now)
        if verdict is Verdict.REJECT and reason in FAULTS:
            self._at_fault(waiting, reason, now, doing)
        return doing

    def _at_fault(self, waiting: Waiting, reason: Reason, now: Instant, doing: Doing) -> None:
        for link in self._mesh.of(waiting.sent):
            if reason.box is Box.TRANSPORT or reason in FAULTS:
                self._blame(link, Misdeed.INVALID, 1, now, doing)
            else:
                self._over(link)

    def _good(
        self, name: bytes, waiting: Waiting, link: Link | None, rank: Rank, topic: str, now: Instant, doing: Doing
    ) -> None:
        known = self._remember(name, waiting.author, waiting.sent, now)
        self._count["first"] += 1
        if link is not None and rank >= Rank.KNOWN:
            most = 2 * UNIT * self._scores.params.first_most
            link.conduct.first = min(most, link.conduct.first + UNIT)
            link.unproved = 0
        judge = waiting.judge
        if not self._quotas.pass_on(waiting.author, rank, len(judge.raw), now):
            self._count["not_passed_on"] += 1
            return
        self._cache.put(name, judge.raw, judge.hops, now)
        self._pass_on(name, judge, known, 1 << waiting.slot, rank, topic, now, doing)

    # ---- what begins here

    def spread(self, id_: ContentId, raw: bytes, rank: Rank, now: Instant, topic: str = "") -> Doing:
        """Passes on a word of this node's own, or one that came another way; nothing comes of one that was heard.

        While neighbours are seen to hold words back, and for urgent words always, it goes to all good neighbours.
        """
        doing = Doing()
        name = digest(id_)
        if name in self._seen:
            return doing
        found = peek.named(raw, self._limits)
        author = None if found is None else found[1]
        self._judging.pop(name, None)
        known = self._remember(name, author, 0, now)
        if author != self._me and not self._quotas.pass_on(author, rank, len(raw), now):
            self._count["not_passed_on"] += 1
            return doing
        self._cache.put(name, raw, 0, now)
        self._pass_on(name, Judge(self._me, raw), known, 0, rank, topic, now, doing)
        return doing

    def brought(self, peer: NodeId, frame: Word, now: Instant) -> None:
        """Notes that anti-entropy brought a word; if gossip waits for it too, it is passed on once it is good."""
        link, found = self._mesh.links.get(peer), peek.named(frame.raw, self._limits)
        name = b"" if found is None else digest(found[0])
        if link is not None and found is not None and self._wishes.get(name) is not None and not self._waits(name):
            self._judging.add(name, link, Judge(peer, frame.raw, frame.hops), found[1], now)

    def ranked(self, author: NodeId, rank: Rank, now: Instant) -> None:
        """Notes what an author has earned here: for all who earned something, at the start, and when it changes."""
        self._quotas.ranked(author, rank, now)

    def wish(self, peer: NodeId, ids: Sequence[ContentId], now: Instant) -> Doing:
        """Asks a neighbour for words that are missing here, at once, as anti-entropy found out; others if it fails.

        What comes of it counts against no quota of the link.
        """
        link = self._mesh.links.get(peer)
        if link is not None:
            for one in ids:
                name = digest(one)
                if name not in self._seen and self._wishes.named(name, link.slot, now, now):
                    self._wishes.postpone(name, now)
        return self._ask(now)

    def _pass_on(
        self, name: bytes, judge: Judge, known: Heard, source: int, rank: Rank, topic: str, now: Instant, doing: Doing
    ) -> None:
        """Pushes a good word down its author's tree, and names it to all others but the one that brought it."""
        raw, hops = judge.raw, judge.hops
        word = Word(raw, min(255, hops + 1))
        links = self._mesh.links.values()
        narrow = bool(topic) and sum(link.cares(topic) for link in links) >= self._params.relays
        if rank >= Rank.KNOWN and not narrow:
            self._audit.word(known, now)
        flood = rank is Rank.URGENT or (not source and now < self._alarm_until)
        children = -1 if flood else self._children(known) if hops < self._params.max_hops else 0  # 6
        wanted, least = children & ~known.said, self._scores.params.ignore_below
        for link in links:
            if link.bit == source or link.conduct.value < least or (narrow and not link.cares(topic)):
                continue
            may = wanted & link.bit and self._may_be_pushed_to(link, now)
            if may and link.out.charge(len(raw), now, _KEPT_FREE[rank]):
                self._push(link, known, word, doing)
            else:
                self._name_to(link, name)

    # ---- time

    def tick(self, now: Instant) -> Doing:
        """Does what is due; about every 100 ms."""
        doing = self._ask(now)
        if now >= self._next_heartbeat:
            self._muted.forget(now)
            for name, waiting in self._judging.forget(now):
                source = next(self._mesh.of(1 << waiting.slot), None)
                self._judging.pop(name, source)
            self._heartbeat(now, doing)
        self._flush(doing)
        return doing

    def _waits(self, name: bytes) -> bool:
        return self._judging.get(name) is not None

    def counters(self) -> dict[str, int]:
        """Returns what was counted since the start, and the sizes of all tables, by name."""
        sizes = {"judging": len(self._judging), "muted_words": len(self._muted), "authors": len(self._quotas)}
        return super().counters() | sizes

"""The half of gossip that is about neighbours: tree, scores, audit, and whom to ask for what is missing.

`overlay.gossip` adds the half that is about words. They share their tables and are one part towards the node.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import ALWAYS, HOUR, SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.overlay.audit import Audit
from hansa.overlay.cache import Cache
from hansa.overlay.doing import Blame, Close, Doing, Happened, Misdeed, Serve
from hansa.overlay.frames import MAX_IDS, Graft, Have, Prune, Want, Word
from hansa.overlay.gossip_params import Params
from hansa.overlay.losses import are_lost, gaps
from hansa.overlay.mesh import Link, Mesh
from hansa.overlay.patience import Patience
from hansa.overlay.peer_score import ScoreParams, Scores, is_silent
from hansa.overlay.seen import Heard, Seen
from hansa.overlay.trees import Trees
from hansa.overlay.wishes import Wish, Wishes

ALARM = 120 * SECOND
"""How long own words go to all good neighbours after some were seen to hold words back."""

NEW = 2 * SECOND
"""How long a word is new: what is asked for after a comparison by then, gossip should have brought."""

WIDEST = 8
"""Neighbours that are asked at once for one word, when fewer did not do."""


class Neighbours:
    """Links, their scores, and what is wished for."""

    def __init__(self, me: NodeId, params: Params, rng: Rng, score_params: ScoreParams) -> None:
        """Begins with no links."""
        params.validate()
        score_params.validate()
        self._me, self._params, self._rng = me, params, rng
        self._mesh = Mesh(params)
        self._scores = Scores(score_params)
        self._seen = Seen(params.seen_window, params.seen_most)
        self._trees = Trees(params.authors)
        self._cache = Cache(params.cache_window, params.cache_bytes)
        self._wishes = Wishes(params.wishes, params.wish_life)
        self._patience = Patience(params.wait_first, params.wait_least, params.wait_most)
        self._audit = Audit(params.audit_window)
        self._count: Counter[str] = Counter()
        self._unsaid: dict[NodeId, Link] = {}
        self._lossy = False
        self._next_heartbeat = self._next_opportunity = self._alarm_until = Instant(0)

    # ---- links

    def linked(self, peer: NodeId, now: Instant, dialled: bool = False) -> Doing:
        """Notes that a link stands; `dialled` says whether this node made it."""
        if peer not in self._mesh.links:
            link = self._mesh.add(peer, dialled, self._scores.linked(peer), now)
            if link.conduct.value >= 0 and self._mesh.has_room(link, self._params.eager):
                self._mesh.set_eager(link, True, now)
        return Doing()

    def lost(self, peer: NodeId, on_purpose: bool, now: Instant) -> Doing:
        """Notes that a link has ended; what was asked for over it is asked of others at once."""
        link = self._mesh.drop(peer, now)
        if link is None:
            return Doing()
        self._scores.lost(peer, now)
        self._unsaid.pop(peer, None)
        self._wishes.left(link.slot, now)
        return self._ask(now)

    def interested(self, peer: NodeId, topics: Iterable[str] | None) -> None:
        """Notes what a neighbour cares for, as its own presence says; None for everything."""
        link = self._mesh.links.get(peer)
        if link is not None:
            link.topics = None if topics is None else frozenset(topics)

    def mesh(self) -> tuple[NodeId, ...]:
        """Returns the neighbours that words are pushed to."""
        return tuple(link.peer for link in self._mesh.eager())

    def score(self, peer: NodeId) -> int:
        """Returns a neighbour's score, also of one that was lately; 0 for whom nothing is known of."""
        return self._scores.of(peer)

    def blamed(self, blame: Blame, now: Instant) -> Doing:
        """Charges what another part of the overlay saw a neighbour do; this part's own blames are charged already."""
        doing = Doing()
        link = self._mesh.links.get(blame.whom)
        if link is not None:
            self._blame(link, blame.what, blame.count, now, doing)
            self._judge_link(link, now, doing)
            doing.blames.clear()
        return doing

    @property
    def due(self) -> Instant:
        """Before then nothing comes of `tick`."""
        return ALWAYS if self._unsaid else min(self._next_heartbeat, self._wishes.soonest)

    def fetched(self, peer: NodeId, names: Iterable[bytes], now: Instant) -> None:
        """Notes that a neighbour asks for words after a comparison: for new ones that is as good as a `Want`.

        It shows that it is awake, and has no better way to their authors' words. Without this, whoever was taken out of
        all trees stays out of them as long as comparing is quicker than asking.
        """
        link = self._mesh.links.get(peer)
        for name in names:
            known = self._seen.get(name)
            if link is not None and known is not None and now < known.at + NEW:
                link.unproved = 0
                self._trees.asked(known.author, link.bit)

    def counters(self) -> dict[str, int]:
        """Returns what was counted since the start, and the sizes of all tables, by name."""
        sizes = {
            "seen": len(self._seen),
            "cached": len(self._cache),
            "cached_bytes": self._cache.size,
            "trees": len(self._trees),
            "wishes": len(self._wishes),
            "audited": len(self._audit),
            "scores": len(self._scores),
            "links": len(self._mesh.links),
            "eager": len(self._mesh.eager()),
            "lossy": int(self._lossy),
        }
        return dict(self._count) | sizes

    # ---- the tree

    def _grafted(self, link: Link, now: Instant, doing: Doing) -> None:
        if now < link.refused_until:
            self._blame(link, Misdeed.GRAFT, 1, now, doing)
            doing.send(link.peer, Prune(link.refused_until - now))
        elif link.conduct.value < 0:
            self._prune(link, self._params.back_off, now, doing)
        elif not link.eager:
            if not self._mesh.has_room(link, self._params.eager_max):
                worse = self._mesh.to_displace(link)
                if worse is None:
                    self._prune(link, self._params.back_off, now, doing)
                    return
                self._prune(worse, self._params.back_off, now, doing)
            self._mesh.set_eager(link, True, now)

    def _pruned(self, link: Link, frame: Prune, now: Instant) -> None:
        self._mesh.set_eager(link, False, now)
        link.waits_until = Instant(now + min(frame.back_off_ms, HOUR))

    def _prune(self, link: Link, back_off: int, now: Instant, doing: Doing) -> None:
        self._mesh.set_eager(link, False, now)
        link.refused_until = Instant(now + back_off)
        doing.send(link.peer, Prune(back_off))
        self._count["prunes"] += 1

    def _graft(self, link: Link, now: Instant, doing: Doing) -> bool:
        may = not link.eager and link.conduct.value >= 0 and now >= link.waits_until
        if not may or not self._mesh.has_room(link, self._params.eager_max):
            return False
        self._mesh.set_eager(link, True, now)
        doing.send(link.peer, Graft())
        self._count["grafts"] += 1
        return True

    def _may_be_pushed_to(self, link: Link, now: Instant) -> bool:
        return link.conduct.value >= 0 and now >= link.waits_until and link.unproved < self._params.unproved

    def _push(self, link: Link, known: Heard, word: Word, doing: Doing) -> None:
        known.pushed |= link.bit
        doing.send(link.peer, word)
        self._count["pushed"] += 1
        link.unproved += 1
        if link.unproved >= self._params.unproved:
            self._trees.without(link.bit)

    def _children(self, known: Heard) -> int:
        """Returns to whom a word is pushed, as bits; the first of an author begins its tree."""
        author = known.author or self._me
        children = self._trees.of(author)
        if children is None:
            eager = [one for one in self._mesh.eager() if one.unproved < self._params.unproved]
            eager = [one for one in eager if not known.said & one.bit]
            chosen = eager if author == self._me else self._rng.sample(eager, self._params.fanout)
            children = sum(link.bit for link in chosen)
            self._trees.begin(author, children)
        return children

    # ---- names and wishes

    def _name_to(self, link: Link, name: bytes) -> None:
        link.haves.append(name)
        self._unsaid[link.peer] = link

    def _flush(self, doing: Doing) -> None:
        for link in self._unsaid.values():
            for start in range(0, len(link.haves), MAX_IDS):
                doing.send(link.peer, Have(tuple(link.haves[start : start + MAX_IDS])))
            self._count["named"] += len(link.haves)
            link.haves.clear()
        self._unsaid.clear()

    def _remember(self, name: bytes, author: NodeId | None, sent: int, now: Instant) -> Heard:
        """Remembers an id whose signature is good, and ends the wish for it."""
        known = self._seen.add(name, now)
        known.author = author
        known.said |= sent
        known.sent |= sent
        wish = self._wishes.over(name)
        if wish is not None:
            known.said |= wish.holders
            known.asked = wish.ever
            for link in self._mesh.of(wish.open):
                link.owed = max(0, link.owed - 1)
            if not wish.asked:
                self._patience.measured(now - wish.since)
        return known

    def _hurry(self, name: bytes, now: Instant) -> None:
        """Has a word asked for with the next tick, once several have named it, where frames are lost.

        The tree is quicker than names are, so that it most likely was to bring the word and did not. Where that is
        wrong it costs a copy; where nothing is lost, it is wrong hardly ever, since words come before their names.
        """
        wish = self._wishes.get(name)
        if not self._lossy or wish is None or wish.rounds or wish.due <= now:
            return
        if wish.holders.bit_count() >= self._params.namers:
            self._wishes.postpone(name, now)

    def _waits(self, name: bytes) -> bool:
        """Says whether a word is here and waits for its verdict."""
        return False

    def _ask(self, now: Instant) -> Doing:
        """Sees to the wishes that are due: asks the next neighbours, and blames those that were asked in vain."""
        doing = Doing()
        asked: dict[NodeId, list[bytes]] = {}
        for name, wish in self._wishes.due(now):
            if self._waits(name):
                self._wishes.postpone(name, Instant(now + self._params.wait_least))
                continue
            self._blame_silent(wish, now, doing)
            for link in self._whom_to_ask(wish):
                wish.asked |= link.bit
                wish.ever |= link.bit
                wish.open |= link.bit
                link.owed += 1
                asked.setdefault(link.peer, []).append(name)
            pause = self._params.patience if wish.open else self._params.patience * min(8, 1 + wish.rounds)
            wish.rounds += 1
            self._wishes.postpone(name, Instant(now + pause))
        for peer, names in asked.items():
            self._count["wanted"] += len(names)
            for start in range(0, len(names), MAX_IDS):
                doing.send(peer, Want(tuple(names[start : start + MAX_IDS])))
        return doing

    def _whom_to_ask(self, wish: Wish) -> list[Link]:
        """Returns the best holder that was not asked; on later rounds more, at random; after the last all again.

        Where frames are lost it begins with two: a question or its answer is lost too often to wait for one.
        """
        left = [link for link in self._mesh.of(wish.holders & ~wish.asked) if not self._is_ignored(link)]
        if not left:
            wish.asked = 0
            return []
        best = max(left, key=lambda link: link.conduct.value)
        rounds = wish.rounds + self._lossy
        if not rounds:
            return [best]
        others = [link for link in left if link is not best]
        return [best, *self._rng.sample(others, min(WIDEST, 1 << rounds) - 1)]

    def _blame_silent(self, wish: Wish, now: Instant, doing: Doing) -> None:
        for link in self._mesh.of(wish.open):
            link.owed = max(0, link.owed - 1)
            if now >= link.kept_at + self._params.patience:  # who brings others is slow, and not silent
                link.kept_at = now
                self._blame(link, Misdeed.SILENT, 1, now, doing)
        wish.open = 0

    def _serve(self, link: Link, ids: list[ContentId], doing: Doing) -> None:
        if ids:
            doing.serves.append(Serve(link.peer, tuple(ids)))
            self._count["served_from_store"] += len(ids)

    # ---- scores

    def _is_ignored(self, link: Link) -> bool:
        return link.conduct.value < self._scores.params.ignore_below

    def _blame(self, link: Link, what: Misdeed, count: int, now: Instant, doing: Doing) -> None:
        self._scores.blame(link.peer, what, count, now)
        self._count[what.name.lower()] += count
        doing.blames.append(Blame(link.peer, what, count, charged=True))
        if self._scores.of(link.peer) < self._scores.params.close_below:
            self._judge_link(link, now, doing)

    def _heartbeat(self, now: Instant, doing: Doing) -> None:
        self._next_heartbeat = Instant(now + self._params.heartbeat)
        self._seen.forget(now)
        self._cache.forget(now)
        links = list(self._mesh.links.values())
        for at, known in self._audit.over(now):
            for link in links:
                if link.since <= at and not (known.pushed | known.served) & link.bit:
                    self._scores.was_due(link.conduct, bool(known.said & link.bit))
        told = (gaps(link.conduct.due, link.conduct.said) for link in links)
        self._lossy = are_lost(told, self._params.lossy, self._params.lossy_least)
        for link in links:
            if link.over:
                self._blame(link, Misdeed.FLOOD, 1 + link.over // max(1, self._params.link.words), now, doing)
                link.over = 0
        self._scores.heartbeat(now)
        for link in links:
            self._judge_link(link, now, doing)
        if sum(link.eager for link in links) < self._params.eager:
            self._graft_best(now, doing)
        if now >= self._next_opportunity:
            self._next_opportunity = Instant(now + self._params.opportunity)
            better = self._mesh.better(least=1)
            if better is not None:
                self._graft(better, now, doing)

    def _judge_link(self, link: Link, now: Instant, doing: Doing) -> None:
        params = self._scores.params
        silent = is_silent(link.conduct.due, link.conduct.said, params)
        if silent and not link.silent:
            self._alarm_until = Instant(now + ALARM)
            self._count["withheld"] += 1
            doing.blames.append(Blame(link.peer, Misdeed.WITHHELD, charged=True))
            doing.events.append(Happened("neighbour_silent", link.peer, "says nothing of words that it should have"))
        link.silent = silent
        if link.conduct.value < 0 and link.eager:
            self._prune(link, self._params.back_off, now, doing)
        if link.conduct.value < params.close_below and not link.closing:
            link.closing = True
            doing.closes.append(Close(link.peer, Reason.BAD_FRAME if link.conduct.invalid > 0 else Reason.RATE))

    def _graft_best(self, now: Instant, doing: Doing) -> None:
        usable = [
            one
            for one in self._mesh.links.values()
            if not one.eager and one.conduct.value >= 0 and now >= max(one.waits_until, one.refused_until)
        ]
        if usable:
            self._graft(max(usable, key=lambda one: (one.conduct.value, one.dialled)), now, doing)

"""Anti-entropy: two neighbours compare what they hold, and each asks for what it lacks (goal L3, attack 44).

Gossip brings what is new; this brings what was missed, whatever the reason: a partition, a crash, a lost frame.

1. every so often, and at once on a new link, a node sends the digest of all that it holds
2. a neighbour with another one answers with the digests of the 16 parts; for each part that differs, both go on with
   its 16 parts, until one of them holds few enough ids there to name them
3. whoever sees an id named that it does not hold asks for it by `Fetch`; whoever was told of all ids below a prefix
   answers with those that were missing
4. where most parts differ, all ids of the whole are named at once; and a comparison goes on into so many parts only
   that it gets to the ids within this second: others are looked at in the next one
5. what an asked neighbour does not bring in the time that answers take is asked of two, then of four at once
6. what came by gossip within `lead_ms`, or began here, is named in no comparison: it is on its way to the others too
7. what was taken since a neighbour held the same is named to it at once (`agreed`): after a partition nothing needs to
   be looked for; what is different still after a second or two is compared as above
8. who is slow to judge asks for less: what came and is not judged yet is bounded; and while much of that waits, or of
   what a neighbour has named, no comparison with it is begun that is not overdue
9. what comes is judged by the inbox like everything else; what can't be taken yet is asked for again later, each time
   after twice the time, and what is refused for good is not asked for again before `forget_ms`

Nothing that a neighbour claims here is believed: it costs a question, of which the number is bounded.
"""

from __future__ import annotations

from collections.abc import Iterable

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import NEVER, SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.overlay.agreed import Agreed
from hansa.overlay.compared import Compared
from hansa.overlay.doing import Blame, Doing, Misdeed, Serve
from hansa.overlay.frames import MAX_IDS, Fetch, Held, Sums, named
from hansa.overlay.holdings import DIGITS, Holdings, bounds_of
from hansa.overlay.patience import Patience
from hansa.overlay.quotas import Bucket
from hansa.overlay.reconcile_params import Params
from hansa.overlay.under_way import UnderWay
from hansa.overlay.unwanted import Unwanted

DEPTH = 64
CHUNKS = 16
"""Lists of ids that answer one frame at most."""


MAX_LATE = 4_096
"""Records that one neighbour may still bring after others were asked for them, as if it had brought them in time."""

MAX_TODO = 50_000
"""Ids that are remembered as missing, of one neighbour."""

ANSWERED_LIKE_A_FRAME = 8
"""Records that are sent for a frame's worth of what a neighbour may ask in a second."""

WIDEST = 4
"""Neighbours of whom one record is asked at once, where fewer did not bring it."""

STALL_S = 6
"""Seconds for which this node may stand still, and then read all at once what came: a link ends after as many."""


class Reconciler:
    """Compares holdings with each neighbour in turn, and asks for what is missing.

    Attributes:
        due: before then nothing comes of `tick`; it is worked out there, and moved up by what may bring it forward.
    """

    def __init__(self, holdings: Holdings, params: Params, rng: Rng) -> None:
        """Compares what is in `holdings`, which whoever keeps records keeps up."""
        params.validate()
        self.holdings = holdings
        self._params = params
        self._rng = rng
        self._neighbours: dict[NodeId, Compared] = {}
        self._unwanted = Unwanted(params.again_ms, params.forget_ms)
        self._in_vain: dict[bytes, int] = {}
        self._patience = Patience(params.patience_ms, params.patience_least_ms, params.patience_most_ms)
        self._under_way = UnderWay(params.lead_ms)
        self._agreed = Agreed()
        self.due = NEVER

    # ---- links

    def linked(self, peer: NodeId, now: Instant) -> Doing:
        """Compares with a new neighbour at once."""
        rate = self._params.frames_per_second
        intake = Bucket(rate, rate * STALL_S, now)
        self._neighbours[peer] = Compared(now, self._params.every_ms, intake)
        self._agreed.linked(peer)
        return self.tick(now)

    def lost(self, peer: NodeId, on_purpose: bool, now: Instant) -> Doing:
        """Forgets a neighbour, and what it was asked for."""
        self._neighbours.pop(peer, None)
        return Doing()

    def hurry(self, peer: NodeId, now: Instant) -> None:
        """Has the next comparison with a neighbour made at once: something came that rests on what is not here."""
        if neighbour := self._neighbours.get(peer):
            neighbour.next_at, neighbour.wait_ms = now, self._params.every_ms
            self.due = min(self.due, now)

    def hurry_others(self, peer: NodeId, now: Instant) -> None:
        """Has all neighbours but one compare soon: what it brought they may lack."""
        for name, one in self._neighbours.items():
            if name != peer:
                one.next_at = min(one.next_at, Instant(now + self._params.soon_ms))
                one.wait_ms = self._params.every_ms
                self.due = min(self.due, one.next_at)

    # ---- time

    def tick(self, now: Instant) -> Doing:
        """Begins the comparisons that are due, and asks for what is still missing."""
        doing = Doing()
        for peer, one in self._neighbours.items():
            if now >= one.next_at and (now >= one.begun_at + self._params.slow_ms or not self._is_busy(one)):
                one.begun_at = now
                jitter = self._rng.below(one.wait_ms // 4 + 1)
                one.next_at = Instant(now + one.wait_ms + jitter)
                one.wait_ms = self._params.every_ms if one.gained else min(one.wait_ms * 2, self._params.slow_ms)
                one.gained = 0
                self._tell(peer, Sums("", (self.holdings.digest(),)), now, doing)
            wait = self._patience.wait
            if one.asked and now >= one.brought_at + wait:
                for id_ in [id_ for id_, since in one.asked.items() if now >= since + wait]:
                    del one.asked[id_]
                    self._asked_in_vain(one, id_)
            if one.todo:
                self._ask(peer, one, now, doing)
        self.due = min((one.due for one in self._neighbours.values()), default=NEVER)
        return doing

    # ---- frames

    def heard(self, peer: NodeId, frame: Sums | Held | Fetch, now: Instant) -> Doing:
        """Answers a comparison, a list of ids, or a question for records."""
        doing = Doing()
        one = self._neighbours.get(peer)
        if one is None:
            return doing
        cost = len(frame.ids) // ANSWERED_LIKE_A_FRAME + 1 if isinstance(frame, Fetch) else 1
        if not one.intake.has(cost, now):
            one.over += 1
            if one.over % self._params.frames_per_second == 1:
                doing.blames.append(Blame(peer, Misdeed.FLOOD))
            return doing
        one.intake.take(cost)
        if isinstance(frame, Sums):
            self._compare(peer, frame, now, doing)
        elif isinstance(frame, Fetch):
            doing.serves.append(Serve(peer, tuple(named(id_) for id_ in frame.ids if id_ in self.holdings)))
        else:
            self._listed(peer, one, frame, now, doing)
        return doing

    def _compare(self, peer: NodeId, frame: Sums, now: Instant, doing: Doing) -> None:
        if len(frame.parts) == 1:
            if frame.parts[0] != self.holdings.digest(frame.prefix):
                self._neighbours[peer].wait_ms = self._params.every_ms
                if frame.prefix or not self._tell_news(peer, now, doing):
                    self._describe(peer, frame.prefix, now, doing)
            elif not frame.prefix:
                self._agreed.same(peer)
            return
        if len(frame.parts) != len(DIGITS) or len(frame.prefix) >= DEPTH:
            doing.blames.append(Blame(peer, Misdeed.BROKEN))
            return
        pairs = [(frame.prefix + digit, theirs) for digit, theirs in zip(DIGITS, frame.parts, strict=True)]
        differ = [(prefix, theirs) for prefix, theirs in pairs if theirs != self.holdings.digest(prefix)]
        if len(differ) > len(DIGITS) // 2 and self.holdings.count(frame.prefix) <= MAX_IDS:
            self._describe(peer, frame.prefix, now, doing, whole=True)  # 4
            return
        width = self._width(peer, frame.prefix, now)
        for prefix, theirs in differ if len(differ) <= width else self._rng.sample(differ, width):
            if not theirs:
                self._name(peer, prefix, self.holdings.below(prefix, CHUNKS * MAX_IDS), now, doing)
            else:
                self._describe(peer, prefix, now, doing)

    def _tell_news(self, peer: NodeId, now: Instant, doing: Doing) -> bool:
        """Names what a neighbour may lack (rule 7); says whether that is to be waited for."""
        self._name(peer, "", self._agreed.news(peer, now), now, doing)
        return now < self._agreed.told_since(peer) + 2 * self._params.every_ms

    def _width(self, peer: NodeId, prefix: str, now: Instant) -> int:
        """Returns into how many parts a comparison may go on, so that it gets to the ids within this second."""
        count, levels = self.holdings.count(prefix) // len(DIGITS), 1
        while count > self._params.name_up_to:
            count, levels = count // len(DIGITS), levels + 1
        left, width = self._left(self._neighbours[peer], now) - self._params.frames_per_second // 8, 1
        while width < len(DIGITS) and (width + 1) ** levels <= left:
            width += 1
        return width

    def _describe(self, peer: NodeId, prefix: str, now: Instant, doing: Doing, whole: bool = False) -> None:
        """Says what is held below a prefix: every id where there are few, or all are asked for."""
        if whole or self.holdings.count(prefix) <= self._params.name_up_to:
            self._tell(peer, Held(prefix, tuple(self._under_way.others(self.holdings.below(prefix), now))), now, doing)
        else:
            self._tell(peer, Sums(prefix, self.holdings.parts(prefix)), now, doing)

    def _name(self, peer: NodeId, prefix: str, ids: list[bytes], now: Instant, doing: Doing) -> None:
        ids = self._under_way.others(ids, now)
        for start in range(0, len(ids), MAX_IDS):
            self._tell(peer, Held(prefix, tuple(ids[start : start + MAX_IDS]), answer=True), now, doing)

    def _tell(self, peer: NodeId, frame: Sums | Held, now: Instant, doing: Doing) -> None:
        """Sends a frame of a comparison; when it is one too many, compares anew in the next second (rule 4)."""
        one = self._neighbours[peer]
        if self._left(one, now) <= self._params.frames_per_second // 8:  # these are kept for questions
            one.next_at, one.wait_ms = min(one.next_at, Instant((now // SECOND + 1) * SECOND)), self._params.every_ms
            self.due = min(self.due, one.next_at)
            return
        one.told += 1
        doing.send(peer, frame)

    def _left(self, one: Compared, now: Instant) -> int:
        """Returns how many frames a neighbour may be sent still in this second."""
        if one.told_in != now // SECOND:
            one.told_in, one.told = now // SECOND, 0
        return self._params.frames_per_second // 2 - one.told

    def _listed(self, peer: NodeId, one: Compared, frame: Held, now: Instant, doing: Doing) -> None:
        low, high = bounds_of(frame.prefix)
        if frame.ids and not low <= min(frame.ids) <= max(frame.ids) <= high:
            doing.blames.append(Blame(peer, Misdeed.BROKEN))
            return
        for id_ in frame.ids:
            if id_ not in self.holdings and len(one.todo) < MAX_TODO and self._unwanted.is_over(id_, now):
                one.todo[id_] = None
        self._ask(peer, one, now, doing)
        self.due = min(self.due, one.due)
        if not frame.answer:
            theirs = frozenset(frame.ids)
            extra = [id_ for id_ in self.holdings.below(frame.prefix) if id_ not in theirs]
            self._name(peer, frame.prefix, extra[: CHUNKS * MAX_IDS], now, doing)

    # ---- asking

    def want(self, peer: NodeId, ids: Iterable[bytes]) -> None:
        """Has a neighbour asked for records that it named elsewhere, as if it had named them in a comparison."""
        if one := self._neighbours.get(peer):
            for id_ in ids:
                if id_ not in self.holdings and len(one.todo) < MAX_TODO:
                    one.todo[id_] = None
            self.due = min(self.due, one.due)

    @property
    def taken_at(self) -> Instant:
        """When the last record was kept, whichever way it came."""
        return self._unwanted.taken_at

    def _ask(self, peer: NodeId, one: Compared, now: Instant, doing: Doing) -> None:
        free = min(self._params.asked_at_once - len(one.asked), self._params.unjudged - self._unwanted.here)
        if free < self._params.asked_at_once // 2:
            return  # many at a time, rather than one for one that came
        free = min(free, (self._left(one, now) - 1) * ANSWERED_LIKE_A_FRAME)
        wanted: list[bytes] = []
        later: dict[bytes, None] = {}
        for id_ in list(one.todo):
            if len(wanted) >= free:
                break
            del one.todo[id_]
            if id_ in self.holdings or id_ in one.asked or not self._unwanted.is_over(id_, now):
                continue
            if sum(id_ in other.asked for other in self._neighbours.values()) >= self._asked_of(id_):
                later[id_] = None  # should that one not bring it
            else:
                wanted.append(id_)
        one.todo.update(later)
        if wanted:
            one.asked.update(dict.fromkeys(wanted, now))
            one.told += len(wanted) // ANSWERED_LIKE_A_FRAME + 1
            doing.send(peer, Fetch(tuple(wanted)))

    def _is_busy(self, one: Compared) -> bool:
        """Says whether a comparison would find what is known: a neighbour named much, or much is being judged."""
        missing = len(one.todo) + len(one.asked)
        return missing >= self._params.asked_at_once // 4 or self._unwanted.here >= self._params.unjudged // 2

    def _asked_in_vain(self, one: Compared, id_: bytes) -> None:
        one.late[id_] = None
        if len(one.late) > MAX_LATE:
            del one.late[next(iter(one.late))]
        tries = self._in_vain.pop(id_, 0)
        while len(self._in_vain) >= MAX_TODO:
            del self._in_vain[next(iter(self._in_vain))]
        self._in_vain[id_] = tries + 1

    def _asked_of(self, id_: bytes) -> int:
        """Returns of how many neighbours a record may be asked at once: of one, and of twice as many each time."""
        return min(WIDEST, 1 << min(self._in_vain.get(id_, 0), 8))

    def is_asked(self, peer: NodeId, id_: bytes) -> bool:
        """Says whether a neighbour was asked for a record here, and has not sent it yet, however long ago."""
        one = self._neighbours.get(peer)
        return one is not None and (id_ in one.asked or id_ in one.late)

    # ---- what became of it

    def came(self, peer: NodeId, id_: bytes, now: Instant) -> None:
        """Notes that an asked-for record came and is being judged; from now on it is no longer awaited."""
        if one := self._neighbours.get(peer):
            since = one.asked.pop(id_, None)
            if since is None:
                one.late.pop(id_, None)
            elif self._in_vain.pop(id_, None) is None:
                self._patience.measured(now - max(since, one.brought_at))
            one.todo.pop(id_, None)
            one.brought_at = now
            one.gained += 1

    def taken(self, id_: bytes, now: Instant) -> None:
        """Notes that a record is held now, whichever way it came."""
        if self.holdings.add(id_):
            self._agreed.taken(id_)
        self._unwanted.taken(id_, now)
        self._in_vain.pop(id_, None)

    def spreading(self, id_: bytes, now: Instant) -> None:
        """Notes that gossip is taking a record to the neighbours, as it came by gossip, or began here (rule 6)."""
        self._under_way.add(id_, now)

    def put_off(self, id_: bytes, now: Instant) -> None:
        """Notes that a record can't be taken yet, since something is missing that it rests on."""
        until = self._unwanted.put_off(id_, now)
        for one in self._neighbours.values():
            one.wait_ms, one.next_at = self._params.every_ms, min(one.next_at, until)
            self.due = min(self.due, one.next_at)

    def judging(self, id_: bytes, now: Instant) -> None:
        """Notes that a record is here and being judged: nobody needs to be asked for it meanwhile."""
        self._unwanted.judging(id_, now)

    def is_here(self, id_: bytes) -> bool:
        """Says whether a record is here and being judged."""
        return self._unwanted.is_here(id_)

    def judged(self, id_: bytes) -> None:
        """Notes that a record was judged, whatever became of it; those who know more say that after this."""
        self._unwanted.judged(id_)

    def kept_back(self, id_: bytes, now: Instant) -> None:
        """Notes that a record came too early and waits here: it is not asked for again for a while."""
        self._unwanted.kept_back(id_, now)

    def refused(self, id_: bytes, now: Instant) -> None:
        """Notes that a record is not wanted here."""
        self._unwanted.refused(id_, now)

"""What a node has lent: leases, and the one book in which it grants them (M8). Nothing is granted that is not there.

A lease goes through the states of `lease_states`.

A lender grants by itself, and only what is its own: so two nodes never grant the same unit, and nobody in the middle is
needed. An ask is granted if, rules in order:

1. it was granted before: then it is the same lease (whoever asks again after a lost answer gets no second one)
2. it names an offer of this node's, pays what that asks for, and keeps within its window, for a time that is not over,
   no longer than `longest_ms`, and begins within `ahead_ms`
3. its borrower has not failed to show up, or to settle, `no_shows` times within `forget_ms`
4. what the borrower has asked for and not taken is within its share of the capacity, at every instant; and neither it
   nor all together have more leases open, or copies on their way, than can be looked after
5. what it may come to owe for all that is not settled yet is within the credit that it has here
6. the units are free, of the offer and of the capacity, at every instant of the window

Each lease has a fence, a number that rises with every grant, also of a lender whose book was put back from an old copy,
as it is the time of the grant or one more than the last: whoever brings work for a lease shows it, and work for a
lease that is not active, or with another number, is not done. So a lease that is over can't act, however late a message
comes (Kleppmann, "How to do distributed locking", 2016).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import DAY, MINUTE, Instant
from hansa.kernel.resources import Resource
from hansa.kernel.verdict import Reason
from hansa.market.accounts import MOST
from hansa.market.lease import MAX_COPIES, Ask, Lease, owes, peak
from hansa.market.lease_states import HOLDS, State, Trigger
from hansa.market.model import URGENCY, Offer, Window

MOST_OPEN = 64
"""Leases that one borrower may have that are not over: each is looked at again and again, also the smallest."""

MOST_IN_ALL = 2_048
"""Those of all together; strangers, whose names cost nothing, get no more once it is half."""

MOST_COPIES = 4_096
"""Copies that are on their way to all together: each is a letter in the outbox. Strangers: as above."""


@dataclass(frozen=True, slots=True)
class Params:
    """How a node lends.

    Attributes:
        hold_ms: how long a grant waits to be taken. Raising it forgives slow borrowers, and lets hoarders hoard longer.
        hold_share: thousandths of a capacity that one borrower may have granted and not taken. At least one unit.
        known_share: the same for those whom the lender knows: its no-shows end what it can do with that.
        no_shows: grants that were not taken, after which a borrower gets no more.
        forget_ms: until a grant that was not taken is forgotten.
        longest_ms: of a lease. Raising it ties capacity up.
        ahead_ms: how long before its window a lease may be granted, for those that begin later.
        idle_share: thousandths of what was reserved that are paid for even if they are not used.
    """

    hold_ms: int = MINUTE
    hold_share: int = 100
    known_share: int = 1000
    no_shows: int = 3
    forget_ms: int = DAY
    longest_ms: int = DAY
    ahead_ms: int = 7 * DAY
    idle_share: int = 250

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        if not 1 <= self.hold_ms <= MINUTE:
            raise ValueError("hold_ms must be between 1 and 60000")
        for name in ("hold_share", "known_share", "idle_share"):
            if not 0 <= getattr(self, name) <= URGENCY:
                raise ValueError(f"{name} must be between 0 and 1000")
        for name in ("no_shows", "forget_ms", "longest_ms", "ahead_ms"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


class Book:
    """All leases of one lender.

    What it returns is how a lease stands next, and is so once `keep` is told of it: whoever asks keeps it where it
    lasts first, and asks for nothing else meanwhile.
    """

    def __init__(self, capacity: Mapping[Resource, int], params: Params | None = None) -> None:
        """Begins with nothing granted.

        Args:
            capacity: units of each resource that this node lends at once; looked at each time.
        """
        self._capacity = capacity
        self._params = params or Params()
        self._params.validate()
        self._open: dict[ContentId, Lease] = {}
        self._closed: dict[ContentId, Lease] = {}  # in the order in which they ended
        self._fence = 0

    def keep(self, lease: Lease) -> None:
        """Takes a lease as it stands now; fences go on above the greatest."""
        self._open.pop(lease.id, None)
        (self._closed if lease.is_over else self._open)[lease.id] = lease
        self._fence = max(self._fence, lease.fence)

    def get(self, id_: ContentId) -> Lease | None:
        """Returns a lease."""
        return self._open.get(id_) or self._closed.get(id_)

    def open(self) -> list[Lease]:
        """Returns the leases that are not over, in the order in which they were granted."""
        return sorted(self._open.values(), key=lambda one: one.fence)

    def all(self) -> list[Lease]:
        """Returns all leases, in the order in which they were granted."""
        return sorted([*self._closed.values(), *self._open.values()], key=lambda one: one.fence)

    @property
    def is_open(self) -> bool:
        """Says whether some lease is not over."""
        return bool(self._open)

    def free(self, resource: Resource, window: Window) -> int:
        """Returns the units of a resource that are free at every instant of a window."""
        return self._capacity.get(resource, 0) - peak(self._held(resource), window)

    def _held(self, resource: Resource, states: tuple[State, ...] = HOLDS, borrower: str = "") -> list[Ask]:
        return [
            one.ask
            for one in self._open.values()
            if one.ask.resource is resource and one.state in states and borrower in ("", one.ask.borrower)
        ]

    def holding(self, resource: Resource) -> list[Ask]:
        """Returns what holds units of a resource now, or will."""
        return self._held(resource)

    # ---- granting

    def grant(self, ask: Ask, offer: Offer, now: Instant, credit: int = MOST, known: bool = False) -> Lease:
        """Returns the lease for an ask, granted by this or before.

        Args:
            offer: this node's own that the ask names.
            credit: what the borrower may come to owe, for this and all that is not settled, in millionths of a credit.
            known: whether the lender knows the borrower.

        Raises:
            Refused: NO_OFFER (2), NO_SHOW (3), HOARDING (4), NO_CREDIT (5), NO_CAPACITY (6).
        """
        held = self.get(ask.id)
        if held is not None:  # 1
            return held
        self._check_terms(ask, offer, now)
        self._check_shows(ask, now)
        self._check_room(ask, known)
        if ask.leased:
            self._check_share(ask, known)
        owed = self.committed(ask.borrower) + self._most(ask)
        if owed > credit:  # 5
            raise Refused(Reason.NO_CREDIT, f"{owed} millionths could be owed then, and {credit} may")
        if not ask.leased:
            return self._granted(ask, now)
        of_offer = [one for one in self._held(ask.resource) if one.offer == offer.id]
        free = min(self.free(ask.resource, ask.window), offer.amount - peak(of_offer, ask.window))
        if ask.amount > free:  # 6
            raise Refused(Reason.NO_CAPACITY, f"{free} of {ask.resource} are free then, and {ask.amount} are asked for")
        return self._granted(ask, now)

    def _granted(self, ask: Ask, now: Instant) -> Lease:
        fence = max(self._fence + 1, int(now))
        return Lease(ask, fence, State.GRANTED, Instant(now + self._params.hold_ms))

    def _check_terms(self, ask: Ask, offer: Offer, now: Instant) -> None:  # 2
        flaws = (
            (ask.offer != offer.id or ask.resource is not offer.resource, "it names another offer"),
            (ask.amount < 1, "it asks for nothing"),
            (ask.price < offer.price, f"the offer asks for {offer.price}"),
            (ask.window.begins < offer.window.begins or ask.window.ends > offer.window.ends, "not offered then"),
            (ask.window.ends <= now, "it is over"),
            (not 0 < ask.window.lasts <= self._params.longest_ms, f"{self._params.longest_ms} ms are the longest"),
            (ask.window.begins > now + self._params.ahead_ms, "it begins too far ahead"),
            (not ask.leased and ask.amount > min(offer.amount, MAX_COPIES), "more copies than are on offer at once"),
            (self._most(ask) > MOST or ask.amount * ask.window.lasts > MOST, "no account can hold what it comes to"),
        )
        for flawed, words in flaws:
            if flawed:
                raise Refused(Reason.NO_OFFER, words)

    def _check_shows(self, ask: Ask, now: Instant) -> None:
        missed = self.no_shows(ask.borrower, now)
        if missed >= self._params.no_shows:  # 3
            raise Refused(Reason.NO_SHOW, f"{missed} grants were not taken, or not settled, lately")

    def _check_room(self, ask: Ask, known: bool) -> None:  # 4
        its = [one for one in self._open.values() if one.ask.borrower == ask.borrower]
        if len(its) >= MOST_OPEN:
            raise Refused(Reason.HOARDING, f"{len(its)} leases are open, and {MOST_OPEN} may be")
        if len(self._open) >= (MOST_IN_ALL if known else MOST_IN_ALL // 2):
            raise Refused(Reason.NO_CAPACITY, f"{len(self._open)} leases are open here, of all together")
        if ask.leased:
            return
        coming = [one for one in self._open.values() if not one.ask.leased and one.state in HOLDS]
        if sum(one.ask.amount for one in coming if one.ask.borrower == ask.borrower) + ask.amount > MAX_COPIES:
            raise Refused(Reason.HOARDING, "other copies are on their way to it: take those first")
        most = MOST_COPIES if known else MOST_COPIES // 2
        if sum(one.ask.amount for one in coming) + ask.amount > most:
            raise Refused(Reason.NO_CAPACITY, f"{most} copies may be on their way at once, to all together")

    def _check_share(self, ask: Ask, known: bool) -> None:
        most = self._params.known_share if known else self._params.hold_share
        share = max(1, self._capacity.get(ask.resource, 0) * most // URGENCY)
        waiting = peak(self._held(ask.resource, (State.GRANTED,), ask.borrower), ask.window)
        if waiting + ask.amount > share:  # 4
            raise Refused(Reason.HOARDING, f"{waiting} wait to be taken, and {share} may")

    def no_shows(self, borrower: NodeId, now: Instant) -> int:
        """Returns how often a borrower has not taken what it was granted, as far as that is not forgotten.

        By the time for which it kept it from others: giving back just before it lapses is no better than that. A lease
        that was not paid counts like one that was not taken.
        """
        since, hold = now - self._params.forget_ms, self._params.hold_ms
        kept = 0
        for one in self._closed.values():
            if one.ask.borrower != borrower or (one.ended or one.take_by) < since:
                continue
            if one.state in (State.LAPSED, State.BROKEN):
                kept += hold
            elif one.state is State.RELEASED and one.ended is not None:
                kept += min(hold, max(0, one.ended - one.take_by + hold))
        return kept // hold

    def _most(self, ask: Ask) -> int:
        return owes(ask, Lease(ask, 0, State.GRANTED, ask.window.begins).limit, self._params.idle_share)

    def committed(self, borrower: NodeId) -> int:
        """Returns what a borrower owes, or may come to owe, for leases that are not settled."""
        return sum(
            one.cost if one.state is State.METERED else self._most(one.ask)
            for one in self._open.values()
            if one.ask.borrower == borrower and one.state in (*HOLDS, State.METERED)
        )

    # ---- using

    def take(self, id_: ContentId, borrower: NodeId, now: Instant) -> Lease:
        """Returns the lease once its borrower has taken it; taking it again changes nothing.

        Raises:
            Refused: NO_LEASE, when there is none of that borrower, or it lapsed.
        """
        lease = self._of(id_, borrower)
        if lease.state is State.ACTIVE:
            return lease
        if lease.state is not State.GRANTED or now >= lease.take_by:
            raise Refused(Reason.NO_LEASE, "it was not taken in time, or it is over: ask again")
        return replace(lease, state=lease.moved(Trigger.TAKEN))

    def may_use(self, id_: ContentId, borrower: NodeId, fence: int, now: Instant) -> Lease:
        """Returns the lease if work for it may be done now.

        Raises:
            Refused: NO_LEASE, when it is not active, not now, used up, or the fence is another one's.
        """
        lease = self._of(id_, borrower)
        if lease.fence != fence:
            raise Refused(Reason.NO_LEASE, f"its fence is {lease.fence}, not {fence}")
        if lease.state is not State.ACTIVE or not lease.ask.window.begins <= now < lease.ask.window.ends:
            raise Refused(Reason.NO_LEASE, f"it is {lease.state}, and it is not its time")
        if lease.used >= lease.limit:
            raise Refused(Reason.NO_LEASE, "it is used up")
        return lease

    def meter(self, id_: ContentId, used: int) -> Lease:
        """Returns the lease with more use noted, in units x milliseconds; never above its limit.

        Raises:
            ValueError: less than nothing was used.
            Refused: NO_LEASE, when it is not active.
        """
        if used < 0:
            raise ValueError("used must be at least 0")
        lease = self._open.get(id_)
        if lease is None or lease.state is not State.ACTIVE:
            raise Refused(Reason.NO_LEASE, "it is not active")
        return replace(lease, used=min(lease.limit, lease.used + used))

    def _of(self, id_: ContentId, borrower: NodeId) -> Lease:
        lease = self.get(id_)
        if lease is None or lease.ask.borrower != borrower:
            raise Refused(Reason.NO_LEASE, "there is no such lease of yours here")
        return lease

    # ---- ending

    def release(self, id_: ContentId, borrower: NodeId, now: Instant) -> Lease:
        """Returns the lease after its borrower gave it back; what was used of it, and the idle share, is owed.

        Raises:
            Refused: NO_LEASE, when there is none of that borrower, or its copies are on their way.
        """
        lease = self._of(id_, borrower)
        if not lease.ask.leased and lease.state is State.ACTIVE:
            raise Refused(Reason.NO_LEASE, "its copies are on their way: they can't be given back")
        if lease.state is State.GRANTED:
            return replace(lease, state=lease.moved(Trigger.RELEASED), ended=now)
        return self._over(lease, now) if lease.state is State.ACTIVE else lease

    def settle(self, id_: ContentId, paid: bool) -> Lease:
        """Returns the lease after its cost was agreed to, or was not; settling it again changes nothing.

        Raises:
            UsageError: it is not metered yet.
        """
        lease = self._open.get(id_) or self._closed[id_]
        if lease.state in (State.SETTLED, State.BROKEN):
            return lease
        return replace(lease, state=lease.moved(Trigger.SETTLED if paid else Trigger.BROKEN))

    def tick(self, now: Instant) -> list[Lease]:
        """Returns the leases that lapse or are over by now, moved on."""
        moved_on = []
        for lease in self.open():
            ahead = lease.take_by > now + 2 * self._params.hold_ms  # the clock was set back since it was granted
            if lease.state is State.GRANTED and (now >= lease.take_by or ahead):
                moved_on.append(replace(lease, state=lease.moved(Trigger.LAPSED), ended=min(now, lease.take_by)))
            elif lease.state is State.ACTIVE and (now >= lease.ask.window.ends or lease.used >= lease.limit):
                moved_on.append(self._over(lease, min(now, lease.ask.window.ends)))
        return moved_on

    def forget(self, before: Instant) -> list[ContentId]:
        """Returns the leases that ended before an instant, which are forgotten by this."""
        gone = []
        for one in self._closed.values():
            if (one.ended or one.take_by) >= before:
                break  # those behind it ended later
            gone.append(one.id)
        for id_ in gone:
            del self._closed[id_]
        return gone

    def end(self, id_: ContentId, used: int, now: Instant) -> Lease:
        """Returns an active lease once it has ended before its time, with all that was used of it."""
        lease = self._open[id_]
        return self._over(replace(lease, used=min(lease.limit, used)), min(now, lease.ask.window.ends))

    def _over(self, lease: Lease, at: Instant) -> Lease:
        owed = owes(lease.ask, lease.used, self._params.idle_share)
        return replace(lease, state=lease.moved(Trigger.OVER), ended=at, cost=owed)

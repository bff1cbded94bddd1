"""A lease, and what was asked for: frozen values, and what is reckoned from them (M8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import HOUR, Instant
from hansa.kernel.lifecycle import moved
from hansa.kernel.resources import UNITS, Resource
from hansa.market.lease_states import OVER, TRANSITIONS, State, Trigger
from hansa.market.model import URGENCY, Window

MAX_COPIES = 64
"""Copies that one lease brings at most."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a borrower wants of an offer.

    Attributes:
        id: of the signed record: made by whoever asks, so that asking twice is asking once.
        offer: which one.
        price: for one unit and hour that it agrees to.
    """

    id: ContentId
    offer: ContentId
    borrower: NodeId
    resource: Resource
    amount: int
    price: int
    window: Window
    topic: str = ""

    @property
    def leased(self) -> bool:
        """Says whether its units are leased; else copies are asked for."""
        return UNITS[self.resource].leased


@dataclass(frozen=True, slots=True)
class Lease:
    """Units that somebody may use for a while, or copies that it is brought.

    Attributes:
        ask: what was asked for, all of which was granted.
        fence: rises with every grant of the lender.
        take_by: when it lapses unless it is taken.
        used: of its units, in units x milliseconds; or copies that were brought.
        ended: when it was over, before its window if it was given back.
        cost: what is owed, once it is metered.
        records: the copies, once it is taken.
    """

    ask: Ask
    fence: int
    state: State
    take_by: Instant
    used: int = 0
    ended: Instant | None = None
    cost: int = 0
    records: tuple[ContentId, ...] = ()

    @property
    def id(self) -> ContentId:
        """The ask's."""
        return self.ask.id

    @property
    def is_over(self) -> bool:
        """Says whether nothing follows any more."""
        return self.state in OVER

    @property
    def limit(self) -> int:
        """What may be used of it, in units x milliseconds, or in copies."""
        return self.ask.amount * (self.ask.window.lasts if self.ask.leased else 1)

    def moved(self, trigger: Trigger) -> State:
        """Returns the state after a trigger.

        Raises:
            UsageError: the move is not in the table.
        """
        return moved(TRANSITIONS, self.state, trigger, "a lease that is {state} can't be {trigger}")


def peak(leases: Iterable[Ask], window: Window) -> int:
    """Returns the most units that are taken at one instant of a window."""
    steps: list[tuple[Instant, int]] = []
    for one in leases:
        if one.window.begins < window.ends and window.begins < one.window.ends:
            steps += ((max(one.window.begins, window.begins), one.amount), (one.window.ends, -one.amount))
    most = taken = 0
    for _, change in sorted(steps):  # at one instant what ends comes first: windows are half open
        taken += change
        most = max(most, taken)
    return most


def owes(ask: Ask, used: int, idle_share: int) -> int:
    """Returns what is owed for use of a lease, rounded up, in millionths of a credit.

    Args:
        used: in units x milliseconds.
        idle_share: thousandths of what was reserved that are paid for at least.
    """
    if not ask.leased:
        return used * ask.price
    reserved = ask.amount * ask.window.lasts
    counted = max(used, -(-reserved * idle_share // URGENCY))
    return -(-counted * ask.price // HOUR)

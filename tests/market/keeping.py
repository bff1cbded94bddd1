"""A lender's book that keeps at once what it returns, as a node does that waits for its disk."""

from __future__ import annotations

from collections.abc import Iterable

from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.market.accounts import MOST
from hansa.market.lease import Ask, Lease
from hansa.market.leases import Book
from hansa.market.model import Offer


class Keeping(Book):
    """Keeps each lease as it stands next."""

    def _kept(self, lease: Lease) -> Lease:
        self.keep(lease)
        return lease

    def restore(self, leases: Iterable[Lease]) -> None:
        """Takes back what was kept."""
        for one in leases:
            self.keep(one)

    def grant(self, ask: Ask, offer: Offer, now: Instant, credit: int = MOST, known: bool = False) -> Lease:
        """Grants and keeps."""
        return self._kept(super().grant(ask, offer, now, credit, known))

    def take(self, id_: ContentId, borrower: NodeId, now: Instant) -> Lease:
        """Takes and keeps."""
        return self._kept(super().take(id_, borrower, now))

    def meter(self, id_: ContentId, used: int) -> Lease:
        """Meters and keeps."""
        return self._kept(super().meter(id_, used))

    def release(self, id_: ContentId, borrower: NodeId, now: Instant) -> Lease:
        """Gives back and keeps."""
        return self._kept(super().release(id_, borrower, now))

    def settle(self, id_: ContentId, paid: bool) -> Lease:
        """Settles and keeps."""
        return self._kept(super().settle(id_, paid))

    def tick(self, now: Instant) -> list[Lease]:
        """Moves on and keeps."""
        return [self._kept(one) for one in super().tick(now)]

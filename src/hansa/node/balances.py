"""What this node is owed by others, less what it owes them, in millionths of a credit (`market.accounts`).

A balance changes in the same commit as the lease that it is for, which moves once: so nothing is counted twice, or by
half. The signed records say the same: `recount` goes through all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from hansa.kernel.ids import NodeId
from hansa.market.accounts import Accounts, Entry
from hansa.market.lease import Lease
from hansa.market.lease_states import State
from hansa.market.messages import Act
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.lease_list import LeaseList, Story
from hansa.node.rows import PutMark

COUNT = "balances"
"""Mark with the number of nodes that there is a balance with; "balance of N" is the id of one."""

PAGE = 50
"""Leases that are counted again at a time."""


def _is_agreed(story: Story, lease: Lease) -> bool:
    agreed = any(one.act is Act.AGREE for one in story.acts)  # by this node, and its lender has not heard of it yet
    return lease.state is State.SETTLED or (lease.state is State.METERED and agreed)


def _mark(peer: NodeId) -> str:
    return f"balance {peer}"


class Balances:
    """Reads and changes them."""

    def __init__(self, core: Core) -> None:
        """Works on the core's store."""
        self._core = core

    def of(self, peer: NodeId) -> int:
        """Returns what a node owes this one; below 0 where this one owes."""
        return int(self._core.store.mark(_mark(peer)) or 0)

    def all(self) -> Iterator[tuple[NodeId, int]]:
        """Yields every node that there was ever a balance with, in the order in which they came."""
        for number in range(1, int(self._core.store.mark(COUNT) or 0) + 1):
            peer = NodeId(self._core.store.mark(f"balance of {number}"))
            yield peer, self.of(peer)

    def enter(self, peer: NodeId, change: int, effects: Effects) -> None:
        """Adds to `effects` that a node owes more, or less."""
        store = self._core.store
        if not store.mark(_mark(peer)):
            number = int(store.mark(COUNT) or 0) + 1
            effects.changes += [PutMark(COUNT, str(number)), PutMark(f"balance of {number}", peer)]
        effects.changes.append(PutMark(_mark(peer), str(self.of(peer) + change)))

    def recounting(self) -> Iterator[tuple[int, int, Accounts]]:
        """Counts again from the signed records, a page at a time: how many leases are counted, of how many, and so far.

        The slow way, to hold the balances against. The last one that is yielded is whole.
        """
        stories, accounts = LeaseList(self._core), Accounts()
        total = stories.count()
        number = total + 1
        while page := stories.page(number, PAGE):
            number = page[-1][0]
            for _, one in page:
                if one.lease is not None and _is_agreed(one, one.lease):
                    accounts.enter(Entry(one.ask.id, one.ask.borrower, one.lender, one.lease.cost))
            yield total - number + 1, total, accounts
        yield total, total, accounts

    def recount(self) -> Accounts:
        """Returns what the signed records of all settled leases come to."""
        *_, (_, _, accounts) = self.recounting()
        return accounts

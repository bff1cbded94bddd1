"""What counts of whom here: accounts, folded from the ledger when they are asked for, and then brought up to date.

Only receipts count that this node signed, or a verifier that its operator names; each is read from its signed bytes,
and none that speaks for its own author. What is remembered is bounded: whoever was asked for longest ago is folded
again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from hansa.conduct.account import Account, Deed
from hansa.conduct.counting import Said
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Receipt, sort_of
from hansa.conduct.standing import Case, Decision, Params, Rung, decide, new_account
from hansa.identity.envelope import Ring
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.wire import parse
from hansa.node.driver import Kept
from hansa.node.ports import Store
from hansa.node.rows import AppendLedger, LedgerRow, WithholdRecord
from hansa.node.vault import open_record, open_signed

REMEMBERED = 10_000
"""Accounts held in memory."""

PAGE = 1_000


@dataclass(slots=True)
class _Held:
    account: Account
    upto: int = 0
    behind: bool = True


class Accounts:
    """The accounts of everybody that this node has a receipt about.

    Attributes:
        counting: whose receipts count.
        touched: about whom, and in which domain, a receipt that counts has come since somebody asked.
    """

    def __init__(self, store: Store, me: NodeId, ring: Ring, params: Params) -> None:
        """Reads from `store`, under the keys of `ring`."""
        self._store = store
        self._me = me
        self._ring = ring
        self.params = params
        self.counting = frozenset((me, *params.verifiers))
        self.touched: dict[tuple[NodeId, str], None] = {}
        self._held: OrderedDict[NodeId, _Held] = OrderedDict()

    def changed(self, change: Kept) -> None:
        """Notices that the ledger, or what stands in it, has changed."""
        if isinstance(change, AppendLedger):
            self.look_again(change.subject)
            if change.author in self.counting and change.author != change.subject:
                self.touched[change.subject, ""] = self.touched[change.subject, change.domain] = None
        elif isinstance(change, WithholdRecord):
            self._withheld(change.record)

    def _withheld(self, record: ContentId) -> None:
        """Notices that a record counts no more: where it is a receipt, whom it spoke of is another by now."""
        row = self._store.record(record)
        for link in self._store.receipts_about(ContentId(row.subject)) if row and row.kind == RECEIPT else ():
            if link.entry.receipt == record:
                self._held.pop(link.subject, None)
                self.touched[link.subject, ""] = self.touched[link.subject, link.domain] = None

    def account(self, subject: NodeId) -> Account:
        """Returns what counts of somebody, up to the last link of the ledger."""
        return self._up_to_date(subject).account

    def look_again(self, subject: NodeId) -> None:
        """Has the ledger read for somebody when they are next asked for, also for what nobody told of yet."""
        if subject in self._held:
            self._held[subject].behind = True

    def decide(self, subject: NodeId, now: Instant, domain: str = "", card: str = "") -> Decision:
        """Returns how to deal with somebody now."""
        return decide(self.account(subject), self.case(subject, domain, card), now, self.params)

    def case(self, subject: NodeId, domain: str = "", card: str = "") -> Case:
        """Returns what is asked when somebody is decided on: the operator's word, and what it is about."""
        peer = self._store.peer(subject)
        invited, banned = (peer.invited, peer.banned) if peer else (False, False)
        return Case(self._me, subject, invited, banned, domain, card)

    def is_barred(self, subject: NodeId, now: Callable[[], Instant]) -> bool:
        """Says whether the policy deals with somebody no more; quick for the many of whom nothing is known.

        Args:
            now: returns the present; asked only where it matters.
        """
        if subject == self._me:
            return False
        account = self.account(subject)
        return bool(account.bad) and not decide(account, Case(self._me, subject), now(), self.params).engage

    def is_known(self, subject: NodeId, now: Instant) -> bool:
        """Says whether somebody has dealt well enough here to be listened to."""
        account = self.account(subject)
        return bool(account.good) and decide(account, Case(self._me, subject), now, self.params).rung >= Rung.KNOWN

    def _up_to_date(self, subject: NodeId) -> _Held:
        held = self._held.get(subject)
        if held is None:
            held = self._held[subject] = _Held(new_account(self.params))
            if len(self._held) > REMEMBERED:
                self._held.popitem(last=False)
        self._held.move_to_end(subject)
        if held.behind:
            held.upto = self._fold(held.account, subject, held.upto)
            held.behind = False
        return held

    def _fold(self, account: Account, subject: NodeId, after: int) -> int:
        """Takes the links about somebody into an account; returns the number of the last."""
        while rows := self._store.receipts_of(subject, after, PAGE):
            for row in rows:
                deed = self.deed(row)
                if deed is not None:
                    account.add(deed)
                after = row.entry.number
        return after

    def read(self, row: LedgerRow, as_signed: bool = False) -> Said | None:
        """Returns a link's receipt, read from its signed bytes; None for one that is damaged, or whose key is void.

        Args:
            as_signed: also where its key was revoked since.
        """
        record = self._store.record(row.entry.receipt)
        if record is None:
            return None
        try:
            message = open_signed(record) if as_signed and record.withheld else open_record(record, self._ring)
            receipt = parse(message.body, Receipt)
        except Refused:
            return None  # hansa ledger verify names it
        if (message.author, receipt.subject) != (row.author, row.subject):
            return None
        return Said(message.author, Instant(record.created), receipt)

    def deed(self, row: LedgerRow) -> Deed | None:
        """Returns what a link counts for here; None for what does not count. `counting.counted` says so of many."""
        if row.author not in self.counting or row.author == row.subject or not self._is_first(row):
            return None
        said = self.read(row)
        return said.deed if said is not None else None

    def _is_first(self, row: LedgerRow) -> bool:
        """Says whether nobody who counts has said the same of a skill before."""
        sort = sort_of(row.dealing, row.reason)
        if sort is None or not row.skill:
            return True
        return not any(
            one.entry.number < row.entry.number
            and (one.subject, sort_of(one.dealing, one.reason)) == (row.subject, sort)
            and one.author in self.counting
            and one.author != one.subject
            and self.read(one) is not None
            for one in self._store.receipts_about(ContentId(row.skill))
        )

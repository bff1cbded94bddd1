"""How this node deals with others: its policy card, its decisions and a record of them, prediction, replay.

A decision follows from the receipts up to a link of the ledger, the operator's word, the card and the time, and from
nothing else. What it came to is signed and kept whenever it is another than before, so that anybody who holds the
ledger can work it out again (`replay`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from hansa.conduct.account import Account, Deed
from hansa.conduct.card import DECISION, Card, Decided, card
from hansa.conduct.card import KIND as CARD
from hansa.conduct.classic import Relationship
from hansa.conduct.counting import Said, counted
from hansa.conduct.standing import Case, Decision, Params, Rung, decide, new_account
from hansa.kernel.errors import HansaError, NotFound, Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.wire import parse
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.membership import DropInvitations
from hansa.node.rows import PutMark, PutRecord, RecordRow
from hansa.node.shelf import record_row
from hansa.node.vault import open_record

CARDS = "policy cards"
"""What the records of a node's own cards are filed under."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision that was worked out again.

    Attributes:
        record: id of the signed decision.
        again: what it comes to now, from the same; None when it can't be worked out.
        why: why not, or what differs; "" when it is the same.
    """

    record: ContentId
    decided: Decided
    again: Decision | None
    why: str = ""

    @property
    def same(self) -> bool:
        """Says whether it came out bit for bit as it was signed."""
        return not self.why


class Conduct:
    """This node's dealings with others."""

    def __init__(self, core: Core) -> None:
        """Works for one node."""
        self._core = core
        self.card = card(core.settings.conduct)
        self.digest = self.card.digest

    # ---- decisions

    def decide(self, about: NodeId, domain: str = "") -> Decision:
        """Returns how this node deals with somebody now."""
        return self._core.accounts.decide(about, self._core.now(), domain, self.digest)

    async def settle(self, about: NodeId, domain: str = "") -> Decision:
        """Returns how this node deals with somebody now, and keeps a signed record where that is another than before.

        Whoever is barred brings nobody in: the rest of the invitation that they came by is taken back.
        """
        core = self._core
        async with core.turns.of(f"decisions {about}"):
            entries, head, now, found = self._decided(about, domain)
            if core.asks_first or self._last(about, domain) == _told(found, self.digest):
                return found
            effects = Effects()
            self._keep_card(effects)
            case = core.accounts.case(about, domain, self.digest)
            decided = Decided(
                about=about, invited=case.invited, banned=case.banned, domain=domain, card=self.digest, entries=entries,
                head=head, now=now, engage=found.engage, rung=found.rung.word, relationship=found.relationship.value,
                reason=found.reason, score=found.score,
            )  # fmt: skip
            sealed = core.seal(DECISION, msgspec.to_builtins(decided))
            effects.changes.append(PutRecord(record_row(sealed, about, now, core.ring)))
            effects.changes.append(PutMark(_mark(about, domain), _told(found, self.digest)))
            self._close_door(about, found, effects)
            text = f"{found.rung.word} ({found.reason})"
            effects.show(
                Kind.CONDUCT_DECIDED, about, text, rung=found.rung.word, reason=found.reason, domain=domain,
                engage=int(found.engage),
            )  # fmt: skip
            await core.driver.perform(effects)
            return found

    async def settle_all(self) -> None:
        """Settles whom receipts have come about since the last time; in a domain once they are trusted there."""
        touched = self._core.accounts.touched
        while touched:
            about, domain = next(iter(touched))
            del touched[about, domain]
            with suppress(HansaError):  # no room for the record: the next dealing settles it
                trusted = domain and self.decide(about, domain).rung is Rung.TRUSTED
                if not domain or trusted or self._core.store.mark(_mark(about, domain)):
                    await self.settle(about, domain)

    def _decided(self, about: NodeId, domain: str) -> tuple[int, str, Instant, Decision]:
        """Returns a decision with the ledger's very end that it rests on, whoever writes there meanwhile."""
        core = self._core
        while True:
            mark, now = core.store.ledger_mark(), core.now()
            core.accounts.look_again(about)
            found = core.accounts.decide(about, now, domain, self.digest)
            if core.store.ledger_mark() == mark:
                return (*mark, now, found)

    def _last(self, about: NodeId, domain: str) -> str:
        told = self._core.store.mark(_mark(about, domain))
        # nobody is told of a stranger of whom nothing is known: that is where everybody begins
        return told or _told(Decision(True, Rung.STRANGER, Relationship.UNKNOWN, "nothing_proved_yet", 0), self.digest)

    def _close_door(self, about: NodeId, found: Decision, effects: Effects) -> None:
        peer = self._core.store.peer(about)
        if peer is not None and peer.invitation and not found.engage:
            effects.changes.append(DropInvitations((peer.invitation,)))

    def _keep_card(self, effects: Effects) -> None:
        if self.own_card() is None:
            sealed = self._core.seal(CARD, msgspec.to_builtins(self.card))
            row = record_row(sealed, self._core.me, self._core.now(), self._core.ring)
            effects.changes.append(PutRecord(row, in_feed=self._core.settings.findings != "none"))

    async def signed_card(self) -> RecordRow:
        """Returns this node's card, signed; it is signed and kept when it is first asked for."""
        async with self._core.turns.of(CARDS):
            found = self.own_card()
            if found is None:
                effects = Effects()
                self._keep_card(effects)
                await self._core.driver.perform(effects)
                found = self.own_card()
        if found is None:
            raise NotFound("this node's policy card was not kept: see hansa doctor")
        return found

    def own_card(self) -> RecordRow | None:
        """Returns the record of this node's present card; None before it was first needed."""
        return next((row for row, held in self.cards_of(self._core.me) if held.digest == self.digest), None)

    def cards_of(self, node: NodeId) -> Iterator[tuple[RecordRow, Card]]:
        """Yields the cards of a node that are held here, the newest first."""
        for row in reversed(self._core.store.records_about(node, CARD)):
            try:
                message = open_record(row, self._core.ring)
                yield row, parse(message.body, Card)
            except Refused:
                continue  # damaged or revoked: hansa store check names it

    # ---- working out

    def predict(self, peer: NodeId, about: NodeId, domain: str, now: Instant, invited: bool) -> tuple[Card, Decision]:
        """Returns what a peer decides on somebody, by its newest card and those of its receipts that are held here.

        Raises:
            NotFound: no card of it is held here, or one whose rules this program does not know.
        """
        held = next((found for _, found in self.cards_of(peer)), None)
        if held is None:
            raise NotFound(f"no policy card of {peer} is here: hansa predict {peer} --at URL asks it for one")
        if not held.computable:
            raise NotFound(f"the card of {peer} names rules {held.rules}, which this program does not know: upgrade")
        said = sorted(self._said_of(about), key=lambda one: one.at)
        account = account_of(counted(said, (peer, *held.verifiers)), held.params)
        case = Case(peer, about, invited, False, domain, held.digest)
        return held, decide(account, case, now, held.params)

    def _said_of(self, about: NodeId, upto: int | None = None, as_signed: bool = False) -> Iterator[Said]:
        """Yields the receipts about somebody that can be read, in the ledger's order, up to a link.

        Args:
            as_signed: also those whose keys were revoked since; the whole ledger is gone through for them.
        """
        store, after = self._core.store, 0
        while rows := store.ledger(after, 1_000) if as_signed else store.receipts_of(about, after, 1_000):
            after = rows[-1].entry.number
            for row in rows:
                if upto is not None and row.entry.number > upto:
                    return
                said = self._core.accounts.read(row, as_signed) if row.subject == about else None
                if said is not None:
                    yield said

    def decisions(self, about: str = "") -> list[RecordRow]:
        """Returns the records of this node's decisions on somebody, oldest first."""
        return self._core.store.records_about(about, DECISION)

    def replay(self, record: RecordRow) -> Replayed:
        """Works a decision of this node out again, from the ledger as it was then."""
        decided = parse(open_record(record, self._core.ring).body, Decided)
        used = next((held for _, held in self.cards_of(self._core.me) if held.digest == decided.card), None)
        if used is None or not used.computable:
            return Replayed(record.id, decided, None, f"the card {decided.card[:12]} is not here, or not known")
        links = self._core.store.ledger(decided.entries - 1, 1) if decided.entries else []
        if (links[0].entry.hash if links else "") != decided.head:
            return Replayed(record.id, decided, None, f"link {decided.entries} of the ledger is another than then")
        about, upto = NodeId(decided.about), decided.entries
        return again(record.id, decided, used, self._core.me, lambda void: self._said_of(about, upto, void))


def again(record: ContentId, decided: Decided, used: Card, me: str, said: Callable[[bool], Iterable[Said]]) -> Replayed:
    """Works a decision out again from the receipts up to its link.

    Args:
        said: those receipts, in the ledger's order; called with True, also those whose keys were revoked since: at the
            time they may have counted.
    """
    found = _worked_out(decided, used, me, said(False))
    differs = _differences(decided, found)
    if differs and sum(1 for _ in said(True)) > sum(1 for _ in said(False)):
        with_void = _worked_out(decided, used, me, said(True))
        if not _differences(decided, with_void):
            return Replayed(record, decided, with_void)
        differs += "; it may rest on receipts that were revoked since"
    return Replayed(record, decided, found, differs)


def _worked_out(decided: Decided, used: Card, me: str, said: Iterable[Said]) -> Decision:
    account = account_of(counted(said, (me, *used.verifiers)), used.params)
    case = Case(me, decided.about, decided.invited, decided.banned, decided.domain, decided.card)
    return decide(account, case, Instant(decided.now), used.params)


def _differences(decided: Decided, found: Decision) -> str:
    return "; ".join(
        f"{name} was {was!r}, is {now!r}"
        for name, was, now in (
            ("engage", decided.engage, found.engage), ("rung", decided.rung, found.rung.word),
            ("relationship", decided.relationship, found.relationship.value), ("reason", decided.reason, found.reason),
            ("score", decided.score, found.score),
        )
        if was != now
    )  # fmt: skip


def account_of(deeds: Iterable[Deed], params: Params) -> Account:
    """Returns the account that deeds add up to."""
    account = new_account(params)
    for deed in deeds:
        account.add(deed)
    return account


def _mark(about: str, domain: str) -> str:
    return f"decision {about} {domain}"


def _told(found: Decision, digest: str) -> str:
    """Returns what makes a decision another one: all but the score, which moves with every dealing."""
    return f"{digest[:12]} {found.engage} {found.rung.word} {found.reason}"

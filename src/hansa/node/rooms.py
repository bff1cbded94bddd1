"""What each kind of message leads to, once it is admitted: the rooms' rules, joined with what is held here.

`Inbox` asks; nothing here is kept or sent. What is held is looked at through `Core.memory`, so that it is asked
for once where a whole group is decided on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from hansa.admission.service import Admitted, Via
from hansa.conduct.card import KIND as CARD
from hansa.conduct.card import Card
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Dealing, Receipt
from hansa.governance import messages as governance
from hansa.governance import voting
from hansa.identity import roots
from hansa.identity.envelope import Verified
from hansa.kernel.errors import Refused
from hansa.kernel.ids import EVERYONE, ContentId, NodeId
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.market.messages import LASTING
from hansa.node import acknowledging, lawful, recalls, splits, succession, withdrawing
from hansa.node.accusing import check_false_accusation
from hansa.node.caseroom import CaseRoom
from hansa.node.core import Core
from hansa.node.doorkeeper import Doorkeeper
from hansa.node.driver import Effects
from hansa.node.events import BY_CODE as KINDS
from hansa.node.events import Kind, Value
from hansa.node.market import Market
from hansa.node.receipts import entered
from hansa.node.rows import (
    PeerRow,
    PutEvidence,
    PutPeer,
    PutRecord,
    PutSkill,
    SetSkillState,
)
from hansa.node.sharing import Sharing
from hansa.node.shelf import Shelf, index_text, record_row, skill_row, way
from hansa.node.vault import Brought, brought, open_record, subject_of
from hansa.node.voteroom import VoteRoom
from hansa.overlay import messages as overlay
from hansa.overlay.messages import Hello
from hansa.skills import messages, service
from hansa.skills.messages import AcknowledgementBody, EvidenceBody, TombstoneBody
from hansa.skills.model import Origin, Outcome, SkillState
from hansa.skills.sharing import REFLECTION

_TRIED = {Dealing.SKILL_REPROVED: Outcome.PASS, Dealing.SKILL_REFUTED: Outcome.FAIL}
"""Dealings that a finding proves, and what it must have found."""

OF_NO_SKILL = (roots.KIND, *voting.KINDS)
"""Kinds whose records are about something else than a skill."""

MAX_PEERS = 10_000
"""Greetings cost nothing to make, so what is remembered of strangers is bounded."""


class Rooms:
    """Has the right room decide on a message."""

    def __init__(self, core: Core, shelf: Shelf, market: Market | None = None) -> None:
        """Works for one node."""
        self._core = core
        self._shelf = shelf
        cases = CaseRoom(core, self.keep)
        self._rooms: dict[str, Callable[[Admitted, str], tuple[str, Effects]]] = {
            messages.SKILL: self._skill,
            messages.EVIDENCE: self._evidence,
            messages.TOMBSTONE: self._tombstone,
            messages.ACKNOWLEDGEMENT: self._acknowledgement,
            RECEIPT: self._receipt,
            CARD: self._card,
            roots.KIND: self._root,
            overlay.HELLO: self._hello,
            overlay.JOIN: Doorkeeper(core).join,
            **dict.fromkeys(governance.KINDS, cases.decide),
            **dict.fromkeys(voting.KINDS, VoteRoom(core).decide),
            REFLECTION: self._reflection,
        }
        if market is not None:
            self._rooms |= dict.fromkeys(LASTING, partial(self._lease, market))

    def __contains__(self, kind: str) -> bool:
        """Says whether there is a room for a kind."""
        return kind in self._rooms

    def decide(self, admitted: Admitted, source: str, skill: Brought | None = None) -> tuple[str, Effects]:
        """Returns the skill that a message is about, or "", and what follows from it.

        Args:
            skill: what `vault.brought` says of the message, where whoever asks has looked.

        Raises:
            Refused: with the room's reason; UNCONSTITUTIONAL, when what would follow breaks an article.
        """
        if skill is not None:
            subject, effects = self._take_skill(admitted, source, skill)
        else:
            subject, effects = self._rooms[admitted.message.header.kind](admitted, source)
        lawful.check_message(self._core, admitted, effects)
        return subject, effects

    def _skill(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        return self._take_skill(admitted, source, brought(admitted.message))

    def _take_skill(self, admitted: Admitted, source: str, skill: Brought) -> tuple[str, Effects]:
        message, body, id_ = admitted.message, skill.body, skill.id
        lineage = service.receive(
            body.skill, message.author, self._shelf.known(id_), self._shelf.parents, self._core.settings.skills
        )
        effects = Effects([self.keep(admitted, id_, source)])
        held = self._core.store.skill(id_)
        if held is not None and held.state is SkillState.REMOVED:
            effects.changes.append(SetSkillState(id_, service.move(held.state, service.Trigger.RETURNED)))
            note = f"back to quarantine: {message.author} stands up for it"
            effects.changes.append(self._core.driver.note(id_, Box.DOMAIN, Verdict.ACCEPT, None, note))
        if held is None:
            origin = Origin.OWN if message.author == self._core.me else Origin.PEER
            row = skill_row(body.skill, origin, message.author, admitted.at, source, data=skill.data)
            effects.changes.append(PutSkill(row))
            detail = f"to quarantine; its author claims {body.claim.verification_score / 10_000:.1f} % of checks"
            effects.changes.append(self._core.driver.note(id_, Box.DOMAIN, Verdict.ACCEPT, None, detail))
        if held is None or held.state is SkillState.REMOVED:
            recalls.hold_new(self._core, id_, lineage.resolved, effects)
        effects.show(Kind.SKILL_RECEIVED, id_, body.skill.intent, author=message.author)
        effects.index.append((id_, index_text(body.skill.intent, body.skill.tags)))
        return id_, effects

    def _evidence(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        message = admitted.message
        body = parse(message.body, EvidenceBody)
        self._held(body.skill)
        evidence = body.as_evidence(message.author, message.header.created)
        effects = Effects([self.keep(admitted, body.skill, source), PutEvidence(message.id, evidence)])
        about = f"{body.outcome} by {message.author}"
        effects.show(Kind.EVIDENCE_RECEIVED, body.skill, about, outcome=str(body.outcome), author=message.author)
        return body.skill, effects

    def _tombstone(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        id_ = ContentId(parse(admitted.message.body, TombstoneBody).skill)
        self._held(id_)
        record = self.keep(admitted, id_, source)
        return withdrawing.take(self._core, admitted.message, self._shelf.known(id_), record, source)

    def _acknowledgement(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        skill = parse(admitted.message.body, AcknowledgementBody).skill
        return acknowledging.take(self._core, admitted.message, self.keep(admitted, skill, source))

    def _receipt(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        """Keeps somebody's receipt: shown with the skill, a reason to look again here, never believed blindly."""
        message = admitted.message
        body = parse(message.body, Receipt)
        if body.skill:
            self._held(body.skill)
        claim = self._core.store.record(ContentId(body.records[0]))
        about = claim.subject if claim is not None and claim.kind not in OF_NO_SKILL else ""
        if claim is None or claim.author != body.subject or about != body.skill:
            raise Refused(Reason.UNKNOWN_SKILL, "the claim that the receipt speaks of is not held here")
        self._check_grounds(body, message)
        effects = Effects(
            [
                self.keep(admitted, body.skill, source),
                entered(message.id, message.author, message.header.created, body),
            ]
        )
        if body.dealing is Dealing.SKILL_REFUTED:
            note = f"receipt {message.id[:12]}: {body.reason}, says {message.author} of {body.subject}"
            effects.changes.append(self._core.driver.note(body.skill, Box.STORE, None, None, note))
        kind = KINDS.get(f"receipt.{body.dealing}", Kind.RECEIPT_OTHER)
        fields: dict[str, Value] = {"subject": body.subject, "author": message.author}
        if kind is Kind.RECEIPT_OTHER:
            fields["dealing"] = body.dealing.value
        effects.show(kind, body.skill or message.id, f"{body.subject} by {message.author}", **fields)
        return body.skill, effects

    def _check_grounds(self, body: Receipt, message: Verified) -> None:
        """Refuses a receipt without what proves it: no word without a deed. What nothing proves yet is refused."""
        store, ring = self._core.store, self._core.ring
        if body.dealing is Dealing.EQUIVOCATED:
            first, proof = store.record(ContentId(body.records[0])), store.blob(ContentId(body.records[-1]))
            if proof is None:
                raise Refused(Reason.UNKNOWN_SKILL, "what would prove it is not held here")
            one = open_record(first, ring) if first is not None else None
            if why := splits.flaw(body, one, proof, ring, self._core.settings.limits):
                raise Refused(Reason.BAD_BODY, why)
        elif body.dealing is Dealing.FALSE_ACCUSATION:
            check_false_accusation(self._core, body, message)
        elif body.dealing in _TRIED:
            self._check_finding(body, message)
        else:
            raise Refused(Reason.BAD_BODY, f"nothing is known here that would prove {body.dealing}: upgrade")

    def _check_finding(self, body: Receipt, message: Verified) -> None:
        """Refuses a receipt about a skill unless a finding of its own author says the same, for the same reason."""
        finding = self._core.store.record(ContentId(body.records[-1]))
        if finding is None or (finding.kind, finding.author) != (messages.EVIDENCE, message.author):
            raise Refused(Reason.UNKNOWN_SKILL, "the finding that the receipt rests on is not held here")
        found = parse(open_record(finding, self._core.ring).body, EvidenceBody)
        if finding.subject != body.skill or (found.outcome, found.reason) != (_TRIED[body.dealing], body.reason):
            raise Refused(Reason.BAD_BODY, "the finding does not say what the receipt says")

    def _card(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        """Keeps somebody's policy card: what it will do can be computed by it."""
        author = admitted.message.author
        found = parse(admitted.message.body, Card)
        effects = Effects([self.keep(admitted, author, source)])
        effects.show(Kind.CARD_RECEIVED, author, f"policy {found.policy}", policy=found.policy.value)
        return author, effects

    def _root(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        """Takes the next version of somebody's keys; of strangers no more than are remembered of them anyway."""
        author = admitted.message.author
        record = self.keep(admitted, author, source, self._is_passed_on(admitted))
        effects = succession.take(self._core, admitted.message, record)
        if admitted.via is Via.HTTP and self._core.store.peer(author) is None:
            effects.changes.append(PutPeer(replace(self._met(author), seen=admitted.at)))
        return author, effects

    def _is_passed_on(self, admitted: Admitted) -> bool:
        """Says whether root metadata goes into the feed: this node's own, and that of those whose records do too."""
        author = admitted.message.author
        guest = self._core.admission.memory.guest(author)
        welcome = guest.invited or self._core.settings.admission.open_to_all
        return author == self._core.me or (welcome and self._passes_on(admitted))

    def _reflection(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        """Keeps a note that somebody shares, apart from this node's own until it may be used."""
        about = subject_of(admitted.message)
        return Sharing(self._core).decide(admitted, self.keep(admitted, about, source))

    def _lease(self, market: Market, admitted: Admitted, source: str) -> tuple[str, Effects]:
        """Keeps what is said of a lease, and what follows from it."""
        about = subject_of(admitted.message)
        return market.decide(admitted, self.keep(admitted, about, source))

    def _hello(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        message = admitted.message
        body = parse(message.body, Hello)
        row = replace(
            self._met(message.author),
            name=body.name,
            role=body.role,
            skills=body.skills,
            live_seq=message.header.seq,
            seen=admitted.at,
        )
        effects = Effects([PutPeer(row)])
        effects.show(Kind.PEER_GREETED, message.author, body.name, name=body.name, role=body.role)
        return "", effects

    def _met(self, author: NodeId) -> PeerRow:
        peer = self._core.store.peer(author)
        if peer is None and len(self._core.store.peers()) >= MAX_PEERS:
            raise Refused(Reason.RATE, f"this node has met {MAX_PEERS} others already")
        return peer or PeerRow(author)

    def _held(self, skill: str) -> SkillState:
        """Returns the state of a skill that is held here."""
        state = self._core.memory.state(ContentId(skill))
        if state is None:
            raise Refused(Reason.UNKNOWN_SKILL, skill[:12])
        return state

    def keep(self, admitted: Admitted, subject: str, source: str, in_feed: bool | None = None) -> PutRecord:
        """Returns the change that keeps a message, with the way it came; `why` tells of it as long as it is kept."""
        came = way(admitted.via, source)
        row = record_row(admitted.message, subject, admitted.at, came=came)
        in_feed = self._passes_on(admitted) if in_feed is None else in_feed
        return PutRecord(row, in_feed, admitted.message.header.recipient)

    def _passes_on(self, admitted: Admitted) -> bool:
        """A hub passes on what was pushed to it for everyone; a node nothing but its own, which may come back to it."""
        if admitted.message.author == self._core.me:  # the store it was in was lost, or an old backup restored
            kind = admitted.message.header.kind
            return kind in (messages.SKILL, messages.TOMBSTONE) or self._core.settings.findings == "all"
        is_for_all = admitted.message.header.recipient == EVERYONE
        return is_for_all and self._core.settings.role == "hub" and admitted.via is Via.HTTP

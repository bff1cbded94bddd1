"""The one way in. Bytes become Signed, Verified, Admitted, and then a room decides; each refusal is counted and noted.

Every door calls `receive`: HTTP, a pulled feed, a file. There is no other path from bytes to the store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from hansa.admission.service import Admitted, Equivocation, Via
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Dealing, Receipt
from hansa.identity import envelope, roots
from hansa.identity.envelope import Signed, Verified
from hansa.kernel.errors import DiskFull, Refused, Unavailable
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.node import succession
from hansa.node.core import Core
from hansa.node.doorkeeper import TURN, Doorkeeper
from hansa.node.driver import Effects
from hansa.node.events import BY_CODE as KINDS
from hansa.node.events import Kind
from hansa.node.rows import (
    AppendLedger,
    PeerRow,
    PutBlob,
    PutEvidence,
    PutPeer,
    PutRecord,
    PutSkill,
    PutTombstone,
    SetSkillState,
    SkillRow,
    TombstoneRow,
)
from hansa.node.shelf import Shelf, index_text, record_row, skill_row
from hansa.node.vault import open_record, subject_of
from hansa.overlay import messages as overlay
from hansa.overlay.messages import Hello
from hansa.skills import messages, service
from hansa.skills.messages import EvidenceBody, SkillBody, TombstoneBody
from hansa.skills.model import Origin, Outcome, SkillState

MAX_PEERS = 10_000
"""Greetings cost nothing to make, so what is remembered of strangers is bounded."""

LIVE_DOORS = (overlay.HELLO, overlay.JOIN)
"""Kinds that ask for something now, each at a door of its own."""

Wanted = Callable[[SkillBody, Verified], bool]
"""Says whether a pulled skill matches what was subscribed to."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was accepted: its id, its kind, and the skill it is about, if any."""

    id: ContentId
    kind: str
    subject: str
    message: Verified


class Inbox:
    """Receives messages and has the right room decide on each."""

    def __init__(self, core: Core, shelf: Shelf) -> None:
        """Works for one node."""
        self._core = core
        self._shelf = shelf
        self._rooms: dict[str, Callable[[Admitted, str], tuple[str, Effects]]] = {
            messages.SKILL: self._skill,
            messages.EVIDENCE: self._evidence,
            messages.TOMBSTONE: self._tombstone,
            RECEIPT: self._receipt,
            roots.KIND: self._root,
            overlay.HELLO: self._hello,
            overlay.JOIN: Doorkeeper(core).join,
        }

    async def receive(
        self, data: bytes, via: Via, source: str = "", wanted: Wanted | None = None, only: str = ""
    ) -> Taken:
        """Takes one message in, or refuses it and keeps nothing but a note.

        Args:
            data: the envelope's bytes, as they came.
            source: where from, for the journal.
            wanted: for pulled skills, whether one matches the subscription.
            only: the one kind that this door takes; "" for every durable one.

        Raises:
            Refused: with its reason; DiskFull, Fault: nothing was kept.
        """
        self._core.counters.came_in()
        self._core.meters.bytes_in += len(data)
        ref: str = content_id(data)
        fate: Reason | None = Reason.INTERRUPTED
        try:
            with self._core.spans.span("receive", via=str(via), bytes=len(data)):
                signed = envelope.read(data, self._core.settings.limits)
                ref = signed.id
                taken = await self._decide(signed, via, source, wanted, only)
            fate = None
        except Refused as refusal:
            fate = refusal.reason
            await self._note_refusal(ref, refusal, f"via {via}" + (f" from {source}" if source else ""), data)
            raise
        except DiskFull:
            fate = Reason.STORE_FULL
            raise
        finally:
            self._core.counters.ended(fate)
        return taken

    async def _decide(self, signed: Signed, via: Via, source: str, wanted: Wanted | None, only: str) -> Taken:
        now, spans = self._core.now(), self._core.spans
        ring = self._core.ring.live(now) if only in LIVE_DOORS else self._core.ring.taking(now)
        with spans.span("verify"):
            message = self._core.ring.verify(signed, ring, self._core.settings.limits)
        async with self._core.turns.of(message.author):
            if message.header.kind != roots.KIND:  # the author's keys may have changed while it waited for its turn
                envelope.check_signers(ring(message.author), message.header.seq, message.signers)
            with spans.span("admit", kind=message.header.kind):
                admitted = self._core.admission.admit(message, via, self._core.now())
                self._check_door(message, wanted, only)
            subject = TURN if message.header.kind == overlay.JOIN else subject_of(message)
            async with self._core.turns.of(subject if subject != message.author else ""):  # that turn is held already
                return await self._carry_out(admitted, source)

    def _check_door(self, message: Verified, wanted: Wanted | None, only: str) -> None:
        kind = message.header.kind
        if kind not in self._rooms or (kind != only if only else kind in LIVE_DOORS):
            raise Refused(Reason.UNKNOWN_KIND, f"{kind} is not taken at this door")
        if wanted and kind == messages.SKILL and not wanted(parse(message.body, SkillBody), message):
            raise Refused(Reason.NOT_OURS)

    async def _carry_out(self, admitted: Admitted, source: str) -> Taken:
        message, via = admitted.message, admitted.via
        with self._core.spans.span("decide", kind=message.header.kind):
            subject, effects = self._rooms[message.header.kind](admitted, source)
        detail = f"{message.header.kind} by {message.author} via {via}" + (f" from {source}" if source else "")
        for ref in {message.id, subject} - {""}:
            effects.changes.append(self._core.driver.note(ref, Box.ADMISSION, Verdict.ACCEPT, None, detail))
        await self._core.driver.perform(effects)
        if message.header.kind == roots.KIND:
            self._core.ring.forget(message.author)
        return Taken(message.id, message.header.kind, subject, message)

    async def _note_refusal(self, ref: str, refusal: Refused, where: str, data: bytes) -> None:
        reason = refusal.reason
        if reason is Reason.DUPLICATE:
            return  # nobody's fault, and a storm of them must not fill the journal
        note = self._core.driver.note(ref, reason.box, reason.verdict, reason, f"{refusal.detail} ({where})")
        effects = Effects([note])
        if isinstance(refusal, Equivocation):
            self._prove_equivocation(refusal, data, effects)
        effects.show(
            Kind.MESSAGE_REFUSED, ref, reason.text, reason=reason.code, box=reason.box.value,
            verdict=reason.verdict.value,
        )  # fmt: skip
        try:
            await self._core.driver.perform(effects)
        except Unavailable:
            return  # the refusal stands and is counted; only its note has no room, or the disk refuses

    def _prove_equivocation(self, found: Equivocation, data: bytes, effects: Effects) -> None:
        """Keeps both signed messages and a receipt that names them: a proof that anybody can check (threat 11)."""
        first = self._core.store.record(found.first)
        if (
            self._core.asks_first
            or first is None
            or any(one.reason == Reason.EQUIVOCATION.code for one in self._core.store.journal(first.id))
        ):
            return  # one proof is enough
        digest = content_id(data)
        receipt = Receipt(
            dealing=Dealing.EQUIVOCATED,
            subject=first.author,
            skill="" if first.kind == roots.KIND else first.subject,
            records=(found.first, found.second, digest),
            reason=Reason.EQUIVOCATION.code,
        )
        sealed = self._core.seal(RECEIPT, msgspec.to_builtins(receipt))
        record = record_row(sealed, first.subject, self._core.now(), self._core.ring)
        about = f"{found.second[:12]} has the same sequence number; both are kept, receipt {record.id[:12]}"
        effects.changes += [
            PutBlob(digest, data),
            PutRecord(record),
            AppendLedger(record.id, first.author, first.subject, receipt.dealing.value, self._core.now()),
            self._core.driver.note(first.id, Box.ADMISSION, None, Reason.EQUIVOCATION, about),
        ]

    def _skill(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        message = admitted.message
        body = parse(message.body, SkillBody)
        id_ = body.skill.id
        service.receive(
            body.skill, message.author, self._shelf.known(id_), self._shelf.parents, self._core.settings.skills
        )
        record = record_row(message, id_, admitted.at)
        effects = Effects([PutRecord(record, in_feed=self._passes_on(admitted))])
        held = self._core.store.skill(id_)
        if held is not None and held.state is SkillState.REMOVED:
            effects.changes.append(SetSkillState(id_, service.move(held.state, service.Trigger.RETURNED)))
            note = f"back to quarantine: {message.author} stands up for it"
            effects.changes.append(self._core.driver.note(id_, Box.DOMAIN, Verdict.ACCEPT, None, note))
        if held is None:
            origin = Origin.OWN if message.author == self._core.me else Origin.PEER
            row = skill_row(body.skill, origin, message.author, admitted.at, source)
            effects.changes.append(PutSkill(row))
            detail = f"to quarantine; its author claims {body.claim.verification_score / 10_000:.1f} % of checks"
            effects.changes.append(self._core.driver.note(id_, Box.DOMAIN, Verdict.ACCEPT, None, detail))
        effects.show(Kind.SKILL_RECEIVED, id_, body.skill.intent, author=message.author)
        effects.index.append((id_, index_text(body.skill.intent, body.skill.tags)))
        return id_, effects

    def _evidence(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        message = admitted.message
        body = parse(message.body, EvidenceBody)
        self._held(body.skill)
        evidence = body.as_evidence(message.author, message.header.created)
        record = record_row(message, body.skill, admitted.at)
        effects = Effects([PutRecord(record, in_feed=self._passes_on(admitted)), PutEvidence(record.id, evidence)])
        about = f"{body.outcome} by {message.author}"
        effects.show(Kind.EVIDENCE_RECEIVED, body.skill, about, outcome=str(body.outcome), author=message.author)
        return body.skill, effects

    def _tombstone(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        message = admitted.message
        body = parse(message.body, TombstoneBody)
        id_ = ContentId(body.skill)
        row = self._held(id_)
        ours = message.author == self._core.me  # comes back to us after an old backup was restored
        goes = ours or service.after_tombstone(message.author, self._shelf.known(id_))
        record = record_row(message, id_, admitted.at)
        effects = Effects([PutRecord(record, in_feed=self._passes_on(admitted))])
        if goes and row.state is not SkillState.REMOVED:
            effects.changes += [
                PutTombstone(TombstoneRow(id_, record.id, body.why, admitted.at)),
                SetSkillState(id_, service.move(row.state, service.Trigger.REMOVED), Reason.TOMBSTONED.code),
            ]
            self._core.index.drop(id_)
        note = f"taken back by {message.author}: {body.why}"
        effects.changes.append(self._core.driver.note(id_, Box.DOMAIN, Verdict.REJECT, Reason.TOMBSTONED, note))
        effects.show(Kind.SKILL_REMOVED, id_, note)
        return id_, effects

    def _receipt(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        """Keeps somebody's receipt: shown with the skill, a reason to look again here, never believed blindly."""
        message = admitted.message
        body = parse(message.body, Receipt)
        if body.skill:
            self._held(body.skill)
        claim = self._core.store.record(ContentId(body.records[0]))
        about = claim.subject if claim is not None and claim.kind != roots.KIND else ""
        if claim is None or claim.author != body.subject or about != body.skill:
            raise Refused(Reason.UNKNOWN_SKILL, "the claim that the receipt speaks of is not held here")
        self._check_grounds(body, message)
        record = record_row(message, body.skill, admitted.at)
        effects = Effects(
            [
                PutRecord(record, in_feed=self._passes_on(admitted)),
                AppendLedger(record.id, claim.author, body.skill, body.dealing.value, admitted.at),
            ]
        )
        if body.dealing is Dealing.SKILL_REFUTED:
            note = f"receipt {record.id[:12]}: {body.reason}, says {message.author} of {body.subject}"
            effects.changes.append(self._core.driver.note(body.skill, Box.STORE, None, None, note))
        effects.show(
            KINDS[f"receipt.{body.dealing}"], body.skill or record.id, f"{body.subject} by {message.author}",
            subject=body.subject, author=message.author,
        )  # fmt: skip
        return body.skill, effects

    def _check_grounds(self, body: Receipt, message: Verified) -> None:
        """Refuses a receipt about a skill without a finding of its own author behind it: no word without a deed."""
        if body.dealing is Dealing.EQUIVOCATED:
            self._check_equivocation(body)
            return
        finding = self._core.store.record(ContentId(body.records[-1]))
        if finding is None or (finding.kind, finding.author) != (messages.EVIDENCE, message.author):
            raise Refused(Reason.UNKNOWN_SKILL, "the finding that the receipt rests on is not held here")
        outcome = parse(open_record(finding, self._core.ring).body, EvidenceBody).outcome
        wanted = Outcome.FAIL if body.dealing is Dealing.SKILL_REFUTED else Outcome.PASS
        if finding.subject != body.skill or outcome is not wanted:
            raise Refused(Reason.BAD_BODY, "the finding does not say what the receipt says")

    def _check_equivocation(self, body: Receipt) -> None:
        """Refuses an accusation of equivocation unless both messages lie here, signed, under one number."""
        first = self._core.store.record(ContentId(body.records[0]))
        data = self._core.store.blob(ContentId(body.records[-1]))
        if first is None or data is None:
            raise Refused(Reason.UNKNOWN_SKILL, "the two messages that would prove it are not held here")
        ring = self._core.ring
        one, other = open_record(first, ring), ring.verify(envelope.read(data), ring)
        if (one.author, one.header.seq) != (other.author, other.header.seq) or one.id == other.id:
            raise Refused(Reason.BAD_BODY, "the two messages do not prove it")

    def _root(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        """Takes the next version of somebody's keys; of strangers no more than are remembered of them anyway."""
        author = admitted.message.author
        effects = succession.take(self._core, admitted.message, admitted.at, self._is_passed_on(admitted))
        if admitted.via is Via.HTTP and self._core.store.peer(author) is None:
            effects.changes.append(PutPeer(replace(self._met(author), seen=admitted.at)))
        return author, effects

    def _is_passed_on(self, admitted: Admitted) -> bool:
        """Says whether root metadata goes into the feed: this node's own, and that of those whose records do too."""
        author = admitted.message.author
        guest = self._core.admission.memory.guest(author)
        welcome = guest.invited or self._core.settings.admission.open_to_all
        return author == self._core.me or (welcome and self._passes_on(admitted))

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

    def _held(self, skill: str) -> SkillRow:
        row = self._core.store.skill(ContentId(skill))
        if row is None:
            raise Refused(Reason.UNKNOWN_SKILL, skill[:12])
        return row

    def _passes_on(self, admitted: Admitted) -> bool:
        """A hub passes on what was pushed to it; a node passes on nothing but its own, which may come back to it."""
        if admitted.message.author == self._core.me:  # the store it was in was lost, or an old backup restored
            return admitted.message.header.kind in (messages.SKILL, messages.TOMBSTONE)
        return self._core.settings.role == "hub" and admitted.via is Via.HTTP

"""The one way in. Bytes become Signed, Verified, Admitted, and then a room decides; each refusal is counted and noted.

Every door calls `receive`, or `receive_many`: HTTP, a pulled feed, a file. There is no other path from bytes to the
store, and for one message it is the same as for many: read and verify each, gather what waits (`node.gathering`),
decide in order, keep with one commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import msgspec

from hansa.admission.service import Admitted, Equivocation, Via
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Dealing, Receipt
from hansa.identity import envelope
from hansa.identity.envelope import Verified
from hansa.kernel.errors import DiskFull, HansaError, Refused
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.gathering import Arrival, Fate, Gathering, Span, Taken, Wanted
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
    TombstoneRow,
)
from hansa.node.shelf import Shelf, index_text, record_row, skill_row
from hansa.node.vault import open_record
from hansa.overlay import messages as overlay
from hansa.overlay.messages import Hello
from hansa.skills import messages, service
from hansa.skills.messages import EvidenceBody, SkillBody, TombstoneBody
from hansa.skills.model import Origin, Outcome, SkillState

MAX_PEERS = 10_000
"""Greetings cost nothing to make, so what is remembered of strangers is bounded."""


class Inbox:
    """Receives messages and has the right room decide on each."""

    def __init__(self, core: Core, shelf: Shelf) -> None:
        """Works for one node."""
        self._core = core
        self._shelf = shelf
        self._gathering = Gathering(self._decide_all, lambda: core.counters.ended(Reason.INTERRUPTED))
        self._rooms: dict[str, Callable[[Admitted, str], tuple[str, Effects]]] = {
            messages.SKILL: self._skill,
            messages.EVIDENCE: self._evidence,
            messages.TOMBSTONE: self._tombstone,
            RECEIPT: self._receipt,
            overlay.HELLO: self._hello,
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
        (outcome,) = await self.receive_many([data], via, source, wanted, only)
        if isinstance(outcome, HansaError):
            raise outcome
        return outcome

    async def receive_many(
        self, lines: Sequence[bytes], via: Via, source: str = "", wanted: Wanted | None = None, only: str = ""
    ) -> list[Fate]:
        """Takes many messages in, in their order; one that is refused stops no other.

        Returns:
            For each what `receive` would have returned or raised.
        """
        return await self._gathering.enter([self._arrive(data, via, source, wanted, only) for data in lines])

    def _arrive(self, data: bytes, via: Via, source: str, wanted: Wanted | None, only: str) -> Arrival:
        """Reads and verifies one message, which asks nothing of the store, so that it can be done at any time."""
        self._core.counters.came_in()
        limits = self._core.settings.limits
        signed = None
        try:
            signed = envelope.read(data, limits)
            message = envelope.verify(signed, limits=limits)
            return Arrival(data, via, source, wanted, only, message, message.id, _subject(message))
        except Refused as refusal:
            return Arrival(data, via, source, wanted, only, refusal, signed.id if signed else content_id(data))

    async def _decide_all(self, group: Sequence[Arrival]) -> None:
        """Decides on messages in order and keeps what follows; sets the outcome of each."""
        async with AsyncExitStack() as turns:
            for name in _names(group):
                await turns.enter_async_context(self._core.turns.of(name))
            span = self._begin(group)
            for number, one in enumerate(group):
                if span.clashes(one):
                    await self._keep(span)
                    span = self._begin(group[number:])
                span.add(one, *self._decide(one))
            await self._keep(span)

    def _begin(self, group: Sequence[Arrival]) -> Span:
        self._core.memory.look_up([one.read for one in group if isinstance(one.read, Verified)])
        return Span()

    def _decide(self, one: Arrival) -> tuple[Fate, Effects]:
        try:
            if isinstance(one.read, Refused):
                raise one.read
            admitted = self._core.admission.admit(one.read, one.via, self._core.now())
            self._check_door(one.read, one.wanted, one.only)
            return self._carry_out(admitted, one)
        except Refused as refusal:
            return refusal, self._refusal(one, refusal)
        except HansaError as error:
            return error, Effects()

    async def _keep(self, span: Span) -> None:
        """Keeps what was decided, then counts and tells each fate."""
        self._core.memory.forget()
        errors = await self._core.driver.perform_each([effects for _, _, effects in span.decided])
        late: list[tuple[Arrival, Refused]] = []
        for (one, fate, _), error in zip(span.decided, errors, strict=True):
            if error is None or not isinstance(fate, Taken):
                self._tell(one, fate)  # a refusal stands, and is counted, also when there is no room for its note
            elif isinstance(error, Refused):
                late.append((one, error))  # somebody was faster
            else:
                self._tell(one, error)
        await self._core.driver.perform_each([self._refusal(one, refusal) for one, refusal in late])
        for one, refusal in late:
            self._tell(one, refusal)

    def _tell(self, one: Arrival, outcome: Fate) -> None:
        fate: Reason | None = Reason.INTERRUPTED
        if isinstance(outcome, Taken):
            fate = None
        elif isinstance(outcome, Refused):
            fate = outcome.reason
        elif isinstance(outcome, DiskFull):
            fate = Reason.STORE_FULL
        self._core.counters.ended(fate)
        if not one.outcome.done():  # nobody waits any more
            one.outcome.set_result(outcome)

    def _check_door(self, message: Verified, wanted: Wanted | None, only: str) -> None:
        kind = message.header.kind
        if kind not in self._rooms or (kind != only if only else kind == overlay.HELLO):
            raise Refused(Reason.UNKNOWN_KIND, f"{kind} is not taken at this door")
        if wanted and kind == messages.SKILL and not wanted(parse(message.body, SkillBody), message):
            raise Refused(Reason.NOT_OURS)

    def _carry_out(self, admitted: Admitted, one: Arrival) -> tuple[Taken, Effects]:
        message = admitted.message
        subject, effects = self._rooms[message.header.kind](admitted, one.source)
        detail = f"{message.header.kind} by {message.author} {one.where}"
        for ref in {message.id, subject} - {""}:
            effects.changes.append(self._core.driver.note(ref, Box.ADMISSION, Verdict.ACCEPT, None, detail))
        return Taken(message.id, message.header.kind, subject, message), effects

    def _refusal(self, one: Arrival, refusal: Refused) -> Effects:
        """Returns the note of a refusal, and the proof where there is one."""
        reason = refusal.reason
        if reason is Reason.DUPLICATE:
            return Effects()  # nobody's fault, and a storm of them must not fill the journal
        detail = f"{refusal.detail} ({one.where})"
        effects = Effects([self._core.driver.note(one.ref, reason.box, reason.verdict, reason, detail)])
        if isinstance(refusal, Equivocation):
            self._prove_equivocation(refusal, one.data, effects)
        effects.show("refused", one.ref, reason.code)
        return effects

    def _prove_equivocation(self, found: Equivocation, data: bytes, effects: Effects) -> None:
        """Keeps both signed messages and a receipt that names them: a proof that anybody can check (threat 11)."""
        first = self._core.store.record(found.first)
        if first is None or any(one.reason == Reason.EQUIVOCATION.code for one in self._core.store.journal(first.id)):
            return  # one proof is enough
        digest = content_id(data)
        receipt = Receipt(
            dealing=Dealing.EQUIVOCATED,
            subject=first.author,
            skill=first.subject,
            records=(found.first, found.second, digest),
            reason=Reason.EQUIVOCATION.code,
        )
        record = record_row(self._core.seal(RECEIPT, msgspec.to_builtins(receipt)), first.subject, self._core.now())
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
        effects.show("skill.received", id_, body.skill.intent)
        effects.index.append((id_, index_text(body.skill.intent, body.skill.tags)))
        return id_, effects

    def _evidence(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        message = admitted.message
        body = parse(message.body, EvidenceBody)
        self._held(body.skill)
        evidence = body.as_evidence(message.author, message.header.created)
        record = record_row(message, body.skill, admitted.at)
        effects = Effects([PutRecord(record, in_feed=self._passes_on(admitted)), PutEvidence(record.id, evidence)])
        effects.show("evidence.received", body.skill, f"{body.outcome} by {message.author}")
        return body.skill, effects

    def _tombstone(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        message = admitted.message
        body = parse(message.body, TombstoneBody)
        id_ = ContentId(body.skill)
        state = self._held(id_)
        ours = message.author == self._core.me  # comes back to us after an old backup was restored
        goes = ours or service.after_tombstone(message.author, self._shelf.known(id_))
        record = record_row(message, id_, admitted.at)
        effects = Effects([PutRecord(record, in_feed=self._passes_on(admitted))])
        if goes and state is not SkillState.REMOVED:
            effects.changes += [
                PutTombstone(TombstoneRow(id_, record.id, body.why, admitted.at)),
                SetSkillState(id_, service.move(state, service.Trigger.REMOVED), Reason.TOMBSTONED.code),
            ]
            self._core.index.drop(id_)
        note = f"taken back by {message.author}: {body.why}"
        effects.changes.append(self._core.driver.note(id_, Box.DOMAIN, Verdict.REJECT, Reason.TOMBSTONED, note))
        effects.show("skill.removed", id_, note)
        return id_, effects

    def _receipt(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        """Keeps somebody's receipt: shown with the skill, a reason to look again here, never believed blindly."""
        message = admitted.message
        body = parse(message.body, Receipt)
        if body.skill:
            self._held(body.skill)
        claim = self._core.store.record(ContentId(body.records[0]))
        if claim is None or claim.author != body.subject or claim.subject != body.skill:
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
        effects.show(f"receipt.{body.dealing}", body.skill or record.id, f"{body.subject} by {message.author}")
        return body.skill, effects

    def _check_grounds(self, body: Receipt, message: Verified) -> None:
        """Refuses a receipt about a skill without a finding of its own author behind it: no word without a deed."""
        if body.dealing is Dealing.EQUIVOCATED:
            self._check_equivocation(body)
            return
        finding = self._core.store.record(ContentId(body.records[-1]))
        if finding is None or (finding.kind, finding.author) != (messages.EVIDENCE, message.author):
            raise Refused(Reason.UNKNOWN_SKILL, "the finding that the receipt rests on is not held here")
        outcome = parse(open_record(finding).body, EvidenceBody).outcome
        wanted = Outcome.FAIL if body.dealing is Dealing.SKILL_REFUTED else Outcome.PASS
        if finding.subject != body.skill or outcome is not wanted:
            raise Refused(Reason.BAD_BODY, "the finding does not say what the receipt says")

    def _check_equivocation(self, body: Receipt) -> None:
        """Refuses an accusation of equivocation unless both messages lie here, signed, under one number."""
        first = self._core.store.record(ContentId(body.records[0]))
        data = self._core.store.blob(ContentId(body.records[-1]))
        if first is None or data is None:
            raise Refused(Reason.UNKNOWN_SKILL, "the two messages that would prove it are not held here")
        one, other = open_record(first), envelope.verify(envelope.read(data))
        if (one.author, one.header.seq) != (other.author, other.header.seq) or one.id == other.id:
            raise Refused(Reason.BAD_BODY, "the two messages do not prove it")

    def _hello(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        message = admitted.message
        body = parse(message.body, Hello)
        peer = self._core.store.peer(message.author)
        if peer is None:
            if len(self._core.store.peers()) >= MAX_PEERS:
                raise Refused(Reason.RATE, f"this node has met {MAX_PEERS} others already")
            peer = PeerRow(message.author)
        row = replace(
            peer, name=body.name, role=body.role, skills=body.skills, live_seq=message.header.seq, seen=admitted.at
        )
        effects = Effects([PutPeer(row)])
        effects.show("peer.hello", message.author, body.name)
        return "", effects

    def _held(self, skill: str) -> SkillState:
        """Returns the state of a skill that is held here."""
        state = self._core.memory.state(ContentId(skill))
        if state is None:
            raise Refused(Reason.UNKNOWN_SKILL, skill[:12])
        return state

    def _passes_on(self, admitted: Admitted) -> bool:
        """A hub passes on what was pushed to it; a node passes on nothing but its own."""
        return self._core.settings.role == "hub" and admitted.via is Via.HTTP


def _names(group: Sequence[Arrival]) -> dict[str, None]:
    """Returns whose turns a group needs: the authors' and those of the skills that it is about."""
    found: dict[str, None] = {}
    for one in group:
        if isinstance(one.read, Verified):
            found[one.read.author] = found[one.subject] = None
    return found


def _subject(message: Verified) -> str:
    """Returns the skill that a message is about, read from its body; "" for none, or for a body that is none."""
    if message.header.kind == messages.SKILL:
        try:
            return parse(message.body, SkillBody).skill.id
        except Refused:
            return ""  # refused for its body, when its turn comes
    about = message.body.get("skill")
    return about if isinstance(about, str) else ""

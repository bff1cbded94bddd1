"""Passing skills on: the gates, the signed message, the outbox, and bringing what lies in it to its addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace

import msgspec

from hansa.admission.versions import negotiate
from hansa.identity import envelope
from hansa.identity.envelope import Ring, Signed, Verified
from hansa.kernel.canonical import Json
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import BY_CODE, Box, Reason, Verdict
from hansa.kernel.wire import parse, read_json
from hansa.node.core import LIVE_MS, Core
from hansa.node.driver import Effects
from hansa.node.events import AFTER_DELIVERY, Kind, Value
from hansa.node.ports import Answer
from hansa.node.rows import (
    OutboxRow,
    PutOutbox,
    PutRecord,
    RecordRow,
    SkillRow,
)
from hansa.node.shelf import Shelf, record_row
from hansa.node.vault import open_blob, open_record, open_skill
from hansa.overlay import messages as overlay
from hansa.overlay.messages import Hello, Index
from hansa.skills import messages
from hansa.skills.model import MILLION, Claim, SkillState
from hansa.skills.policy import Gate, publish_gates


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing a skill came to, or would come to.

    Attributes:
        record: id of the signed message; None when nothing was (or would be) signed.
        payload: exactly the bytes that leave the machine, for `--dry-run`; empty when a gate is shut.
        to: addresses it goes to.
        new: False when this node had passed the skill on before.
    """

    skill: ContentId
    gates: tuple[Gate, ...]
    record: ContentId | None
    payload: bytes
    to: tuple[str, ...]
    new: bool

    @property
    def shut(self) -> tuple[Gate, ...]:
        """The gates that keep it in."""
        return tuple(gate for gate in self.gates if gate.reason)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try to bring a record to a peer."""

    row: OutboxRow
    detail: str = ""


class Publisher:
    """What this node says to others."""

    def __init__(self, core: Core, shelf: Shelf) -> None:
        """Works for one node."""
        self._core = core
        self._shelf = shelf
        self._index: tuple[int, Signed] | None = None
        self._signer = ""

    async def publish(self, row: SkillRow, to: tuple[str, ...] = (), dry_run: bool = False) -> Publication:
        """Passes a skill on: signed, into this node's feed, and into the outbox for each address.

        Args:
            to: addresses; by default every source this node subscribes to.
            dry_run: decide and show everything, keep and send nothing.

        Raises:
            Refused: CORRUPT, TOMBSTONED; DiskFull: nothing was kept.
        """
        skill = open_skill(row)
        if row.state is SkillState.REMOVED:
            raise Refused(Reason.TOMBSTONED)
        targets = to or tuple(one.url for one in self._core.store.subscriptions())
        numbers = self._shelf.signed_numbers(row.id)
        gates = publish_gates(skill, numbers, self._core.settings.skills)
        if any(gate.reason for gate in gates):
            return Publication(row.id, gates, None, b"", targets, False)
        claim = Claim(
            confidence=int(numbers.confidence * MILLION),
            verification_score=int(numbers.verification_score * MILLION),
            trials=numbers.trials,
            harness=numbers.harness,
        )
        before = self._own_record(row.id)
        if before:
            open_record(before, self._core.ring)
            sealed = envelope.read(before.envelope)
        else:
            sealed = self._core.seal(messages.SKILL, messages.skill_body(skill, claim))
        if not dry_run:
            await self._keep_publication(row, sealed, targets, new=before is None)
        return Publication(row.id, gates, sealed.id, sealed.payload, targets, before is None)

    async def _keep_publication(self, row: SkillRow, sealed: Signed, targets: tuple[str, ...], new: bool) -> None:
        now = self._core.now()
        effects = Effects()
        if new:
            effects.changes.append(PutRecord(record_row(sealed, row.id, now, self._core.ring), in_feed=True))
        done = {one.url for one in self._core.store.deliveries_of(sealed.id) if one.state == "delivered"}
        for url in targets:
            if url not in done:
                effects.changes.append(PutOutbox(OutboxRow(sealed.id, url, "pending", at=now)))
        note = f"published as {sealed.id[:12]} to {', '.join(targets) or 'its own feed'}"
        effects.changes.append(self._core.driver.note(row.id, Box.SEND, Verdict.ACCEPT, None, note))
        effects.show(Kind.SKILL_PUBLISHED, row.id, row.intent, record=sealed.id)
        await self._core.driver.perform(effects)

    def _own_record(self, skill: ContentId) -> RecordRow | None:
        passed_on = self._core.store.records_about(skill, messages.SKILL)
        return next((record for record in passed_on if record.author == self._core.me), None)

    async def deliver(self) -> AsyncIterator[Delivery]:
        """Tries every pending delivery once, oldest first; a peer that does not answer is left for the next round."""
        silent: set[str] = set()
        told: set[str] = set()
        keys = {record.id for record in self._core.ring.records(self._core.me)}
        for row in self._core.store.outbox("pending", limit=10_000):
            try:
                if row.url not in told | silent:
                    told.add(row.url)
                    if not await self._tell_keys(row.url):
                        silent.add(row.url)
                if row.url in silent or row.record in keys:
                    continue
                with self._core.spans.span("deliver", record=row.record, tries=row.tries):
                    delivery = await self._deliver_one(row)
            except Unavailable as error:
                silent.add(row.url)
                delivery = Delivery(replace(row, tries=row.tries + 1, reason=Reason.UNREACHABLE.code), str(error))
            await self._keep_delivery(delivery)
            yield delivery

    async def _tell_keys(self, url: str) -> bool:
        """Brings this node's root metadata to an address that has not got it; says whether other records may follow.

        Without it nothing else is believed there, and would be refused for good.

        Raises:
            Unavailable: no answer.
        """
        for record in self._core.ring.records(self._core.me):
            sent = [one for one in self._core.store.deliveries_of(record.id) if one.url == url]
            if any(one.state != "pending" for one in sent):
                continue
            delivery = await self._deliver_one(sent[0] if sent else OutboxRow(record.id, url, "pending"))
            await self._keep_delivery(delivery)
            if delivery.row.state == "pending":
                return False
        return True

    async def _deliver_one(self, row: OutboxRow) -> Delivery:
        record = self._core.store.record(row.record)
        if record is None:
            return Delivery(replace(row, state="refused", reason=Reason.CORRUPT.code), "the record is gone")
        try:
            open_record(record, self._core.ring)
        except Refused as refusal:
            self._core.noticed[record.id] = None
            return Delivery(replace(row, state="refused", reason=refusal.reason.code), str(refusal))
        is_skill = record.kind == messages.SKILL
        self._core.meters.bytes_out += len(record.envelope)
        answer = await self._core.caller.post(row.url, "/skills" if is_skill else "/records", record.envelope)
        delivery = _judged(row, answer)
        if is_skill and delivery.row.state == "delivered":
            for digest, data in self._files_of(record.subject):
                await self._core.caller.put(row.url, f"/skills/{record.subject}/files/{digest}", data)
        return delivery

    async def _keep_delivery(self, delivery: Delivery) -> None:
        row = delivery.row
        now = next((one for one in self._core.store.deliveries_of(row.record) if one.url == row.url), row)
        if now.state == "dropped" and row.state == "pending":
            return  # given up while it was tried
        self._core.meters.deliveries[row.state] += 1
        effects = Effects([PutOutbox(replace(row, at=self._core.now()))])
        if row.state != "pending":
            reason = BY_CODE.get(row.reason)
            verdict = Verdict.ACCEPT if row.state == "delivered" else Verdict.REJECT
            note = f"{row.state} at {row.url}" + (f": {delivery.detail}" if delivery.detail else "")
            record = self._core.store.record(row.record)
            for ref in {row.record, record.subject if record else ""} - {""}:
                effects.changes.append(self._core.driver.note(ref, Box.SEND, verdict, reason, note))
            refused: dict[str, Value] = {"reason": row.reason} if row.state == "refused" else {}
            effects.show(AFTER_DELIVERY[row.state], row.record, note, url=row.url, **refused)
        elif row.tries == 1:
            effects.show(Kind.DELIVERY_WAITING, row.record, delivery.detail, url=row.url, reason=row.reason)
        await self._core.driver.perform(effects)

    def _files_of(self, skill: str) -> list[tuple[str, bytes]]:
        row = self._core.store.skill(ContentId(skill))
        if row is None:
            return []
        files = []
        for file in open_skill(row).result.files:
            data = self._core.store.blob(ContentId(file.digest))
            with suppress(Refused):  # damaged: withheld
                if data is not None:
                    files.append((file.digest, open_blob(file.digest, data)))
        return files

    def index(self) -> Signed:
        """Returns this node's signed index; the same one for a second, unless the feed has grown."""
        length, head = self._core.store.feed_mark()
        now = self._core.now()
        signer = self._core.keys.key.public.did
        if (
            self._index is None
            or signer != self._signer
            or now - self._index[0] >= 1_000
            or parse_index(self._index[1], self._core.ring).length != length
        ):
            body: Json = {"length": length, "head": head}
            self._index = (now, self._core.seal(overlay.INDEX, body, expires_in=LIVE_MS))
            self._signer = signer
        return self._index[1]

    def welcome(self, hello: Verified) -> Signed:
        """Returns the answer to a greeting.

        Raises:
            Refused: BAD_VERSION, when there is no version that both speak.
        """
        version = negotiate(parse(hello.body, Hello).versions)
        settings = self._core.settings
        body: Json = {"to": hello.id, "version": version, "name": settings.name, "role": settings.role}
        return self._core.seal(overlay.WELCOME, body, recipient=hello.author, expires_in=LIVE_MS)


def parse_index(signed: Signed, ring: Ring) -> Index:
    """Returns the body of an index that this node signed itself."""
    return parse(envelope.verify(signed, ring).body, Index)


def _judged(row: OutboxRow, answer: Answer) -> Delivery:
    refusal = their_refusal(row.url, answer)
    # a duplicate was there already, from a try whose answer was lost
    if _acknowledges(answer, row.record) or (answer.status == 409 and refusal.reason is Reason.DUPLICATE):
        return Delivery(replace(row, state="delivered", reason="", tries=row.tries + 1))
    if refusal.reason is Reason.UNREACHABLE:
        return Delivery(replace(row, reason=refusal.reason.code, tries=row.tries + 1), str(refusal))
    if answer.status in (429, 503, 507):
        return Delivery(replace(row, reason=refusal.reason.code, tries=row.tries + 1), str(refusal))
    return Delivery(replace(row, state="refused", reason=refusal.reason.code, tries=row.tries + 1), str(refusal))


class _Acknowledgement(msgspec.Struct):
    record: str = ""


def _acknowledges(answer: Answer, record: ContentId) -> bool:
    """Says whether a node, and not just any server, has taken this very record."""
    if answer.status != 201:
        return False
    try:
        return read_json(answer.body, _Acknowledgement).record == record
    except Refused:
        return False


class _Problem(msgspec.Struct):
    reason: str = ""
    detail: str = ""
    message: str = ""


def their_refusal(url: str, answer: Answer) -> Refused:
    """Returns what another node answered as a refusal here, with its reason where it names one that is known."""
    try:
        problem = read_json(answer.body, _Problem)
    except Refused:
        problem = _Problem()
    reason = BY_CODE.get(problem.reason, Reason.UNREACHABLE)
    said = problem.detail or ("" if reason.code == problem.reason else problem.message)
    return Refused(reason, f"says {url}" + (f": {said[:200]}" if said else f" ({answer.status})"))

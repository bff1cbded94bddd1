"""Passing skills on: the gates, the signed message, and the outbox (which `node.delivering` empties)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from hansa.admission.versions import negotiate
from hansa.identity import envelope
from hansa.identity.envelope import Ring, Signed, Verified
from hansa.kernel.canonical import Json
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.node import lawful
from hansa.node.core import LIVE_MS, Core
from hansa.node.delivering import Deliverer, Delivery
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.rows import (
    OutboxRow,
    PutOutbox,
    PutRecord,
    RecordRow,
    SkillRow,
)
from hansa.node.shelf import Shelf, record_row
from hansa.node.vault import open_record, open_skill
from hansa.overlay import messages as overlay
from hansa.overlay.messages import Hello, Index
from hansa.skills import messages, service
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


class Publisher:
    """What this node says to others."""

    def __init__(self, core: Core, shelf: Shelf) -> None:
        """Works for one node."""
        self._core = core
        self._shelf = shelf
        self._deliverer = Deliverer(core)
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
        if service.is_held(row.state, row.reason):
            raise Refused(Reason.ANCESTOR_RECALLED)
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
        last = lawful.gate(self._core, skill, numbers, sealed)
        gates = (*gates, last)
        if last.reason:
            if not dry_run:
                note = lawful.note(self._core, row.id, Box.SEND, last.found)
                await self._core.driver.perform(Effects([note]))
            return Publication(row.id, gates, None, b"", targets, False)
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

    def deliver(self) -> AsyncIterator[Delivery]:
        """Tries every pending delivery once; see `Deliverer.deliver`."""
        return self._deliverer.deliver()

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

"""Bringing what lies in the outbox to its addresses: in bulk where there is much, one by one where there is little.

What goes in bulk and was said by this node travels under one signature for all of it (`envelope.seal_again`): the same
messages under the same ids, which cost the receiver one check. Each has an answer of its own, and is handled by that as
if it had been sent alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from hansa.identity import envelope
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import BY_CODE, Box, Reason, Verdict
from hansa.kernel.wire import read_json
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.ports import Answer
from hansa.node.rows import OutboxRow, PutOutbox, RecordRow
from hansa.node.vault import open_record, open_skill
from hansa.skills import messages

MAX_BULK = 100
"""Records that a node takes at once."""

MAX_BULK_BYTES = 3 * 1024 * 1024
"""Size of a bulk, with room for what signing it together adds."""

LATER = (429, 503, 507)
"""Answers after which the same is sent again: too many, stopping, full."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One try to bring a record to a peer."""

    row: OutboxRow
    detail: str = ""


class Deliverer:
    """What leaves this node by its own doing."""

    def __init__(self, core: Core) -> None:
        """Works for one node."""
        self._core = core

    async def deliver(self) -> AsyncIterator[Delivery]:
        """Tries every pending delivery once, oldest first for each address.

        A peer that does not answer is left for the next round.
        """
        waiting: dict[str, list[OutboxRow]] = {}
        for row in self._core.store.outbox("pending", limit=10_000):
            waiting.setdefault(row.url, []).append(row)
        for url, rows in waiting.items():
            async for delivery in self._deliver_to(url, rows):
                yield delivery

    async def _deliver_to(self, url: str, rows: list[OutboxRow]) -> AsyncIterator[Delivery]:
        most = MAX_BULK
        silent = False
        while rows and not silent:
            bulk, deliveries = self._next_bulk(rows[:most])
            count = len(bulk) + len(deliveries)
            try:
                made = await self._deliver_bulk(url, bulk) if len(bulk) > 1 else await self._deliver_each(bulk)
            except Unavailable as error:
                silent = True
                made = [Delivery(_tried(row, reason=Reason.UNREACHABLE), str(error)) for row, _ in bulk[:1]]
            if made is None:  # it takes no bulks
                most = 1
                continue
            deliveries += made
            rows = rows[count:]
            await self._keep(deliveries)
            for delivery in deliveries:
                yield delivery

    def _next_bulk(self, rows: Sequence[OutboxRow]) -> tuple[list[tuple[OutboxRow, RecordRow]], list[Delivery]]:
        """Returns the first rows that fit into a bulk, with their records; and those whose records can't be sent."""
        bulk: list[tuple[OutboxRow, RecordRow]] = []
        gone: list[Delivery] = []
        size = 0
        for row in rows:
            record = self._core.store.record(row.record)
            if record is None:
                lost = replace(row, state="refused", reason=Reason.CORRUPT.code)
                gone.append(Delivery(lost, "the record is gone"))
                continue
            size += len(record.envelope) + 1_024
            if bulk and size > MAX_BULK_BYTES:
                break
            try:
                open_record(record)
            except Refused as refusal:
                gone.append(Delivery(replace(row, state="refused", reason=refusal.reason.code), str(refusal)))
                continue
            bulk.append((row, record))
        return bulk, gone

    async def _deliver_bulk(self, url: str, bulk: Sequence[tuple[OutboxRow, RecordRow]]) -> list[Delivery] | None:
        answer = await self._core.caller.post(url, "/skills/bulk", b"\n".join(self._lines(bulk)))
        answers = _each(answer, len(bulk))
        if answers is None:
            return None
        judged = [(record, _judged(row, one)) for (row, record), one in zip(bulk, answers, strict=True)]
        return [await self._with_files(record, delivery) for record, delivery in judged]

    async def _deliver_each(self, bulk: Sequence[tuple[OutboxRow, RecordRow]]) -> list[Delivery]:
        made = []
        for row, record in bulk:
            path = "/skills" if record.kind == messages.SKILL else "/records"
            answer = await self._core.caller.post(row.url, path, record.envelope)
            made.append(await self._with_files(record, _judged(row, answer)))
        return made

    def _lines(self, bulk: Sequence[tuple[OutboxRow, RecordRow]]) -> list[bytes]:
        """Returns the envelopes as they are sent: our own under one signature, those of others as they came."""
        own = [record for _, record in bulk if record.author == self._core.me]
        again = envelope.seal_again([envelope.read(one.envelope) for one in own], [self._core.keys.key])
        ours = {one.id: signed.raw for one, signed in zip(own, again, strict=True)}
        return [ours.get(record.id, record.envelope) for _, record in bulk]

    async def _with_files(self, record: RecordRow, delivery: Delivery) -> Delivery:
        if record.kind == messages.SKILL and delivery.row.state == "delivered":
            for digest, data in self._files_of(record.subject):
                await self._core.caller.put(delivery.row.url, f"/skills/{record.subject}/files/{digest}", data)
        return delivery

    async def _keep(self, deliveries: Sequence[Delivery]) -> None:
        for error in await self._core.driver.perform_each([self._effects(one) for one in deliveries]):
            if error is not None:
                raise error

    def _effects(self, delivery: Delivery) -> Effects:
        row = delivery.row
        effects = Effects([PutOutbox(replace(row, at=self._core.now()))])
        if row.state != "pending":
            reason = BY_CODE.get(row.reason)
            verdict = Verdict.ACCEPT if row.state == "delivered" else Verdict.REJECT
            note = f"{row.state} at {row.url}" + (f": {delivery.detail}" if delivery.detail else "")
            record = self._core.store.record(row.record)
            for ref in {row.record, record.subject if record else ""} - {""}:
                effects.changes.append(self._core.driver.note(ref, Box.SEND, verdict, reason, note))
            effects.show(f"delivery.{row.state}", row.record, note)
        return effects

    def _files_of(self, skill: str) -> list[tuple[str, bytes]]:
        row = self._core.store.skill(ContentId(skill))
        if row is None:
            return []
        files = []
        for file in open_skill(row).result.files:
            data = self._core.store.blob(ContentId(file.digest))
            if data is not None:
                files.append((file.digest, data))
        return files


class _Bulk(msgspec.Struct):
    answers: list[dict[str, Any]]


def _each(answer: Answer, count: int) -> list[Answer] | None:
    """Returns the answers to the lines of a bulk; None when there are none, and each is to be sent by itself."""
    if answer.status in LATER:
        return [answer] * count
    if answer.status != 200:
        return None
    try:
        lines = read_json(answer.body, _Bulk).answers
    except Refused:
        return None
    if len(lines) != count:
        return None
    return [Answer(_status(line), msgspec.json.encode(line)) for line in lines]


def _status(line: dict[str, Any]) -> int:
    status = line.get("status")
    return status if isinstance(status, int) else 0


def _tried(row: OutboxRow, state: str = "pending", reason: Reason | None = None) -> OutboxRow:
    return replace(row, state=state, reason=reason.code if reason else "", tries=row.tries + 1)


def _judged(row: OutboxRow, answer: Answer) -> Delivery:
    refusal = their_refusal(row.url, answer)
    # a duplicate was there already, from a try whose answer was lost
    if _acknowledges(answer, row.record) or (answer.status == 409 and refusal.reason is Reason.DUPLICATE):
        return Delivery(_tried(row, "delivered"))
    if refusal.reason is Reason.UNREACHABLE or answer.status in LATER:
        return Delivery(_tried(row, reason=refusal.reason), str(refusal))
    return Delivery(_tried(row, "refused", refusal.reason), str(refusal))


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


def their_refusal(url: str, answer: Answer) -> Refused:
    """Returns what another node answered as a refusal here, with its reason where it names one that is known."""
    try:
        problem = read_json(answer.body, _Problem)
    except Refused:
        problem = _Problem()
    reason = BY_CODE.get(problem.reason, Reason.UNREACHABLE)
    return Refused(reason, f"says {url}" + (f": {problem.detail[:200]}" if problem.detail else f" ({answer.status})"))

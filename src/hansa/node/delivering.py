"""Bringing what lies in the outbox to its addresses: in bulk where there is much, one by one where there is little.

What goes in bulk and was said by this node travels under one signature for all of it (`envelope.seal_again`): the same
messages under the same ids, which cost the receiver one check. Each has an answer of its own, and is handled by that as
if it had been sent alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from hansa.identity import envelope
from hansa.kernel.errors import Refused, Unavailable, UsageError
from hansa.kernel.ids import ContentId
from hansa.kernel.plain import plain
from hansa.kernel.verdict import BY_CODE, Box, Reason, Verdict
from hansa.node.answers import EARLY, LATER, PATIENCE, acknowledges, each, their_refusal
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import AFTER_DELIVERY, Kind, Value
from hansa.node.outbox import node_in
from hansa.node.ports import Answer
from hansa.node.rows import OutboxRow, PutOutbox, RecordRow
from hansa.node.vault import open_blob, open_record, open_skill
from hansa.skills import messages

MAX_BULK = 100
"""Records that a node takes at once."""

MAX_BULK_BYTES = 3 * 1024 * 1024
"""Size of a bulk, with room for what signing it together adds."""


def check_address(url: str) -> None:
    """Refuses what is no address of a node, before anything is queued for it.

    Raises:
        UsageError: it is none.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable()
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"{plain(url, 100)} is not the address of a node: write it like http://127.0.0.1:8470")


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
            if node_in(row.url) is None:  # the others go along routes
                waiting.setdefault(row.url, []).append(row)
        for url, rows in waiting.items():
            async for delivery in self._deliver_to(url, rows):
                yield delivery

    async def _deliver_to(self, url: str, rows: list[OutboxRow]) -> AsyncIterator[Delivery]:
        most = MAX_BULK
        try:
            ready = await self._tell_keys(url)
        except Unavailable as error:
            await self._keep([unanswered := _unanswered(rows[0], error)])
            yield unanswered
            return
        keys = {record.id for record in self._core.ring.records(self._core.me)}
        rows = [row for row in rows if row.record not in keys]
        while rows and ready:
            bulk, deliveries = self._next_bulk(rows[:most])
            count = len(bulk) + len(deliveries)
            try:
                made = await self._deliver_bulk(url, bulk) if len(bulk) > 1 else await self._deliver_each(bulk)
            except Unavailable as error:
                ready = False
                made = [_unanswered(row, error) for row, _ in bulk[:1]]
            if made is None:  # it takes no bulks
                most = 1
                continue
            deliveries += made
            rows = rows[count:]
            await self._keep(deliveries)
            for delivery in deliveries:
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
            row = sent[0] if sent else OutboxRow(record.id, url, "pending")
            deliveries = await self._deliver_each([(row, record)])
            await self._keep(deliveries)
            if any(one.row.state == "pending" for one in deliveries):
                return False
        return True

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
                open_record(record, self._core.ring)
            except Refused as refusal:
                self._core.noticed[record.id] = None
                gone.append(Delivery(replace(row, state="refused", reason=refusal.reason.code), str(refusal)))
                continue
            bulk.append((row, record))
        return bulk, gone

    async def _deliver_bulk(self, url: str, bulk: Sequence[tuple[OutboxRow, RecordRow]]) -> list[Delivery] | None:
        lines = self._lines(bulk)
        with self._core.spans.span("deliver", records=len(bulk)):
            answer = await self._post(url, "/skills/bulk", b"\n".join(lines))
        answers = each(answer, len(bulk))
        if answers is None:
            return None
        judged = [(record, _judged(row, one)) for (row, record), one in zip(bulk, answers, strict=True)]
        return [await self._with_files(record, delivery) for record, delivery in judged]

    async def _deliver_each(self, bulk: Sequence[tuple[OutboxRow, RecordRow]]) -> list[Delivery]:
        made = []
        for row, record in bulk:
            path = "/skills" if record.kind == messages.SKILL else "/records"
            with self._core.spans.span("deliver", record=row.record, tries=row.tries):
                answer = await self._post(row.url, path, record.envelope)
                made.append(await self._with_files(record, _judged(row, answer)))
        return made

    async def _post(self, url: str, path: str, body: bytes) -> Answer:
        self._core.meters.bytes_out += len(body)
        return await self._core.caller.post(url, path, body)

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
        kept = [one for one in deliveries if not self._given_up(one.row)]
        for one in kept:
            self._core.meters.deliveries[one.row.state] += 1
        for error in await self._core.driver.perform_each([self._effects(one) for one in kept]):
            if error is not None:
                raise error

    def _given_up(self, row: OutboxRow) -> bool:
        """Says whether the operator dropped a delivery while it was tried, and it did not arrive."""
        now = [one.state for one in self._core.store.deliveries_of(row.record) if one.url == row.url]
        return row.state == "pending" and now == ["dropped"]

    def _effects(self, delivery: Delivery) -> Effects:
        row = delivery.row
        effects = Effects([PutOutbox(replace(row, at=self._core.now()))])
        if row.state != "pending":
            reason = BY_CODE.get(row.reason)
            verdict = Verdict.ACCEPT if row.state == "delivered" else Verdict.REJECT
            note = f"{row.state} at {row.url}" + (f": {delivery.detail}" if delivery.detail else "")
            record = self._core.store.record(row.record)
            for ref in sorted({row.record, record.subject if record else ""} - {""}):
                effects.changes.append(self._core.driver.note(ref, Box.SEND, verdict, reason, note))
            refused: dict[str, Value] = {"reason": row.reason} if row.state == "refused" else {}
            effects.show(AFTER_DELIVERY[row.state], row.record, note, url=row.url, **refused)
        elif row.tries == 1:
            effects.show(Kind.DELIVERY_WAITING, row.record, delivery.detail, url=row.url, reason=row.reason)
        return effects

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


def _is_early(row: OutboxRow, answer: Answer) -> bool:
    return answer.status == EARLY and row.tries < PATIENCE


def _unanswered(row: OutboxRow, error: Unavailable) -> Delivery:
    return Delivery(_tried(row, reason=Reason.UNREACHABLE), str(error))


def _tried(row: OutboxRow, state: str = "pending", reason: Reason | None = None) -> OutboxRow:
    return replace(row, state=state, reason=reason.code if reason else "", tries=row.tries + 1)


def _judged(row: OutboxRow, answer: Answer) -> Delivery:
    refusal = their_refusal(row.url, answer)
    # a duplicate was there already, from a try whose answer was lost
    if acknowledges(answer, row.record) or (answer.status == 409 and refusal.reason is Reason.DUPLICATE):
        return Delivery(_tried(row, "delivered"))
    if refusal.reason is Reason.UNREACHABLE or answer.status in LATER or _is_early(row, answer):
        return Delivery(_tried(row, reason=refusal.reason), str(refusal))
    return Delivery(_tried(row, "refused", refusal.reason), str(refusal))

"""Comparing heads with other readers: whoever pulls from a peer asks it what the sources that both read have shown it.

Bounded: one request for each pull, at most `MAX_HEADS` heads of it, only for sources that this node walks itself, and
`MAX_CLAIMS` heads that wait to be judged for each. What is remembered is lost with the process and comes back with the
next walk.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from hansa.conduct.ledger import Dealing, Receipt
from hansa.identity import envelope
from hansa.identity.envelope import Verified
from hansa.kernel import canonical
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse, read_json
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.receipts import write
from hansa.node.rows import PutBlob
from hansa.overlay import messages as overlay
from hansa.overlay.feed import Mark
from hansa.overlay.heads import Trail, extend, is_split, link_at
from hansa.overlay.messages import Index

MAX_HEADS = 100
MAX_CLAIMS = 16


class HeadsPage(msgspec.Struct, frozen=True):
    """Signed indexes of the sources that a node reads: each the one in which its last walk ended."""

    heads: list[str]


@dataclass(slots=True)
class _Source:
    """What is remembered of a source."""

    trail: Trail = field(default_factory=Trail)
    index: Verified | None = None
    claims: dict[ContentId, Verified] = field(default_factory=dict)
    split: bool = False


class Witness:
    """Remembers what sources have shown, and finds out those that show two feeds."""

    def __init__(self, core: Core) -> None:
        """Works for one node."""
        self._core = core
        self._sources: dict[NodeId, _Source] = {}
        self._found: list[Refused] = []

    def heads(self) -> HeadsPage:
        """Returns what this node was shown, for others to compare."""
        shown = [one.index.raw.decode() for one in self._sources.values() if one.index is not None]
        return HeadsPage(shown[:MAX_HEADS])

    async def walked(self, index: Verified, start: Mark, ids: list[ContentId]) -> None:
        """Remembers a walk that has ended in a signed index, and judges what waited for it."""
        source = self._sources.setdefault(index.author, _Source())
        source.trail = extend(source.trail, start, ids)
        source.index = index
        for claim in list(source.claims.values()):
            await self._judge(claim, source)

    async def compare(self, url: str) -> list[Refused]:
        """Asks the node at an address what it was shown; returns what was proved since the last time, FORK for each.

        A node that does not answer, or answers with nonsense, proves nothing.
        """
        try:
            answer = await self._core.caller.get(url, "/heads")
            page = read_json(answer.body, HeadsPage) if answer.status == 200 else HeadsPage([])
        except (Unavailable, Refused):
            page = HeadsPage([])
        for text in page.heads[:MAX_HEADS]:
            claim = self._read(text.encode())
            if claim is not None and claim.author in self._sources_read():
                await self._judge(claim, self._sources.setdefault(claim.author, _Source()))
        found, self._found = self._found, []
        return found

    def _sources_read(self) -> set[NodeId]:
        return {one.peer for one in self._core.store.subscriptions()}

    def _read(self, data: bytes) -> Verified | None:
        """Returns a signed index of this network, however old; None for anything else."""
        try:
            message = envelope.verify(envelope.read(data, self._core.settings.limits), self._core.ring)
            parse(message.body, Index)
        except Refused:
            return None
        header = message.header
        return message if (header.kind, header.network) == (overlay.INDEX, self._core.settings.network) else None

    async def _judge(self, claim: Verified, source: _Source) -> None:
        theirs = parse(claim.body, Index)
        source.claims.pop(claim.id, None)
        if theirs.length > source.trail.end:
            if len(source.claims) < MAX_CLAIMS:
                source.claims[claim.id] = claim
            return
        link = link_at(source.trail, theirs.length)
        if link is None or link == theirs.head or source.index is None or source.split:
            return
        ids = source.trail.ids[theirs.length - source.trail.start :]
        if not is_split(parse(source.index.body, Index), theirs, link, ids):
            return
        await self._prove(source.index, claim, link, ids)
        source.split = True

    async def _prove(self, ours: Verified, theirs: Verified, link: str, ids: tuple[ContentId, ...]) -> None:
        """Keeps both signed indexes with the way between them, and a receipt that names them."""
        core, author = self._core, ours.author
        proof = canonical.encode(
            {"index": ours.raw.decode(), "other": theirs.raw.decode(), "link": link, "ids": list(ids)}
        )
        digest = content_id(proof)
        receipt = Receipt(
            dealing=Dealing.EQUIVOCATED,
            subject=author,
            records=(ours.id, theirs.id, digest),
            reason=Reason.FORK.code,
        )
        effects = Effects([PutBlob(digest, proof)])
        record = write(core, receipt, effects)
        note = f"{author} shows two feeds; both signed indexes are kept as {digest[:12]}, receipt {record.id[:12]}"
        effects.changes.append(core.driver.note(record.id, Box.SEND, Verdict.REJECT, Reason.FORK, note))
        effects.show(Kind.SOURCE_SPLIT, record.id, note, author=author)
        self._found.append(Refused(Reason.FORK, note))
        await core.driver.perform(effects)

"""Who has a recalled skill, who was told, and who has said what became of it: for people and programs.

Known to have had a skill: who passed it on, who found something about it, who signed a receipt about it, and the
addresses that it was brought to. Whoever took the recall itself has carried it out, for a node keeps both or neither;
so has whoever acknowledged it. Others that hold it may exist: what was pulled by a stranger is seen by nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from hansa.kernel.errors import NotFound, Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import iso
from hansa.kernel.wire import parse
from hansa.node import recalls
from hansa.node.core import Core
from hansa.node.rows import RecordRow, SkillRow
from hansa.node.vault import open_record
from hansa.skills import messages
from hansa.skills.messages import AcknowledgementBody
from hansa.skills.model import Origin

View = dict[str, object]

SHOWN = 100
"""Derivatives of one skill that are listed; all of them are counted."""


class RecallStatus:
    """Reads what became of recalls."""

    def __init__(self, core: Core) -> None:
        """Reads the core's store."""
        self._core = core

    def all(self, after: str = "", limit: int = SHOWN) -> Iterator[View]:
        """Yields the recalls that bind here, oldest first; `after` is the skill of the last one of the page before."""
        return islice(self._views(after), limit)

    def _views(self, after: str) -> Iterator[View]:
        while page := self._core.store.tombstones(after, SHOWN):
            after = page[-1].skill
            for one in page:
                record = recalls.recall_of(self._core, one.skill)
                row = self._core.store.skill(one.skill)
                if record is not None and row is not None:
                    yield self._view(row, record)

    def of(self, row: SkillRow) -> View:
        """Returns how it stands with one skill that was recalled, or taken back.

        Raises:
            NotFound: neither.
        """
        record = recalls.recall_of(self._core, row.id)
        if record is None:
            gone = self._core.store.tombstone(row.id)
            record = self._core.store.record(gone.record) if gone is not None else None
        if record is None:
            raise NotFound(f"{row.id[:12]} was neither recalled nor taken back: hansa recall {row.id[:12]} --why TEXT")
        return self._view(row, record)

    def _view(self, row: SkillRow, record: RecordRow) -> View:
        told = self._core.store.deliveries_of(record.id)
        said = self._said(record)
        derivatives = [self._derivative(one) for one in self._core.lineages.below(row.id)]
        known = [one for one in derivatives if one is not None]
        return {
            "trace_id": row.id,
            "intent": row.intent,
            "recalled": recalls.recall_of(self._core, row.id) is not None,
            "state": row.state.value,
            "record": record.id,
            "by": record.author,
            "why": recalls.why(self._core, record),
            "at": iso(record.created),
            "told": [{"url": one.url, "state": one.state, "reason": one.reason, "at": iso(one.at)} for one in told],
            "acknowledged": list(said.values()),
            "missing": self._missing(row, record, said),
            "derivatives": known[:SHOWN],
            "derivatives_here": len(known),
        }

    def _said(self, record: RecordRow) -> dict[NodeId, View]:
        """Returns what each holder said of this very record."""
        found: dict[NodeId, View] = {}
        for row in self._core.store.records_about(record.subject, messages.ACKNOWLEDGEMENT):
            try:
                body = parse(open_record(row, self._core.ring).body, AcknowledgementBody)
            except Refused:
                continue  # damaged: hansa store check names it
            if body.tombstone == record.id:
                found[row.author] = {
                    "instance_id": row.author,
                    "at": iso(row.created),
                    "removed": body.removed,
                    "derivatives": body.derivatives,
                }
        return found

    def _missing(self, row: SkillRow, record: RecordRow, said: dict[NodeId, View]) -> list[View]:
        """Returns those who are known to have had the skill, or were to be told, and have not said that it is gone.

        Nobody is to hear of a skill that this node recalled for itself alone, having never passed it on.
        """
        if record.author == self._core.me and not recalls.is_passed_on(self._core, row.id):
            return []
        missing: list[View] = []
        done = {self._core.me, record.author, *said}
        for one in self._core.store.deliveries_of(record.id):
            if one.state == "delivered":
                done |= self._nodes_at(one.url)
            else:
                missing.append({"instance_id": "", "url": one.url, "known_by": ["was brought there"]})
        for holder, how in self._holders(row).items():
            if holder not in done:
                missing.append({"instance_id": holder, "url": self._url_of(holder), "known_by": how})
        return missing

    def _holders(self, row: SkillRow) -> dict[NodeId, list[str]]:
        store = self._core.store
        found: dict[NodeId, list[str]] = {}
        about = [
            *((record.author, "passed it on") for record in store.records_about(row.id, messages.SKILL)),
            *((NodeId(one.prover), "has proved it") for one in store.evidence(row.id)),
            *(
                (receipt.author, "signed a receipt")
                for entry in store.receipts_about(row.id)
                if (receipt := store.record(entry.entry.receipt)) is not None
            ),
        ]
        for author, how in about:
            said = found.setdefault(author, [])
            if how not in said:
                said.append(how)
        return found

    def _nodes_at(self, url: str) -> set[NodeId]:
        """Returns the nodes that are known to answer at an address."""
        sources = {one.peer for one in self._core.store.subscriptions() if one.url == url}
        return sources | {one.id for one in self._core.store.peers() if one.url == url}

    def _url_of(self, node: NodeId) -> str:
        peer = self._core.store.peer(node)
        return peer.url if peer is not None else ""

    def _derivative(self, skill: ContentId) -> View | None:
        row = self._core.store.skill(skill)
        if row is None:
            return None
        return {
            "trace_id": row.id,
            "intent": row.intent,
            "state": row.state.value,
            "reason": row.reason,
            "own": row.origin is Origin.OWN,
            "published": recalls.is_passed_on(self._core, skill),
        }

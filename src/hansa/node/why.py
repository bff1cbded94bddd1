"""One line per box of the picture for one record or skill: what happened there, with reasons and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hansa.identity.envelope import Verified
from hansa.kernel.errors import NotFound, Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import iso
from hansa.kernel.verdict import BY_CODE, Box, Reason
from hansa.kernel.wire import parse
from hansa.node.core import Core
from hansa.node.rows import JournalRow, RecordRow, SkillRow
from hansa.node.shelf import Shelf
from hansa.node.vault import open_record
from hansa.skills import messages
from hansa.skills.messages import SkillBody
from hansa.skills.model import Origin

LAST = 8
"""Records about a record that are named."""


@dataclass(frozen=True, slots=True)
class Line:
    """What happened at one box: "passed", "stopped", "note", or "not reached"."""

    box: str
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """A record's way through the node.

    Attributes:
        stopped_at: the box that stopped it, or "".
    """

    id: str
    what: str
    lines: tuple[Line, ...]

    @property
    def stopped_at(self) -> str:
        """The box that stopped it; "" when none did."""
        return next((line.box for line in self.lines if line.state == "stopped"), "")


class Why:
    """Tells the way of one record or skill."""

    def __init__(self, core: Core, shelf: Shelf) -> None:
        """Reads the core's store."""
        self._core = core
        self._shelf = shelf

    def why(self, id_or_prefix: str) -> Story:
        """Returns the story of what the id (or the start of it) names: a skill, a record, or a node's did:key.

        Raises:
            NotFound: no skill, no record and nothing in the journal starts so, or several do.
        """
        text = id_or_prefix.strip()
        id_ = self._resolve(text if text.startswith("did:") else text.lower())
        journal = self._core.store.journal(id_)
        skill = self._core.store.skill(ContentId(id_))
        record = self._core.store.record(ContentId(id_))
        if skill is not None:
            return self._of_skill(skill, journal)
        return self._of_message(id_, record, journal)

    def _resolve(self, text: str) -> str:
        if len(text) < 4:
            raise NotFound("give at least 4 characters of an id")
        store = self._core.store
        found = sorted({*store.skill_ids(text, 2), *store.record_ids(text, 2), *store.journal_refs(text, 2)})
        if not found:
            raise NotFound(f"nothing here has an id that starts with {text[:64]}")
        if len(found) > 1:
            raise NotFound(f"more than one id starts with {text}: give more characters")
        return str(found[0])

    def _of_skill(self, row: SkillRow, journal: list[JournalRow]) -> Story:
        records = self._core.store.records_about(row.id, messages.SKILL)
        lines = self._doors(row, records)
        told = {box: [one for one in journal if one.box == box.value] for box in Box}
        lines.append(self._domain(row, told[Box.DOMAIN]))
        receipts = self._core.store.receipts_about(row.id)
        findings = len(self._core.store.evidence(row.id))
        kept = f"held since {iso(row.added)}; {findings} finding{'' if findings == 1 else 's'}"
        said = len(self._core.store.records_about(row.id, messages.ACKNOWLEDGEMENT))
        kept += f"; {said} acknowledged its removal" if said else ""
        for receipt in receipts:
            kept += f"; ledger #{receipt.entry.number} {receipt.dealing}, said of {receipt.subject}"
        lines.append(Line(Box.STORE.value, "passed", kept))
        sent = list(dict.fromkeys(one.detail for one in told[Box.SEND]))  # two records to one address read alike
        tried = {one.state for record in records for one in self._core.store.deliveries_of(record.id)}
        state = "not reached" if not sent else "stopped" if tried == {"refused"} else "passed"
        lines.append(Line(Box.SEND.value, state, "; ".join(sent) or _unsent(records)))
        shown = "shown by find" if row.state == "admitted" else f"shown as {row.state} only"
        lines.append(Line(Box.VIEWS.value, "passed", shown))
        return Story(row.id, f"skill: {row.intent}", tuple(lines))

    def _doors(self, row: SkillRow, records: list[RecordRow]) -> list[Line]:
        if not records and row.origin is Origin.PEER and row.reason == Reason.REVOKED.code:
            lines = [Line(Box.TRANSPORT.value, "passed", f"came from {row.source or 'a peer'}")]
            void = "whoever passed it on did so with a key that was revoked before: every such record is withheld"
            return [*lines, Line(Box.IDENTITY.value, "stopped", void)]
        if not records or row.origin is Origin.OWN:
            here = f"read from {row.source or 'this node'}; made here, so no door was passed"
            return [Line(box.value, "passed", here) for box in (Box.TRANSPORT, Box.IDENTITY, Box.ADMISSION)]
        first = records[0]
        size = f"{len(first.envelope)} bytes from {row.source or 'a peer'} at {iso(first.received)}"
        lines = [Line(Box.TRANSPORT.value, "passed", size)]
        try:
            message = open_record(first, self._core.ring)
        except Refused as refusal:
            return [*lines, Line(Box.IDENTITY.value, "stopped", str(refusal))]
        lines.append(Line(Box.IDENTITY.value, "passed", f"signed by {message.author}; record {first.id[:12]}"))
        text = f"version {message.header.version}, network {message.header.network}, sequence {message.header.seq}"
        lines.append(Line(Box.ADMISSION.value, "passed", f"{text}; {_claimed(message)}"))
        return lines

    def _domain(self, row: SkillRow, told: list[JournalRow]) -> Line:
        numbers = self._shelf.numbers(row.id)
        level = self._shelf.level(row)
        reason = BY_CODE.get(row.reason)
        parts = [f"{row.state}, {level.name} {level.meaning}"]
        if reason:
            parts.append(f"{reason.code}: {reason.text}")
        if numbers.trials:
            parts.append(
                f"score {numbers.verification_score:.3f}, confidence {numbers.confidence:.3f} "
                f"({numbers.successes} of {numbers.trials} trials, {numbers.harness})"
            )
        parts += [f"{one.detail} at {iso(one.at)}" for one in told[-3:]]
        return Line(Box.DOMAIN.value, "stopped" if row.state in ("refused", "removed") else "passed", "; ".join(parts))

    def _of_message(self, id_: str, record: RecordRow | None, journal: list[JournalRow]) -> Story:
        stopped = _stop(record, journal)
        lines = []
        reached = True
        for box in Box:
            here = [one.detail for one in journal if one.box == box.value]
            if box is Box.ADMISSION and record is not None and (record.came or not here):
                here.insert(0, _came(record))
            if stopped is not None and box.value == stopped.box:
                lines.append(Line(box.value, "stopped", _told(stopped)))
                reached = False
            elif not reached:
                lines.append(Line(box.value, "not reached", ""))
            elif here or stopped is not None:  # it has come past this box
                lines.append(Line(box.value, "passed", "; ".join(here)))
            else:
                lines.append(_unsaid(box, record))
        if record is not None and (since := self._said_of(record.id)):
            lines[-1] = replace(lines[-1], text=f"{lines[-1].text}; {since}")
        if id_.startswith("did:"):  # a node goes through no boxes: only what was noted of it
            lines = [line for line in lines if line.text]
        return Story(id_, self._what(id_, record, journal), tuple(lines))

    def _said_of(self, id_: ContentId) -> str:
        """Returns what was said of a record since, the last of it: of an ask its lease, of a case what followed."""
        later = [one for one in self._core.store.records_about(id_) if one.id != id_][-LAST:]
        return "; ".join(f"then {one.kind} by {one.author} at {iso(one.received)}" for one in later)

    def _what(self, id_: str, record: RecordRow | None, journal: list[JournalRow]) -> str:
        if record is not None:
            return f"{record.kind} about {record.subject[:12]}"
        if not id_.startswith("did:"):
            if {one.verdict for one in journal} == {"note"} and {one.box for one in journal} == {Box.DOMAIN.value}:
                return "something that this node decided by itself"
            return "a message that was not kept"
        peer = self._core.store.peer(NodeId(id_))
        return "a node that is " + ("banned" if peer and peer.banned else "in" if peer and peer.invited else "not in")


def _stop(record: RecordRow | None, journal: list[JournalRow]) -> JournalRow | None:
    """Returns the last word that stopped a message, unless its box, or keeping the message, took that back later."""
    last = {one.box: one for one in journal if one.verdict != "note"}
    stops = [one for one in journal if one is last.get(one.box) and one.verdict in ("ignore", "reject")]
    since = 0 if record is None else record.received
    return next((one for one in reversed(stops) if one.at >= since), None)


def _told(stop: JournalRow) -> str:
    """Returns why a message was stopped: what any such reason means, and what was noted of this case."""
    reason = BY_CODE.get(stop.reason)
    noted = stop.detail.strip()
    if noted.startswith("(") and noted.endswith(")"):  # nothing but who and by which way
        noted = noted[1:-1]
    return f"{stop.reason}: {reason.text if reason else ''}" + (f" [{noted}]" if noted else "") + f" at {iso(stop.at)}"


def _unsent(records: Sequence[RecordRow]) -> str:
    in_feed = any(record.place for record in records)
    return "pushed to nobody; in the feed, for whoever pulls it" if in_feed else "nothing sent"


def _claimed(message: Verified) -> str:
    claim = parse(message.body, SkillBody).claim
    score, confidence = claim.verification_score / 1_000_000, claim.confidence / 1_000_000
    over = f"over {claim.trials} trials ({claim.harness or 'no harness named'})"
    return f"its author claims score {score:.3f}, confidence {confidence:.3f} {over}"


def _came(record: RecordRow) -> str:
    way = record.came or "made here"
    number = "" if record.withheld else f"; number {record.seq}"
    return f"{record.kind} by {record.author} {way} at {iso(record.received)}{number}"


def _unsaid(box: Box, record: RecordRow | None) -> Line:
    """Returns the line of a box of which nothing was noted: what the record itself shows; else, that nobody knows."""
    if record is None:
        return Line(box.value, "not reached", "nothing is noted")
    if box is Box.SEND:
        return Line(box.value, "not reached", _unsent([record]))
    place = f", record {record.place} of the feed" if record.place else ", not in the feed"
    shown = f"with {record.subject[:12]}" if record.subject else "by its id only"
    text = {
        Box.TRANSPORT: f"{len(record.envelope)} bytes",
        Box.IDENTITY: f"said by {record.author}",
        Box.DOMAIN: f"taken as {record.kind}",
        Box.STORE: f"held since {iso(record.received)}{place}",
        Box.VIEWS: f"shown {shown}",
    }
    return Line(box.value, "passed", text.get(box, ""))

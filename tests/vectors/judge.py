"""What becomes of one message, by Hansa's own code: the Python side of the conformance protocol.

    python -m tests.vectors.judge

reads questions as JSON lines and writes answers; vectors/README.md describes both.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hansa.admission.service import Admission, Freshness, Guest, Params, Via
from hansa.conduct.card import DECISION, Card, Decided
from hansa.conduct.card import KIND as CARD
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Receipt
from hansa.governance import messages as governance
from hansa.governance import voting
from hansa.identity import envelope, roots
from hansa.identity.envelope import Retired, Ring, Roster, Signed
from hansa.identity.keys import PublicKey
from hansa.kernel import canonical
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.wire import Wire, parse
from hansa.market import messages as market
from hansa.node.core import KINDS
from hansa.node.ring import KeyRing
from hansa.node.rows import RecordRow
from hansa.overlay import messages as overlay
from hansa.overlay.arrived import ARRIVED, Arrived
from hansa.overlay.links_said import LINKS, Links
from hansa.overlay.notices import NOTICE, NOTICED, Notice, Noticed, read_notice
from hansa.overlay.presence import PRESENCE, SUSPICION, Presence, Suspicion
from hansa.skills import messages as skills
from hansa.skills import sharing, work
from hansa.swarm import messages as swarm
from hansa.swarm.capabilities import CapabilityBody, read_capability
from hansa.swarm.tasks import TaskBody, read_task

BODIES: dict[str, type[Wire]] = {
    skills.SKILL: skills.SkillBody,
    skills.EVIDENCE: skills.EvidenceBody,
    skills.TOMBSTONE: skills.TombstoneBody,
    skills.ACKNOWLEDGEMENT: skills.AcknowledgementBody,
    sharing.REFLECTION: sharing.ReflectionBody,
    RECEIPT: Receipt,
    CARD: Card,
    DECISION: Decided,
    governance.DISPUTE: governance.DisputeBody,
    **governance.LATER_BODIES,
    voting.ROSTER: voting.RosterBody,
    voting.PROPOSAL: voting.ProposalBody,
    voting.VOTE: voting.VoteBody,
    voting.OUTCOME: voting.OutcomeBody,
    overlay.HELLO: overlay.Hello,
    overlay.WELCOME: overlay.Welcome,
    overlay.JOIN: overlay.Join,
    overlay.JOINED: overlay.Joined,
    overlay.INDEX: overlay.Index,
    PRESENCE: Presence,
    SUSPICION: Suspicion,
    LINKS: Links,
    ARRIVED: Arrived,
    NOTICE: Notice,
    NOTICED: Noticed,
    market.OFFERS: market.Offers,
    market.REQUESTS: market.Requests,
    market.ASK: market.AskBody,
    market.LEASE: market.LeaseBody,
    market.ACT: market.ActBody,
    work.WORK: work.WorkBody,
    work.WORKED: work.WorkedBody,
    swarm.CAPABILITY: CapabilityBody,
    swarm.TASK: TaskBody,
    swarm.TASK_SAID: swarm.TaskSaidBody,
    swarm.TASK_STOP: swarm.TaskStopBody,
}
"""Bodies that are read last; root metadata is read with its signatures."""

LACKS = () if hasattr(envelope, "seal_batch") else ("batch",)
"""Parts of the protocol that this version of Hansa does not have yet; cases that need them are left out."""

NOTHING_KNOWN: dict[str, Any] = {
    "window_ms": 300_000,
    "held": [],
    "sequences": [],
    "floors": {},
    "banned": [],
    "roots": {},
    "task": "message",
    "node": "",
}


@dataclass(frozen=True)
class Answer:
    """What an implementation says to one question; `check` is told by those that keep count, and not compared."""

    verdict: str
    reason: str = ""
    id: str = ""
    skill: str = ""
    check: str = field(default="", compare=False)


@dataclass
class Known:
    """A receiver's memory, as a question describes it; admission asks it."""

    held: frozenset[str]
    sequences: Mapping[tuple[str, int], str]
    floors: Mapping[str, int]
    banned: frozenset[str]
    settled: Guest = field(default=Guest(banned=True))

    def holds(self, message: ContentId) -> bool:
        return message in self.held

    def at_sequence(self, author: NodeId, seq: int) -> ContentId | None:
        found = self.sequences.get((author, seq))
        return None if found is None else ContentId(found)

    def live_floor(self, author: NodeId) -> int:
        return self.floors.get(author, -1)

    def guest(self, author: NodeId) -> Guest:
        return self.settled if author in self.banned else Guest()

    def bytes_of(self, author: NodeId) -> int:
        return 0

    def bytes_held(self) -> int:
        return 0

    def records_about(self, subject: str, kind: str = "") -> list[RecordRow]:
        return []


class Trusted(KeyRing):
    """The ring of a receiver that has taken root metadata already, as a question tells it."""

    def __init__(self, memory: Known, versions: Mapping[str, list[Mapping[str, Any]]]) -> None:
        super().__init__(memory)
        self._taken = {did: tuple(_trusted(did, one) for one in chain) for did, chain in versions.items()}

    def chain(self, author: NodeId) -> tuple[roots.Root, ...]:
        """Returns every version that was taken."""
        return self._taken.get(author, ())

    def judging(self, signed: Signed, now: Instant) -> Ring:
        """Returns the ring for a message; it asks for the kind when the payload has been found good."""

        def ring(author: NodeId) -> Roster:
            payload = canonical.decode(signed.payload)
            assert isinstance(payload, dict)
            live = KINDS.get(str(payload["kind"])) in (Freshness.LIVE, Freshness.SPREAD)
            return (self.live(now) if live else self.taking(now))(author)

        return ring


def judge(message: bytes, context: Mapping[str, Any]) -> Answer:
    """Returns the answer for one message, given what its receiver knows."""
    known = {**NOTHING_KNOWN, **context}
    try:
        signed = envelope.read(message)
        return _root(signed, known) if known["task"] == "root" else _message(signed, known)
    except Refused as refused:
        return Answer("refuse", refused.reason.code)


def _message(signed: Signed, known: Mapping[str, Any]) -> Answer:
    now = Instant(known["now"])
    memory = Known(
        frozenset(known["held"]),
        {(one["author"], one["seq"]): one["id"] for one in known["sequences"]},
        known["floors"],
        frozenset(known["banned"]),
    )
    ring = Trusted(memory, known["roots"])
    message = ring.verify(signed, ring.judging(signed, now))
    params = Params(window_ms=known["window_ms"])
    Admission(known["me"], known["network"], KINDS, memory, params).admit(message, Via.FEED, now)
    if message.header.kind == roots.KIND:
        return Answer("accept", id=message.id)
    body = parse(message.body, BODIES[message.header.kind])
    if isinstance(body, skills.EvidenceBody):
        body.as_evidence(message.author, message.header.created)
    if isinstance(body, work.WorkedBody):
        work.read_worked(message.body)
    if isinstance(body, CapabilityBody):
        read_capability(message.body)
    if isinstance(body, TaskBody):
        read_task(message.body)
    if isinstance(body, swarm.TaskSaidBody):
        swarm.read_said(message.body)
    if isinstance(body, Notice):
        read_notice(message.body)
    if isinstance(body, market.Offers):
        market.read_offers(message.author, message.body)
    if isinstance(body, market.Requests):
        market.read_requests(message.author, message.body)
    return Answer("accept", id=message.id, skill=body.skill.id if isinstance(body, skills.SkillBody) else "")


def _root(signed: Signed, known: Mapping[str, Any]) -> Answer:
    node = known["node"]
    before = known["roots"].get(node)
    roots.advance(_trusted(node, before[-1]) if before else None, signed, NodeId(node))
    return Answer("accept", id=signed.id)


def _trusted(did: str, root: Mapping[str, Any]) -> roots.Root:
    return roots.Root(
        NodeId(did),
        root["version"],
        _roster(root["root_keys"], root["root_threshold"]),
        Roster(
            _keys(root["signing_keys"]),
            root["signing_threshold"],
            {
                PublicKey.from_did(one["key"]): Retired(one["until"], one["threshold"])
                for one in root.get("retired", ())
            },
        ),
        Instant(root["expires"]),
    )


def _roster(dids: list[str], threshold: int) -> Roster:
    return Roster(_keys(dids), threshold)


def _keys(dids: list[str]) -> frozenset[PublicKey]:
    return frozenset(PublicKey.from_did(did) for did in dids)


def main() -> None:
    """Answers questions until there are no more."""
    for line in sys.stdin:
        question = json.loads(line)
        answer = judge(base64.b64decode(question["message"]), question["context"])
        print(json.dumps(vars(answer)), flush=True)


if __name__ == "__main__":
    main()

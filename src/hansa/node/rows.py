"""What the store keeps, row by row: frozen values, and the changes that may be made to them.

A change is one of the `Put…`, `Set…` and `Append…` classes below. A list of changes is applied whole or not at all.
Derived columns are for finding things; what is *acted on* is always read from the signed bytes of a `RecordRow` or the
canonical bytes of a `SkillRow`, checked against their ids again (`node.vault`).
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from hansa.conduct.ledger import Entry
from hansa.kernel.ids import ContentId, NodeId
from hansa.node.membership import MemberChange
from hansa.skills.model import Evidence, Origin, SkillState
from hansa.skills.reflections import Reflection

ALL = 2**31
"""A limit that no list reaches."""

BY_AGENT = "agent session"
"""Source of a skill that an agent recorded: it leaves this node only when a person names it (threat 16)."""


class RecordRow(msgspec.Struct, frozen=True):
    """A durable signed message, as received.

    Attributes:
        id: content id of the payload.
        kind: e.g. "skill".
        author, seq: together unique: one sequence number, one record. A record that is withheld, since its key was
            revoked, is filed under a number below 0: its own is free for what the author really says.
        subject: the skill it is about, or the node for root metadata, or "".
        created: from its header; received: when it came in here (milliseconds UTC).
        envelope: the exact bytes.
        place: its number in this node's feed, from 1; None when it is not in the feed.
        came: by which way and from where, e.g. "via http from 127.0.0.1:4242"; "" for this node's own.
    """

    id: ContentId
    kind: str
    author: NodeId
    seq: int
    subject: str
    created: int
    received: int
    envelope: bytes
    place: int | None = None
    came: str = ""

    @property
    def withheld(self) -> bool:
        """Says whether it is kept for the feed's chain alone, and counts for nothing."""
        return self.seq < 0


class SkillRow(msgspec.Struct, frozen=True):
    """A skill held here, whoever brought it.

    Attributes:
        body: canonical bytes of the skill; their content id is `id`.
        author: node id of whoever first brought it (this node for its own).
        reason: code of why it is refused, or of what proving it came to last; "" when nothing is wrong.
        claimed_pass: what an imported trace said of itself; None when it said nothing.
        source: where it was read from, e.g. "slugify.py"; for a peer's skill the source's address.
    """

    id: ContentId
    intent: str
    body: bytes
    media_type: str
    license: str
    tags: tuple[str, ...]
    has_checks: bool
    origin: Origin
    author: NodeId
    state: SkillState
    added: int
    source: str = ""
    reason: str = ""
    claimed_pass: bool | None = None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A link of the ledger; the receipt itself is the record with the id `entry.receipt`, and says the same.

    Attributes:
        at: when the receipt was made, by its signed header (milliseconds UTC).
        author: who signed the receipt; only this node's own and those of named verifiers count.
        reason, domain: the receipt's.
    """

    entry: Entry
    subject: NodeId
    skill: str
    dealing: str
    at: int
    author: str = ""
    reason: str = ""
    domain: str = ""


class JournalRow(msgspec.Struct, frozen=True):
    """What happened to one thing at one box of the picture.

    Attributes:
        ref: content id of the record, skill or refused bytes.
        verdict: "accept", "ignore", "reject", or "note" for what is no decision.
        reason: reason code, or "".
        detail: numbers and names, for `hansa why`.
    """

    ref: str
    box: str
    verdict: str
    reason: str
    detail: str
    at: int


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A record that is to be brought to a peer, until the peer has acknowledged it."""

    record: ContentId
    url: str
    state: str  # "pending", "delivered", "refused", or "dropped" by the operator
    reason: str = ""
    tries: int = 0
    at: int = 0


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """A source that this node pulls from, what it wants of it, and how far it has walked its feed.

    Attributes:
        peer: node id of the source, pinned at the first greeting.
        intents, tags, authors: filters; empty means everything.
        min_trials: trials that a claim must name to be wanted (a filter on effort, not on trust).
        report: what is told to the source: "none", "refutations" or "all" findings; all but "none" also acknowledge
            what was taken back or recalled.
        length, head: the feed's mark (see overlay.feed).
    """

    url: str
    peer: NodeId
    intents: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    min_trials: int = 0
    report: str = "refutations"
    length: int = 0
    head: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class PeerRow:
    """A node that this one has met or whose operator has settled something about.

    Attributes:
        live_seq: highest sequence number of a live message taken from it; -1 when none.
        per_minute: records it may push in a minute; None for the default.
        url: where it answers, as far as this node knows; what it says itself is not called unasked.
        note: the operator's own words, from the invitation.
        invitation: id of the invitation that it came in by; "" when the operator let it in by hand.
    """

    id: NodeId
    name: str = ""
    role: str = ""
    invited: bool = False
    banned: bool = False
    per_minute: int | None = None
    live_seq: int = -1
    skills: int = 0
    seen: int = 0
    url: str = ""
    note: str = ""
    invitation: str = ""


@dataclass(frozen=True, slots=True)
class TombstoneRow:
    """A skill that is gone for good; `record` is the signed tombstone."""

    skill: ContentId
    record: ContentId
    why: str
    at: int


# ---- changes


class PutRecord(msgspec.Struct, frozen=True):
    """Keeps a record. Refused if its id or sequence is taken.

    Attributes:
        in_feed: gives it the next place in this node's feed.
        recipient: whom it is for; "" where whoever wants to know is to look into the envelope. It is not kept.
    """

    row: RecordRow
    in_feed: bool = False
    recipient: str = ""


@dataclass(frozen=True, slots=True)
class WithholdRecord:
    """Files a record under the author's next number below 0, and takes away the finding or tombstone it carried.

    Nothing changes when it is withheld already, or not held.
    """

    record: ContentId


class PutSkill(msgspec.Struct, frozen=True):
    """Keeps a skill; nothing changes when it is held already."""

    row: SkillRow


class SetSkillState(msgspec.Struct, frozen=True):
    """Moves a skill that is held to another state."""

    skill: ContentId
    state: SkillState
    reason: str = ""


class PutEvidence(msgspec.Struct, frozen=True):
    """Keeps a finding with the record that carries it.

    Nothing changes when it is held already, or when no record of that id about the same skill is held and counts.
    """

    record: ContentId
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class AppendLedger:
    """Adds a receipt at the end of the ledger. The store links it; nothing changes when it is in the ledger already."""

    receipt: ContentId
    subject: NodeId
    skill: str
    dealing: str
    at: int
    author: str = ""
    reason: str = ""
    domain: str = ""

    def linked(self, entry: Entry) -> LedgerRow:
        """Returns the link that it becomes."""
        return LedgerRow(entry, self.subject, self.skill, self.dealing, self.at, self.author, self.reason, self.domain)


@dataclass(frozen=True, slots=True)
class PutTombstone:
    """Marks a skill as gone for good; nothing changes when it is already."""

    row: TombstoneRow


class AppendJournal(msgspec.Struct, frozen=True):
    """Adds a line to the journal; the oldest lines go when there are more than the store's bound."""

    row: JournalRow


@dataclass(frozen=True, slots=True)
class PutOutbox:
    """Writes the state of one delivery, replacing what was known of it."""

    row: OutboxRow


@dataclass(frozen=True, slots=True)
class PutSubscription:
    """Writes a subscription, replacing the one to the same address."""

    row: SubscriptionRow


@dataclass(frozen=True, slots=True)
class DropSubscription:
    """Forgets a subscription."""

    url: str


@dataclass(frozen=True, slots=True)
class PutPeer:
    """Writes what is known of a peer, replacing it."""

    row: PeerRow


@dataclass(frozen=True, slots=True)
class PutBlob:
    """Keeps the bytes of a bundle's file under their digest; nothing changes when they are held already."""

    digest: ContentId
    data: bytes


@dataclass(frozen=True, slots=True)
class PutReflection:
    """Keeps a reflection; nothing changes when it is here."""

    reflection: Reflection


@dataclass(frozen=True, slots=True)
class DropReflections:
    """Forgets reflections by their ids."""

    ids: tuple[ContentId, ...]


@dataclass(frozen=True, slots=True)
class TrimReflections:
    """Forgets all reflections but the newest `keep`."""

    keep: int


@dataclass(frozen=True, slots=True)
class Mend:
    """Makes a change in place of the damaged row that is held under its id; nothing changes when none is held."""

    change: PutRecord | PutSkill | PutEvidence | PutBlob


@dataclass(frozen=True, slots=True)
class PutMark:
    """Keeps a fact about this store under a name, replacing it; "" takes it away."""

    name: str
    value: str


Change = (
    PutRecord
    | WithholdRecord
    | PutSkill
    | SetSkillState
    | PutEvidence
    | AppendLedger
    | PutTombstone
    | AppendJournal
    | PutOutbox
    | PutSubscription
    | DropSubscription
    | PutPeer
    | PutBlob
    | PutReflection
    | DropReflections
    | TrimReflections
    | Mend
    | PutMark
    | MemberChange
)

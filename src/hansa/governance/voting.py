"""The wire kinds of votes on changes. All are durable: whoever comes later can check what was decided, and by whom.

1. A roster says who votes; the first one is its founder's word, and counts for those who follow it. Each that follows
   names the votes that prove that a quorum of the old and of the new members agreed.
2. A proposal carries the diff itself: nobody is asked about bytes that he can't read. Its risk is its author's view.
3. A vote names all that it is for; a change of any of it makes it a vote for something else.
4. An outcome names the votes that prove it. "undecided" is proved by nothing: it is its author's word alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

from hansa.governance import diff
from hansa.governance.ballot import Choice, Decided, Subject, Vote
from hansa.governance.risk import Level
from hansa.governance.roster import MOST, Roster
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.instant import DAY, Instant
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Id, Wire

ROSTER = "roster"
PROPOSAL = "proposal"
VOTE = "vote"
OUTCOME = "outcome"
KINDS = (ROSTER, PROPOSAL, VOTE, OUTCOME)
"""Every kind of this room, in the order in which they rest on each other; a later roster rests on votes."""

LONGEST_MS = 7 * DAY
"""A vote that lasts longer is refused: what it was for has changed by then."""

Node = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
MaybeId = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")]
Members = Annotated[tuple[Node, ...], msgspec.Meta(min_length=1, max_length=MOST)]
MaybeMembers = Annotated[tuple[Node, ...], msgspec.Meta(max_length=MOST)]
Proof = Annotated[tuple[Id, ...], msgspec.Meta(max_length=2 * MOST)]
Epoch = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
Time = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Text = Annotated[str, msgspec.Meta(max_length=diff.MAX_BYTES)]
Rationale = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
MaybeWhy = Annotated[str, msgspec.Meta(max_length=500)]


@dataclass(frozen=True, slots=True)
class Params:
    """How this node asks others before something changes.

    Attributes:
        timeout_ms: how long members have to answer a proposal of this node's. Raising it lets slower members vote, and
            leaves a proposal open for longer.
    """

    timeout_ms: int = 30_000

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        if not 1_000 <= self.timeout_ms <= LONGEST_MS:
            raise ValueError(f"timeout_ms must be between 1000 and {LONGEST_MS}")


class RosterBody(Wire, frozen=True):
    """Kind "roster": who votes.

    Attributes:
        members: in order, each once.
        follows: id of the roster before; "" for the first.
        agreed: ids of the votes that prove that the old and the new members agreed; none for the first.
    """

    members: Members
    epoch: Epoch
    follows: MaybeId = ""
    agreed: Proof = ()

    @property
    def roster(self) -> Roster:
        """The roster that it tells of."""
        return Roster(tuple(map(NodeId, self.members)), self.epoch, self.follows)


class ProposalBody(Wire, frozen=True):
    """Kind "proposal": asks the members of a roster whether something may change.

    Attributes:
        roster: id of who votes.
        diff: digest of `text`; of a new roster, its id.
        base: digest of the files that change as they are (`base_of`); of a new roster, the id of the old one.
        text: the diff.
        members: of the roster that would follow, where that is what is asked.
        risk, fired: what the rules say at its author's.
        ends: after that nobody votes, milliseconds UTC.
    """

    roster: Id
    diff: Id
    base: Id
    rationale: Rationale
    risk: Level
    ends: Time
    text: Text = ""
    members: MaybeMembers = ()
    fired: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=8)], ...], msgspec.Meta(max_length=32)] = ()

    def check(self, roster: Roster, author: NodeId, created: int) -> Roster | None:
        """Refuses what nobody should vote on; returns the roster that would follow, where one would.

        Raises:
            Refused: NOT_PARTY (no member proposes), BAD_BODY (`diff.BadDiff`, or it does not hold together).
        """
        if author not in roster.members:
            raise Refused(Reason.NOT_PARTY, "who proposes is no member of the roster")
        if not created < self.ends <= created + LONGEST_MS:
            raise Refused(Reason.BAD_BODY, "it ends before it begins, or lasts longer than seven days")
        if self.members:
            after = roster.succeeded(tuple(map(NodeId, self.members)))
            after.check()
            if self.text or self.diff != after.id or self.base != roster.id or self.members != after.members:
                raise Refused(Reason.BAD_BODY, "it does not name the roster that would follow")
            return after
        if self.diff != content_id(self.text.encode()):
            raise Refused(Reason.BAD_BODY, "its digest is not that of its text")
        diff.read(self.text)
        return None

    def subject(self, id_: ContentId) -> Subject:
        """Returns what a vote on it is for."""
        return Subject(id_, ContentId(self.diff), self.base, ContentId(self.roster), Instant(self.ends))


class VoteBody(Wire, frozen=True):
    """Kind "vote": a member's word, for exactly this."""

    proposal: Id
    diff: Id
    base: Id
    roster: Id
    epoch: Epoch
    ends: Time
    choice: Choice
    why: MaybeWhy = ""

    def vote(self, id_: ContentId, voter: NodeId, created: int) -> Vote:
        """Returns it as it counts."""
        subject = Subject(
            ContentId(self.proposal), ContentId(self.diff), self.base, ContentId(self.roster), Instant(self.ends)
        )
        return Vote(id_, voter, subject, self.choice, Instant(created))


class OutcomeBody(Wire, frozen=True):
    """Kind "outcome": what came of a proposal, with the ids of the votes that prove it."""

    proposal: Id
    decided: Decided
    votes: Proof = ()

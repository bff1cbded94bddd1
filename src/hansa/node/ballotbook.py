"""Rosters, proposals and votes that are held here, read from their signed records, and what they come to on this node.

1. What comes in before the end of a vote is counted in the order in which it came; nothing later changes what was
   decided here (`governance.ballot`), and what was decided is kept under a mark.
2. A node to which the proposal itself came after its end has decided nothing in time: it counts what proves itself, a
   quorum of votes made before the end, and is undecided until that is here.
3. Which roster decides here is the operator's word (`FOLLOWED`): anybody can found one.
"""

from __future__ import annotations

from dataclasses import dataclass

from hansa.governance import voting
from hansa.governance.ballot import Ballot, Choice, Decided, Vote, certified
from hansa.governance.roster import Roster
from hansa.governance.voting import ProposalBody, RosterBody, VoteBody
from hansa.kernel.errors import NotFound, Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.wire import parse
from hansa.node.core import Core
from hansa.node.rows import RecordRow
from hansa.node.testimony import open_held
from hansa.node.vault import ENOUGH_OF_AN_ID, open_record

FOLLOWED = "roster"
"""Mark with the id of the roster that decides here."""

MAX_BACK = 64
"""Rosters that are looked back through for a list."""


def closed_mark(proposal: str) -> str:
    """Returns the name of the mark with what was decided here."""
    return f"decided {proposal}"


@dataclass(frozen=True, slots=True)
class Poll:
    """A proposal, and how it stands on this node.

    Attributes:
        after: the roster that would follow, where that is what is asked.
        late: the proposal came here after its end.
    """

    id: ContentId
    author: NodeId
    created: Instant
    body: ProposalBody
    roster: Roster
    after: Roster | None
    ballot: Ballot
    decided: Decided
    late: bool

    @property
    def proof(self) -> tuple[ContentId, ...]:
        """Ids of the votes that the decision rests on."""
        choice = {Decided.APPROVED: Choice.YES, Decided.REFUSED: Choice.NO}.get(self.decided)
        return tuple(one.id for one in self.ballot.votes(choice)) if choice else ()


class BallotBook:
    """Reads what is voted on."""

    def __init__(self, core: Core) -> None:
        """Reads the core's store."""
        self._core = core

    def roster(self, id_: str) -> Roster | None:
        """Returns a roster that is held here."""
        for row in self._core.store.records_about(id_, voting.ROSTER)[:1]:
            opened = open_held(self._core, row.id)
            if opened is not None:
                return parse(opened.body, RosterBody).roster
        return None

    @property
    def followed(self) -> Roster | None:
        """The roster that decides here."""
        return self.roster(self._core.store.mark(FOLLOWED))

    def held(self, id_: str) -> tuple[RecordRow, ProposalBody] | None:
        """Returns a proposal that is held here, with its record."""
        opened, row = open_held(self._core, id_), self._core.store.record(ContentId(id_))
        if opened is None or row is None or opened.header.kind != voting.PROPOSAL:
            return None
        return row, parse(opened.body, ProposalBody)

    def votes(self, proposal: str) -> list[tuple[RecordRow, VoteBody]]:
        """Returns the votes on a proposal in the order in which they came; those that are damaged are left out."""
        found = []
        for row in self._core.store.records_about(proposal, voting.VOTE):
            try:
                found.append((row, parse(open_record(row, self._core.ring).body, VoteBody)))
            except Refused:
                continue
        return sorted(found, key=lambda each: each[0].received)

    def poll(self, id_: str) -> Poll:
        """Returns how a proposal stands.

        Raises:
            NotFound: it is not held here, or its roster is not.
        """
        held = self.held(id_)
        roster = self.roster(held[1].roster) if held else None
        if held is None or roster is None:
            raise NotFound(f"no proposal here has the id {id_[:12]}: see hansa proposal list")
        row, body = held
        after = roster.succeeded(tuple(map(NodeId, body.members))) if body.members else None
        ballot = Ballot(body.subject(row.id), roster, after)
        late = row.received > body.ends
        votes = [one.vote(vote.id, vote.author, vote.created) for vote, one in self.votes(row.id)]
        for (came, _), vote in zip(self.votes(row.id), votes, strict=True):
            try:
                ballot.add(vote, Instant(body.ends if late else came.received))
            except Refused:
                continue
        decided = self._decided(ballot, tuple(votes), late)
        return Poll(row.id, row.author, Instant(row.created), body, roster, after, ballot, decided, late)

    def _decided(self, ballot: Ballot, votes: tuple[Vote, ...], late: bool) -> Decided:
        closed = self._core.store.mark(closed_mark(ballot.subject.proposal))
        if closed:
            return Decided(closed)
        if late:
            for choice, decided in ((Choice.YES, Decided.APPROVED), (Choice.NO, Decided.REFUSED)):
                if certified(ballot.subject, ballot.roster, votes, choice, ballot.also):
                    return decided
            return Decided.UNDECIDED
        return ballot.decided(self._core.now())

    def find(self, id_or_prefix: str) -> Poll:
        """Returns the one proposal whose id starts with a text.

        Raises:
            NotFound: none does, or more than one, or fewer than four characters were given.
        """
        text = id_or_prefix.strip().lower()
        if len(text) < ENOUGH_OF_AN_ID:
            raise NotFound(f"{id_or_prefix!r} is too short for an id: give at least {ENOUGH_OF_AN_ID} characters")
        found = [one for one in self._core.store.record_ids(text, 100) if self.held(one) is not None]
        if len(found) != 1:
            what = "no proposal here has" if not found else "more than one proposal has"
            raise NotFound(f"{what} an id that starts with {text[:64]}: see hansa proposal list")
        return self.poll(found[0])

    def list(self) -> list[Poll]:
        """Returns the proposals to the roster that decides here, and to those before it, oldest first."""
        return [self.poll(one) for one in self.ids() if self.held(one) is not None]

    def ids(self) -> tuple[ContentId, ...]:
        """Returns their ids, in the same order, without reading what they say."""
        id_ = self._core.store.mark(FOLLOWED)
        found: list[RecordRow] = []
        for _ in range(MAX_BACK):
            roster = self.roster(id_) if id_ else None
            if roster is None:
                break
            found += self._core.store.records_about(id_, voting.PROPOSAL)
            id_ = roster.follows
        return tuple(row.id for row in sorted(found, key=lambda row: (row.received, row.id)))

"""What was decided over a proposal: the same for all who see the same votes, in whatever order they come.

1. A vote counts of members of the roster that the proposal names, made before its end, over the very same diff, base
   and roster. Anything else is refused, with its reason.
2. Approved by a quorum of yes, refused by a quorum of no (`roster`). Both at once would need more than f liars.
3. Neither is no decision: whoever is silent has not agreed, and what is undecided is blocked (attacks 58, 61).
4. Once the end has come, or a quorum, nothing that comes later changes it here.
5. Who votes both ways has signed the proof of it; both votes stand, and are told of.
6. Who follows a roster is decided by a quorum of the old members and a quorum of the new ones (attack 60).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hansa.governance.roster import Roster
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.verdict import Reason


class Choice(StrEnum):
    """What a member says."""

    YES = "yes"
    NO = "no"


class Decided(StrEnum):
    """What came of a proposal."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is voted on: a vote for one is none for another.

    Attributes:
        proposal: id of the message that proposes.
        diff: digest of the bytes that change.
        base: digest of what they change.
        roster: id of who votes, and so of its epoch.
        ends: after that nobody votes.
    """

    proposal: ContentId
    diff: ContentId
    base: str
    roster: ContentId
    ends: Instant


@dataclass(frozen=True, slots=True)
class Vote:
    """A member's word.

    Attributes:
        id: of the signed message.
        at: when it was made, by its author.
    """

    id: ContentId
    voter: NodeId
    subject: Subject
    choice: Choice
    at: Instant


@dataclass(slots=True)
class Ballot:
    """The votes over one proposal.

    Attributes:
        also: the roster that would follow, where that is what is voted on: a quorum of it must agree too.
        torn: members that voted both ways, with the ids of both votes.
    """

    subject: Subject
    roster: Roster
    also: Roster | None = None
    torn: dict[NodeId, tuple[ContentId, ContentId]] = field(default_factory=dict)
    _votes: dict[Choice, dict[NodeId, Vote]] = field(default_factory=lambda: {one: {} for one in Choice})
    _decided: Decided = Decided.OPEN

    def add(self, vote: Vote, now: Instant) -> Decided:
        """Takes a vote in; the same one twice changes nothing.

        Args:
            now: when it came in here.

        Raises:
            Refused: BAD_BODY (another subject), NOT_PARTY (no member), EXPIRED (made or come after the end).
        """
        if vote.subject != self.subject:
            raise Refused(Reason.BAD_BODY, "a vote over another diff, base, roster or end")
        if vote.voter not in self.voters:
            raise Refused(Reason.NOT_PARTY, "who votes is no member of the roster")
        if vote.at > self.subject.ends or self.decided(now) is Decided.UNDECIDED:
            raise Refused(Reason.EXPIRED, "the vote is over")
        other = self._votes[Choice.NO if vote.choice is Choice.YES else Choice.YES].get(vote.voter)
        if other is not None and vote.voter not in self.torn:
            self.torn[vote.voter] = (other.id, vote.id)
        self._votes[vote.choice].setdefault(vote.voter, vote)
        return self.decided(now)

    def decided(self, now: Instant) -> Decided:
        """Returns what was decided by now; once it is not open any more, it stays as it is."""
        if self._decided is Decided.OPEN:
            if _is_quorum(self._votes[Choice.YES], self.roster, self.also):
                self._decided = Decided.APPROVED
            elif _is_quorum(self._votes[Choice.NO], self.roster):
                self._decided = Decided.REFUSED
            elif now > self.subject.ends:
                self._decided = Decided.UNDECIDED
        return self._decided

    def votes(self, choice: Choice) -> tuple[Vote, ...]:
        """Returns the votes of one kind, by member."""
        return tuple(self._votes[choice][one] for one in self.voters if one in self._votes[choice])

    @property
    def voters(self) -> tuple[NodeId, ...]:
        """Who may vote, in order."""
        return tuple(sorted(dict.fromkeys((*self.roster.members, *(self.also.members if self.also else ())))))

    @property
    def silent(self) -> tuple[NodeId, ...]:
        """Members that have not voted."""
        return tuple(one for one in self.voters if not any(one in of for of in self._votes.values()))


def certified(
    subject: Subject, roster: Roster, votes: tuple[Vote, ...], choice: Choice, also: Roster | None = None
) -> bool:
    """Says whether votes prove that a proposal was approved, or refused: no clock, and nobody's word, is needed.

    Args:
        votes: as their signed messages say, which the caller has verified.
        also: as in `Ballot`.
    """
    if subject.roster != roster.id:
        return False
    good = {
        one.voter: None for one in votes if one.subject == subject and one.choice is choice and one.at <= subject.ends
    }
    return _is_quorum(good, roster, also if choice is Choice.YES else None)


def _is_quorum(voters: Mapping[NodeId, object], *rosters: Roster | None) -> bool:
    """Says whether there is a quorum of each roster among those who said the same."""
    return all(sum(one in voters for one in roster.members) >= roster.quorum for roster in rosters if roster)

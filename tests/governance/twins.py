"""Small worlds of ballots: members, some with a twin that says otherwise, and observers that hear late, or nothing.

After Twins (Bano et al., "Twins: BFT Systems Made Robust", OPODIS 2021): a liar is a member whose key two instances
have, each honest by itself. A schedule says for each round which side of a partition everybody is on; what is said
in a round is heard on the same side in it, and on the other side in a later round, or never.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hansa.governance.ballot import Ballot, Choice, Decided, Subject, Vote, certified
from hansa.governance.roster import Roster
from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId, content_id
from hansa.kernel.instant import Instant
from hansa.kernel.rng import Rng

ROUND_MS = 4_000
ROUNDS = 7
ENDS = Instant(ROUNDS * ROUND_MS)


@dataclass
class Instance:
    """One instance of a member: its ballot, and the one vote that it makes."""

    member: NodeId
    choice: Choice | None
    says_in: int
    ballot: Ballot
    waiting: list[tuple[int, Vote]] = field(default_factory=list)
    ended: list[Decided] = field(default_factory=list)


@dataclass
class World:
    """Instances and the schedule that they live through."""

    roster: Roster
    subject: Subject
    instances: list[Instance]
    sides: list[list[int]]
    lost: int
    votes: list[Vote] = field(default_factory=list)

    def run(self, rng: Rng) -> None:
        """Lives through all rounds, and two after the end."""
        for number in range(ROUNDS + 2):
            now = Instant(number * ROUND_MS + 1)
            for place, one in enumerate(self.instances):
                if one.choice is not None and one.says_in == number:
                    self._say(place, one, now, rng)
            for one in self.instances:
                due = [vote for at, vote in one.waiting if at <= number]
                one.waiting = [(at, vote) for at, vote in one.waiting if at > number]
                for vote in rng.shuffled(due):
                    self._hear(one, vote, now)
                one.ended.append(one.ballot.decided(now))

    def _say(self, place: int, one: Instance, now: Instant, rng: Rng) -> None:
        assert one.choice is not None
        text = f"{one.member} {one.choice} {place}"
        vote = Vote(content_id(text.encode()), one.member, self.subject, one.choice, now)
        self.votes.append(vote)
        sides = self.sides[one.says_in % ROUNDS]
        for other, heard in enumerate(self.instances):
            if sides[other] == sides[place]:
                heard.waiting.append((one.says_in, vote))
            elif rng.below(100) >= self.lost:
                heard.waiting.append((one.says_in + 1 + rng.below(4), vote))

    @staticmethod
    def _hear(one: Instance, vote: Vote, now: Instant) -> None:
        try:
            one.ballot.add(vote, now)
        except Refused:
            return

    def check(self) -> None:
        """Holds the invariants.

        1. Nobody sees yes where another sees no; no two certificates say otherwise.
        2. What is decided stays.
        3. Nothing is approved or refused without a quorum of members who said so.
        """
        seen = {state for one in self.instances for state in one.ended}
        assert not {Decided.APPROVED, Decided.REFUSED} <= seen
        proved = [certified(self.subject, self.roster, tuple(self.votes), choice) for choice in Choice]
        assert not all(proved)
        for one in self.instances:
            closed = [state for state in one.ended if state is not Decided.OPEN]
            assert len(dict.fromkeys(closed)) <= 1 and one.ended[-1] is not Decided.OPEN
        for decided, choice in ((Decided.APPROVED, Choice.YES), (Decided.REFUSED, Choice.NO)):
            if decided in seen:
                said = {vote.voter for vote in self.votes if vote.choice is choice and vote.at <= ENDS}
                assert len(said) >= self.roster.quorum


def world(size: int, rng: Rng, twins: int | None = None) -> World:
    """Returns a world with as many twins as may lie, by default, and a schedule drawn by `rng`."""
    members = tuple(NodeId(f"did:key:z{number:03}") for number in range(size))
    roster = Roster(members)
    digest = content_id(b"diff")
    subject = Subject(content_id(b"proposal"), digest, digest, roster.id, ENDS)
    liars = rng.shuffled(list(members))[: roster.liars if twins is None else twins]
    instances = []
    for member in members:
        choices: list[Choice | None] = [Choice.YES, Choice.NO] if member in liars else [_honest(rng)]
        for choice in choices:
            instances.append(Instance(member, choice, rng.below(ROUNDS + 1), Ballot(subject, roster)))
    sides = [[rng.below(3) for _ in instances] for _ in range(ROUNDS)]
    if rng.below(3) == 0:
        sides = [sides[0]] * ROUNDS
    return World(roster, subject, instances, sides, rng.below(101))


def _honest(rng: Rng) -> Choice | None:
    return (Choice.YES, Choice.YES, Choice.YES, Choice.NO, None)[rng.below(5)]

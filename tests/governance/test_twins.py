"""The worlds of twins themselves: every delivery in the smallest one, and a check that can fail."""

from __future__ import annotations

from itertools import product

from hansa.governance.ballot import Ballot, Choice, Decided, Vote
from hansa.kernel.ids import content_id
from hansa.kernel.instant import Instant
from hansa.kernel.rng import Rng
from tests.governance.twins import ENDS, Instance, World, world


def test_every_delivery_of_every_vote_to_two_observers() -> None:
    """n = 4, one twin, all honest choices, all deliveries to two observers: nobody sees yes where the other sees no."""
    made = world(4, Rng(1).child("small"), twins=0)
    members = made.roster.members
    conflicts = 0
    for choices in product(Choice, repeat=3):
        said = [*list(zip(members[1:], choices, strict=True)), (members[0], Choice.YES), (members[0], Choice.NO)]
        votes = [Vote(content_id(f"{who} {what}".encode()), who, made.subject, what, Instant(1)) for who, what in said]
        ends = []
        for heard in product((False, True), repeat=len(votes)):
            ballot = Ballot(made.subject, made.roster)
            for vote, is_heard in zip(votes, heard, strict=True):
                if is_heard:
                    ballot.add(vote, Instant(2))
            ends.append(ballot.decided(Instant(ENDS + 1)))
        conflicts += {Decided.APPROVED, Decided.REFUSED} <= set(ends)
    assert conflicts == 0


def test_the_check_can_fail_with_one_liar_more() -> None:
    """Two twins of four are more than may lie: some schedule is found in which the decisions conflict."""
    found = 0
    for seed in range(400):
        rng = Rng(seed).child("too many")
        made = world(4, rng, twins=2)
        made.run(rng)
        try:
            made.check()
        except AssertionError:
            found += 1
    assert found > 0


def test_an_instance_that_was_never_told_anything_has_decided_nothing() -> None:
    made = world(4, Rng(3).child("alone"), twins=0)
    alone = Instance(made.roster.members[0], None, 0, Ballot(made.subject, made.roster))
    World(made.roster, made.subject, [alone], [[0]] * 7, 100).run(Rng(3))
    assert alone.ended[-1] is Decided.UNDECIDED

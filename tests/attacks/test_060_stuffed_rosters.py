"""Attack 60: votes of keys made for it, and a roster that changes itself.

Pass criterion: 10,000 votes of strangers change no decision (HANSA_TEST_SCALE=10); a roster of somebody else's decides
nothing at a node that does not follow it; a roster follows only by a quorum of its old and one of its new members.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from hansa.governance.ballot import Ballot, Choice, Decided, Subject, Vote, certified
from hansa.governance.roster import Roster
from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId, content_id
from hansa.kernel.instant import Instant
from tests.attacks.specimens import scaled
from tests.node.test_voting import BASE, DIFF, Council
from tests.node.world import World

OLD = Roster(tuple(NodeId(f"did:key:z{number:03}") for number in range(4)))
NEW = OLD.succeeded((*OLD.members[:1], *(NodeId(f"did:key:zn{number:03}") for number in range(3))))
SUBJECT = Subject(content_id(b"proposal"), NEW.id, OLD.id, OLD.id, Instant(9))


def a_vote(voter: NodeId, choice: Choice = Choice.YES) -> Vote:
    return Vote(content_id(f"{voter} {choice}".encode()), voter, SUBJECT, choice, Instant(1))


def test_votes_of_strangers_count_for_nothing() -> None:
    ballot = Ballot(SUBJECT, OLD)
    ballot.add(a_vote(OLD.members[0]), Instant(2))
    votes = [a_vote(NodeId(f"did:key:ze{number}")) for number in range(scaled(1_000))]
    for one in votes:
        with pytest.raises(Refused, match="not_party"):
            ballot.add(one, Instant(2))
    assert ballot.decided(Instant(2)) is Decided.OPEN
    assert not certified(SUBJECT, OLD, (a_vote(OLD.members[0]), *votes), Choice.YES)


def test_a_roster_follows_by_both_quorums_and_never_by_one() -> None:
    """Every set of those who say yes, of the old and the new members together."""
    everybody = tuple(dict.fromkeys((*OLD.members, *NEW.members)))
    approved = 0
    for said in product((False, True), repeat=len(everybody)):
        votes = tuple(a_vote(one) for one, yes in zip(everybody, said, strict=True) if yes)
        ballot = Ballot(SUBJECT, OLD, NEW)
        for one in votes:
            ballot.add(one, Instant(2))
        of_old, of_new = (sum(one.voter in roster.members for one in votes) for roster in (OLD, NEW))
        expected = of_old >= OLD.quorum and of_new >= NEW.quorum
        assert (ballot.decided(Instant(2)) is Decided.APPROVED) is expected
        assert certified(SUBJECT, OLD, votes, Choice.YES, NEW) is expected
        approved += expected
    assert approved > 0


def test_an_epoch_is_not_skipped_and_no_roster_follows_itself() -> None:
    assert replace(NEW, epoch=3).id != NEW.id
    assert OLD.succeeded(NEW.members) == NEW
    assert OLD.succeeded(OLD.members).id != OLD.id


async def test_her_own_roster_applies_her_change_nowhere_else(tmp_path: Path) -> None:
    made = World(tmp_path)
    council = Council(made)
    await council.meet()
    await council.eve.node.voting.found([])
    poll = await council.eve.node.voting.propose(DIFF, BASE, "mine", 30_000)
    assert poll.decided is Decided.APPROVED
    await council.spread()
    await council.spread()
    for one in council.members:
        with pytest.raises(Refused, match="not_approved"):
            await one.ask("proposal.permit", id=poll.id)
    made.close()

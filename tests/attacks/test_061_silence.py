"""Attack 61: whoever is silent, or late, is taken for one who agrees.

Pass criterion: no number of silent members approves anything; a vote that comes after the end, or is dated before it,
changes nothing where the end was seen without a quorum; what was approved or refused stays so.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.governance.ballot import Ballot, Choice, Decided, Subject, Vote
from hansa.governance.roster import Roster
from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId, content_id
from hansa.kernel.instant import DAY, Instant
from hansa.node.ballotbook import closed_mark
from hansa.node.driver import Effects
from hansa.node.rows import PutMark
from tests.node.test_voting import LASTS, Council, a_vote, take
from tests.node.world import World

ENDS = Instant(100)


@given(st.integers(1, 12), st.data())
def test_silence_never_counts_and_nothing_late_turns_a_decision(size: int, data: st.DataObject) -> None:
    roster = Roster(tuple(NodeId(f"did:key:z{number:03}") for number in range(size)))
    digest = content_id(b"x")
    subject = Subject(digest, digest, digest, roster.id, ENDS)
    ballot = Ballot(subject, roster)
    came = data.draw(st.lists(st.tuples(st.integers(0, size - 1), st.sampled_from(Choice), st.integers(0, 200))))
    closed: Decided | None = None
    yes: dict[str, None] = {}
    for member, choice, at in sorted(came, key=lambda one: one[2]):
        now = Instant(at)
        if ballot.decided(now) is not Decided.OPEN:
            closed = closed or ballot.decided(now)
        vote = Vote(content_id(f"{member} {choice}".encode()), roster.members[member], subject, choice, Instant(1))
        try:
            ballot.add(vote, now)
            yes |= {vote.voter: None} if choice is Choice.YES and now <= ENDS else {}
        except Refused:
            assert now > ENDS
        assert closed is None or ballot.decided(now) is closed
    if ballot.decided(Instant(300)) is Decided.APPROVED:
        assert len(yes) >= roster.quorum


async def test_votes_that_were_held_back_until_after_the_end_are_too_late(tmp_path: Path) -> None:
    made = World(tmp_path)
    council = Council(made)
    await council.meet()
    poll = await council.propose()
    kept = [a_vote(one, poll, "yes", created=poll.created + 1) for one in council.members[1:]]
    made.clock.advance(LASTS + 1)
    fates = await take(council.a, *kept)
    assert not any(isinstance(one, Refused) for one in fates), fates
    assert (await council.a.node.voting.settle(poll.id)).decided is Decided.UNDECIDED
    await council.a.node.core.driver.perform(Effects([PutMark(closed_mark(poll.id), "")]))  # the records alone say so
    assert (await council.a.node.voting.settle(poll.id)).decided is Decided.UNDECIDED
    made.clock.advance(DAY)
    with pytest.raises(Refused, match="not_approved"):
        await council.a.ask("proposal.permit", id=poll.id)
    made.close()


async def test_a_clock_that_is_set_back_opens_nothing_again(tmp_path: Path) -> None:
    made = World(tmp_path)
    council = Council(made)
    await council.meet()
    poll = await council.propose()
    made.clock.advance(LASTS + 1)
    assert (await council.a.node.voting.settle(poll.id)).decided is Decided.UNDECIDED
    made.clock.advance(-LASTS)
    await take(council.a, *(a_vote(one, poll, "yes") for one in council.members[1:]))
    assert (await council.a.node.voting.settle(poll.id)).decided is Decided.UNDECIDED
    made.close()

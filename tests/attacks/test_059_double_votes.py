"""Attack 59: a member votes twice, a vote is used for something else, or the proposal is exchanged under it.

Pass criterion: in worlds of 4 and 7 with as many duplicated identities as may lie, delays and partitions over seven
rounds, 0 conflicting decisions (more than 10^5 schedules of each size with HANSA_TEST_SCALE=70); a vote counts only for
its diff, base, roster, epoch and end; who votes both ways leaves a proof that anybody can check.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.governance.ballot import Choice, Decided
from hansa.kernel.errors import Refused
from hansa.kernel.rng import Rng
from tests.attacks.specimens import scaled
from tests.governance.twins import world as twin_world
from tests.node.test_voting import DIFF, Council, a_vote, take
from tests.node.world import World

SCHEDULES = scaled(1_500)


@pytest.mark.parametrize("size", [4, 7])
def test_twins_bring_about_no_two_decisions(size: int) -> None:
    decided: dict[Decided, int] = dict.fromkeys(Decided, 0)
    for seed in range(SCHEDULES):
        rng = Rng(seed).child(f"twins {size}")
        made = twin_world(size, rng)
        made.run(rng)
        made.check()
        for one in made.instances:
            decided[one.ended[-1]] += 1
    assert min(decided[one] for one in (Decided.APPROVED, Decided.REFUSED, Decided.UNDECIDED)) > 0


@pytest.fixture
async def council(tmp_path: Path) -> Iterator[Council]:  # type: ignore[misc]
    made = World(tmp_path)
    found = Council(made)
    await found.meet()
    yield found
    made.close()


async def test_votes_for_one_proposal_approve_no_other(council: Council) -> None:
    """Every vote of the first proposal, replayed to a second one with another diff: it stays open."""
    first = await council.propose()
    second = await council.a.node.voting.propose(DIFF.replace("new", "evil"), first.body.base, "x", 30_000)
    for one in council.members[1:]:
        await take(council.a, a_vote(one, first, "yes"))
        swapped = a_vote(one, first, "yes", proposal=second.id)
        (fate,) = await take(council.a, swapped)
        assert isinstance(fate, Refused)
    assert (await council.a.node.voting.settle(first.id)).decided is Decided.APPROVED
    assert (await council.a.node.voting.settle(second.id)).decided is Decided.OPEN


async def test_the_vote_of_a_twin_is_proved_and_decides_nothing_twice(council: Council) -> None:
    """One of four says yes to half of them and no to the other half: no two of them decide otherwise."""
    poll = await council.propose()
    yes, no = a_vote(council.b, poll, "yes"), a_vote(council.b, poll, "no")
    await take(council.a, yes)
    await take(council.c, no)
    await council.c.node.voting.vote(poll.id, Choice.NO)
    await council.d.node.voting.vote(poll.id, Choice.YES)
    await council.spread()
    await council.spread()
    ends = {(await one.node.voting.settle(poll.id)).decided for one in council.members}
    assert not {Decided.APPROVED, Decided.REFUSED} <= ends
    await take(council.a, no)
    assert council.a.node.voting.book.poll(poll.id).ballot.torn
    assert [row.dealing for row in council.a.store.ledger() if row.subject == council.b.id] == ["equivocated"]

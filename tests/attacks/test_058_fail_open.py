"""Attack 58: no quorum can be reached, and the change is applied anyway.

Pass criterion: in 10,000 seeds of partitions of which no side has a quorum (HANSA_TEST_SCALE=10), 0 approvals; what is
undecided is not applied by any command; what an operator does alone is another command, is written down as
`local_override`, and is never called a decision.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.governance.ballot import Choice, Decided
from hansa.kernel.errors import Refused
from hansa.kernel.rng import Rng
from hansa.node.events import Kind
from tests.attacks.specimens import scaled
from tests.governance.twins import world
from tests.node.test_voting import DIFF, LASTS, Council
from tests.node.world import World

SEEDS = scaled(1_000)


def test_without_a_quorum_on_one_side_nothing_is_approved() -> None:
    approved = 0
    for seed in range(SEEDS):
        rng = Rng(seed).child("parted")
        size = 4 + rng.below(7)
        made = world(size, rng, twins=0)
        order = rng.shuffled(list(range(size)))
        side = made.roster.quorum - 1
        for place, one in enumerate(made.instances):
            one.choice, one.says_in = Choice.YES, order[place] % 7
        sides = [0 if order[place] < side else 1 for place in range(size)]
        made.sides, made.lost = [sides] * len(made.sides), 100
        made.run(rng)
        made.check()
        approved += sum(one.ended[-1] is Decided.APPROVED for one in made.instances)
    assert approved == 0


async def test_a_node_that_reaches_nobody_applies_nothing(tmp_path: Path) -> None:
    made = World(tmp_path)
    council = Council(made)
    await council.meet()
    made.net.down = {council.hub.url, *(one.url for one in council.members)}
    done = await council.a.ask("proposal.make", text=DIFF, base="0" * 64, rationale="x", wait=False)
    assert (done.value["state"], done.value["pending"] > 0) == ("open", True)
    made.clock.advance(LASTS + 1)
    shown = await council.a.ask("proposal.show", id=done.value["proposal"])
    assert (shown.ok, shown.value["state"]) == (False, "undecided")
    with pytest.raises(Refused, match="not_approved"):
        await council.a.ask("proposal.permit", id=done.value["proposal"])
    made.close()


async def test_what_is_done_alone_is_never_called_a_decision(tmp_path: Path) -> None:
    made = World(tmp_path)
    council = Council(made)
    await council.meet()
    poll = await council.propose()
    await council.a.ask("proposal.applied", diff=poll.body.diff, override=True)
    assert "local_override" in council.a.store.journal(poll.body.diff)[-1].detail
    told = list(council.a.node.core.driver.stream.history)
    assert [one.fields["basis"] for one in told if one.kind is Kind.CHANGE_APPLIED] == ["local_override"]
    assert not [one for one in told if one.kind is Kind.CONSENSUS_RESULT]
    assert (await council.a.ask("proposal.show", id=poll.id)).value["state"] == "open"
    made.close()

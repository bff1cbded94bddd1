"""Votes from end to end: what is decided on each node, by which votes, and what no silence or stranger brings about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hansa.admission.service import Via
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Dealing, Receipt
from hansa.governance import voting
from hansa.governance.ballot import Choice, Decided
from hansa.governance.diff import base_of
from hansa.governance.voting import RosterBody
from hansa.identity import envelope
from hansa.identity.envelope import Signed
from hansa.kernel.errors import NotFound, Refused, UsageError
from hansa.kernel.ids import content_id
from hansa.kernel.instant import DAY, SECOND
from hansa.kernel.verdict import Reason
from hansa.node import splits
from hansa.node.ballotbook import FOLLOWED, Poll, closed_mark
from hansa.node.events import Kind
from hansa.node.voteroom import MAX_OPEN
from tests.node.world import Resident, World

DIFF = "--- a/x.txt\n+++ b/x.txt\n@@ -1 +1 @@\n-old\n+new\n"
BASE = base_of({"x.txt": b"old\n"})
LASTS = 30 * SECOND


class Council:
    """A hub and four members of one roster, and somebody who is no member."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.hub = world.settle("hub", "hub")
        self.a, self.b, self.c, self.d = self.members = [world.settle(name) for name in "abcd"]
        self.eve = world.settle("eve")
        world.invite(self.hub, *self.members, self.eve)

    async def meet(self) -> None:
        for one in (*self.members, self.eve):
            await one.subscribe(self.hub)
        roster = await self.a.node.voting.found([one.id for one in self.members])
        await self.spread()
        for one in self.members[1:]:
            await one.node.voting.follow(roster.id)

    async def spread(self, *nodes: Resident) -> None:
        """Has everybody bring what he has, and take what there is."""
        everybody = nodes or (*self.members, self.eve)
        for one in everybody:
            self.world.clock.advance(10)
            await one.deliver()
        for one in everybody:
            await one.node.before_pull(self.hub.url)
            await one.pull(self.hub)

    async def propose(self, text: str = DIFF) -> Poll:
        poll = await self.a.node.voting.propose(text, BASE, "so that it is new", LASTS)
        await self.spread()
        return poll

    async def decided(self, poll: Poll) -> list[str]:
        return [str((await one.node.voting.settle(poll.id)).decided) for one in self.members]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
async def council(world: World) -> Council:
    made = Council(world)
    await made.meet()
    return made


async def take(one: Resident, *messages: Signed) -> list[object]:
    return await one.node.inbox.receive_many([message.raw for message in messages], Via.FILE)


def a_vote(one: Resident, poll: Poll, choice: str, **changed: object) -> Signed:
    body = {
        "proposal": poll.id,
        "diff": poll.body.diff,
        "base": poll.body.base,
        "roster": poll.body.roster,
        "epoch": poll.roster.epoch,
        "ends": poll.body.ends,
        "choice": choice,
    }
    header = {name: changed.pop(name) for name in ("created",) if name in changed}
    return one.say(voting.VOTE, {**body, **changed}, **header)


async def why_not(one: Resident, message: Signed) -> Reason | None:
    (fate,) = await take(one, message)
    return fate.reason if isinstance(fate, Refused) else None


async def test_three_of_four_say_yes_and_it_is_approved_everywhere(council: Council) -> None:
    poll = await council.propose()
    await council.b.node.voting.vote(poll.id, Choice.YES)
    await council.spread()
    assert await council.decided(poll) == ["open"] * 4
    with pytest.raises(Refused, match="not_approved"):
        await council.a.node.voting.permit(poll.id)
    await council.c.node.voting.vote(poll.id, Choice.YES, "read it")
    await council.spread()
    await council.spread()
    assert await council.decided(poll) == ["approved"] * 4
    found = await council.d.node.voting.permit(poll.id)
    assert found.body.text == DIFF and len(found.proof) == 3
    shown = [one for one in council.d.app.node.core.driver.stream.history if one.kind is Kind.CONSENSUS_RESULT]
    assert [(one.fields["decided"], one.fields["yes"], one.fields["silent"]) for one in shown] == [("approved", 3, 1)]
    (outcome,) = council.d.store.records_about(poll.id, voting.OUTCOME)
    assert outcome.author == council.a.id


async def test_silence_is_undecided_and_blocks_for_good(council: Council) -> None:
    poll = await council.propose()
    await council.b.node.voting.vote(poll.id, Choice.YES)
    await council.spread()
    council.world.clock.advance(LASTS)
    assert await council.decided(poll) == ["undecided"] * 4
    with pytest.raises(Refused, match="expired"):
        await council.c.node.voting.vote(poll.id, Choice.YES)
    early = a_vote(council.c, poll, "yes", created=poll.created + 1)
    assert not any(isinstance(one, Refused) for one in await take(council.a, early))
    assert await council.decided(poll) == ["undecided"] * 4
    with pytest.raises(Refused, match="not_approved"):
        await council.a.node.voting.permit(poll.id)


async def test_two_of_four_against_it_are_no_approval_and_three_refuse_it(council: Council) -> None:
    poll = await council.propose()
    for one in council.members[1:]:
        await one.node.voting.vote(poll.id, Choice.NO, "no")
    await council.spread()
    await council.spread()
    assert await council.decided(poll) == ["refused"] * 4


async def test_a_node_votes_once_also_after_a_restart(tmp_path: Path) -> None:
    world = World(tmp_path, "sqlite")
    try:
        council = Council(world)
        await council.meet()
        poll = await council.propose()
        await council.b.node.voting.vote(poll.id, Choice.NO)
        again = world.restart(council.b)
        with pytest.raises(Refused, match="duplicate"):
            await again.node.voting.vote(poll.id, Choice.YES)
        await again.node.voting.vote(poll.id, Choice.NO)
        mine = [one for one in again.store.records_about(poll.id, voting.VOTE) if one.author == again.id]
        assert len(mine) == 1
    finally:
        world.close()


async def test_who_votes_both_ways_leaves_the_proof(council: Council) -> None:
    poll = await council.propose()
    yes, no = a_vote(council.b, poll, "yes"), a_vote(council.b, poll, "no")
    await take(council.d, yes)
    await take(council.d, no)
    found = council.d.node.voting.book.poll(poll.id)
    assert found.ballot.torn == {council.b.id: (yes.id, no.id)}
    assert await why_not(council.d, a_vote(council.b, poll, "no")) is Reason.DUPLICATE
    (receipt,) = [one for one in council.d.store.ledger() if one.subject == council.b.id]
    assert receipt.dealing == "equivocated"
    row = council.d.store.record(receipt.entry.receipt)
    assert row is not None and row.kind == RECEIPT
    blob = council.d.store.blob(content_id(no.raw))
    assert blob == no.raw
    envelopes = [yes, no, envelope.read(row.envelope)]
    assert not any(isinstance(one, Refused) for one in await take(council.c, *envelopes[:2]))
    assert await why_not(council.c, envelopes[2]) is None
    forged = Receipt(
        dealing=Dealing.EQUIVOCATED, subject=council.a.id, records=(yes.id, no.id, content_id(no.raw)),
        reason="equivocation",
    )  # fmt: skip
    assert await why_not(council.c, council.eve.say(RECEIPT, msgspec.to_builtins(forged))) is not None


async def test_two_votes_that_agree_prove_nothing(council: Council) -> None:
    poll = await council.propose()
    core = council.d.node.core
    one, again, no = (
        a_vote(council.b, poll, "yes"),
        a_vote(council.b, poll, "yes", why="x"),
        a_vote(council.b, poll, "no"),
    )

    def flaw(second: Signed, subject: str) -> str:
        receipt = Receipt(
            dealing=Dealing.EQUIVOCATED,
            subject=subject,
            records=(one.id, second.id, content_id(second.raw)),
            reason="equivocation",
        )
        return splits.flaw(receipt, envelope.verify(one), second.raw, core.ring, core.settings.limits)

    assert flaw(no, council.b.id) == ""
    assert "do not prove it" in flaw(again, council.b.id)
    assert "do not prove it" in flaw(no, council.a.id)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"diff": content_id(b"other")}, Reason.BAD_BODY),
        ({"base": content_id(b"other")}, Reason.BAD_BODY),
        ({"epoch": 2}, Reason.BAD_BODY),
        ({"ends": 5}, Reason.BAD_BODY),
        ({"roster": content_id(b"other")}, Reason.BAD_BODY),
        ({"proposal": content_id(b"other")}, Reason.NOT_YET),
    ],
)
async def test_a_vote_for_something_else_is_not_taken(
    council: Council, changed: dict[str, object], reason: Reason
) -> None:
    poll = await council.propose()
    assert await why_not(council.d, a_vote(council.b, poll, "yes", **changed)) is reason


async def test_strangers_neither_propose_nor_vote_nor_tell(council: Council) -> None:
    poll = await council.propose()
    for message in (
        a_vote(council.eve, poll, "yes"),
        council.eve.say(voting.PROPOSAL, msgspec.to_builtins(poll.body)),
        council.eve.say(voting.OUTCOME, {"proposal": poll.id, "decided": "undecided"}),
    ):
        assert await why_not(council.d, message) is Reason.NOT_PARTY


async def test_a_roster_of_strangers_decides_nothing_here(council: Council) -> None:
    """Attack 60: Eve founds a roster of her own, approves her change with it, and it is not applied by anybody else."""
    hers = await council.eve.node.voting.found([])
    poll = await council.eve.node.voting.propose(DIFF, BASE, "mine", LASTS)
    assert poll.decided is Decided.APPROVED
    await council.spread()
    await council.spread()
    assert council.d.store.mark(FOLLOWED) != hers.id
    assert council.d.node.voting.book.poll(poll.id).decided is Decided.APPROVED
    with pytest.raises(Refused, match="decides not here"):
        await council.d.node.voting.permit(poll.id)


async def test_who_comes_later_learns_it_by_the_votes_alone(council: Council) -> None:
    late = council.world.settle("late")
    council.world.invite(council.hub, late)
    poll = await council.propose()
    for one in (council.b, council.c):
        await one.node.voting.vote(poll.id, Choice.YES)
    await council.spread()
    council.world.clock.advance(DAY)
    await late.subscribe(council.hub)
    await council.spread(late)
    await late.node.voting.follow(poll.roster.id)
    assert (await late.node.voting.permit(poll.id)).decided is Decided.APPROVED


async def test_an_outcome_says_what_its_votes_prove(council: Council) -> None:
    poll = await council.propose()
    await council.b.node.voting.vote(poll.id, Choice.YES)
    await council.spread()
    votes = [one.id for one in council.d.store.records_about(poll.id, voting.VOTE)]
    assert len(votes) == 2

    def tell(**body: object) -> Signed:
        return council.b.say(voting.OUTCOME, {"proposal": poll.id, **body})

    assert await why_not(council.d, tell(decided="approved", votes=votes)) is Reason.BAD_BODY
    assert await why_not(council.d, tell(decided="approved", votes=[poll.id])) is Reason.BAD_BODY
    assert await why_not(council.d, tell(decided="open")) is Reason.BAD_BODY
    assert await why_not(council.d, tell(decided="undecided", votes=votes)) is Reason.BAD_BODY
    assert await why_not(council.d, tell(decided="approved", votes=[content_id(b"x")])) is Reason.NOT_YET
    assert await why_not(council.d, tell(decided="undecided")) is None
    assert await why_not(council.d, tell(decided="undecided")) is Reason.DUPLICATE
    assert (await council.d.node.voting.settle(poll.id)).decided is Decided.OPEN


async def test_a_proposal_holds_together_or_is_not_taken(council: Council) -> None:
    poll = await council.propose()
    good = msgspec.to_builtins(poll.body)

    async def said(**changed: object) -> Reason | None:
        return await why_not(council.d, council.b.say(voting.PROPOSAL, {**good, **changed}))

    bad = "--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-old\n+new\n"
    assert await said(text=bad, diff=content_id(bad.encode())) is Reason.BAD_BODY
    assert await said(text=DIFF.replace("new", "evil")) is Reason.BAD_BODY
    assert await said(ends=1) is Reason.BAD_BODY
    assert await said(ends=good["ends"] + 8 * DAY) is Reason.BAD_BODY
    assert await said(members=[council.a.id]) is Reason.BAD_BODY
    assert await said(roster=content_id(b"x")) is Reason.NOT_YET
    for _ in range(MAX_OPEN):
        assert await said() is None
    assert await said() is Reason.ENOUGH_SAID


async def test_a_roster_follows_by_both_quorums_only(council: Council) -> None:
    """Attack 60: three of the old ones and three of the new ones agree, or nothing follows."""
    new = [council.a.id, council.b.id, council.c.id, council.eve.id]
    await council.eve.node.voting.follow(council.a.store.mark(FOLLOWED))
    poll = await council.a.node.voting.propose_roster(new, "d goes, eve comes", LASTS)
    await council.spread()
    after = poll.after
    assert after is not None
    body = RosterBody(members=after.members, epoch=after.epoch, follows=after.follows, agreed=poll.proof)
    assert await why_not(council.d, council.a.say(voting.ROSTER, msgspec.to_builtins(body))) is Reason.BAD_BODY
    with pytest.raises(UsageError, match="open"):
        await council.a.node.voting.succeed(poll.id)
    await council.b.node.voting.vote(poll.id, Choice.YES)
    await council.eve.node.voting.vote(poll.id, Choice.YES)
    await council.spread()
    assert (await council.a.node.voting.settle(poll.id)).decided is Decided.OPEN  # 3 of the new, 2 of the old
    other = await council.c.node.voting.propose_roster([council.c.id], "mine alone", LASTS)
    with pytest.raises(Refused, match="another roster"):
        await council.c.node.voting.vote(poll.id, Choice.YES)
    assert other.decided is Decided.OPEN
    await council.spread()
    await council.d.node.voting.vote(poll.id, Choice.YES)
    await council.spread()
    await council.spread()
    assert (await council.a.node.voting.settle(poll.id)).decided is Decided.APPROVED
    await council.a.node.voting.succeed(poll.id)
    await council.spread()
    await council.spread()
    assert {one.store.mark(FOLLOWED) for one in (*council.members, council.eve)} == {after.id}
    with pytest.raises(UsageError, match="does not decide here"):
        await council.b.node.voting.vote(other.id, Choice.YES)


async def test_an_override_is_written_down_as_one_and_is_no_decision(council: Council) -> None:
    poll = await council.propose()
    await council.a.node.voting.applied(poll.id, poll.body.diff, override=True)
    lines = council.a.store.journal(poll.id)
    assert "local_override" in lines[-1].detail
    assert (await council.a.node.voting.settle(poll.id)).decided is Decided.OPEN
    assert council.a.store.mark(closed_mark(poll.id)) == ""


async def test_waiting_ends_with_the_vote(council: Council) -> None:
    poll = await council.propose()
    council.world.clock.advance(LASTS + 1)
    assert (await council.a.node.voting.wait(poll.id)).decided is Decided.UNDECIDED
    assert [one.id for one in await council.b.node.voting.settle_all()] == [poll.id]
    assert await council.b.node.voting.settle_all() == []


async def test_a_proposal_is_found_by_the_start_of_its_id(council: Council) -> None:
    poll = await council.propose()
    assert council.b.node.voting.book.find(poll.id[:10]).id == poll.id
    for odd in ("abc", "0000", poll.roster.id[:10]):
        with pytest.raises(NotFound):
            council.b.node.voting.book.find(odd)

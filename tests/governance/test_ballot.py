"""What was decided by votes: only by a quorum of the roster, the same for all, and for good."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.governance.ballot import Ballot, Choice, Decided, Subject, Vote, certified
from hansa.governance.roster import Roster
from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId, content_id
from hansa.kernel.instant import Instant

NOW, ENDS = Instant(1_000), Instant(31_000)


def an_id(name: str) -> str:
    return content_id(name.encode())


def roster(size: int) -> Roster:
    return Roster(tuple(NodeId(f"did:key:z{number:03}") for number in range(size)))


def subject(of: Roster, **changed: object) -> Subject:
    return replace(Subject(an_id("proposal"), an_id("diff"), "base", of.id, ENDS), **changed)  # type: ignore[arg-type]


def vote(of: Roster, member: int, choice: Choice = Choice.YES, at: int = NOW, **changed: object) -> Vote:
    voter = of.members[member]
    return Vote(an_id(f"{member} {choice} {at}"), voter, subject(of, **changed), choice, Instant(at))


sizes = st.integers(1, 12)


@given(sizes)
def test_two_quorums_have_more_members_in_common_than_may_lie(size: int) -> None:
    of = roster(size)
    assert 2 * of.quorum - size > of.liars


@given(sizes, st.data())
def test_a_decision_is_the_same_in_whatever_order_votes_come(size: int, data: st.DataObject) -> None:
    """Of honest members, who vote once."""
    of = roster(size)
    choices = data.draw(st.lists(st.sampled_from([None, *Choice]), min_size=size, max_size=size))
    votes = [vote(of, member, choice) for member, choice in enumerate(choices) if choice]
    found = []
    for order in (votes, votes[::-1], data.draw(st.permutations(votes))):
        ballot = Ballot(subject(of), of)
        for one in order:
            ballot.add(one, NOW)
        found.append((ballot.decided(Instant(ENDS + 1)), ballot.silent, ballot.votes(Choice.YES)))
    assert found[0] == found[1] == found[2]
    yes, no = (sum(one is choice for one in choices) for choice in (Choice.YES, Choice.NO))
    expected = Decided.APPROVED if yes >= of.quorum else Decided.REFUSED if no >= of.quorum else Decided.UNDECIDED
    assert found[0][0] is expected


@pytest.mark.parametrize("size", [4, 7])
def test_as_many_as_may_lie_can_not_have_two_decided_otherwise(size: int) -> None:
    """Every set of f who vote both ways, every split of the honest: nobody sees yes where another sees no."""
    of = roster(size)
    for liars in combinations(range(size), of.liars):
        honest = [one for one in range(size) if one not in liars]
        for many in range(len(honest) + 1):
            votes = [vote(of, one, Choice.YES if place < many else Choice.NO) for place, one in enumerate(honest)]
            both = [vote(of, one, choice) for one in liars for choice in Choice]
            yes = certified(subject(of), of, tuple(votes + both), Choice.YES)
            no = certified(subject(of), of, tuple(votes + both), Choice.NO)
            assert not (yes and no)


def test_silence_is_no_agreement() -> None:
    of = roster(4)
    ballot = Ballot(subject(of), of)
    for member in range(2):
        assert ballot.add(vote(of, member), NOW) is Decided.OPEN
    assert ballot.decided(ENDS) is Decided.OPEN
    assert ballot.decided(Instant(ENDS + 1)) is Decided.UNDECIDED
    assert len(ballot.silent) == 2


def test_what_comes_after_the_end_changes_nothing() -> None:
    of = roster(4)
    ballot = Ballot(subject(of), of)
    for member in range(2):
        ballot.add(vote(of, member), NOW)
    late = Instant(ENDS + 1)
    with pytest.raises(Refused, match="expired"):
        ballot.add(vote(of, 2), late)
    with pytest.raises(Refused, match="expired"):
        ballot.add(vote(of, 3, at=ENDS + 1), NOW)
    assert ballot.decided(NOW) is Decided.UNDECIDED
    assert not certified(subject(of), of, tuple(vote(of, one, at=ENDS + 1) for one in range(4)), Choice.YES)


def test_what_is_approved_stays_so() -> None:
    of = roster(4)
    ballot = Ballot(subject(of), of)
    for member in range(3):
        ballot.add(vote(of, member), NOW)
    assert ballot.decided(NOW) is Decided.APPROVED
    assert ballot.add(vote(of, 3, Choice.NO), Instant(ENDS + 5)) is Decided.APPROVED
    assert ballot.decided(Instant(ENDS + 5)) is Decided.APPROVED


@pytest.mark.parametrize(
    "changed",
    [
        {"diff": an_id("other")},
        {"base": "other"},
        {"proposal": an_id("x")},
        {"ends": Instant(7)},
        {"roster": an_id("r")},
    ],
)
def test_a_vote_for_something_else_is_no_vote_for_this(changed: dict[str, object]) -> None:
    of = roster(4)
    ballot = Ballot(subject(of), of)
    with pytest.raises(Refused, match="bad_body"):
        ballot.add(vote(of, 0, **changed), NOW)
    assert not certified(subject(of), of, tuple(vote(of, one, **changed) for one in range(4)), Choice.YES)


def test_only_members_vote_and_each_once() -> None:
    of = roster(4)
    ballot = Ballot(subject(of), of)
    stranger = replace(vote(of, 0), voter=NodeId("did:key:zEve"))
    with pytest.raises(Refused, match="not_party"):
        ballot.add(stranger, NOW)
    for _ in range(5):
        assert ballot.add(vote(of, 0), NOW) is Decided.OPEN
    assert not certified(subject(of), of, (vote(of, 0), stranger, vote(of, 0), vote(of, 1)), Choice.YES)


def test_who_votes_both_ways_has_signed_the_proof_of_it() -> None:
    of = roster(4)
    ballot = Ballot(subject(of), of)
    yes, no = vote(of, 0), vote(of, 0, Choice.NO)
    ballot.add(yes, NOW)
    ballot.add(no, NOW)
    assert ballot.torn == {of.members[0]: (yes.id, no.id)}


def test_votes_by_another_roster_prove_nothing() -> None:
    of = roster(4)
    other = of.succeeded(of.members)
    assert not certified(subject(of), other, tuple(vote(of, one) for one in range(4)), Choice.YES)


@pytest.mark.parametrize(
    "wrong",
    [
        Roster(()),
        Roster((NodeId("b"), NodeId("a"))),
        Roster((NodeId("a"), NodeId("a"))),
        Roster((NodeId("a"),), epoch=2),
        Roster((NodeId("a"),), follows=an_id("x")),
        Roster((NodeId("a"),), epoch=0),
    ],
)
def test_what_is_no_roster_is_refused(wrong: Roster) -> None:
    with pytest.raises(Refused, match="bad_body"):
        wrong.check()


def test_a_roster_is_known_by_all_that_it_says() -> None:
    of = roster(4)
    of.check()
    after = of.succeeded(of.members[1:])
    after.check()
    assert (after.epoch, after.follows) == (2, of.id)
    assert len(dict.fromkeys([of.id, after.id, roster(5).id, replace(after, epoch=3).id])) == 4

"""Nodes that lend to each other over the overlay, under virtual time: from an offer to a settled lease (M5 to M8)."""

from __future__ import annotations

import msgspec
import pytest

from hansa.admission.service import Via
from hansa.conduct.ledger import Dealing
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.instant import DAY, HOUR
from hansa.kernel.resources import Resource
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.market.lease_states import State
from hansa.market.messages import ACT, LEASE, Act, ActBody, LeaseBody, Offered, Requested, lease_body
from hansa.node.driver import Effects
from hansa.node.membership import DropPeer
from hansa.node.rows import PutEvidence, PutRecord, SetSkillState
from hansa.node.shelf import Shelf, record_row
from hansa.node.why import Why
from hansa.sim.disk import Point
from hansa.sim.workload import specimen
from hansa.sim.world import World
from hansa.skills.messages import EVIDENCE, evidence_body
from hansa.skills.model import Evidence, Outcome, SkillState
from tests.attacks.specimens import scaled
from tests.sim.market_world import done, lent, loans, market, most_lent, needs, offers, owed
from tests.sim.test_network import chain, core, me, net
from tests.sim.worlds import say


def traded(amount: int = 1000, price: int = 60) -> World:
    """Returns a world in which the last of three nodes has taken a lease of the first one's."""
    world = chain(3)
    offers(world, 0, 4000, price)
    needs(world, 2, amount, most=2 * price)
    world.run(10)
    assert [one.state for one in lent(world, 0)] == [State.ACTIVE]
    return world


def dealings(world: World, number: int, about: int) -> list[Dealing]:
    """Returns what a node's ledger says of another one."""
    return [Dealing(one.dealing) for one in core(world, number).store.receipts_of(me(world, about))]


async def receive(world: World, number: int, author: int, kind: str, body: msgspec.Struct, to: int) -> ContentId:
    """Has a node take in what another one signs now."""
    sealed = core(world, author).seal(kind, msgspec.to_builtins(body), recipient=me(world, to))
    inbox = net(world, number).words._inbox
    return (await inbox.receive(sealed.raw, Via.HTTP)).id


# ---- what comes of an offer and a need


def test_what_one_offers_and_another_needs_becomes_a_lease_that_is_taken_and_settled() -> None:
    world = traded()
    (lease,), (loan,) = lent(world, 0), loans(world, 2)
    assert (lease.ask.borrower, lease.ask.amount) == (me(world, 2), 1000)
    assert loan.lease is not None and (loan.lease.state, loan.lease.fence) == (State.ACTIVE, lease.fence)
    world.run(11 * 60)
    (lease,) = lent(world, 0)
    assert lease.state is State.SETTLED
    assert lease.cost == 1000 * 60 // 4 // 6  # a quarter of ten minutes, for nothing was used
    assert owed(world, 0, 2) == (lease.cost, lease.cost)
    assert dealings(world, 0, 2) == dealings(world, 2, 0) == [Dealing.LEASE_HONOURED]
    assert not world.violations


def test_the_signed_records_of_both_ends_come_to_the_balances() -> None:
    world = traded()
    world.run(11 * 60)
    for number, other in ((0, 2), (2, 0)):
        accounts = market(world, number).balances.recount()
        assert accounts.between(me(world, number), me(world, other)) == market(world, number).balances.of(
            me(world, other)
        )


def test_a_request_is_met_once_and_in_parts_by_several_lenders() -> None:
    world = chain(4)
    for number in (0, 1, 2):
        offers(world, number, 400)
    needs(world, 3, 1000)
    world.run(20)
    assert sum(one.ask.amount for one in loans(world, 3)) == 1000
    assert all(most_lent(world, number) <= 400 for number in (0, 1, 2))
    world.run(60)
    assert sum(one.ask.amount for one in loans(world, 3)) == 1000


def test_two_who_need_the_same_units_never_get_more_than_there_are() -> None:
    world = chain(4)
    offers(world, 1, 1000)
    for number in (0, 2, 3):
        needs(world, number, 700)
    for _ in range(30):
        world.run(1)
        assert most_lent(world, 1) <= 1000
    assert most_lent(world, 1) == 1000
    assert sum(one.ask.amount for number in (0, 2, 3) for one in loans(world, number)) == 1000


def test_what_is_given_back_is_metered_and_free_again() -> None:
    world = traded(4000)
    (loan,) = loans(world, 2)
    world.run(60)
    done(world, market(world, 2).release(loan.ask.id))
    world.run(10)
    (lease,) = lent(world, 0)
    assert (lease.state, most_lent(world, 0)) == (State.SETTLED, 0)
    needs(world, 1, 4000, most=100)
    world.run(10)
    assert most_lent(world, 0) == 4000


def test_strangers_get_what_is_free_and_a_tenth_of_it() -> None:
    world = chain(3)
    offers(world, 0, 1000, price=10)
    offers(world, 1, 1000)
    for number in (0, 1):
        done(world, core(world, number).driver.perform(Effects([DropPeer(me(world, 2))])))
    needs(world, 2, 100, most=100, which=1)
    needs(world, 2, 500, most=0, which=2)
    world.run(30)
    assert all(one.lender == me(world, 1) and one.ask.amount <= 100 for one in loans(world, 2))


# ---- crashes, and what is lost on the way


@pytest.mark.parametrize("who", [0, 2])
def test_a_lease_survives_either_end_being_killed(who: int) -> None:
    world = traded()
    (before,) = lent(world, 0)
    world.crash(who)
    world.run(5)
    world.restart(who)
    world.run(20)
    assert [(one.id, one.fence, one.state) for one in lent(world, 0)] == [(before.id, before.fence, State.ACTIVE)]
    world.run(11 * 60)
    (lease,) = lent(world, 0)
    assert lease.state is State.SETTLED and owed(world, 0, 2) == (lease.cost, lease.cost)
    needs(world, 2, 1000, most=200, which=2)
    world.run(10)
    first, second = (one.fence for one in lent(world, 0))
    assert first == before.fence < second


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(scaled(6)))
def test_killed_in_any_write_both_ends_agree_in_the_end_and_nothing_is_lent_or_paid_twice(seed: int) -> None:
    rng = Rng(seed)
    world = chain(3)
    offers(world, 0, 4000, 60)
    needs(world, 2, 3000, most=200, minutes=2)
    for _ in range(12):
        who = 2 * rng.below(2)
        world.crash_in_write(who, Point.BEFORE if rng.below(2) else Point.AFTER)
        world.run(1 + rng.below(8))
        for number in (0, 2):
            world.restart(number)
        world.run(1)
        assert world.residents[0].inhabitant is None or most_lent(world, 0) <= 4000
    for one in world.residents:
        world.restart(one.number)
        assert one.disk is not None
        one.disk.trap = None
    world.run(15 * 60)
    final = [one for one in lent(world, 0) if one.state is State.SETTLED]
    assert all(one.is_over for one in lent(world, 0))
    assert sum(one.ask.amount for one in final) <= 3000
    assert owed(world, 0, 2) == (sum(one.cost for one in final),) * 2
    for number, other in ((0, 2), (2, 0)):
        assert market(world, number).balances.recount().between(me(world, number), me(world, other)) == market(
            world, number
        ).balances.of(me(world, other))
    assert not world.violations


def test_words_that_are_lost_are_said_again_through_a_cut() -> None:
    world = traded()
    pairs = world.partition([[0], [1, 2]])
    world.run(11 * 60)
    assert [one.state for one in lent(world, 0)] == [State.METERED]
    world.mend(pairs)
    world.run(10 * 60)
    (lease,) = lent(world, 0)
    assert lease.state is State.SETTLED and owed(world, 0, 2) == (lease.cost, lease.cost)


# ---- those who do not keep to it


def test_why_tells_of_a_lease_what_became_of_it() -> None:
    world = traded()
    (lease,) = lent(world, 0)
    for number in (0, 2):
        story = Why(core(world, number), Shelf(core(world, number))).why(lease.id)
        assert "then lease by" in story.lines[-1].text and "then lease_act by" in story.lines[-1].text


def test_a_lender_that_was_away_is_not_asked_meanwhile_and_is_asked_when_it_is_back() -> None:
    world = chain(3)
    offers(world, 0, 1000)
    world.run(5)
    pairs = world.partition([[0], [1, 2]])
    world.run(60)
    needs(world, 2, 100)
    world.run(60)
    assert not market(world, 2).borrower.loans  # what it said is still fresh, and it is known to be gone
    world.mend(pairs)
    world.run(120)
    assert [one.state for one in lent(world, 0)] == [State.ACTIVE]


def test_a_lender_that_does_not_answer_three_times_is_not_asked_again() -> None:
    world = chain(3)
    offers(world, 0, 1000)
    world.run(5)
    core(world, 0).asks_first = True  # it is there, and signs nothing that lasts
    needs(world, 2, 100)
    world.run(120)
    borrower = market(world, 2).borrower
    assert borrower.unanswered(me(world, 0), core(world, 2).now()) == len(borrower.loans) == 3
    core(world, 0).asks_first = False
    world.run(120)
    assert len(borrower.loans) == 3 and not lent(world, 0)
    seen = market(world, 2).look()
    assert seen.left_out == {me(world, 0): "left 3 asks or grants unanswered in the last 1d"}
    offers(world, 1, 1000)
    world.run(10)
    assert [one.ask.amount for one in lent(world, 1)] == [100]


def test_a_cost_that_does_not_follow_from_the_use_is_contested_and_not_owed() -> None:
    world = traded()
    lender = market(world, 0).lender
    (lease,) = lent(world, 0)
    lender.book.keep(lender.book.meter(lease.id, lease.limit))  # says that all of it was used, and nothing was
    world.run(3)
    lease = lent(world, 0)[0]
    assert lease.state is State.BROKEN and owed(world, 0, 2) == (0, 0)
    assert dealings(world, 0, 2) == dealings(world, 2, 0) == [Dealing.LEASE_BROKEN]


def test_who_does_not_settle_within_a_day_has_broken_the_lease() -> None:
    world = traded()
    world.crash(2)
    world.run(11 * 60)
    assert [one.state for one in lent(world, 0)] == [State.METERED]
    world.run(DAY // 1000 + 60)
    assert [one.state for one in lent(world, 0)] == [State.BROKEN]
    assert dealings(world, 0, 2) == [Dealing.LEASE_BROKEN]


def test_what_another_one_says_of_a_lease_is_refused() -> None:
    world = traded()
    (lease,) = lent(world, 0)
    cases = (
        (2, 1, LEASE, lease_body(lease), 2),  # a lender's word, by another node
        (0, 1, ACT, ActBody(ask=lease.id, act=Act.RELEASE), 0),  # a borrower's act, by another node
        (0, 2, ACT, ActBody(ask=lease.id, act=Act.AGREE, cost=0), 0),  # agreeing to what is not metered
        (0, 2, ACT, ActBody(ask=lease.id, act=Act.TAKE), 0),  # taking again
    )
    for number, author, kind, body, to in cases:
        task = world.loop.create_task(receive(world, number, author, kind, body, to))
        world.run(1)
        with pytest.raises(Refused) as refused:
            task.result()
        assert refused.value.reason in (Reason.NO_LEASE, Reason.DUPLICATE)
    assert [one.state for one in lent(world, 0)] == [State.ACTIVE]


def test_an_older_word_that_comes_later_changes_nothing() -> None:
    world = traded()
    world.run(11 * 60)
    (loan,) = loans(world, 2)
    assert loan.lease is not None and loan.lease.state is State.SETTLED
    old = LeaseBody(ask=loan.ask.id, state=State.GRANTED, fence=loan.lease.fence, take_by=loan.lease.take_by)
    task = world.loop.create_task(receive(world, 2, 0, LEASE, old, 2))
    world.run(1)
    with pytest.raises(Refused, match="older word"):
        task.result()
    assert loans(world, 2) == [loan]
    assert owed(world, 0, 2) == (loan.lease.cost, loan.lease.cost)


# ---- what is known, shared by copy


def knows(world: World, number: int, skills: int) -> list[ContentId]:
    """Has a node find out something about skills that are in use at it, and tell nobody; returns its findings."""
    node, found = core(world, number), []
    for one in range(1, skills + 1):
        skill = specimen(one)
        say(world, number, one)
        world.run(2)
        evidence = Evidence(skill.id, node.me, "cpython", "none", Outcome.PASS, 5, 5, 5, 5, content_id(b"x"))
        row = record_row(node.seal(EVIDENCE, evidence_body(evidence)), skill.id, node.now())
        changes = [PutRecord(row), PutEvidence(row.id, evidence), SetSkillState(skill.id, SkillState.ADMITTED)]
        done(world, node.driver.perform(Effects([*changes])))
        found.append(row.id)
    return found


def test_what_one_found_out_is_copied_to_whoever_asks_for_it_and_paid_by_the_copy() -> None:
    world = chain(3)
    findings = knows(world, 0, 3)
    assert core(world, 2).store.held(findings) == []
    now = core(world, 0).now()
    offer = Offered(resource=Resource.KNOWLEDGE_BASE, amount=10, price=5, begins=now, ends=now + HOUR, free=10)
    done(world, market(world, 0).stall.offer(offer))
    request = Requested(
        number=1, resource=Resource.KNOWLEDGE_BASE, amount=2, least=1, urgency=0, most=10, begins=now,
        ends=now + HOUR, lasts=0,
    )  # fmt: skip
    done(world, market(world, 2).stall.ask_for(request))
    world.run(30)
    (lease,) = lent(world, 0)
    assert sorted(core(world, 2).store.held(findings)) == sorted(lease.records)
    assert (lease.state, lease.used, lease.cost) == (State.SETTLED, 2, 10)
    assert owed(world, 0, 2) == (10, 10)

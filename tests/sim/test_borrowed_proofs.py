"""Proving on borrowed time, under virtual time: honest lenders, dead ones, and those that forge (ADR 0051)."""

from __future__ import annotations

import pytest

from hansa.conduct.dealings import Dealing
from hansa.conduct.ledger import Receipt
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.wire import parse
from hansa.market.checking import Found, Params, Record
from hansa.market.lease_states import State
from hansa.node import forged
from hansa.node.market_views import MarketViews
from hansa.node.prover import Proof
from hansa.node.vault import open_record
from hansa.sim.workload import specimen
from hansa.sim.world import World
from hansa.skills.messages import EVIDENCE
from hansa.skills.model import Origin, SkillState
from hansa.skills.work import WORKED
from tests.node.world import Behaviour
from tests.sim.lenders import begin, borrowed, bring, teach
from tests.sim.test_market import done, market, needs, offers
from tests.sim.test_network import core, me


def known(world: World, lender: NodeId, number: int = 1) -> None:
    """Has a node have found ten results of a lender to be right."""
    for _ in range(10):
        done(world, market(world, number).proofs.note(lender, Found.RIGHT))


def trials(world: World, id_: ContentId, number: int = 1) -> int:
    """Returns with how many trials a node has proved a skill at most, by its own evidence."""
    evidence = world.residents[number].store.evidence(id_)
    return max((one.trials for one in evidence if one.prover == me(world, number)), default=0)


def test_an_honest_lender_runs_the_trials_and_both_ends_agree_on_what_it_cost() -> None:
    world, workshop = borrowed(2, [0])
    for number in (0, 1):
        teach(workshop, number, range(1, 7))
    ids = bring(world, 1, range(1, 7))
    ran = len(workshop.benches[1].jobs)
    made, proofs = begin(world, 1, ids)
    world.run(10)
    assert [one.word for one in proofs] == ["proved"] * 6
    assert len(workshop.benches[0].jobs) == 6 and {one.trials for one in workshop.benches[0].jobs} == {35}
    assert workshop.benches[0].most == 1  # of two workers one stays the operator's
    assert len(workshop.benches[1].jobs) == ran + 6
    (tally,) = made.tallies.values()
    assert (tally.brought, tally.answered, tally.right, tally.doubtful, tally.forged) == (6, 6, 6, 0, 0)
    assert tally.used_ms >= 6 * 350
    shown = [MarketViews(market(world, number), me(world, number)).leases()[0] for number in (0, 1)]
    assert [(one["state"], one["used"]) for one in shown] == [("active", 1000 * tally.used_ms)] * 2
    world.run(11 * 60)
    (lease,) = market(world, 0).lender.book.all()
    assert (lease.state, lease.used) == (State.SETTLED, 1000 * tally.used_ms)
    (loan,) = market(world, 1).borrower.loans.values()
    assert loan.used >= lease.used


def test_what_a_known_lender_proved_needs_fewer_own_trials_and_nothing_is_admitted_without_any() -> None:
    world, workshop = borrowed(3, [0])
    for number in (0, 1):
        teach(workshop, number, range(1, 13))
    ids = bring(world, 2, range(1, 13))
    known(world, me(world, 0))
    before = core(world, 1).settings.conduct.trusted_trials
    begin(world, 1, ids)
    world.run(10)
    found = [trials(world, one) for one in ids]
    assert set(found) <= {before, core(world, 1).settings.skills.import_trials}
    assert found.count(before) > len(found) // 2
    assert all(world.residents[1].store.skill_state(one) is SkillState.ADMITTED for one in ids)


def test_of_a_lender_without_a_record_everything_is_looked_at_in_full() -> None:
    world, workshop = borrowed(3, [0])
    for number in (0, 1):
        teach(workshop, number, range(1, 4))
    ids = bring(world, 2, range(1, 4))
    begin(world, 1, ids)
    world.run(10)
    assert [trials(world, one) for one in ids] == [5, 5, 5]
    assert market(world, 1).proofs.record(me(world, 0)) == Record(3)


def test_what_a_lender_calls_refuted_comes_last_and_is_confirmed_with_one_trial() -> None:
    world, workshop = borrowed(3, [0])
    fails = Behaviour({"(2,)": "None"})
    for number in (0, 1):
        teach(workshop, number, [1], fails)
        teach(workshop, number, [2, 3])
    ids = bring(world, 2, [1, 2, 3])
    _, proofs = begin(world, 1, ids)
    world.run(10)
    assert workshop.benches[1].begun[-1].code == specimen(1).result.text
    (last,) = [one for one in proofs if one.row.id == ids[0]]
    assert isinstance(last, Proof) and (last.word, last.finding.trials) == ("refuted", 1)


def test_a_lender_that_dies_loses_nothing() -> None:
    world, workshop = borrowed(3, [0, 2])
    for number in (0, 1, 2):
        teach(workshop, number, range(1, 9))
    ids = bring(world, 1, range(1, 9))
    world.crash(2)
    made, proofs = begin(world, 1, ids)
    world.run(80)
    assert sorted(one.row.id for one in proofs) == sorted(ids)
    assert {one.word for one in proofs} == {"proved"}
    by = {one.lender: one for one in made.tallies.values()}
    assert by[me(world, 2)].answered == 0 and by[me(world, 2)].why["late"] > 0
    assert by[me(world, 0)].answered + by[me(world, 2)].why["late"] >= 8


def test_all_lenders_gone_means_proving_at_home() -> None:
    world, workshop = borrowed(2, [0])
    teach(workshop, 1, range(1, 4))
    ids = bring(world, 1, range(1, 4))
    world.crash(0)
    _, proofs = begin(world, 1, ids)
    world.run(80)
    assert [one.word for one in proofs] == ["proved"] * 3


@pytest.mark.parametrize("lie", ["passes", "fails"])
def test_a_forged_result_ends_the_lease_and_leaves_a_receipt_that_two_signatures_prove(lie: str) -> None:
    world, workshop = borrowed(3, [0])
    right, wrong = None, Behaviour({"(2,)": "None"})
    teach(workshop, 0, range(1, 4), right if lie == "passes" else wrong)
    teach(workshop, 1, range(1, 4), wrong if lie == "passes" else right)
    ids = bring(world, 2, range(1, 4))
    made, proofs = begin(world, 1, ids)
    world.run(20)
    assert {one.word for one in proofs} == {"refuted" if lie == "passes" else "proved"}
    (tally,) = made.tallies.values()
    assert tally.forged >= 1
    store, lender = world.residents[1].store, me(world, 0)
    (row,) = [one for one in store.receipts_of(lender, 0, 10) if one.dealing == Dealing.LEASE_BROKEN]
    record = store.record(row.entry.receipt)
    assert record is not None
    receipt = parse(open_record(record, core(world, 1).ring).body, Receipt)
    result, evidence = (store.record(one) for one in receipt.records)  # type: ignore[arg-type]
    assert result is not None and evidence is not None and (result.kind, evidence.kind) == (WORKED, EVIDENCE)
    opened = [open_record(one, core(world, 1).ring) for one in (result, evidence)]
    assert forged.flaw(receipt, me(world, 1), *opened) == ""
    assert (opened[0].author, opened[1].author) == (lender, me(world, 1))
    assert market(world, 1).proofs.loans() == []
    world.run(10)
    (lease,) = market(world, 0).lender.book.all()
    assert lease.state is State.BROKEN
    assert market(world, 1).balances.of(lender) == 0
    assert not any(one.dealing == Dealing.LEASE_HONOURED for one in store.receipts_of(lender, 0, 10))


@pytest.mark.parametrize("differs", [False, True], ids=["the same", "something else"])
def test_what_enough_unknown_lenders_say_alike_needs_fewer_own_trials(differs: bool) -> None:
    world, workshop = borrowed(3, [0, 2])
    proofs = market(world, 1).proofs
    proofs.params = Params(wrong_share=59)  # two of two
    for number in (0, 1, 2):
        teach(workshop, number, [1])
    workshop.benches[2].salt = "made up" if differs else ""
    ids = bring(world, 2, [1])
    made, found = begin(world, 1, ids)
    world.run(10)
    assert [one.word for one in found] == ["proved"]
    assert [one.brought for one in made.tallies.values()] == [1, 1]
    assert trials(world, ids[0]) == (5 if differs else 3)
    right = sorted(proofs.record(me(world, number)).right for number in (0, 2))
    assert right == ([0, 1] if differs else [1, 1])


def test_outputs_that_differ_end_a_record_and_after_three_the_bringing_and_are_no_receipt() -> None:
    world, workshop = borrowed(3, [0])
    known(world, me(world, 0))
    teach(workshop, 1, range(1, 8))
    for one in range(1, 8):
        workshop.benches[0].teach(specimen(one), Behaviour({"(2,)": str(2 * one), "(3,)": "never asked for"}))
    workshop.benches[0].salt = "made up"
    ids = bring(world, 2, range(1, 8))
    made, found = begin(world, 1, ids)
    world.run(20)
    assert {one.word for one in found} == {"proved"}
    assert all(trials(world, one) == 5 for one in ids)
    (tally,) = made.tallies.values()
    assert tally.right == tally.forged == 0 and tally.doubtful >= 3
    assert tally.brought < 7
    assert market(world, 1).proofs.record(me(world, 0)).right == 0
    assert world.residents[1].store.receipts_of(me(world, 0), 0, 10) == []


def test_what_comes_to_something_else_each_time_says_nothing_of_a_lender() -> None:
    world, workshop = borrowed(3, [0])
    known(world, me(world, 0))
    for number in (0, 1):
        teach(workshop, number, range(1, 8))
        workshop.benches[number].unsteady = True
    ids = bring(world, 2, range(1, 8))
    made, found = begin(world, 1, ids)
    world.run(20)
    assert {one.word for one in found} == {"proved"}
    (tally,) = made.tallies.values()
    assert (tally.answered, tally.right, tally.doubtful, tally.forged) == (7, 0, 0, 0)
    assert all(trials(world, one) == 5 for one in ids)
    assert market(world, 1).proofs.record(me(world, 0)).right == 10


def test_what_is_this_nodes_own_is_proved_in_full_whatever_a_known_lender_says() -> None:
    world, workshop = borrowed(2, [0])
    known(world, me(world, 0))
    for number in (0, 1):
        teach(workshop, number, range(1, 4))
    ids = bring(world, 1, range(1, 4))
    assert all(world.residents[1].store.skill(one).origin is Origin.OWN for one in ids)
    begin(world, 1, ids)
    world.run(20)
    assert [trials(world, one) for one in ids] == [35, 35, 35]


def test_whom_a_lender_has_forged_for_asks_it_for_nothing_more_also_after_a_restart() -> None:
    world, _ = borrowed(2, [0])
    done(world, market(world, 1).proofs.note(me(world, 0), Found.FORGED))
    assert market(world, 1).proofs.loans() == []
    world.crash(1)
    world.restart(1)
    world.run(20)
    assert market(world, 1).proofs.record(me(world, 0)).forged
    assert market(world, 1).proofs.loans() == []
    offers(world, 0, 500, price=60)
    needs(world, 1, 500, most=100, which=9)
    world.run(10)
    assert [one.amount for one in market(world, 1).bazaar.offers(core(world, 1).now())] == [500]
    assert not [one for one in market(world, 1).borrower.loans.values() if one.request == 9]


def test_stopping_half_way_leaves_nothing_running() -> None:
    world, workshop = borrowed(2, [0])
    for number in (0, 1):
        teach(workshop, number, range(1, 9))
    ids = bring(world, 1, range(1, 9))
    node, inhabitant = core(world, 1), world.residents[1].inhabitant
    assert inhabitant is not None
    made = market(world, 1).proofs.prove_all([node.store.skill(one) for one in ids], inhabitant.node.prover)

    async def first(_: object) -> None:
        running = made.run()
        async for _ in running:
            break
        await running.aclose()  # type: ignore[attr-defined]

    world.spawn(1, first)
    world.run(20)
    assert market(world, 1).proofs.bringing._out == {}
    assert workshop.benches[1].now == 0


def test_two_nodes_do_all_of_it_alike_when_they_do_it_again() -> None:
    def played() -> list[tuple[str, int]]:
        world, workshop = borrowed(3, [0])
        for number in (0, 1):
            teach(workshop, number, range(1, 9))
        known(world, me(world, 0))
        ids = bring(world, 2, range(1, 9))
        begin(world, 1, ids)
        world.run(10)
        return [(one, trials(world, one)) for one in ids]

    assert played() == played()


def test_of_an_honest_a_dead_and_a_forging_lender_nothing_is_lost_and_nothing_wrong_is_believed() -> None:
    world, workshop = borrowed(4, [0, 2, 3])
    good, bad = range(1, 10), range(10, 13)
    fails = Behaviour({"(2,)": "None"})
    for number in range(4):
        teach(workshop, number, good)
        teach(workshop, number, bad, None if number == 2 else fails)  # node 2 says of all that they pass
    workshop.benches[2].salt = "made up"
    ids = bring(world, 0, [*good, *bad])
    world.crash(3)
    made, proofs = begin(world, 1, ids)
    world.run(90)
    assert sorted(one.row.id for one in proofs) == sorted(ids)
    states = [world.residents[1].store.skill_state(one) for one in ids]
    assert states == [SkillState.ADMITTED] * 9 + [SkillState.REFUSED] * 3
    honest, forger, dead = (
        next(one for one in made.tallies.values() if one.lender == me(world, number)) for number in (0, 2, 3)
    )
    assert (dead.answered, honest.doubtful, honest.forged, forger.right) == (0, 0, 0, 0)
    assert forger.doubtful + forger.forged >= 1 and honest.right >= 3
    assert market(world, 1).proofs.record(me(world, 0)).right == honest.right

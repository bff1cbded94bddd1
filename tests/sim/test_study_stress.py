"""A stress study: units are neither made nor lost, no dead node serves, and what is reported is what happened."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.adapters.simplex import simplex
from hansa.kernel.errors import UsageError
from hansa.kernel.rng import Rng
from hansa.overlay.link_params import Policy
from hansa.sim.studies.failing import failure
from hansa.sim.studies.growth import network
from hansa.sim.studies.stress import ENDS_AT, FAILS_AT, Params, Stressed, _counts, recovery, stress
from hansa.sim.studies.stress_run import Phase, Run

NODES, FAILS = 40, 60


def run_of(failures: float, load: float = 0.6, seed: int = 1, policy: Policy = Policy.BOUNDED) -> Run:
    rng = Rng(seed)
    graph = network(NODES, policy, rng.child("links"))
    return Run(graph, failure(graph, policy, failures, FAILS, rng.child("failure")), (load, 1, 0), rng, simplex)


def check(run: Run) -> None:
    """Asserts what holds after each second."""
    held = np.zeros(NODES, np.int64)
    on_links: dict[tuple[int, int], int] = {}
    for work in run.works:
        held[work.lender] += work.units
        for pair in pairwise(work.way.nodes):
            both = (min(pair), max(pair))
            on_links[both] = on_links.get(both, 0) + work.units
        if work.phase is Phase.SERVED:
            assert run.alive[list(work.way.nodes)].all(), "no dead node serves, borrows or passes on"
            assert work.due >= run.now
        assert work.way.nodes[0] == work.request.borrower and work.way.nodes[-1] == work.lender
    known = run._off[run._offers.lender]
    assert (run._free + held == run._offers.units)[~known].all() and not run._free[known].any()
    owners, peers = run.ways.graph.owners().tolist(), run.ways.graph.peers.tolist()
    for one, other, used, room in zip(owners, peers, run.ways.used.tolist(), run.ways.room.tolist(), strict=True):
        assert used == on_links.get((min(one, other), max(one, other)), 0) <= room
    for asked in run.requests:
        placed = sum(work.units for work in run.works if work.request is asked)
        assert asked.in_time <= asked.done and asked.done + placed <= asked.units
        if asked.fate is None and run.alive[asked.borrower]:
            assert asked.open + placed + asked.done == asked.units
        if asked.fate:
            assert asked.in_time == asked.units
    assert run.served[-1] <= run.due[-1]


@pytest.mark.parametrize("policy", list(Policy))
@pytest.mark.parametrize("failures", [0.1, 0.4])
def test_units_are_neither_made_nor_lost_and_no_dead_node_serves(policy: Policy, failures: float) -> None:
    run = run_of(failures, policy=policy)
    while run.now < 130:
        run.second()
        check(run)
    counts = run.counts
    assert counts.broken and counts.lost and counts.mended <= counts.broken
    assert counts.other_way + counts.second_way <= counts.delivered
    for asked in run.requests:
        assert asked.deadline >= asked.since + 2 * asked.lasts


def test_dead_lenders_get_no_work_once_they_are_known() -> None:
    run = run_of(0.3)
    while run.now < 130:
        run.second()
        if run.now > FAILS + 40:
            assert run.alive[[work.lender for work in run.works]].all()
            assert run.alive[[work.request.borrower for work in run.works]].all()


def test_whoever_asks_a_dead_lender_asks_another_one_next() -> None:
    run = run_of(0.3)
    while run.now < 130:
        run.second()
    shunned = [one for one in run.requests if one.shunned and run.alive[one.borrower]]
    assert shunned and any(one.fate for one in shunned)


@pytest.fixture(scope="module")
def usual() -> Stressed:
    return stress(Params(), simplex)


def test_ten_percent_failures_and_twice_the_load_leave_95_percent_fulfilled(usual: Stressed) -> None:
    assert usual.params.nodes == 100 and usual.repair.dead == 10 and usual.params.load == 2
    assert usual.fulfilment >= 0.95 and usual.before.rate >= 0.95
    assert 0 < usual.degradation < 0.5 and usual.alternative_use > 0
    assert usual.recovery_s is not None and 0 < usual.recovery_s < 30
    assert (
        usual.repair.short == 0 and usual.repair.first_verdict_s < usual.repair.last_verdict_s < usual.repair.healed_s
    )


def test_without_failures_nothing_breaks() -> None:
    found = stress(Params(nodes=40, failures=0, load=1), simplex)
    paths, repair = found.paths, found.repair
    assert (paths.broken, paths.lost, paths.unheard, repair.dead, repair.links) == (0, 0, 0, 0, 0)
    assert found.alternative_use == 0 and found.recovery_s == 0
    assert found.fulfilment >= 0.95 and found.degradation < 0.05


def test_what_nobody_could_serve_is_not_said_to_be_fulfilled() -> None:
    found = stress(Params(nodes=40, usual=0.8), simplex)
    assert found.fulfilment < 0.6 and found.after.delivered < 0.75 * found.after.asked
    assert found.recovery_s is None


def test_what_is_reported_adds_up(usual: Stressed) -> None:
    told = json.loads(json.dumps(usual.as_json()))
    assert len(told["performance"]) == ENDS_AT and all(0 <= one <= 1 for one in told["performance"])
    for second, (served, wanted) in enumerate(zip(told["served"], told["wanted"], strict=True)):
        assert served <= wanted
        assert told["performance"][second] == pytest.approx(served / wanted if wanted else 1, abs=1e-6)
    worst = min(told["performance"][FAILS_AT:])
    assert told["performance_degradation"] == pytest.approx(1 - worst / told["baseline"], abs=1e-5)
    assert told["request_fulfilment_rate"] == round(told["after"]["fulfilled"] / told["after"]["count"], 6)
    paths = told["paths"]
    assert told["alternative_path_use"] == round(paths["other_way"] / paths["delivered"], 6)
    assert told["after"]["delivered"] <= told["after"]["asked"]


def test_late_is_not_fulfilled() -> None:
    run = run_of(0.4, load=0.9)
    late = 0
    while run.now < 200:
        run.second()
        for asked in run.requests:
            late += asked.in_time < asked.done
            if asked.decided_at == run.now - 1 and asked.decided_at > asked.deadline:
                assert asked.fate is False
    assert late


def test_requests_of_dead_borrowers_do_not_count() -> None:
    run = run_of(0.5)
    while run.now < FAILS + 5:
        run.second()
    dead = [one for one in run.requests if not run.alive[one.borrower] and one.fate is None]
    assert dead and not any(_counts(one, run) for one in dead)


def test_it_is_told_each_second() -> None:
    told: list[int] = []
    stress(Params(nodes=10, failures=0), simplex, lambda done, of, what: told.append(done))
    assert told == list(range(ENDS_AT))


@given(st.lists(st.sampled_from([0.0, 1.0]), max_size=40))
def test_recovery_is_where_ten_good_seconds_begin(performance: list[float]) -> None:
    found = recovery(performance, 0.95)
    if found is None:
        assert "1" * 10 not in "".join(str(int(one)) for one in performance)
    else:
        assert performance[found : found + 10] == [1.0] * 10
        assert recovery(performance[: found + 9], 0.95) is None


@pytest.mark.parametrize(
    ("params", "what"),
    [
        (Params(nodes=9), "nodes must be between 10"),
        (Params(nodes=20_001), "nodes must be between"),
        (Params(nodes=5, policy=Policy.PREFERENTIAL), "nodes must be between 6"),
        (Params(failures=-0.1), "failures must be a share"),
        (Params(failures=0.91), "failures must be a share"),
        (Params(failures=float("nan")), "failures must be a share"),
        (Params(load=0), "load must be above 0"),
        (Params(load=10.5), "load must be above 0"),
        (Params(load=float("nan")), "load must be above 0"),
        (Params(usual=0), "usual load must be a share"),
        (Params(usual=1.1), "usual load must be a share"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(params: Params, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        params.validate()


def test_a_study_looks_at_its_numbers_first() -> None:
    with pytest.raises(UsageError, match="usual load"):
        stress(Params(nodes=10, usual=2), simplex)

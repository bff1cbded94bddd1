"""A study of growth: what it counts adds up, one seed gives the same bytes anywhere, and bad numbers are refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.adapters.simplex import simplex
from hansa.kernel.errors import UsageError
from hansa.kernel.rng import Rng
from hansa.overlay.link_params import Params as LinkParams
from hansa.overlay.link_params import Policy
from hansa.sim.models.bounded import Bounds, bounded, stages
from hansa.sim.studies import growth
from hansa.sim.studies.growth import ATTACH, Grown, Params, grow, network, rounded, shared

ROOT = Path(__file__).parents[2]
BOTH = pytest.mark.parametrize("policy", list(Policy))


def grown(policy: Policy, seed: int = 1) -> Grown:
    return grow(Params(20, 3, 15, policy, seed), simplex)


@BOTH
def test_nodes_join_step_by_step_and_each_link_is_counted_at_both_ends(policy: Policy) -> None:
    found = grown(policy)
    assert [one.nodes for one in found.stages] == [20, 35, 50, 65]
    for one in found.stages:
        assert sum(count for _, count in one.degrees) == one.nodes
        assert sum(links * count for links, count in one.degrees) == 2 * one.edges
        assert one.mean_degree == pytest.approx(2 * one.edges / one.nodes)
        assert one.connected == 1 and one.path_length.error == 0


@BOTH
def test_no_more_is_delivered_than_matched_and_no_more_matched_than_asked_for(policy: Policy) -> None:
    for one in grown(policy).stages:
        share = one.sharing
        assert 0 < share.delivered <= share.matched <= share.asked and share.carried <= share.matches
        assert one.flow_efficiency == share.delivered / share.asked
        assert share.hops >= 1 and 0 < share.fairness <= 1


def test_links_stay_within_bounds_and_newcomers_under_preferential_attachment_make_four() -> None:
    bounds = Bounds()
    for one in grown(Policy.BOUNDED).stages:
        assert bounds.low <= one.degrees[0][0] and one.degrees[-1][0] <= bounds.high
        assert one.power_law is None
    for one in grown(Policy.PREFERENTIAL).stages:
        assert one.edges == ATTACH * (one.nodes - ATTACH)
    assert LinkParams().attach == ATTACH


def test_a_smaller_network_is_the_beginning_of_a_larger_one() -> None:
    last = network(200, Policy.PREFERENTIAL, Rng(1).child("growth").child("links"))
    before = list(growth._graphs(Params(50, 1, 150, Policy.PREFERENTIAL), Rng(1).child("growth")))
    assert (before[1].peers == last.peers).all()
    first = {pair for pair in zip(*(ends.tolist() for ends in last.links_made()), strict=True) if max(pair) < 50}
    assert first == set(zip(*(ends.tolist() for ends in before[0].links_made()), strict=True))


def test_growing_in_stages_ends_within_bounds_each_time_and_in_one_stage_as_ever() -> None:
    sizes = [9, 10, 40, 41, 300]
    for size, graph in zip(sizes, stages(sizes, Bounds(), Rng(1)), strict=True):
        assert graph.nodes == size and graph.giant_share() == 1
        assert graph.degrees.max() <= Bounds().high and graph.degrees.min() >= Bounds().low
    assert (next(stages([300], Bounds(), Rng(1))).peers == bounded(300, Bounds(), Rng(1)).peers).all()


@pytest.mark.parametrize("sizes", [[40, 40], [40, 30]])
def test_stages_that_do_not_rise_are_refused(sizes: list[int]) -> None:
    with pytest.raises(ValueError, match="sizes must rise"):
        list(stages(sizes, Bounds(), Rng(1)))


def test_where_demand_is_above_supply_all_that_is_offered_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    real, offered = growth._wishes, []

    def greedy(*given: object) -> object:
        requests, offers = real(*given)  # type: ignore[arg-type]
        requests.units[:] *= 5
        requests.resource[:] = offers.resource[:] = 0
        offered.append(int(offers.units.sum()))
        return requests, offers

    monkeypatch.setattr(growth, "_wishes", greedy)
    graph = network(100, Policy.BOUNDED, Rng(1))
    found = shared(graph, Rng(2), simplex)
    assert found.matched == offered[0] < found.asked and found.clearings > 1


def test_only_some_hold_a_round_in_a_large_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "TRADERS", 30)
    assert shared(network(100, Policy.BOUNDED, Rng(1)), Rng(2), simplex).traders == 30


def test_no_more_is_delivered_than_links_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hansa.sim.studies.ways.LEAST_ROOM", 1)
    monkeypatch.setattr("hansa.sim.studies.ways.MOST_ROOM", 10)
    found = shared(network(100, Policy.BOUNDED, Rng(1)), Rng(2), simplex)
    assert 0 < found.delivered < 0.5 * found.matched and found.carried < found.matches and found.second_way > 0


def test_it_is_told_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    grow(Params(20, 2, 5), simplex, lambda done, of, what: told.append((done, of)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("params", "what"),
    [
        (Params(initial=9 - 1), "initial nodes must be at least 9"),
        (Params(initial=4, policy=Policy.PREFERENTIAL), "initial nodes must be at least 5"),
        (Params(steps=-1), "steps must be between"),
        (Params(steps=1_001), "steps must be between"),
        (Params(per_step=0), "nodes per step must be at least 1"),
        (Params(initial=10, steps=1, per_step=1_000_000), "take fewer steps"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(params: Params, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        params.validate()


def test_a_study_looks_at_its_numbers_first() -> None:
    with pytest.raises(UsageError, match="nodes per step"):
        grow(Params(steps=0, per_step=0), simplex)


@given(st.integers(0, 40))
@settings(max_examples=10, deadline=None)
def test_any_small_network_can_be_studied(extra: int) -> None:
    for policy in Policy:
        first = growth.least_nodes(policy)
        assert grow(Params(first, 1, extra + 1, policy), simplex).stages[-1].nodes == first + extra + 1


def test_json_is_plain_and_has_six_places() -> None:
    assert rounded({"a": (0.12345678, [1, np.float64(0.5)])}) == {"a": [0.123457, [1, 0.5]]}
    text = json.dumps(grown(Policy.PREFERENTIAL).as_json())
    assert json.loads(text)["steps"][0]["nodes"] == 20


def elsewhere(words: str, **environment: str) -> bytes:
    """Returns what another process prints."""
    command = [sys.executable, "-c", "from hansa.entrypoints.cli.main import run; run()", *words.split(), "--json"]
    return subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True).stdout


@pytest.mark.slow
@pytest.mark.parametrize("words", ["sim growth --steps 2 --policy preferential", "sim growth --steps 2", "sim stress"])
def test_a_seed_gives_the_same_bytes_in_any_process(words: str) -> None:
    one, other = elsewhere(words, PYTHONHASHSEED="1"), elsewhere(words, PYTHONHASHSEED="2")
    assert one == other and len(one) > 1_000
    assert elsewhere(f"{words} --seed 2", PYTHONHASHSEED="1") != one


@pytest.mark.slow
def test_loops_give_the_same_bytes_compiled_and_as_they_are() -> None:
    for words in ("sim growth --steps 2", "sim stress --nodes 20"):
        assert elsewhere(words, NUMBA_DISABLE_JIT="1") == elsewhere(words)

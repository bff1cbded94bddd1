"""`hansa sim`: what it says of a run, how it ends when a promise was broken, and how that is seen again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hansa.entrypoints import simulation
from hansa.sim.invariants import Violation
from tests.cli.conftest import Hansa


def test_a_run_says_how_it_went(hansa: Hansa) -> None:
    said = hansa("sim", "run", "calm", "--nodes", "3", "--seconds", "3")
    assert said.code == 0 and not said.err
    assert "kept" in said.out and "times real time" in said.out and "again" not in said.out


def test_many_seeds_are_counted(hansa: Hansa) -> None:
    said = hansa("sim", "run", "storm", "--nodes", "2", "--seconds", "2", "--seeds", "3", "--seed", "5")
    assert said.code == 0
    assert "3 of 3 runs kept every promise" in said.out


def test_the_same_seed_ends_in_the_same_digest(hansa: Hansa) -> None:
    words = ("sim", "run", "churn", "--nodes", "3", "--seconds", "3", "--seed", "7", "--json")
    one, other = hansa(*words).json, hansa(*words).json
    assert one["held"] and one["runs"] == other["runs"] and len(one["runs"][0]["digest"]) == 64


def test_a_broken_promise_ends_with_1_and_says_how_to_see_it_again(
    hansa: Hansa, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = simulation.simulate

    def broken(name: str, seed: int, nodes: int, seconds: float | None) -> Any:
        report = real(name, seed, nodes, seconds)
        bad = (Violation("L1", 1500, 2, "record is gone"),) if seed == 6 else ()
        return replace(report, violations=bad, last=("a line",))

    monkeypatch.setattr(simulation, "simulate", broken)
    words = ("sim", "run", "calm", "--nodes", "2", "--seconds", "1", "--seed", "5", "--seeds", "2")
    said = hansa(*words)
    assert said.code == 1
    assert "1 of 2 runs" in said.out and "again: hansa sim run calm --seed 6 --nodes 2 --seconds 1" in said.out
    assert said.err == "! L1 at 1.500 s, node 2: record is gone\n"
    found = hansa(*words, "--json")
    assert found.code == 1 and [one["held"] for one in found.json["runs"]] == [True, False]


def test_a_node_that_fails_is_a_fault_that_can_be_seen_again(hansa: Hansa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "simulate", lambda *_: 1 // 0)
    said = hansa("sim", "run", "calm", "--seed", "9", "--seconds", "1")
    assert said.code == 70
    assert "again: hansa sim run calm --seed 9 --nodes 5 --seconds 1" in said.sentence


def test_no_such_scenario(hansa: Hansa) -> None:
    said = hansa("sim", "run", "sunshine")
    assert said.code == 2
    assert "choose one of calm, storm" in said.sentence


def test_all_scenarios_are_listed(hansa: Hansa) -> None:
    said = hansa("sim", "list", "--json").json
    assert [one["name"] for one in said["scenarios"]] == ["calm", "storm", "halves", "churn", "clocks", "disks"]
    assert "halves" in hansa("sim", "list").out

"""Runs: one seed is one run, on any machine; and hundreds of seeds keep every promise."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from hansa.entrypoints.simulation import simulate
from hansa.sim.scenario import SCENARIOS
from tests.attacks.specimens import scaled

SEEDS = scaled(252)
CHUNKS = 12
"""Runs of a test run: 252, some 60 s of processor time; HANSA_TEST_SCALE=40 makes them 10,000."""

STORMY = tuple(name for name in SCENARIOS if name != "calm")


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_promise_is_kept_under_every_seed(chunk: int) -> None:
    broken = []
    for seed in range(chunk, SEEDS, CHUNKS):
        report = simulate(STORMY[seed // CHUNKS % len(STORMY)], 1_000 + seed, 5, 18)
        if not report.held:
            broken.append((report.again, [str(one) for one in report.violations]))
    assert broken == []


def test_without_faults_word_is_everywhere_at_once_and_nothing_is_refused() -> None:
    report = simulate("calm", 1, 8)
    assert report.held and report.converged_ms is not None and report.converged_ms <= 1_000
    assert report.acknowledged > 30 and not report.refused and not report.faults
    assert report.frames["sent"] == report.frames["delivered"]


def test_a_seed_replays_and_another_one_does_not() -> None:
    reports = [simulate("storm", seed, 4, 10) for seed in (7, 7, 8)]
    assert reports[0] == reports[1]
    assert reports[0].digest != reports[2].digest
    assert reports[0].again == "hansa sim run storm --seed 7 --nodes 4 --seconds 10"


@pytest.mark.parametrize("name", ["storm", "halves", "disks"])
def test_a_seed_replays_in_other_processes_whatever_their_hashes(name: str) -> None:
    script = (
        "import json, sys; from hansa.entrypoints.simulation import simulate;"
        f"r = simulate({name!r}, 3, 4, 10); print(json.dumps([r.digest, r.events, r.lines]))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1", "4711")
    }
    here = simulate(name, 3, 4, 10)
    assert [json.loads(one) for one in found] == [[here.digest, here.events, here.lines]]


def test_what_makes_no_run_is_refused() -> None:
    with pytest.raises(KeyError):
        simulate("sunshine", 1, 3)
    with pytest.raises(ValueError, match=r"^nodes "):
        simulate("calm", 1, 1)

"""Threat 44: after a partition heals, all honest nodes hold the same records within ten seconds, and nothing twice.

Passes when: with 20 % of all frames lost, 10 % doubled, and the network cut into halves again and again, every honest
node has the same record set at most ten seconds after the last heal, and no effect is applied twice (L3, L4). Here with
12 nodes; `HANSA_TEST_SCALE=4` and more takes 50.
"""

from __future__ import annotations

import pytest

from hansa.entrypoints.simulation import simulate
from tests.attacks.specimens import scaled

NODES = min(50, scaled(12))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
def test_halves_that_meet_again_hold_the_same_within_ten_seconds(seed: int) -> None:
    report = simulate("halves", seed, NODES, 15)
    assert report.violations == ()
    assert report.acknowledged > NODES
    assert report.frames["lost: loss"] > report.frames["sent"] // 10
    assert report.frames["doubled"] > report.frames["sent"] // 20
    assert report.frames["lost: partition"]
    assert report.converged_ms is not None
    assert report.converged_ms <= 10_000, report.again

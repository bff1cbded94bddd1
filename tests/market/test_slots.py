"""How much of a machine a lease is: jobs at once, their pace, and the bounds on each."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.instant import MINUTE, Instant
from hansa.kernel.jobs import SandboxLimits
from hansa.market.lease import Lease
from hansa.market.lease_states import State
from hansa.market.slots import BURST_MS, MIB, PROCESSOR, Params, at_once, bounds, in_pace, places
from tests.market.test_leases import an_ask
from tests.market.things import NOW


@pytest.mark.parametrize(("amount", "jobs"), [(1, 1), (500, 1), (1000, 1), (1999, 1), (2000, 2), (4100, 4)])
def test_a_lease_runs_a_job_for_each_whole_processor_and_one_at_least(amount: int, jobs: int) -> None:
    assert at_once(amount) == jobs


@pytest.mark.parametrize(
    ("workers", "own", "running", "left"),
    [(2, 1, 0, 1), (2, 1, 1, 1), (2, 1, 2, 0), (8, 1, 0, 7), (8, 1, 5, 3), (8, 8, 0, 1), (1, 1, 0, 1), (1, 1, 1, 0)],
)
def test_own_proofs_come_first(workers: int, own: int, running: int, left: int) -> None:
    assert places(workers, own, running) == left


@given(st.integers(1, 64), st.integers(0, 64), st.integers(0, 64))
def test_never_more_is_lent_than_there_is_nor_all_of_it(workers: int, own: int, running: int) -> None:
    left = places(workers, own, running)
    assert 0 <= left <= workers - min(workers, running)
    assert workers == 1 or own == 0 or left < workers


def a_lease(amount: int, used: int) -> Lease:
    return Lease(an_ask("x", amount=amount), 1, State.ACTIVE, NOW, used)


def test_half_a_processor_is_used_half_of_the_time() -> None:
    lease = a_lease(PROCESSOR // 2, 0)
    begins = lease.ask.window.begins
    assert in_pace(lease, begins)
    ahead = PROCESSOR // 2 * BURST_MS
    assert not in_pace(replace(lease, used=ahead), begins)
    assert in_pace(replace(lease, used=ahead), Instant(begins + 1))
    used = ahead + PROCESSOR * MINUTE // 2
    assert not in_pace(replace(lease, used=used), Instant(begins + MINUTE - 1 + 1))
    assert in_pace(replace(lease, used=used), Instant(begins + MINUTE + 1))


def test_what_is_used_up_is_out_of_pace_at_any_time() -> None:
    lease = a_lease(PROCESSOR, 0)
    assert not in_pace(replace(lease, used=lease.limit), lease.ask.window.ends)


@given(st.integers(0, 1 << 20), st.integers(1, 1 << 20), st.integers(1, 1 << 40))
def test_no_lease_of_memory_goes_above_the_operators_own_bounds(leased: int, usual: int, own: int) -> None:
    operator = SandboxLimits(memory_bytes=own)
    found = bounds(operator, Params(memory_mib=usual), leased)
    assert found.memory_bytes == min(own, (usual + leased) * MIB)
    assert replace(found, memory_bytes=own) == operator


@pytest.mark.parametrize("name", [one.name for one in fields(Params)])
def test_a_number_that_makes_no_sense_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} must"):
        replace(Params(), **{name: -1}).validate()

"""Two processes: B buys proof time from A, whose sandbox runs it; also when A is killed (M8, ADR 0051)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hansa.starter import skill_files
from tests.e2e.processes import Process, no_bug_in
from tests.node.world import real_sandbox

COMPUTE = "computational_power"
CHOSEN = ("deep_merge", "edit_distance", "luhn_valid", "percentile", "slugify", "to_roman")

pytestmark = [pytest.mark.slow, pytest.mark.sandbox]


def until(holds: Callable[[], bool], seconds: float = 60) -> bool:
    """Asks again and again, each time over the node's door, until it is so or the time is up."""
    end = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < end:
        pass
    return held


def lease(node: Process) -> dict[str, Any]:
    found = node.ask("market.leases", all=True)["leases"]
    return dict(found[0]) if found else {"state": ""}


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    found = real_sandbox()
    if isinstance(found, str):
        pytest.skip(found)
    a, b = Process(tmp_path, "a"), Process(tmp_path, "b")
    for one in (a, b):
        one.launch()
    for one in (a, b):
        one.await_ready()
    link = a.ask("peer.invite", url=a.url, note="b")["link"]
    b.ask("join", invitation=link, url=b.url, subscribe=False)
    b.ask("net.connect", url=a.url)
    a.ask("market.offer", resource=COMPUTE, amount="1 core", price="0.06", hours="1")
    b.ask("market.request", resource=COMPUTE, amount="1 core", most="0.1", lasts="10m")
    assert until(lambda: lease(a)["state"] == lease(b)["state"] == "active")
    yield a, b
    for one in (a, b):
        if one.process is not None:
            one.process.terminate()
            one.gone()
        assert no_bug_in((one.home / "log").read_text())


def learnt(b: Process) -> list[str]:
    files = {Path(path).stem: str(path) for path in skill_files()}
    added = b.ask("skill.add", paths=[files[name] for name in CHOSEN], license="MIT")["added"]
    return [one["trace_id"] for one in added]


def test_a_runs_bs_proofs_and_both_sign_what_it_cost(pair: tuple[Process, Process]) -> None:
    a, b = pair
    done = b.ask("prove", ids=learnt(b), leased=True)
    assert done["counts"] == {"proved": len(CHOSEN)}
    (told,) = done["leases"]
    assert (told["lender"], told["brought"], told["answered"], told["right"]) == (a.id, *[len(CHOSEN)] * 3)
    b.ask("market.release", id=lease(b)["lease"])
    assert until(lambda: lease(a)["state"] == lease(b)["state"] == "settled")
    assert lease(a)["used"] == 1000 * told["used_ms"] > 0
    assert lease(a)["cost"] == lease(b)["cost"] == 2500  # a quarter of ten minutes
    owed = [one.ask("market.accounts")["balances"][0]["owes"] for one in (a, b)]
    assert owed == [2500, -2500]
    assert [one.ask("standing.show", id=other.id)["good"] for one, other in ((a, b), (b, a))] == [1, 1]
    assert not any(a.ask("status")["skills"].values())  # what was proved for somebody else is nobody's skill here


def test_with_the_lender_killed_everything_is_proved_at_home(pair: tuple[Process, Process]) -> None:
    a, b = pair
    ids = learnt(b)
    a.kill()
    done = b.ask("prove", ids=ids, leased=True)
    assert done["counts"] == {"proved": len(CHOSEN)}
    assert sum(one["answered"] for one in done["leases"]) == 0

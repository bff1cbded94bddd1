"""kill -9 in the middle: what was acknowledged is there once, nothing is half-done, and it goes on after a restart.

A publishes to a hub and B pulls from it, each a process of its own. One of them is killed at a point that a seed
chooses: after so many steps of the publication or the pull, seen in the answers of the node itself. Then it is started
again, everything is asked to finish, and the three must agree (goal L1, L4; threat 67).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from hansa.entrypoints.cli.client import call
from hansa.kernel.errors import HansaError
from tests.attacks.specimens import scaled
from tests.e2e.processes import Process, feed_of, is_skill, no_bug_in

COUNT = 12
SKILL = '''"""Multiply a number by {n}.

Steps:
1. Multiply it.
License: MIT
"""


def times_{n}(x):
    """Do it.

    >>> times_{n}(2)
    {result}
    """
    return {n} * x
'''


class League:
    """A hub, A and B."""

    def __init__(self, root: Path) -> None:
        self.hub = Process(root, "hub", 'role = "hub"\n')
        self.a, self.b = Process(root, "a"), Process(root, "b")
        for one in (self.hub, self.a, self.b):
            one.start()
        for guest in (self.a, self.b):
            self.hub.ask("peer.set", id=guest.id, invited=True, per_minute=100_000)
        sources = root / "skills"
        sources.mkdir()
        for n in range(2, 2 + COUNT):
            (sources / f"times_{n}.py").write_text(SKILL.format(n=n, result=2 * n))
        assert len(self.a.ask("skill.add", paths=[str(sources)])["added"]) == COUNT
        assert self.a.ask("prove")["counts"] == {"proved": COUNT}

    def close(self) -> None:
        for one in (self.hub, self.a, self.b):
            if one.process is not None:
                one.kill()


@pytest.fixture
def league(tmp_path: Path) -> Iterator[League]:
    made = League(tmp_path)
    yield made
    made.close()


def kill_when_the_hub_holds(league: League, victim: Process, count: int) -> set[str]:
    """Kills a process as soon as the hub has acknowledged so many skill records; returns their ids."""
    seen: set[str] = set()
    place = 0
    while len(seen) < count:
        items = league.hub.get(f"/feed?after={place}&wait=10")["items"]
        place += len(items)
        seen |= {item["id"] for item in items if is_skill(item)}
    victim.kill()
    return seen


def publish_in_the_background(league: League) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "hansa.entrypoints.cli.main", "publish", "--to", league.hub.url, "--json"]
    return subprocess.Popen(
        [*command, "--home", str(league.a.home)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def settle(league: League) -> None:
    """Has everybody finish: what is pending is delivered, what is there is pulled and proved."""
    ids = league.a.ask("skill.list", states=["admitted"], origin="own", limit=1000)["skills"]
    told = league.a.ask("publish", ids=[one["trace_id"] for one in ids], to=[league.hub.url])
    assert (told["pending"], told["refused"]) == (0, 0)
    if not league.b.ask("status")["subscriptions"]:
        league.b.ask("subscribe", url=league.hub.url, report="none")
    league.b.ask("sync")


def check(league: League, acknowledged: set[str]) -> None:
    """Everything acknowledged is there exactly once, and all three agree."""
    feed = feed_of(league.hub)
    assert len(feed) == len(set(feed)) == COUNT
    assert acknowledged <= set(feed)
    assert sorted(feed) == sorted(feed_of(league.a))
    listed = league.b.ask("skill.list", origin="peer", limit=1000)["skills"]
    assert len(listed) == COUNT
    assert {one["state"] for one in listed} == {"admitted"}
    ledger = league.b.ask("ledger.list", limit=1000)["entries"]
    assert sorted(one["skill"] for one in ledger) == sorted(one["trace_id"] for one in listed)
    for one in (league.hub, league.a, league.b):
        assert one.ask("ledger.verify")["ok"]
        status = one.ask("status")
        assert status["outbox"] == 0
        assert status["messages"]["balanced"]
        log = (one.home / "log").read_text()
        assert no_bug_in(log), log
    for one in listed[::6]:
        findings = league.b.ask("skill.show", id=one["trace_id"])["findings"]
        assert len([finding for finding in findings if finding["prover"] == league.b.id]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(scaled(1)))
@pytest.mark.parametrize("victim", ["a", "hub"])
def test_killed_while_publishing(league: League, victim: str, seed: int) -> None:
    random = Random(f"{victim} {seed}")
    killed = getattr(league, victim)
    publishing = publish_in_the_background(league)
    acknowledged = kill_when_the_hub_holds(league, killed, random.randrange(1, COUNT))
    _out, error = publishing.communicate(timeout=60)
    assert "Traceback" not in error
    if victim == "a" and publishing.returncode:  # else all was published before the signal came
        assert publishing.returncode == 4  # unavailable: the node broke off, and says so
        assert error.startswith("hansa: ")
    killed.start()
    settle(league)
    check(league, acknowledged)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(scaled(1)))
@pytest.mark.parametrize("victim", ["b", "hub"])
def test_killed_while_pulling_and_proving(league: League, victim: str, seed: int) -> None:
    random = Random(f"pull {victim} {seed}")
    killed = getattr(league, victim)
    league.a.ask("publish", to=[league.hub.url])
    acknowledged = set(feed_of(league.hub))
    league.b.ask("subscribe", url=league.hub.url, report="none")
    stop_at = random.randrange(0, COUNT)
    while True:  # the running node pulls and proves by itself; each question is answered by that node
        skills = league.b.ask("status")["skills"]
        if skills["admitted"] >= stop_at and skills["admitted"] + skills["quarantined"] > 0:
            break
    killed.kill()
    killed.start()
    settle(league)
    check(league, acknowledged)


@pytest.mark.slow
def test_killed_without_a_running_node_leaves_no_lock_behind(tmp_path: Path) -> None:
    """A command that works on the data directory itself, killed again and again at its first sign of life."""
    node = Process(tmp_path, "solo")
    sources = tmp_path / "skills"
    sources.mkdir()
    for n in range(2, 8):
        (sources / f"times_{n}.py").write_text(SKILL.format(n=n, result=2 * n))
    held = 0
    for _ in range(3):
        command = [sys.executable, "-m", "hansa.entrypoints.cli.main", "skill", "add", str(sources)]
        process = subprocess.Popen([*command, "--home", str(node.home)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while process.poll() is None and not (node.home / "hansa.db-wal").exists():
            os.sched_yield()
        process.kill()
        process.communicate(timeout=20)
        status = call(node.home, "status").value
        now = sum(status["skills"].values())
        assert now >= held
        held = now
        listed = call(node.home, "skill.list", limit=100).value["skills"]
        assert len(listed) == now
    assert len(call(node.home, "skill.add", paths=[str(sources)]).value["added"]) == 6 - held
    assert call(node.home, "prove").value["counts"] == {"proved": 6}
    with pytest.raises(HansaError):
        call(node.home, "skill.show", id="0" * 12)

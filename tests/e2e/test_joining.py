"""Two real nodes: A invites, B joins, B publishes, A has it; then the other way round.

Each is a process of its own with its own door; nothing is set by hand but the code that B is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hansa.entrypoints.cli.client import call
from tests.e2e.processes import Process
from tests.e2e.test_kill_9 import SKILL
from tests.node.world import real_sandbox

TRIES = 400


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    if isinstance(real_sandbox(), str):
        pytest.skip(str(real_sandbox()))
    pair = Process(tmp_path, "a", "sync_seconds = 0.3\n"), Process(tmp_path, "b", "sync_seconds = 0.3\n")
    for one in pair:
        one.start()
    yield pair
    for one in pair:
        if one.process is not None:
            one.process.terminate()
            one.process.communicate(timeout=20)


def ask(node: Process, operation: str, **arguments: Any) -> Any:
    return call(node.home, operation, **arguments).value


def until(done: Callable[[], Any]) -> Any:
    """Asks again until the answer is something; each question takes a node a few milliseconds."""
    for _ in range(TRIES):
        if found := done():
            return found
    raise AssertionError("it did not happen")


def learn(node: Process, tmp_path: Path, number: int) -> str:
    """Has a node add and prove a skill; returns its id."""
    path = tmp_path / f"times_{number}.py"
    path.write_text(SKILL.format(n=number, result=2 * number))
    ask(node, "skill.add", paths=[str(path)])
    ask(node, "prove", ids=[])
    (skill,) = [one for one in ask(node, "skill.list", limit=100)["skills"] if f"by {number}." in one["intent"]]
    assert skill["state"] == "admitted"
    return str(skill["trace_id"])


def state(node: Process, id_: str) -> str:
    found = [one for one in ask(node, "skill.list", limit=100)["skills"] if one["trace_id"] == id_]
    return str(found[0]["state"]) if found else ""


@pytest.mark.slow
@pytest.mark.sandbox
def test_invite_join_publish_receive_both_ways(nodes: tuple[Process, Process], tmp_path: Path) -> None:
    a, b = nodes
    first = learn(b, tmp_path, 3)
    told = ask(b, "publish", ids=[first], to=[a.url])
    assert told["refused"] == 1  # a stranger's word is not taken: federation is off until somebody is let in

    link = ask(a, "peer.invite", url=a.url, note="b")["link"]
    assert ask(b, "join", invitation=link, url=b.url)["outcome"] == "admitted"
    assert [(one["instance_id"], one["url"]) for one in ask(a, "peer.list")["instances"] if one["invited"]] == [
        (b.id, b.url)
    ]
    second = learn(b, tmp_path, 5)
    assert ask(b, "publish", ids=[second])["delivered"] == 1  # to A, without saying so
    assert state(a, second) in ("quarantined", "admitted")
    ask(a, "prove", ids=[second])
    assert state(a, second) == "admitted"

    third = learn(a, tmp_path, 7)
    ask(a, "publish", ids=[third])
    until(lambda: state(b, third) == "admitted")  # pulled, proved and admitted while B is up

"""The networks that fields of nodes are on do what the big test relies on: they cut, heal, and leave nothing behind."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from hansa.kernel.errors import UsageError
from tests.cluster import loopback, namespaces
from tests.cluster.faults import Faults, wait
from tests.cluster.field import Field
from tests.cluster.history import History
from tests.cluster.workload import Workload

PATIENCE_S = 60.0
UNTOLD_S = 3.0
"""Longer than a record takes from one node to another, and than two comparisons lie apart."""

MAKERS: dict[str, Callable[[Path], Field]] = {
    "namespaces": lambda root: namespaces.Namespaces(root, 3),
    "loopback": lambda root: loopback.Loopback(root, 3),
    "harsh loopback": lambda root: loopback.Loopback(root, 3, harsh=True),
}
ALLOWED = {
    "namespaces": namespaces.may_be_made,
    "loopback": loopback.may_be_made,
    "harsh loopback": loopback.may_be_made,
}


@pytest.fixture(params=MAKERS)
def field(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Field]:
    if not ALLOWED[request.param]():
        pytest.skip("not allowed here")
    with MAKERS[request.param](tmp_path) as made:
        yield made
    assert not any(one.is_up for one in made.nodes)
    if request.param == "namespaces":
        assert f"hansa-{os.getpid()}-" not in subprocess.run(["ip", "netns"], capture_output=True, text=True).stdout


def holding(field: Field) -> list[int]:
    return [one["records"] for one in field.each(lambda node: node.ask("net.status"))]


def until(said: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not said():
        assert time.monotonic() < end
        wait(0.2)


@pytest.mark.slow
def test_a_field_is_cut_narrowed_and_healed(field: Field) -> None:
    history = History()
    work = Workload(field, history, Random(1))
    faults = Faults(field, work, history, Random(2), PATIENCE_S)
    field.start(range(3))
    work.found()
    pusher = work.pushers[0]
    until(faults.agree)
    begun = holding(field)[0]

    field.cut([[0], [1, 2]])
    pusher.push(work.maker.findings()[:1])
    wait(UNTOLD_S)
    assert holding(field) == [begun + 1, begun, begun]

    field.heal()
    until(faults.agree)
    field.cut([[0, 1]])
    pusher.push(work.maker.findings()[:1])
    until(lambda: holding(field)[:2] == [begun + 2, begun + 2])
    assert holding(field)[2] == begun + 1

    field.heal()
    field.narrow([0, 1, 2])
    pusher.push(work.maker.findings()[:1])
    until(lambda: holding(field) == [begun + 3] * 3)
    field.heal()

    field.nodes[1].pause()
    pusher.push(work.maker.findings()[:1])
    until(lambda: [one.ask("net.status")["records"] for one in (field.nodes[0], field.nodes[2])] == [begun + 4] * 2)
    field.nodes[1].resume()
    field.nodes[2].kill()
    field.start([2])
    until(lambda: holding(field) == [begun + 4] * 3)


def test_a_network_that_can_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    if not namespaces.may_be_made():
        pytest.skip("not allowed here")
    made = namespaces.Namespaces(tmp_path, 2)
    (tmp_path / "node-1").write_text("a file where a home should be")
    with pytest.raises(UsageError), made:
        pass
    assert f"hansa-{os.getpid()}-" not in subprocess.run(["ip", "netns"], capture_output=True, text=True).stdout

"""Attack 54: tasks that use up processors, memory, processes, disk or output.

Passes when each bomb, sent as a task, is stopped within its limit and half a second, leaves no process behind, and the
node answers the next task.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hansa.adapters.sandbox import ProcessSandbox
from hansa.swarm.params import Params
from hansa.swarm.states import State
from tests.attacks.task_door import TaskDoor, real  # noqa: F401 - a fixture
from tests.sandbox.host import descendants
from tests.sandbox.test_bombs import BOMBS, SLACK_SECONDS

pytestmark = pytest.mark.sandbox

LIMIT_MS = 300
MACHINE_SECONDS = 2.0
"""What a laden machine may take to start a process and to have a callback run, beside the bound itself."""


@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_is_stopped_and_the_next_task_done(name: str, tmp_path: Path, real: ProcessSandbox) -> None:  # noqa: F811
    code, _ = BOMBS[name]
    before = descendants()
    door = await TaskDoor(tmp_path, real, Params(serve=True, work_ms=LIMIT_MS)).ready()
    body = "def f():\n" + "".join(f"    {line}\n" for line in code.splitlines())
    began = time.monotonic()
    said = await door.compute(body, "f", "()", work_ms=3_600_000)
    assert time.monotonic() - began <= LIMIT_MS / 1_000 + SLACK_SECONDS + MACHINE_SECONDS
    assert said.state in (State.FAILED, State.DONE), said
    assert (await door.compute("def f(): return 42", "f", "()")).values == ("42",)
    await door.close()
    assert not descendants() - before


async def test_no_task_widens_its_bounds(tmp_path: Path, real: ProcessSandbox) -> None:  # noqa: F811
    door = await TaskDoor(tmp_path, real, Params(serve=True, work_ms=700, memory_mib=64)).ready()
    await door.compute("def f(): return 1", "f", "()", work_ms=3_600_000)
    limits = door.sandbox.jobs[-1].limits
    assert (limits.wall_ms, limits.memory_bytes) == (700, 64 << 20)
    await door.compute("def f(): return 1", "f", "()", work_ms=600)
    assert door.sandbox.jobs[-1].limits.wall_ms == 600
    await door.close()

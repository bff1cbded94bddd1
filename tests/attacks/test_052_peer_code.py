"""Attack 52: a peer's code reaches the machine that runs it.

Passes when every program of the escape corpus (60 at least), sent as a task, touches no canary, has no secret in what
is said of it, and does no harm; and when a node whose sandbox fails its self-test does no task at all.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.adapters.sandbox import ProcessSandbox
from hansa.kernel.errors import Refused
from hansa.kernel.jobs import SelfTest
from hansa.kernel.verdict import Reason
from tests.attacks.task_door import Recorded, TaskDoor, real  # noqa: F401 - a fixture
from tests.node.world import Table
from tests.sandbox.conftest import host  # noqa: F401 - a fixture
from tests.sandbox.host import Host
from tests.sandbox.test_escapes import PROGRAMS, check, mark

SHARE = 4
"""Programs of each test: they are spread over several, so that one that hangs is named."""


@pytest.mark.sandbox
@pytest.mark.parametrize("part", range(SHARE))
async def test_no_program_gets_out_by_a_task(part: int, tmp_path: Path, real: ProcessSandbox, host: Host) -> None:  # noqa: F811
    assert len(PROGRAMS) >= 60
    door = await TaskDoor(tmp_path, real).ready()
    assert isinstance(door.sandbox, Recorded)
    for program in PROGRAMS[part::SHARE]:
        source = program.read_text(encoding="utf-8")
        if int(mark(source, "trials", "1")) > 1:
            continue  # a task has one trial
        wall = 400 if mark(source, "ends") == "timeout" else 5_000
        said = await door.compute(source, "attempt", repr((host.facts,)), work_ms=wall)
        assert host.secret not in repr(said), program
        assert "ESCAPED" not in repr(said), program
        check(program, door.sandbox.reports[-1], host)
    await door.close()


class Leaky(Table):
    """A sandbox that can be broken out of."""

    async def self_test(self) -> SelfTest:
        return SelfTest(False, (), ("a file of the host could be read",))


async def test_a_node_whose_sandbox_fails_its_self_test_does_no_task(tmp_path: Path) -> None:
    sandbox = Leaky()
    door = await TaskDoor(tmp_path, sandbox=sandbox).ready()
    assert not door.swarm.serving.ready and door.swarm.capabilities() == ()
    with pytest.raises(Refused) as refused:
        await door.compute("def f(): return 1", "f", "()")
    assert refused.value.reason is Reason.NOT_SERVED
    assert sandbox.jobs == [] and door.said == []
    await door.close()

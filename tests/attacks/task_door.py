"""A node that does tasks of one invited asker in the real sandbox: attacks come in by this door."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hansa.adapters.sandbox import ProcessSandbox
from hansa.identity import envelope
from hansa.kernel.ids import NodeId
from hansa.kernel.jobs import SandboxJob, SandboxReport, SelfTest
from hansa.node.swarming import Swarm
from hansa.swarm.messages import TaskSaidBody
from hansa.swarm.params import Params
from hansa.swarm.states import OPEN
from tests.node.world import START, World, real_sandbox, speak


@pytest.fixture
def real() -> ProcessSandbox:
    """Gives this machine's strongest sandbox."""
    held = real_sandbox()
    if isinstance(held, str):
        pytest.skip(f"no sandbox holds on this machine: {held}")
    return held


class Recorded:
    """A sandbox that remembers each job and report."""

    def __init__(self, sandbox: ProcessSandbox) -> None:
        self._sandbox = sandbox
        self.name, self.harness = sandbox.name, sandbox.harness
        self.jobs: list[SandboxJob] = []
        self.reports: list[SandboxReport] = []

    async def run(self, job: SandboxJob) -> SandboxReport:
        self.jobs.append(job)
        report = await self._sandbox.run(job)
        self.reports.append(report)
        return report

    async def self_test(self) -> SelfTest:
        return await self._sandbox.self_test()


class TaskDoor:
    """The node under attack.

    Attributes:
        said: what it said, in order.
    """

    def __init__(self, folder: Path, sandbox: object, params: Params | None = None) -> None:
        self.world = World(folder, "memory")
        self.node, self.asker = self.world.settle("target"), self.world.settle("asker")
        self.world.invite(self.node, self.asker)
        self.sandbox: Any = Recorded(sandbox) if isinstance(sandbox, ProcessSandbox) else sandbox
        core = self.node.node.core
        core.sandbox = self.sandbox
        self.swarm: Swarm = self.node.node.swarm
        self.swarm.params = self.swarm.serving.params = params or Params(serve=True, per_hour=10_000)
        self.said: list[TaskSaidBody] = []
        self._heard = asyncio.Event()
        self._nonces = count(1)
        self.swarm.serving.open(self._take)

    def _take(self, raw: bytes, whom: NodeId) -> None:
        assert whom == self.asker.id
        self.said.append(msgspec.convert(envelope.verify(envelope.read(raw)).body, TaskSaidBody))
        self._heard.set()

    async def ready(self) -> TaskDoor:
        """Has it try out what it can."""
        await self.swarm._try_out()
        return self

    def ask(self, data: dict[str, Any], **changes: Any) -> str:
        """Has it hear a task; returns the task's id.

        Raises:
            Refused: it does not do that.
        """
        before = len(self.said)
        body = {
            "nonce": f"{next(self._nonces):032x}", "path": [str(self.asker.id)], "within_ms": 60_000, "work_ms": 5_000,
            **data, **changes,
        }  # fmt: skip
        message = speak(self.asker.key, "task", body, recipient=self.node.id, created=START)
        self.swarm.serving.heard(envelope.verify(message), self.asker.id, START)
        return self.said[before].task

    async def compute(self, code: str, entry: str, *calls: str, work_ms: int = 5_000) -> TaskSaidBody:
        """Returns what a computation comes to there."""
        data = {"code": code, "entry_point": entry, "calls": calls}
        task = self.ask({"kind": "python-computation", "python": data}, work_ms=work_ms)
        async with asyncio.timeout(60):
            while (last := [one for one in self.said if one.task == task][-1]).state in OPEN:
                self._heard.clear()
                await self._heard.wait()
        return last

    async def close(self) -> None:
        await self.swarm.serving.close()
        self.world.close()

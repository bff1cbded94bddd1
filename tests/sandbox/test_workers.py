"""Workers that stay: who serves whom, when they go, and what happens when one is lost in the middle of a job."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hansa.adapters.sandbox import ProcessSandbox, Tier
from hansa.adapters.sandbox import pool as pools
from hansa.adapters.sandbox.worker import Worker
from hansa.kernel.jobs import SandboxJob, SandboxLimits, SandboxReport, TrialEnd
from tests.sandbox.host import descendants
from tests.sandbox.test_self_test import weakened

pytestmark = pytest.mark.sandbox

TINY = SandboxJob("def f(x): return x + 1", "f", calls=("(1,)",))
# While a trial runs: the supervisor where it is not the first process, the job's process, the trial.
BELOW_A_TRIALS_WORKER = {"bubblewrap": 3, "namespaces": 3, "landlock": 2}
SLOW = SandboxJob("import time\ndef f(x):\n    time.sleep(0.4)\n    return x", "f", calls=("(5,)",))


def use(tier: Tier, action: Callable[[ProcessSandbox], Awaitable[None]], keep: int = 2, idle: float = 60) -> None:
    async def main() -> None:
        sandbox = ProcessSandbox(tier, keep, idle)
        try:
            await action(sandbox)
        finally:
            await sandbox.close()

    before = descendants()
    asyncio.run(main())
    assert descendants() <= before


def values(report: SandboxReport) -> list[str | None]:
    return [trial.steps[1].value for trial in report.trials]


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0)


def test_one_worker_serves_job_after_job(tier: Tier) -> None:
    async def in_turn(sandbox: ProcessSandbox) -> None:
        await sandbox.run(TINY)
        tree = descendants()
        for number in range(5):
            assert values(await sandbox.run(replace(TINY, calls=(f"({number},)",)))) == [str(number + 1)]
            assert len(sandbox.pool) == 1
        assert descendants() == tree

    use(tier, in_turn)


def test_no_more_wait_than_there_are_places(tier: Tier) -> None:
    async def together(sandbox: ProcessSandbox) -> None:
        reports = await asyncio.gather(*(sandbox.run(replace(TINY, calls=(f"({n},)",))) for n in range(6)))
        assert [values(report) for report in reports] == [[str(n + 1)] for n in range(6)]
        assert len(sandbox.pool) == 2

    use(tier, together)


def test_other_limits_are_another_worker(tier: Tier) -> None:
    async def both(sandbox: ProcessSandbox) -> None:
        code = "import resource\ndef f(): return resource.getrlimit(resource.RLIMIT_AS)[0]"
        for megabytes in (256, 300, 256, 300):
            limits = SandboxLimits(memory_bytes=megabytes << 20)
            report = await sandbox.run(SandboxJob(code, "f", calls=("()",), limits=limits))
            assert values(report) == [str(megabytes << 20)]
        assert len(sandbox.pool) == 2

    use(tier, both)


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import os\nos._exit(0)",
        "open('/etc/passwd')",
        "x = bytearray(1 << 40)",
        "print('x' * 10**6)",
    ],
    ids=["timeout", "exit", "attempt", "memory", "output"],
)
def test_a_worker_in_which_something_happened_is_gone(code: str, tier: Tier) -> None:
    async def then(sandbox: ProcessSandbox) -> None:
        job = SandboxJob(code, limits=SandboxLimits(wall_ms=300))
        await sandbox.run(replace(TINY, limits=job.limits))
        assert len(sandbox.pool) == 1
        await sandbox.run(job)
        assert len(sandbox.pool) == 0
        assert values(await sandbox.run(replace(TINY, limits=job.limits))) == ["2"]

    use(tier, then)


def test_a_worker_goes_after_so_many_jobs(tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "MOST_JOBS", 3)

    async def four(sandbox: ProcessSandbox) -> None:
        waiting = []
        for _ in range(4):
            await sandbox.run(TINY)
            waiting.append(len(sandbox.pool))
        assert waiting == [1, 1, 0, 1]

    use(tier, four)


def test_an_idle_pool_is_empty(tier: Tier) -> None:
    async def idle(sandbox: ProcessSandbox) -> None:
        before = descendants()
        await sandbox.run(TINY)
        assert len(sandbox.pool) == 1
        await until(lambda: len(sandbox.pool) == 0 and descendants() <= before)
        assert values(await sandbox.run(TINY)) == ["2"]

    use(tier, idle, idle=0.05)


def killed(tree: set[int]) -> None:
    for process in tree:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue


def test_a_worker_that_was_killed_while_it_waited_is_replaced(tier: Tier) -> None:
    async def kill(sandbox: ProcessSandbox) -> None:
        before = descendants()
        await sandbox.run(TINY)
        killed(descendants() - before)
        assert values(await sandbox.run(TINY)) == ["2"]

    use(tier, kill)


@pytest.mark.parametrize("served", [0, 1])
def test_a_job_whose_worker_is_killed_is_run_once_more_as_a_whole(tier: Tier, served: int) -> None:
    """The neighbour's job goes on, and no answer lands at the wrong job."""
    started: list[Worker] = []

    class Watched(ProcessSandbox):
        def _start(self, limits: SandboxLimits) -> Worker:
            started.append(super()._start(limits))
            return started[-1]

    async def kill() -> None:
        sandbox = Watched(tier, keep=2)
        neighbour = asyncio.create_task(sandbox.run(replace(SLOW, calls=("('neighbour',)",), trials=2)))
        await until(lambda: len(started) == 1)
        for _ in range(served):
            await sandbox.run(TINY)
        job = asyncio.create_task(sandbox.run(replace(SLOW, trials=2)))
        await until(lambda: len(started) == 2 and started[1].jobs == served + 1)
        worker = started[1]._process.pid
        # In the middle of its first trial, which takes 0.4 s.
        await until(lambda: len(descendants_of(worker)) == BELOW_A_TRIALS_WORKER[tier.name])
        killed({worker, *descendants_of(worker)})
        assert values(await job) == ["5", "5"]
        assert values(await neighbour) == ["'neighbour'"] * 2
        assert len(started) == 3
        await sandbox.close()

    asyncio.run(kill())


def descendants_of(process: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {process}


def test_it_is_run_once_more_and_not_for_ever(tier: Tier, tmp_path: Path) -> None:
    """A supervisor that always breaks off is EXITED after two attempts; a refusal stays one."""

    class Crashing(ProcessSandbox):
        _inside = weakened(tmp_path, ("supervisor.py", "steps = reading.finish()", "steps = 1 / 0"))
        started = 0

        def _start(self, limits: SandboxLimits) -> Worker:
            self.started += 1
            return super()._start(limits)

    async def crash() -> None:
        sandbox = Crashing(tier, keep=2)
        report = await sandbox.run(replace(TINY, trials=3))
        assert [trial.end for trial in report.trials] == [TrialEnd.EXITED]
        assert sandbox.started == 2
        assert len(sandbox.pool) == 0

    asyncio.run(crash())


def test_something_left_ends_the_worker(tier: Tier, tmp_path: Path) -> None:
    """The supervisor looks for itself: a folder that was not cleared means the end of the worker."""

    class Untidy(ProcessSandbox):
        _inside = weakened(tmp_path, ("supervisor.py", "        self._workspace.clear()\n", ""))

    async def untidy() -> None:
        sandbox = Untidy(tier, keep=2)
        await sandbox.run(TINY)
        assert len(sandbox.pool) == 1
        report = await sandbox.run(SandboxJob("open('left', 'w').close()"))
        assert len(sandbox.pool) == 0
        assert [trial.end for trial in report.trials] == [TrialEnd.COMPLETED]
        await sandbox.close()

    asyncio.run(untidy())


def test_a_child_left_ends_the_worker(tier: Tier, tmp_path: Path) -> None:
    """A process that the job's own process did not wait for is found by the supervisor, who inherits it."""
    leaving = '    say({"ready": job["token"]})\n    import os, time\n    if os.fork() == 0: time.sleep(60)\n'

    class Leaving(ProcessSandbox):
        _inside = weakened(tmp_path, ("job.py", '    say({"ready": job["token"]})\n', leaving))

    async def leave() -> None:
        sandbox = Leaving(tier, keep=2)
        before = descendants()
        await sandbox.run(TINY)
        assert len(sandbox.pool) == 0
        await until(lambda: descendants() <= before)

    asyncio.run(leave())


def test_a_cancelled_proof_disturbs_no_other(tier: Tier) -> None:
    async def cancel(sandbox: ProcessSandbox) -> None:
        endless = SandboxJob("while True: pass", limits=SandboxLimits(wall_ms=60_000))
        await sandbox.run(TINY)
        waiting = descendants()
        task = asyncio.create_task(sandbox.run(replace(endless, limits=TINY.limits)))
        others = [asyncio.create_task(sandbox.run(replace(SLOW, calls=(f"({n},)",)))) for n in range(3)]
        await until(lambda: len(descendants() - waiting) >= 3 * BELOW_A_TRIALS_WORKER[tier.name])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [values(await other) for other in others] == [["0"], ["1"], ["2"]]

    use(tier, cancel)


CRASHING_NODE = """
import asyncio, sys
from hansa.adapters.sandbox import ProcessSandbox, TIERS
from hansa.kernel.jobs import SandboxJob, SandboxLimits

async def main():
    sandbox = ProcessSandbox([tier for tier in TIERS if tier.name == sys.argv[1]][0], keep=2)
    await asyncio.gather(*(sandbox.run(SandboxJob("import time\\ntime.sleep(0.1)")) for _ in range(2)))
    print(len(sandbox.pool), flush=True)
    endless = SandboxJob("while True: pass", limits=SandboxLimits(wall_ms=60_000))
    await asyncio.gather(sandbox.run(endless), sandbox.run(SandboxJob("")))

asyncio.run(main())
"""


def test_a_node_that_is_killed_leaves_no_process(tier: Tier, tmp_path: Path) -> None:
    script = tmp_path / "node.py"
    script.write_text(textwrap.dedent(CRASHING_NODE), encoding="utf-8")
    with subprocess.Popen([sys.executable, script, tier.name], stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        assert node.stdout.readline() == "2\n"
        deadline = time.monotonic() + 20
        while len(tree := descendants_of(node.pid)) < 3 and time.monotonic() < deadline:
            continue
        assert len(tree) >= 3
        node.kill()
        node.wait()
        while alive := [process for process in tree if is_running(process)]:
            assert time.monotonic() < deadline, alive


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

"""Code that uses up what it can is stopped, says by what, and leaves nothing running."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from hansa.adapters.sandbox import ProcessSandbox, Tier
from hansa.kernel.jobs import SandboxJob, SandboxLimits, StepStatus, TrialEnd, TrialReport
from tests.sandbox.host import descendants

pytestmark = pytest.mark.sandbox

LIMITS = SandboxLimits(wall_ms=300, memory_bytes=128 << 20, file_bytes=1 << 20, threads=8)
SLACK_SECONDS = 0.5

# Name: the code, and the ends that are right for it. "completed" means that code got an ordinary exception.
BOMBS = {
    "endless_loop": ("while True: pass", {"timeout"}),
    "endless_sleep": ("import time\ntime.sleep(1000)", {"timeout"}),
    "endless_loop_in_c": ("sum(iter(int, 1))", {"timeout"}),
    "regular_expression": ("import re\nre.match('(a+)+$', 'a' * 40 + 'b')", {"timeout"}),
    "large_power": ("x = 3 ** 10 ** 9", {"timeout", "memory"}),
    "digits": ("import sys\nsys.set_int_max_str_digits(0)\nstr(1 << 10 ** 8)", {"timeout"}),
    "forks": ("import os\nwhile True: os.fork()", {"completed"}),
    "forks_insisting": (
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", {"timeout"},
    ),
    "memory": ("x = []\nwhile True: x.append(bytearray(10 ** 7))", {"memory"}),
    "memory_in_small_pieces": ("x = []\nwhile True: x.append({})", {"memory", "timeout"}),
    "memory_mapped": ("import mmap\nx = []\nwhile True: x.append(mmap.mmap(-1, 10 ** 7))", {"completed"}),
    "memory_by_threads": (
        "import threading\nstop = threading.Event()\n"
        "while True: threading.Thread(target=stop.wait, daemon=True).start()",
        {"completed", "memory"},
    ),
    "small_threads": (
        "import threading\nthreading.stack_size(32768)\nstop = threading.Event()\n"
        "while True:\n    try: threading.Thread(target=stop.wait, daemon=True).start()\n    except RuntimeError: pass",
        {"timeout", "memory"},
    ),
    "output": ("while True: print('x' * 1000)", {"output"}),
    "output_by_system_call": ("import os\nwhile True: os.write(2, b'x' * 60000)", {"output"}),
    "one_large_file": ("f = open('f', 'wb', 0)\nwhile True: f.write(bytes(65536))", {"completed"}),
    "many_files": (
        "import os\nn = 0\nwhile True:\n    n += 1\n"
        "    try: open(str(n), 'wb', 0).write(bytes(500000))\n    except OSError: pass",
        {"timeout", "output"},
    ),
    "many_empty_files": (
        "n = 0\nwhile True:\n    n += 1\n    try: open(str(n), 'wb').close()\n    except OSError: pass",
        {"timeout", "output"},
    ),
    "recursion": ("def f(): f()\nf()", {"completed"}),
    "recursion_unbounded": (
        "import sys\nsys.setrecursionlimit(10 ** 9)\nclass A:\n    def __repr__(self): return repr(self)\nrepr(A())",
        {"killed", "completed", "memory", "timeout"},
    ),
    "nested_source": ("eval('(' * 100000 + ')' * 100000)", {"completed", "memory", "killed"}),
    "ended_by_itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", {"killed"}),
}  # fmt: skip


def run(sandbox: ProcessSandbox, job: SandboxJob) -> TrialReport:
    """Runs one trial and holds the clock and the process table against it."""
    before = descendants()
    started = time.monotonic()
    trial = asyncio.run(sandbox.run(job)).trials[0]
    assert trial.wall_us <= (job.limits.wall_ms / 1000 + SLACK_SECONDS) * 1e6
    # Starting and clearing up around it: no promise, but it must not hang; a busy machine is slow at both.
    assert time.monotonic() - started <= job.limits.wall_ms / 1000 + 10
    assert descendants() <= before
    return trial


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_stopped(name: str, sandbox: ProcessSandbox) -> None:
    code, ends = BOMBS[name]
    # A bomb that another bound has to stop gets time enough for that.
    limits = LIMITS if "timeout" in ends else replace(LIMITS, wall_ms=5_000)
    trial = run(sandbox, SandboxJob(code=code, limits=limits))
    assert trial.end in ends
    assert trial.steps[0].status in (StepStatus.RAISED, StepStatus.NOT_RUN)


def test_a_large_value_is_an_output_bomb(sandbox: ProcessSandbox) -> None:
    trial = run(
        sandbox,
        SandboxJob(
            "def f(n): return 'x' * n",
            "f",
            calls=(
                "(10,)",
                "(20,)",
            ),
            limits=LIMITS,
        ),
    )
    assert trial.end is TrialEnd.COMPLETED
    trial = run(
        sandbox, SandboxJob("def f(n): return 'x' * n", "f", calls=("(10,)", "(100000,)", "(1,)"), limits=LIMITS)
    )
    assert trial.end is TrialEnd.OUTPUT
    assert [step.status for step in trial.steps] == ["ok", "ok", "not_run", "not_run"]


def test_values_together_are_bounded(sandbox: ProcessSandbox) -> None:
    trial = run(sandbox, SandboxJob("def f(n): return 'x' * n", "f", calls=("(40000,)", "(40000,)"), limits=LIMITS))
    assert trial.end is TrialEnd.OUTPUT


def test_an_integer_with_too_many_digits_is_the_codes_error(sandbox: ProcessSandbox) -> None:
    trial = run(sandbox, SandboxJob("def f(): return 10 ** 5000", "f", calls=("()",), limits=LIMITS))
    assert trial.steps[1].status is StepStatus.RAISED
    assert (trial.steps[1].error or "").startswith("ValueError: ")


def test_each_trial_has_the_whole_time(sandbox: ProcessSandbox) -> None:
    job = SandboxJob("while True: pass", trials=3, stop_after=2, limits=SandboxLimits(wall_ms=150))
    report = asyncio.run(sandbox.run(job))
    assert [trial.end for trial in report.trials] == [TrialEnd.TIMEOUT] * 2
    assert all(150_000 <= trial.wall_us <= 150_000 + SLACK_SECONDS * 1e6 for trial in report.trials)


def test_a_cancelled_job_leaves_nothing_running(tier: Tier) -> None:
    async def cancel() -> None:
        before = descendants()
        job = SandboxJob("while True: pass", limits=SandboxLimits(wall_ms=60_000))
        task = asyncio.create_task(ProcessSandbox(tier).run(job))
        while not descendants() - before:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # The kernel ends a process namespace a moment after its first process.
        async with asyncio.timeout(10):
            while descendants() - before:
                await asyncio.sleep(0)

    asyncio.run(cancel())

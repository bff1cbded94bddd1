"""Proving a tiny skill in the sandbox, in a worker of its own and in one that stays.

The first rows start a worker for the proof and wait until it is gone. The others use one that has served before, one
proof after the other, host and worker together on one core; each proof starts from fresh processes.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from benchmarks.measure import Row, Target, against, at_most, row
from hansa.adapters.sandbox import ProcessSandbox, choose
from hansa.adapters.sandbox.tiers import interpreter
from hansa.kernel.jobs import SandboxJob
from hansa.skills.policy import Params

BARE = "a bare interpreter start"
HUNDRED = "100 proofs a second"
SAMPLE = 20


def rows() -> Iterable[Row]:
    """Proofs in new workers against a bare interpreter start; proofs in a worker that stays against a fixed pace."""
    imported = Params().import_trials
    with asyncio.Runner() as runner:
        alone: ProcessSandbox = runner.run(choose())
        staying: ProcessSandbox = runner.run(choose(keep=1))

        def proofs(sandbox: ProcessSandbox, job: SandboxJob, times: int = 1) -> int:
            for _ in range(times):
                report = runner.run(sandbox.run(job))
                assert all(trial.steps[1].value == "4" for trial in report.trials)
            return times

        def paced(what: str, job: SandboxJob) -> Row:
            with one_core():
                proofs(staying, job)
                pairs = []
                for _ in range(7):
                    started = time.perf_counter()
                    proofs(staying, job, SAMPLE)
                    pairs.append(((time.perf_counter() - started) / SAMPLE, 0.01))
                runner.run(staying.close())
            return row(what, pairs, HUNDRED, at_most(1.0))

        def cold(trials: int, target: Target | None = None) -> Row:
            what = f"prove with {trials} trial{'s' if trials > 1 else ''} in a new worker"
            return against(what, lambda: proofs(alone, small(trials)), BARE, start, 15, target)

        try:
            yield cold(1, at_most(2.0))
            yield cold(35)
            runner.run(staying.close())
            yield paced("prove with 1 trial in a worker that stays", small(1))
            yield paced(f"the same with {imported} trials, as for imported skills", small(imported))
            yield paced(f"the same with {imported} trials, a script and its control", small(imported, script=True))
            yield against(
                "prove with 35 trials in a worker that stays", lambda: proofs(staying, small(35)), BARE, start
            )
        finally:
            runner.run(staying.close())


@contextmanager
def one_core() -> Iterator[None]:
    """Keeps this process, and what it starts meanwhile, on one core, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def small(trials: int, script: bool = False) -> SandboxJob:
    """Returns the job of proving a skill with one data case, and if asked for a script."""
    code = "def double(x):\n    return 2 * x\n"
    if not script:
        return SandboxJob(code, "double", ("(2,)",), trials=trials)
    control = "def double(*_):\n    return object()\n"
    return SandboxJob(code, "double", ("(2,)",), ("assert double(3) == 6",), trials=trials, control=control)


def start() -> int:
    """Starts a bare interpreter: the one that proofs are run in."""
    subprocess.run([interpreter(), "-I", "-S", "-c", "pass"], check=True)
    return 1

"""Proving a tiny skill in the sandbox."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterable

from benchmarks.measure import Row, against
from hansa.entrypoints.app import TestedSandbox
from hansa.kernel.jobs import SandboxJob

BARE = "a bare interpreter start"


def rows() -> Iterable[Row]:
    """A proof with one trial and one with many, against a bare interpreter start."""
    sandbox = TestedSandbox()
    loop = asyncio.new_event_loop()

    def job(trials: int) -> SandboxJob:
        return SandboxJob("def double(x):\n    return 2 * x\n", "double", ("(2,)",), trials=trials)

    def proof(trials: int) -> int:
        report = loop.run_until_complete(sandbox.run(job(trials)))
        assert len(report.trials) == trials
        return 1

    def start() -> int:
        subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
        return 1

    try:
        yield against("prove with 1 trial", lambda: proof(1), BARE, start)
        yield against("prove with 35 trials", lambda: proof(35), BARE, start)
    finally:
        loop.close()

"""Every program in `escapes/` tries one way out of every tier; none may find one.

A hit is the secret or the word ESCAPED in the report, or an effect on the host. Beyond that the report must be honest:
the trial ends as the program's comment says (`# ends: timeout`, or `a|b` where tiers differ), and what the watcher can
see it names (`# seen as: network`).
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hansa.adapters.sandbox import ProcessSandbox, Tier
from hansa.kernel.jobs import SandboxJob, SandboxLimits, SandboxReport, StepStatus, TrialReport
from tests.sandbox.host import Host

pytestmark = pytest.mark.sandbox

PROGRAMS = sorted((Path(__file__).parent / "escapes").glob("*.py"))


def mark(source: str, name: str, default: str = "") -> str:
    found = re.search(rf"^# {name}: ([\w|]+)$", source, re.MULTILINE)
    return found[1] if found else default


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_no_way_out(program: Path, sandbox: ProcessSandbox, host: Host) -> None:
    job = job_of(program, host)
    check(program, asyncio.run(sandbox.run(job)), host)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_no_way_out_of_a_worker_that_stays(program: Path, tier: Tier, host: Host) -> None:
    """The same in a worker that has served before; the job after it then answers as if nothing had been."""

    async def in_between() -> SandboxReport:
        sandbox = ProcessSandbox(tier, keep=1)
        job = job_of(program, host)
        neighbour = replace(NEIGHBOUR, limits=job.limits)
        before = await sandbox.run(neighbour)
        assert len(sandbox.pool) == 1
        report = await sandbox.run(job)
        unusual = any(trial.attempts or trial.end != "completed" for trial in report.trials)
        assert len(sandbox.pool) == (0 if unusual else 1)  # after anything unusual the worker is gone
        after = await sandbox.run(neighbour)
        await sandbox.close()
        assert [plain(trial) for trial in after.trials] == [plain(trial) for trial in before.trials]
        return report

    check(program, asyncio.run(in_between()), host)


NEIGHBOUR = SandboxJob(
    "import os\ndef f(): return os.listdir('.'), sorted(os.environ), len(os.listdir(os.environ['HOME']))",
    "f",
    calls=("()",),
)


def plain(trial: TrialReport) -> TrialReport:
    return replace(trial, wall_us=0)


def job_of(program: Path, host: Host) -> SandboxJob:
    source = program.read_text(encoding="utf-8")
    return SandboxJob(
        code=source,
        entry_point="attempt",
        calls=(repr((host.facts,)),),
        trials=int(mark(source, "trials", "1")),
        limits=SandboxLimits(wall_ms=400 if mark(source, "ends") == "timeout" else 5_000),
    )


def check(program: Path, report: SandboxReport, host: Host) -> None:
    source = program.read_text(encoding="utf-8")
    assert host.secret not in repr(report)
    assert host.harm() == []
    for trial in report.trials:
        call = trial.steps[1]
        assert "ESCAPED" not in (call.value or ""), call
        assert trial.end in mark(source, "ends", "completed").split("|"), trial
        assert (call.status is StepStatus.NOT_RUN) == (trial.end != "completed"), trial
        seen = mark(source, "seen as")
        assert not seen or seen in {attempt.what for attempt in trial.attempts}, trial


def test_the_corpus_is_large() -> None:
    assert len(PROGRAMS) >= 100


def test_the_corpus_bites(host: Host, tmp_path: Path) -> None:
    """Without a sandbox the same programs do find the secret: it is the layers that stop them, not the programs."""
    start = "import ast, runpy, sys; print(runpy.run_path(sys.argv[1])['attempt'](ast.literal_eval(sys.argv[2])))"
    for name in ("open_canary", "os_open", "libc_open", "symlink_read", "subprocess_run", "environ"):
        program = Path(__file__).parent / "escapes" / f"{name}.py"
        command = [sys.executable, "-c", start, str(program), repr(host.facts)]
        assert host.secret in subprocess.run(command, capture_output=True, text=True, cwd=tmp_path).stdout, name

"""What may be asked of a sandbox, and what it reports back.

A job is source code plus the steps to take with it; a report says, per trial, what each step did. A sandbox
*reports*, it never judges: `skills.judge` turns a report into passed and failed checks. In particular the expected
value of a call never enters the sandbox, so code under proof cannot read the answer it is held against.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hansa.kernel.instant import HOUR


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Bounds on one trial. A trial that reaches one is stopped and says which.

    Attributes:
        wall_ms: wall-clock milliseconds for the whole trial (load, calls and scripts together).
        memory_bytes: address space of the trial's process.
        output_bytes: stdout and stderr together; also the size of all returned values together.
        file_bytes: bytes the trial may keep in its scratch directory; also the largest file it may write.
        threads: threads in the trial's process. Processes are always one: fork and exec are refused.
    """

    wall_ms: int = 5_000
    memory_bytes: int = 512 * 1024 * 1024
    output_bytes: int = 64 * 1024
    file_bytes: int = 8 * 1024 * 1024
    threads: int = 16

    def validate(self) -> None:
        """Raises ValueError naming the field when a bound makes no sense."""
        for name in ("wall_ms", "memory_bytes", "output_bytes", "file_bytes", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.wall_ms > HOUR:
            raise ValueError(f"wall_ms must be at most {HOUR}")


@dataclass(frozen=True, slots=True)
class SandboxJob:
    """Source code and the steps to take with it.

    Attributes:
        code: Python source; loaded first, in a fresh namespace whose `__name__` is "skill".
        entry_point: name of the function in that namespace that `calls` call; None if there are no calls.
        calls: each a Python literal of a tuple of positional arguments, e.g. "('a', 2)". The value returned is
            reported as its `repr`.
        scripts: each Python source run in (a copy of) that namespace after loading; it passes by not raising.
        trials: how many times to do all of this, each in a fresh process with its own random seed.
        seed: trial i seeds `random` with seed + i.
        control: when given, one more trial is run with this source in place of `code`, and only the scripts. A check
            that passes against a control that does nothing proves nothing.
        stop_after: stop early once this many trials in a row had a step that was not OK (0 = never).
        limits: bounds on each trial.
    """

    code: str
    entry_point: str | None = None
    calls: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    trials: int = 1
    seed: int = 0
    control: str | None = None
    stop_after: int = 3
    limits: SandboxLimits = field(default_factory=SandboxLimits)


class StepStatus(StrEnum):
    """How one step ended."""

    OK = "ok"
    FAILED = "failed"  # AssertionError: the check says no
    RAISED = "raised"  # any other exception
    MISSING_MODULE = "missing_module"  # ModuleNotFoundError: this node lacks a library, nobody's lie
    NOT_RUN = "not_run"  # an earlier step ended the trial


class TrialEnd(StrEnum):
    """How one trial's process ended."""

    COMPLETED = "completed"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT = "output"
    KILLED = "killed"  # by a signal that was not ours
    EXITED = "exited"  # it left before reporting (os._exit, a crash); never counts as a pass


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step's outcome.

    Attributes:
        kind: "load", "call" or "script".
        index: position among the steps of its kind.
        value: `repr` of what a call returned, when status is OK.
        error: type and first line of the message, bounded to 300 characters, when it raised.
    """

    kind: str
    index: int
    status: StepStatus
    value: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something the code tried that the sandbox refuses: what ("file", "network", "process", "native") and on what."""

    what: str
    target: str


@dataclass(frozen=True, slots=True)
class TrialReport:
    """One trial: how it ended, its steps in order, what it tried, how long it took, a digest of all its output.

    Attributes:
        wall_us: microseconds from the trial's start to its end, measured outside the untrusted process.
        digest: SHA-256 (hex) over the step values and stdout and stderr, for comparing runs.
    """

    end: TrialEnd
    steps: tuple[StepReport, ...]
    attempts: tuple[Attempt, ...] = ()
    wall_us: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class SandboxReport:
    """What a job did.

    Attributes:
        sandbox: the layers in force, e.g. "namespaces+landlock+seccomp".
        harness: what ran the code, e.g. "cpython-3.11"; results are comparable only within one harness.
        trials: one report per trial that was run, in order (fewer than asked when stopped early).
        control: the control's trial, when one was asked for.
    """

    sandbox: str
    harness: str
    trials: tuple[TrialReport, ...]
    control: TrialReport | None = None


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Result of a sandbox trying to break out of itself.

    Attributes:
        ok: every probe was stopped.
        layers: the layers that are in force.
        failures: the probes that were not stopped, or why the sandbox could not start; one sentence each.
        advice: what the operator can do about it, one sentence; empty when ok.
    """

    ok: bool
    layers: tuple[str, ...]
    failures: tuple[str, ...] = ()
    advice: str = ""

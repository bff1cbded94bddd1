"""One trial, in its own process: lock up, load the code, take the steps, report each one, leave.

The code runs in the same interpreter as this module, so it can reach the pipe on which the steps are reported and
write what it likes there. That gains it nothing it could not have had: code and checks come from the same author, the
values that calls are held against never come in here, and the supervisor measures, bounds and ends the trial from
outside.
"""

from __future__ import annotations

import _thread
import gc
import os
import posix
import sys

from . import literal, records, seeding, watch
from .compiling import statements
from .confine import KEPT_FILES, Confinement
from .kernel import RefusedError, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

REPORT = KEPT_FILES - 1
_MODULE = "skill"
_BALLAST = 4 << 20


class Plan:
    """What one trial does.

    Attributes:
        job: the job's fields, by the names of `SandboxJob`.
        code: the source to load.
        calls: the calls to make; none when the control is under trial.
        seed: of this trial.
        limits: its bounds, by the names of `SandboxLimits`.
        scratch: its directory.
        runtime: folders of the Python runtime.
    """

    def __init__(
        self,
        job: dict[str, object],
        code: str,
        calls: tuple[str, ...],
        seed: int,
        limits: dict[str, int],
        scratch: str,
        runtime: list[str],
    ) -> None:
        self.entry_point = job["entry_point"]
        self.scripts: tuple[str, ...] = job["scripts"]  # type: ignore[assignment]
        self.limits = limits
        self.code = code
        self.calls = calls
        self.seed = seed
        self.scratch = scratch
        self.runtime = runtime

    def steps(self) -> list[tuple[str, int]]:
        """Returns kind and index of every step, in order."""
        calls = [(records.CALL, index) for index in range(len(self.calls))]
        return [(records.LOAD, 0), *calls, *((records.SCRIPT, index) for index in range(len(self.scripts)))]


def settle(scratch: str) -> None:
    """Does to the process that forks trials what each of them would have to do: environment, arguments, mask."""
    for name in list(posix.environ):
        os.unsetenv(name)
        del posix.environ[name]
    for name, value in ((b"HOME", encode(scratch)), (b"LANG", b"C.UTF-8"), (b"TMPDIR", encode(scratch))):
        os.putenv(name, value)
        posix.environ[name] = value  # what `os.environ` is made from, and goes on using
    os.umask(0o077)
    sys.argv, sys.orig_argv = [_MODULE], []
    sys.executable = ""


def reserve() -> int:
    """Keeps the report's number free of other files; returns an empty file, for the trials' stdin."""
    empty, other_end = os.pipe()
    os.close(other_end)
    if empty != REPORT:
        os.dup2(empty, REPORT, inheritable=False)
    return empty


def run(plan: Plan, confinement: Confinement, supervisor: int, empty: int, report: int, output: int) -> NoReturn:
    """Turns this freshly forked process into the trial; never returns.

    Args:
        plan: what to do.
        confinement: what to be locked with.
        supervisor: the process id of the parent.
        empty: what to have for stdin.
        report: the pipe for records.
        output: the pipe for stdout and stderr.
    """
    # `confine` closes all others. None of the three sits on a number that is overwritten before it is used.
    os.dup2(empty, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(report, REPORT, inheritable=False)
    gc.enable()
    reporter = _Reporter()
    try:
        os.chdir(plan.scratch)
        confinement.lock(plan.limits, supervisor)
    except (RefusedError, OSError) as error:
        reporter.send(records.encode(records.REFUSED, error=str(error)))
        os._exit(70)
    watch.install(watch.Watcher(plan.runtime, plan.scratch), reporter.attempt)
    reporter.send(records.encode(records.READY))
    reporter.send(records.encode(records.END, status=_Steps(plan, reporter).take()))
    os._exit(0)


class _Reporter:
    """Writes whole records, also when several threads report at once."""

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()
        self._held = b""

    def send(self, record: bytes) -> None:
        with self._lock:
            record, self._held = self._held + record, b""
            while record:
                record = record[os.write(REPORT, record) :]

    def hold(self, record: bytes) -> None:
        """Takes a record that goes out together with the next: each write wakes the supervisor."""
        with self._lock:
            self._held += record

    def attempt(self, what: str, target: str) -> None:
        self.send(records.encode(records.ATTEMPT, value=what, error=target))


class _Steps:
    """Takes the steps of one plan in order."""

    def __init__(self, plan: Plan, reporter: _Reporter) -> None:
        self._plan = plan
        self._reporter = reporter
        self._returned = 0
        self._left = len(plan.steps())
        # Address space to report with, once the code has used up all of its own; `bytes` does not touch its pages.
        self._ballast = [bytes(_BALLAST)]

    def take(self) -> str:
        """Returns how the trial ended: one of `records.ENDS`."""
        try:
            return self._take()
        except MemoryError:
            self._ballast.clear()
            return "memory"
        except _TooMuchOutputError:
            return "output"

    def _take(self) -> str:
        seeding.seed(self._plan.seed)
        module = type(sys)(_MODULE)
        sys.modules[_MODULE] = module
        names = module.__dict__
        if not self._step(records.LOAD, 0, lambda: _execute(self._plan.code, "<skill>", names)):
            return "completed"
        for index, arguments in enumerate(self._plan.calls):
            self._step(records.CALL, index, lambda text=arguments: self._call(names, text))
        for index, script in enumerate(self._plan.scripts):
            self._step(records.SCRIPT, index, lambda text=script: _execute(text, "<check>", dict(names)))
        return "completed"

    def _call(self, names: dict[str, object], text: str) -> str:
        function = names.get(self._plan.entry_point)  # type: ignore[call-overload]
        if not callable(function):
            raise NameError(f"no function named {self._plan.entry_point!r}")
        arguments = literal.read(text)
        if not isinstance(arguments, tuple):
            raise TypeError("the arguments of a call must be a tuple")
        value = repr(function(*arguments))
        self._returned += len(value.encode("utf-8", "backslashreplace"))
        if self._returned > self._plan.limits["output_bytes"]:
            raise _TooMuchOutputError
        return str(value)

    def _step(self, kind: str, index: int, action: object) -> bool:
        """Takes one step and reports it; returns whether it went well."""
        status, value, error = "ok", None, None
        exhausted = False
        try:
            value = action()  # type: ignore[operator]
        except _TooMuchOutputError:
            raise
        except BaseException as raised:  # SystemExit and KeyboardInterrupt are the code's doing, not the operator's
            exhausted = isinstance(raised, MemoryError)
            if exhausted:
                self._ballast.clear()
            status, error = _status(raised), _describe(raised)
        _flush()
        self._left -= 1
        # After the last step only the end is to come, and no more code.
        tell = self._reporter.send if self._left else self._reporter.hold
        tell(records.encode(kind, index, status, value, error))
        if exhausted:
            raise MemoryError
        return status == "ok"


class _TooMuchOutputError(BaseException):
    """The returned values together are larger than the job allows."""


def _execute(source: str, name: str, names: dict[str, object]) -> None:
    exec(statements(source, name), names)


def _status(error: BaseException) -> str:
    if isinstance(error, AssertionError):
        return "failed"
    return "missing_module" if isinstance(error, ModuleNotFoundError) else "raised"


def _describe(error: BaseException) -> str:
    kind = type(error).__name__
    try:
        lines = str(error).splitlines()
    except BaseException:  # the code's own __str__ may do anything
        lines = []
    return f"{kind}: {lines[0]}"[:2000] if lines else kind


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with _Whatever():
            stream.flush()


class _Whatever:
    """Lets pass whatever is raised: the code may have put anything in a stream's place."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> bool:
        return True

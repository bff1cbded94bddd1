"""Runs the trials of one job, one child process after the other, and says what each did.

The supervisor holds the clock, the bounds and the verdict pipe. It believes nothing that a child writes beyond its
form, kills what oversteps, waits until the child is gone, and only then starts the next.
"""

from __future__ import annotations

import os
import select
import time

from . import records, trial
from .kernel import SIGKILL, RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .cell import Cell

_HOST = 0  # its hang-up means that nobody waits for us any more
_CHUNK = 1 << 16
_TICK_MS = 20
_MOMENT_MS = 3
_SIGXCPU = 24
_MOST_ERROR = 300

Step = dict[str, object]


_sha256: list[Callable[[], object]] = []


def find_sha256() -> Callable[[], object]:
    """Imports it on first use, at best while the only trial runs; the interpreter's own: `hashlib` loads OpenSSL."""
    for name in () if _sha256 else ("_sha2", "_sha256", "hashlib"):
        try:
            _sha256.append(__import__(name).sha256)
            break
        except ImportError:
            continue
    if not _sha256:
        raise RefusedError("this interpreter has no SHA-256")
    return _sha256[0]


class _Watched:
    """One running child: its pipes, its bounds and the reason why it was stopped, if it was."""

    def __init__(self, pid: int, report: int, output: int, limits: dict[str, int]) -> None:
        self.pid = pid
        self.records = bytearray()
        self.printed = find_sha256()()
        self.stopped: str | None = None
        self._output = output
        self._report = report
        self._room = limits["output_bytes"]
        self._most_records = limits["output_bytes"] + (1 << 18)
        self._threads = limits["threads"]
        for descriptor in (report, output):
            os.set_blocking(descriptor, False)

    def read(self, ready: set[int]) -> set[int]:
        """Reads what there is in those of its pipes that are `ready`, within bounds; returns those that have ended."""
        pipes = ((self._report, self._take_records), (self._output, self._take_output))
        return {pipe for pipe, take in pipes if pipe in ready and not self._drain(pipe, take)}

    def _drain(self, descriptor: int, take: Callable[[bytes], None]) -> bool:
        while True:
            try:
                data = os.read(descriptor, _CHUNK)
            except BlockingIOError:
                return True
            if not data:
                return False
            take(data)
            if self.stopped:
                return False

    def _take_records(self, data: bytes) -> None:
        self.records += data
        if len(self.records) > self._most_records:
            self.stop("output")

    def _take_output(self, data: bytes) -> None:
        self.printed.update(data)  # type: ignore[attr-defined]
        self._room -= len(data)
        if self._room < 0:
            self.stop("output")

    def stop(self, reason: str) -> None:
        """Kills the child; the first reason counts."""
        if self.stopped is None:
            self.stopped = reason
            os.kill(self.pid, SIGKILL)

    def too_many_threads(self) -> bool:
        """Returns whether it has more threads than it may; where there is no /proc, the kernel counts them."""
        try:
            return os.stat(f"/proc/{self.pid}/task").st_nlink - 2 > self._threads
        except OSError:
            return False


class Supervisor:
    """Runs plans one after the other.

    Args:
        cell: the surroundings.
        job: the job's fields.
    """

    def __init__(self, cell: Cell, job: dict[str, object]) -> None:
        self._confinement = cell.confinement
        self._workspace = cell.workspace
        self._runtime = cell.folders
        self._limits = cell.limits
        self._hide = [(cell.workspace.path, "<scratch>"), *cell.hide]
        self._job = job
        self._empty = trial.reserve()

    def run_trial(self, code: str, calls: tuple[str, ...], seed: int) -> dict[str, object]:
        """Runs one trial to its end.

        Raises:
            RefusedError: the child could not be locked, so the code did not run.
        """
        plan = trial.Plan(self._job, code, calls, seed, self._limits, self._workspace.path, self._runtime)
        started = time.monotonic_ns()
        child, status = self._watch(plan, started)
        elapsed = (time.monotonic_ns() - started) // 1000
        self._workspace.clear()
        return self._report(plan, child, status, elapsed)

    def _watch(self, plan: trial.Plan, started: int) -> tuple[_Watched, int]:
        report_read, report_write = os.pipe()
        output_read, output_write = os.pipe()
        supervisor = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                trial.run(plan, self._confinement, supervisor, self._empty, report_write, output_write)
            finally:
                os._exit(73)
        os.close(report_write)
        os.close(output_write)
        child = _Watched(pid, report_read, output_read, self._limits)
        try:
            status = self._wait(child, (report_read, output_read), started + self._limits["wall_ms"] * 1_000_000)
        finally:
            os.close(report_read)
            os.close(output_read)
        return child, status

    def _wait(self, child: _Watched, pipes: tuple[int, int], deadline: int) -> int:
        """Reads, checks and waits until the child is gone; returns its wait status."""
        poll = select.poll()
        for descriptor in pipes:
            poll.register(descriptor, select.POLLIN)
        poll.register(_HOST, select.POLLHUP)
        ended = os.pidfd_open(child.pid) if hasattr(os, "pidfd_open") else None
        if ended is not None:
            poll.register(ended, select.POLLIN)
            _let_begin(ended)
        checked = time.monotonic_ns()
        try:
            while True:
                events = {descriptor for descriptor, _ in poll.poll(_TICK_MS)}
                if _HOST in events:
                    os._exit(74)  # the host has gone; our own end takes the child along
                now = time.monotonic_ns()
                if now >= deadline:
                    child.stop("timeout")
                elif now - checked > _TICK_MS * 1_000_000:
                    checked = now
                    self._check(child)
                for descriptor in child.read(events):
                    _forget(poll, descriptor)
                if ended is None or ended in events or child.stopped:
                    pid, status = os.waitpid(child.pid, os.WNOHANG if child.stopped is None and ended is None else 0)
                    if pid:
                        child.read(set(pipes))
                        return status
        finally:
            if ended is not None:
                os.close(ended)

    def _check(self, child: _Watched) -> None:
        if child.too_many_threads():
            child.stop("memory")  # threads are stacks: the nearest word the report has for too many of them
        elif self._workspace.overflows():
            child.stop("output")

    def _report(self, plan: trial.Plan, child: _Watched, status: int, elapsed: int) -> dict[str, object]:
        reading = Reading(plan.steps(), self._hide)
        try:
            reading.read(records.decode(bytes(child.records)))
            end = child.stopped or _end_of(status, reading)
        except records.MalformedError:
            reading = Reading(plan.steps(), self._hide)
            end = child.stopped or "exited"
        steps = reading.finish()
        return {
            "end": end,
            "steps": steps,
            "attempts": reading.attempts,
            "wall_us": elapsed,
            "digest": _digest(steps, child.printed),
        }


def _let_begin(ended: int) -> None:
    """Waits for the first moment, in which most trials end: to wake for each of their records would cost a tenth."""
    poll = select.poll()
    poll.register(_HOST, select.POLLHUP)
    poll.register(ended, select.POLLIN)
    poll.poll(_MOMENT_MS)


def _forget(poll: select.poll, descriptor: int) -> None:
    try:
        poll.unregister(descriptor)
    except KeyError:
        return


def _end_of(status: int, reading: Reading) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return "timeout" if -code == _SIGXCPU else "killed"
    return reading.end if code == 0 and reading.end is not None else "exited"


def _digest(steps: list[Step], printed: object) -> str:
    """Returns SHA-256 over kind, index, status and value of each step, then over the digest of the output."""
    whole = find_sha256()()
    for step in steps:
        value = str(step["value"] if step["value"] is not None else "").encode()
        line = f"{step['kind']} {step['index']} {step['status']} {len(value)}\n".encode()
        whole.update(line + value)  # type: ignore[attr-defined]
    whole.update(printed.digest())  # type: ignore[attr-defined]
    return str(whole.hexdigest())  # type: ignore[attr-defined]


class Reading:
    """Holds a child's records against the plan; whatever does not fit it is malformed."""

    def __init__(self, expected: list[tuple[str, int]], hide: list[tuple[str, str]]) -> None:
        self.attempts: list[tuple[str, str]] = []
        self.end: str | None = None
        self._expected = expected
        self._hide = hide
        self._steps: list[Step] = []

    def read(self, found: list[records.Record]) -> None:
        """Takes the records in order.

        Raises:
            RefusedError: the child could not be locked.
            MalformedError: a record does not belong where it is.
        """
        if found and found[0][0] == records.REFUSED:
            raise RefusedError(found[0][4] or "a layer was refused")
        for position, record in enumerate(found):
            if (position == 0) != (record[0] == records.READY):
                raise records.MalformedError
            if position:
                self._take(*record)

    def _take(self, kind: str, index: int, status: str, value: str | None, error: str | None) -> None:
        if self.end is not None:
            raise records.MalformedError
        if kind == records.ATTEMPT:
            self._attempt(value, error)
        elif kind == records.END:
            self._close(status)
        else:
            next_step = self._expected[len(self._steps)] if len(self._steps) < len(self._expected) else None
            fits = status in records.STATUSES and (status == "ok") == (error is None)
            returned = kind == records.CALL and status == "ok"
            if next_step != (kind, index) or not fits or (value is not None) != returned:
                raise records.MalformedError
            shown = None if error is None else presentable(error, _MOST_ERROR, self._hide)
            self._steps.append({"kind": kind, "index": index, "status": status, "value": value, "error": shown})

    def _attempt(self, what: str | None, target: str | None) -> None:
        if what not in ("file", "network", "process", "native") or target is None:
            raise records.MalformedError
        if len(self.attempts) < 20:
            self.attempts.append((what, presentable(target, 200, self._hide)))

    def _close(self, status: str) -> None:
        loaded = bool(self._steps) and self._steps[0]["status"] == "ok"
        whole = len(self._steps) == (len(self._expected) if loaded else 1)
        if status not in records.ENDS or (status == "completed" and not whole):
            raise records.MalformedError
        self.end = status

    def finish(self) -> list[Step]:
        """Returns one entry per expected step; those without a record were not run."""
        missing = self._expected[len(self._steps) :]
        return self._steps + [
            {"kind": kind, "index": index, "status": "not_run", "value": None, "error": None} for kind, index in missing
        ]


def presentable(text: str, most: int, hide: list[tuple[str, str]]) -> str:
    """Returns `text` without host paths and control characters, at most `most` characters long."""
    for path, name in hide:
        text = text.replace(path, name)
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text[:most]
    )
    return shown[:most]

"""Runs one job: its plain imports once, then its trials one after the other, and says a line about each.

Lines: `{"ready": token}` once everything stands, `{"trial": {...}}` and `{"control": {...}}` as each ends. That the job
is done is not said here: the supervisor says it, once it has seen that nothing of the job is left.
"""

from __future__ import annotations

import gc

from . import literal, trial
from .cell import Cell
from .report import say
from .report import warm as warm_words
from .supervisor import Supervisor, find_sha256


def run(cell: Cell, job: dict[str, object]) -> None:
    """Runs a job to its end.

    Raises:
        RefusedError: a trial could not be locked; its code did not run.
    """
    trial.settle(cell.workspace.path)
    for name in job["preload"]:  # type: ignore[attr-defined]
        __import__(name)  # of the standard library, chosen by the host; each trial would do it again
    if job["trials"] != 1:
        literal.warm()
    if job["trials"] != 1 or job["control"] is not None:
        warm()  # each trial is forked with the same modules
    # Objects of the harness stay on pages that the children share.
    gc.disable()
    gc.freeze()
    say({"ready": job["token"]})
    _trials(Supervisor(cell, job), job)


def warm() -> None:
    """Imports what else would be imported between one trial and the next, or by most of them."""
    __import__("os")
    warm_words()
    find_sha256()


def _trials(supervisor: Supervisor, job: dict[str, object]) -> None:
    seed: int = job["seed"]  # type: ignore[assignment]
    stop_after: int = job["stop_after"]  # type: ignore[assignment]
    calls: tuple[str, ...] = job["calls"]  # type: ignore[assignment]
    failures = 0
    for index in range(job["trials"]):  # type: ignore[call-overload]
        report = supervisor.run_trial(str(job["code"]), calls, seed + index)
        say({"trial": report})
        steps: list[dict[str, object]] = report["steps"]  # type: ignore[assignment]
        fine = report["end"] == "completed" and all(step["status"] == "ok" for step in steps)
        failures = 0 if fine else failures + 1
        if stop_after and failures >= stop_after:
            break
    if job["control"] is not None:
        say({"control": supervisor.run_trial(str(job["control"]), (), seed)})

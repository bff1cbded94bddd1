"""The inner program's entry: builds the surroundings, then takes jobs until the host hangs up.

A job arrives as a `marshal` value: both ends are the same interpreter and both are ours, and it saves importing `json`.
What goes back is JSON, which the host reads strictly. Stdin stays open: its hang-up says that the host is gone.

A supervisor that takes many jobs never reads one. It waits until bytes come, forks a process for the job, and that one
reads them, runs the trials and ends; so each job starts from the same memory, in which no job has been before. Then the
supervisor looks whether anything is left of the job, and ends itself if so: the host starts a new one. One that takes a
single job and ends with it needs no process between itself and the trials.

Lines: what `job` says, then `{"done": true}`; or `{"refused": "why"}` when a layer that the tier promises cannot be
applied.
"""

from __future__ import annotations

import gc
import os
import select

from . import job, literal
from .cell import Cell
from .kernel import PR_SET_CHILD_SUBREAPER, SIGKILL, RefusedError, die_with_parent, prctl
from .report import say
from .workspace import is_untouched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    Read = Callable[[], dict[str, object]]

_HOST_IN = 0
_BROKEN = 76


def main(setup: dict[str, object], read: Read) -> NoReturn:
    """Serves until the host hangs up; never returns.

    Args:
        setup: the fields of `cargo.setup`.
        read: waits for the next job and returns its fields.
    """
    try:
        tier = str(setup["tier"])
        if tier in ("namespaces", "landlock"):
            die_with_parent(int(setup["parent"]))  # type: ignore[call-overload]
        cell = Cell(setup)
        if setup["once"]:
            job.run(cell, read())
            say({"done": True})
        else:
            _serve(cell, read, setup["warm"])  # type: ignore[arg-type]
    except RefusedError as error:
        say({"refused": str(error)})
    os._exit(0)


def _serve(cell: Cell, read: Read, modules: tuple[str, ...]) -> None:
    for name in modules:
        __import__(name)  # of the standard library, the same for every job
    literal.warm()
    job.warm()
    if cell.linux:
        prctl(PR_SET_CHILD_SUBREAPER, 1)  # whoever loses its parent in a job becomes our child, and is seen
    gc.disable()
    gc.freeze()
    while _job_comes():
        if not _in_its_own_process(cell, read) or not _nothing_left(cell):
            os._exit(_BROKEN)
        say({"done": True})


def _job_comes() -> bool:
    """Waits; returns False when the host has hung up instead."""
    poll = select.poll()
    poll.register(_HOST_IN, select.POLLIN)
    return any(event & select.POLLIN for _, event in poll.poll())


def _in_its_own_process(cell: Cell, read: Read) -> bool:
    """Forks the process of the next job and waits for its end; returns whether it came to the job's end."""
    supervisor = os.getpid()
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    status = _BROKEN
    try:
        if cell.linux:
            die_with_parent(supervisor)
        job.run(cell, read())
        status = 0
    except RefusedError as error:
        say({"refused": str(error)})
    finally:
        os._exit(status)


def _nothing_left(cell: Cell) -> bool:
    """Returns whether the supervisor is as alone as before the job."""
    try:
        os.waitpid(-1, os.WNOHANG)
        return False  # there is a child, running or ended
    except ChildProcessError:
        pass
    if os.getpid() == 1:  # of a process namespace: then -1 means everyone in it but us
        try:
            os.kill(-1, SIGKILL)
            return False
        except ProcessLookupError:
            pass
    return is_untouched(cell.workspace.path)

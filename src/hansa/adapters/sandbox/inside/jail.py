"""The inner program's entry: runs one job and writes one JSON line per trial to stdout.

The job arrives as a `marshal` value: both ends are the same interpreter and both are ours, and it saves importing
`json`, which costs as much as a whole interpreter start. What goes back is JSON, which the host reads strictly. Stdin
stays open: its hang-up says that the host is gone.

Lines: `{"ready": true}` once the surroundings stand, `{"trial": {...}}` and `{"control": {...}}` as each ends, then
`{"done": true}`; or `{"refused": "why"}` when a layer that the tier promises cannot be applied.
"""

from __future__ import annotations

import gc
import os
import sys

from . import namespaces, runtime
from .confine import Confinement
from .kernel import RefusedError, die_with_parent
from .landlock import Rules
from .seccomp import Filter
from .supervisor import Supervisor
from .workspace import FolderWorkspace, TmpfsWorkspace

_HOST_IN, _HOST_OUT = 0, 1

# Before ABI 3 Landlock does not see every way to empty a file; where mounts protect the files, any version will do.
_LEAST_LANDLOCK = {"namespaces": 1, "bubblewrap": 1, "landlock": 3}


def main(request: dict[str, object]) -> None:
    """Runs one job; never returns."""
    try:
        _run(request)
    except RefusedError as error:
        _say({"refused": str(error)})
    os._exit(0)


def _run(request: dict[str, object]) -> None:
    tier = str(request["tier"])
    job: dict[str, object] = request["job"]  # type: ignore[assignment]
    folders = runtime.folders()
    if tier in ("namespaces", "landlock"):
        die_with_parent(int(request["parent"]))  # type: ignore[call-overload]
    supervisor = _prepare(tier, job, folders, str(request["base"]))
    for name in job["preload"]:  # type: ignore[attr-defined]
        __import__(name)  # of the standard library, chosen by the host; each trial would do it again
    # Objects of the harness stay on pages that the children share.
    gc.disable()
    gc.freeze()
    _say({"ready": True})
    _trials(supervisor, job)
    _say({"done": True})


def _prepare(tier: str, job: dict[str, object], folders: list[str], base: str) -> Supervisor:
    """Builds the tier's surroundings around this process and returns what runs trials in them."""
    limits: dict[str, int] = job["limits"]  # type: ignore[assignment]
    privileged = os.geteuid() == 0
    uid: int | None = None
    processes: int | None = None
    workspace: TmpfsWorkspace | FolderWorkspace
    if tier == "namespaces":
        namespaces.split()
        namespaces.new_root(folders)
        uid = namespaces.NOBODY if privileged else None
        # Inside, the kernel counts this namespace only: the trial, and unless we are root, us and our waiting parent.
        processes = limits["threads"] + (0 if privileged else 2)
        workspace = TmpfsWorkspace(limits["file_bytes"], namespaces.NOBODY)
    else:
        if tier == "landlock" and privileged and _enterable(folders):
            uid = namespaces.NOBODY
        if tier == "bubblewrap":
            processes = limits["threads"] + 1
        if tier == "seatbelt":
            processes = 1  # macOS counts no threads, and the user has more than one process already: no fork
        workspace = FolderWorkspace(base, limits["file_bytes"], uid)
    rules = calls = None
    if tier in _LEAST_LANDLOCK:
        rules = Rules(_LEAST_LANDLOCK[tier])
        rules.allow_runtime(*runtime.readable(folders))
        calls = Filter()
    confinement = Confinement(rules, calls, uid, processes)
    return Supervisor(confinement, workspace, folders, job, _HOST_IN, _hidden())


def _enterable(folders: list[str]) -> bool:
    """Returns whether every user may reach the runtime; else trials keep our uid, without its capabilities."""
    for folder in folders:
        path = os.path.realpath(folder)
        while path != "/":
            if not os.stat(path).st_mode & 0o001:
                return False
            path = os.path.dirname(path)
    return True


def _hidden() -> list[tuple[str, str]]:
    public = ("/usr", "/usr/local")
    return [] if sys.base_prefix in public else [(sys.base_prefix, "<python>")]


def _trials(supervisor: Supervisor, job: dict[str, object]) -> None:
    seed: int = job["seed"]  # type: ignore[assignment]
    stop_after: int = job["stop_after"]  # type: ignore[assignment]
    calls: tuple[str, ...] = job["calls"]  # type: ignore[assignment]
    failures = 0
    for index in range(job["trials"]):  # type: ignore[call-overload]
        report = supervisor.run_trial(str(job["code"]), calls, seed + index)
        _say({"trial": report})
        steps: list[dict[str, object]] = report["steps"]  # type: ignore[assignment]
        fine = report["end"] == "completed" and all(step["status"] == "ok" for step in steps)
        failures = 0 if fine else failures + 1
        if stop_after and failures >= stop_after:
            break
    if job["control"] is not None:
        _say({"control": supervisor.run_trial(str(job["control"]), (), seed)})


def _say(value: dict[str, object]) -> None:
    data = (_json(value) + "\n").encode()
    while data:
        data = data[os.write(_HOST_OUT, data) :]


def _json(value: object) -> str:
    """Returns `value` as JSON; knows the types that a report is made of."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quote(key)}:{_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_json, value)) + "]"
    raise TypeError(type(value).__name__)


def _quote(text: str) -> str:
    from _json import encode_basestring_ascii  # the C half of `json`, without its Python half

    return encode_basestring_ascii(text)

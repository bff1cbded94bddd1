"""The surroundings of one supervisor: what its tier promised, built once, before any job is read.

Every trial of every job that the supervisor takes is locked with the same rules and works in the same place. Nothing in
here depends on a job, and nothing that a job did changes it.
"""

from __future__ import annotations

import os
import sys

from . import namespaces
from .confine import Confinement
from .filter import Filter
from .landlock import Rules
from .workspace import FolderWorkspace, TmpfsWorkspace

# Before ABI 3 Landlock does not see every way to empty a file; where mounts protect the files, any version will do.
_LEAST_LANDLOCK = {"namespaces": 1, "bubblewrap": 1, "landlock": 3}


class Cell:
    """What trials run in.

    Attributes:
        linux: whether processes can be told to die with their parents.
        confinement: what each trial is locked with.
        workspace: where each trial may write.
        folders: folders of the Python runtime.
        limits: bounds on each trial, by the names of `SandboxLimits`.
        hide: pairs of a host path and what to say instead, longest first.
    """

    def __init__(self, setup: dict[str, object]) -> None:
        """Builds the tier's surroundings around this process.

        Args:
            setup: the fields of `cargo.setup`.

        Raises:
            RefusedError: a layer cannot be built here.
        """
        tier = setup["tier"]
        limits: dict[str, int] = setup["limits"]  # type: ignore[assignment]
        harness = 1 if setup["once"] else 2  # processes of our own that run beside a trial
        self.linux = tier in _LEAST_LANDLOCK
        folders: list[str] = setup["folders"]  # type: ignore[assignment]
        self.folders = folders
        self.limits = limits
        public = ("/usr", "/usr/local")
        self.hide = [] if sys.base_prefix in public else [(sys.base_prefix, "<python>")]
        privileged = os.geteuid() == 0
        uid: int | None = None
        processes: int | None = None
        self.workspace: TmpfsWorkspace | FolderWorkspace
        if tier == "namespaces":
            namespaces.split()
            namespaces.new_root(*setup["mounts"])  # type: ignore[misc]
            uid = namespaces.NOBODY if privileged else None
            # Inside, the kernel counts this namespace only: the trial, and unless we are root, our own processes and
            # our waiting parent.
            processes = limits["threads"] + (0 if privileged else harness + 1)
            self.workspace = TmpfsWorkspace(limits["file_bytes"], namespaces.NOBODY)
        else:
            if tier == "landlock" and privileged and setup["enterable"]:
                uid = namespaces.NOBODY
            if tier == "bubblewrap":
                processes = limits["threads"] + harness
            if tier == "seatbelt":
                processes = 1  # macOS counts no threads, and the user has more than one process already: no fork
            self.workspace = FolderWorkspace(str(setup["base"]), limits["file_bytes"], uid, kept=self.linux)
        rules = calls = None
        if self.linux:
            rules = Rules(_LEAST_LANDLOCK[tier])  # type: ignore[index]
            rules.allow_runtime(*setup["readable"])  # type: ignore[misc]
            rules.allow_scratch(self.workspace.granted)
            calls = Filter(*setup["filter"])  # type: ignore[misc]
        self.workspace.make()
        self.confinement = Confinement(rules, calls, uid, processes)

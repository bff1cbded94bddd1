"""Locks the calling process: after this, it can compute, use its scratch directory, and end.

`lock` applies, in this order: resource limits, an unprivileged user, no capabilities, no_new_privs, Landlock, closed
files, seccomp. seccomp comes last because it refuses what the others need. A step that fails raises; the caller
must then end the process without running the code.
"""

from __future__ import annotations

import os
import resource

from .filter import Filter
from .kernel import (
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    RefusedError,
    close_from,
    die_with_parent,
    drop_capabilities,
    prctl,
)
from .landlock import Rules

OPEN_FILES = 64
KEPT_FILES = 4


class Confinement:
    """What trials are locked with; made by the supervisor, applied by each child.

    Attributes:
        rules: Landlock's rule set; None on a system without Landlock.
        calls: seccomp's filter; None on a system without seccomp.
        uid: the user to become; None to stay who we are.
        process_limit: RLIMIT_NPROC; None where the kernel would count processes that are not ours.
    """

    def __init__(self, rules: Rules | None, calls: Filter | None, uid: int | None, process_limit: int | None) -> None:
        self.rules = rules
        self.calls = calls
        self.uid = uid
        self.process_limit = process_limit

    def lock(self, limits: dict[str, int], supervisor: int) -> None:
        """Locks the calling process for the rest of its life.

        Args:
            limits: the job's limits, by the names of `SandboxLimits`.
            supervisor: the process whose end ends this one.

        Raises:
            RefusedError: a layer cannot be applied.
        """
        try:
            self._limit(limits)
            if self.uid is not None:
                os.setgroups([])
                os.setresgid(self.uid, self.uid, self.uid)
                os.setresuid(self.uid, self.uid, self.uid)
        except (OSError, ValueError) as error:
            raise RefusedError(f"limits: {error}") from None
        if self.calls is not None:
            drop_capabilities()
            # After the change of user, which clears it.
            die_with_parent(supervisor)
            prctl(PR_SET_DUMPABLE, 0)
            prctl(PR_SET_NO_NEW_PRIVS, 1)
        if self.rules is not None:
            self.rules.confine()
        # The rule set, the verdict pipe, the supervisor's own: nothing but the first four is for the code.
        close_from(KEPT_FILES)
        if self.calls is not None:
            self.calls.confine()

    def _limit(self, limits: dict[str, int]) -> None:
        seconds = limits["wall_ms"] // 1000 + 2  # a backstop; the supervisor's clock is the limit
        bounds = [
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_FSIZE, limits["file_bytes"]),
            (resource.RLIMIT_NOFILE, OPEN_FILES),
            (resource.RLIMIT_AS, limits["memory_bytes"]),
        ]
        if self.process_limit is not None:
            bounds.append((resource.RLIMIT_NPROC, self.process_limit))
        for kind, bound in bounds:
            resource.setrlimit(kind, (bound, bound))

"""The sandbox: runs a stranger's code where it can compute and do nothing else, and reports what it did.

Rules:

1. Tiers are tried strongest first; the first that passes its own self-test is used, else `SandboxUnavailable`.
2. Every tier fails closed: a layer that it promises and cannot apply means that the code does not run.
3. Nothing in a job, and no call of this package, leaves a layer out. To weaken a tier one has to edit its source.
4. Each trial is a new process, forked from memory that no job was in; workers that stay change nothing about that.
5. A sandbox reports and never judges; the values that a call is held against never enter it.

Left out: the judging of reports (`hansa.skills`) and the decision whether to run at all (`hansa.node`).

Example:
    sandbox = await choose()
    report = await sandbox.run(SandboxJob(code="def f(x): return x + 1", entry_point="f", calls=("(1,)",)))
    report.trials[0].steps[1].value  # '2'
"""

from hansa.adapters.sandbox.choose import choose
from hansa.adapters.sandbox.errors import SandboxUnavailable
from hansa.adapters.sandbox.process import ProcessSandbox
from hansa.adapters.sandbox.tiers import BUBBLEWRAP, LANDLOCK, NAMESPACES, SEATBELT, TIERS, Tier

__all__ = [
    "BUBBLEWRAP",
    "LANDLOCK",
    "NAMESPACES",
    "SEATBELT",
    "TIERS",
    "ProcessSandbox",
    "SandboxUnavailable",
    "Tier",
    "choose",
]

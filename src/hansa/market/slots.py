"""How much of a machine a lease is: jobs at once, how fast one after the other, and the bounds on each of them.

A sandbox has no part of a processor to give: a job has one while it runs, or waits. So a lease of 2000 thousandths runs
two jobs at once; one of 500 runs one, and after it nothing for as long as that took, on the average over `BURST_MS`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hansa.kernel.instant import SECOND, Instant
from hansa.kernel.jobs import SandboxLimits
from hansa.market.lease import Lease

PROCESSOR = 1_000
"""Thousandths of a processor that a job takes while it runs."""

MIB = 1 << 20

BURST_MS = 5 * SECOND
"""Milliseconds of a lease's own rate that may be used ahead of time, so that a short job need not wait."""


@dataclass(frozen=True, slots=True)
class Params:
    """How a node runs the jobs of those whom it lends to.

    Attributes:
        own_workers: workers that never run them; of `workers` that the node has. Own proofs come first in any case: as
            many more workers are kept from them as run own proofs. A node with one worker lends it while it is idle.
        memory_mib: of one job, without a lease of memory. Raising it lets strangers' jobs use more of this machine.
        waiting: jobs of one lease that wait for their turn. Raising it hides the time on the way, and holds more.
        trials: of one job at most.
        skill_bytes: of a skill that comes with a job at most.
        remembered: results of one lease that are told again when they are asked for again; the oldest are forgotten.
    """

    own_workers: int = 1
    memory_mib: int = 128
    waiting: int = 2
    trials: int = 100
    skill_bytes: int = 128 * 1024
    remembered: int = 1_024

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        if self.own_workers < 0:
            raise ValueError("own_workers must not be negative")
        for name in ("memory_mib", "waiting", "trials", "skill_bytes", "remembered"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


def at_once(amount: int) -> int:
    """Returns how many jobs may run at one instant.

    Args:
        amount: thousandths of a processor.
    """
    return max(1, amount // PROCESSOR)


def places(workers: int, own: int, running_own: int) -> int:
    """Returns how many workers may run the jobs of others now.

    Args:
        workers: that the node has.
        own: that are never lent, of a node with more than one.
        running_own: that run own proofs now.
    """
    kept = min(own, workers - 1)
    return max(0, workers - max(kept, running_own))


def in_pace(lease: Lease, now: Instant) -> bool:
    """Says whether a lease has not used more than its rate allows by now, so that one more job may begin."""
    passed = max(0, now - lease.ask.window.begins) + BURST_MS
    return lease.used < min(lease.limit, lease.ask.amount * passed)


def bounds(operator: SandboxLimits, params: Params, leased_mib: int) -> SandboxLimits:
    """Returns the bounds on each trial of a job: the operator's own, with no more memory than is lent.

    Args:
        leased_mib: MiB of memory that its borrower has a lease of.
    """
    memory = (params.memory_mib + leased_mib) * MIB
    return replace(operator, memory_bytes=min(operator.memory_bytes, memory))

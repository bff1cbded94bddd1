"""The host's side of the sandbox: starts inner programs, feeds them jobs, and reads their reports.

One process tree per job, or, where workers are kept, one for many jobs in turn, each in a process of its own. A tree in
which anything out of the ordinary happened, that was cancelled, or that did not answer, is gone when `run` returns or
raises: the whole process group is killed, and with it, in the tiers that have one, the process namespace.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from hansa.adapters.sandbox import bases, cargo, probes, wire
from hansa.adapters.sandbox.errors import SandboxUnavailable
from hansa.adapters.sandbox.inside.kernel import RefusedError
from hansa.adapters.sandbox.layout import Layout, layout
from hansa.adapters.sandbox.pool import Pool
from hansa.adapters.sandbox.tiers import Surroundings, Tier, interpreter
from hansa.adapters.sandbox.worker import Worker
from hansa.kernel.jobs import SandboxJob, SandboxLimits, SandboxReport, SelfTest

_MARGIN_SECONDS = 5.0
_PER_TRIAL_SECONDS = 0.25
IDLE_SECONDS = 5.0
# JSON writes one byte as at most six; the records of a trial hold its values and some overhead.
_WORST_ESCAPE = 6
_RECORD_OVERHEAD = 1 << 18


class ProcessSandbox:
    """Runs jobs in child processes behind one tier's layers.

    Attributes:
        name: the layers, strongest first, e.g. "namespaces+landlock+seccomp+rlimits".
        harness: what runs the code, e.g. "cpython-3.11".
        pool: the workers that wait for a job.
    """

    _inside = Path(__file__).parent / "inside"

    def __init__(self, tier: Tier, keep: int = 0, idle_seconds: float = IDLE_SECONDS) -> None:
        """Starts nothing yet.

        Args:
            tier: the layers.
            keep: how many workers may wait for another job; 0 starts and ends one for each job.
            idle_seconds: how long they may wait.
        """
        self._tier = tier
        self._layout: Layout | None = None
        self.pool = Pool(keep, idle_seconds)
        self.name = "+".join(tier.layers)
        self.harness = f"{sys.implementation.name}-{sys.version_info.major}.{sys.version_info.minor}"

    async def run(self, job: SandboxJob) -> SandboxReport:
        """Runs a job to its end.

        A worker that ends in the middle of a job, though nobody told it to, may have been killed by the host. So the
        whole job is run once more, by a new one; what that one says is final.

        Raises:
            SandboxUnavailable: the tier cannot be built here, or a layer could not be applied; no code was run, or
                none after the trial in which the layer failed.
        """
        if (here := layout()) != self._layout:
            await self.pool.close()  # those that wait do not cover what is new
            self._layout = here
        worker = self.pool.take(job.limits)
        waited = worker is not None
        answer = await self._ask(job, worker or self._start(job.limits))
        if answer.broke_off or (waited and not answer.done and not answer.stopped):
            answer = await self._ask(job, self._start(job.limits))
        if answer.refused is not None or not answer.ready:
            reason = answer.refused or answer.noise or "the inner program did not start"
            raise SandboxUnavailable(f"{self._tier.name}: {reason}", self._tier.advice)
        return wire.report(job, answer, self.name, self.harness)

    async def self_test(self) -> SelfTest:
        """Tries to break out of this very sandbox; never raises."""
        return await probes.self_test(self.run, self._tier.layers, self._tier.advice)

    async def close(self) -> None:
        """Ends the workers that wait; the next job starts a new one."""
        await self.pool.close()

    def _start(self, limits: SandboxLimits) -> Worker:
        """Starts an inner program for jobs of these limits."""
        try:
            base = bases.make() if self._tier.host_base else None
        except OSError as error:
            raise SandboxUnavailable(f"{self._tier.name}: {error}", self._tier.advice) from error
        path = base.path if base else ""
        place = Surroundings(interpreter(), path, limits.file_bytes + (1 << 20))
        command = self._tier.command(place)
        if command is None:
            if base:
                base.remove()
            raise SandboxUnavailable(f"{self._tier.name}: not available on this system", self._tier.advice)
        inner_base = path or self._tier.inner_base
        once = self.pool.places == 0
        try:
            setup = cargo.setup(self._inside, self._tier.name, os.getpid(), inner_base, limits, once)
            return Worker(command, setup, base)
        except (OSError, RefusedError) as error:
            if base:
                base.remove()
            raise SandboxUnavailable(f"{self._tier.name}: {error}", self._tier.advice) from error

    async def _ask(self, job: SandboxJob, worker: Worker) -> wire.Answer:
        """Has a worker run the job; keeps it for another if all went as it should, else ends it."""
        token = secrets.token_hex(8)
        runs = job.trials + (job.control is not None)
        seconds = runs * (job.limits.wall_ms / 1000 + _PER_TRIAL_SECONDS) + _MARGIN_SECONDS
        most = (runs + 1) * _WORST_ESCAPE * (job.limits.output_bytes + _RECORD_OVERHEAD)
        kept = False
        try:
            said = await worker.ask(cargo.request(job, token), seconds, most)
            answer = wire.read(job, token, said.data)
            answer.stopped = said.stopped
            kept = self.pool.places > 0 and answer.is_ordinary
        finally:
            if not kept:
                await worker.end()
        if kept:
            self.pool.put(job.limits, worker)
        return answer

"""The host's side of the sandbox: starts the inner program, feeds it one job, and reads its report.

One operating-system process tree per job. It is gone when `run` returns, raises or is cancelled: the whole process
group is killed, and with it, in the tiers that have one, the process namespace. Bounds on our side, which hold even
if the inner program fails: the time of all trials together plus a margin, and the bytes that it may say.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path

from hansa.adapters.sandbox import cargo, probes, wire
from hansa.adapters.sandbox.errors import SandboxUnavailable
from hansa.adapters.sandbox.inside import workspace
from hansa.adapters.sandbox.tiers import ENVIRONMENT, Surroundings, Tier, interpreter
from hansa.kernel.jobs import SandboxJob, SandboxReport, SelfTest

# Removing a folder takes a thousand times longer on a journalling disk, and code can make a few thousand.
_IN_MEMORY = "/dev/shm"

_MARGIN_SECONDS = 5.0
_PER_TRIAL_SECONDS = 0.25
# JSON writes one byte as at most six; the records of a trial hold its values and some overhead.
_WORST_ESCAPE = 6
_RECORD_OVERHEAD = 1 << 18


class ProcessSandbox:
    """Runs jobs in child processes behind one tier's layers.

    Attributes:
        name: the layers, strongest first, e.g. "namespaces+landlock+seccomp+rlimits".
        harness: what runs the code, e.g. "cpython-3.11".
    """

    _inside = Path(__file__).parent / "inside"

    def __init__(self, tier: Tier) -> None:
        self._tier = tier
        self.name = "+".join(tier.layers)
        self.harness = f"{sys.implementation.name}-{sys.version_info.major}.{sys.version_info.minor}"

    async def run(self, job: SandboxJob) -> SandboxReport:
        """Runs a job to its end.

        Raises:
            SandboxUnavailable: the tier cannot be built here, or a layer could not be applied; no code was run, or
                none after the trial in which the layer failed.
        """
        base = ""
        if self._tier.host_base:
            base = tempfile.mkdtemp(prefix="sandbox-", dir=_IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None)
            # Trials may run as another user, who has to pass through but not to look.
            os.chmod(base, 0o711)  # noqa: S103 - names in it cannot be listed, each folder in it is 0700
        try:
            answer = wire.read(job, await self._exchange(job, base))
        finally:
            if base:
                _remove(base)
        if answer.refused is not None or not answer.ready:
            reason = answer.refused or answer.noise or "the inner program did not start"
            raise SandboxUnavailable(f"{self._tier.name}: {reason}", self._tier.advice)
        return wire.report(job, answer, self.name, self.harness)

    async def self_test(self) -> SelfTest:
        """Tries to break out of this very sandbox; never raises."""
        return await probes.self_test(self.run, self._tier.layers, self._tier.advice)

    async def _exchange(self, job: SandboxJob, base: str) -> bytes:
        """Starts the inner program, hands it the job and returns everything that it said."""
        place = Surroundings(interpreter(), base, job.limits.file_bytes + (1 << 20))
        command = self._tier.command(place)
        if command is None:
            raise SandboxUnavailable(f"{self._tier.name}: not available on this system", self._tier.advice)
        request = cargo.pack(self._inside, self._tier.name, os.getpid(), base or self._tier.inner_base, job)
        runs = job.trials + (job.control is not None)
        seconds = runs * (job.limits.wall_ms / 1000 + _PER_TRIAL_SECONDS) + _MARGIN_SECONDS
        most = (runs + 1) * _WORST_ESCAPE * (job.limits.output_bytes + _RECORD_OVERHEAD)
        try:
            process = await _start(command)
        except OSError as error:
            raise SandboxUnavailable(f"{self._tier.name}: {error.strerror}", self._tier.advice) from error
        try:
            return await _converse(process, request, seconds, most)
        finally:
            await _end(process)


def _remove(base: str) -> None:
    """Removes a job's directory; what a killed job left in it may be nested deeper than `shutil` can follow."""
    with contextlib.suppress(OSError):
        workspace.empty(base)
        os.rmdir(base)


async def _start(command: list[str]) -> asyncio.subprocess.Process:
    """Starts the inner program; a cancellation meanwhile waits for it to be there and ends it."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
    )
    try:
        # Cancelled halfway, asyncio would wait for ever for pipes that it has not connected yet.
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            await _end(await starting)
        raise


async def _converse(process: asyncio.subprocess.Process, request: bytes, seconds: float, most: int) -> bytes:
    """Writes the request and reads until the other side closes, the time is up, or it said too much."""
    if process.stdin is None or process.stdout is None:
        return b""
    said = bytearray()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                process.stdin.write(request)
                await process.stdin.drain()
            # stdin stays open: its hang-up tells the other side that we are gone.
            while len(said) <= most and (chunk := await process.stdout.read(1 << 16)):
                said += chunk
    return bytes(said[:most])


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kills whatever is left of the process group and waits for its leader."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()
    # asyncio reports an end only once it has seen the end of stdout, which it does not while a full buffer pauses it.
    # That end also says that no process of the job is left, for each holds the pipe.
    if process.stdout is not None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_MARGIN_SECONDS):
                while await process.stdout.read(1 << 16):
                    pass
    await process.wait()
    # Some versions of asyncio leave this to the next turns of a loop that may not turn any more.
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()

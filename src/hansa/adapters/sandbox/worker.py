"""One inner program that was started: takes jobs, one at a time, until it is ended.

Bounds on our side, which hold even if the inner program fails: the time of all trials together plus a margin, and the
bytes that it may say.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import select
import signal
import subprocess
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hansa.adapters.sandbox import wire
from hansa.adapters.sandbox.bases import Base
from hansa.adapters.sandbox.tiers import ENVIRONMENT

_CHUNK = 1 << 16
_ROOM = 1 << 18
_END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Said:
    """What an inner program said about a job.

    Attributes:
        stopped: it was we who stopped listening, because the time was up or it said too much.
    """

    data: bytes
    stopped: bool


class Worker:
    """A process tree that runs jobs.

    Attributes:
        jobs: how many it was given.
    """

    def __init__(self, command: list[str], setup: bytes, base: Base | None) -> None:
        """Starts the program.

        Args:
            command: the start command.
            setup: what to send before the first job.
            base: the directory of the host that belongs to it, if it has one; removed with it.

        Raises:
            OSError: the program cannot be started; `base` is removed.
        """
        self.jobs = 0
        self._unsent = setup
        try:
            process = subprocess.Popen(
                command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        except OSError:
            if base:
                base.remove()
            raise
        self._process = process
        self._in, self._out = (pipe.fileno() if pipe else -1 for pipe in (process.stdin, process.stdout))
        _widen(self._in)
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        # A worker that nobody holds any more, for example because its event loop was closed, must not stay.
        self._abandon = weakref.finalize(self, _abandon, process, base)

    def is_fit(self) -> bool:
        """Returns whether it is there and has said nothing since its last job."""
        if self._process.poll() is not None:
            return False
        waiting = select.poll()
        waiting.register(self._out, select.POLLIN)
        return not waiting.poll(0)

    async def ask(self, request: bytes, seconds: float, most: int) -> Said:
        """Hands over one job and returns what is said until its end, the program's end, or a bound."""
        self.jobs += 1
        setup, self._unsent = self._unsent, b""
        loop = asyncio.get_running_loop()
        over: asyncio.Future[bool] = loop.create_future()
        late = loop.call_later(seconds, _settle, over, True)
        said = bytearray()
        loop.add_reader(self._out, self._read, said, most, over)
        try:
            with contextlib.suppress(BrokenPipeError):
                await self._write(setup + request, over)
            # stdin stays open: its hang-up tells the other side that we are gone.
            stopped = await over
            return Said(bytes(said[:most]), stopped)
        finally:
            late.cancel()
            loop.remove_reader(self._out)

    def _read(self, said: bytearray, most: int, over: asyncio.Future[bool]) -> None:
        try:
            chunk = os.read(self._out, _CHUNK)
        except BlockingIOError:
            return
        said += chunk
        if len(said) > most:
            _settle(over, True)
        elif not chunk or said.endswith(wire.DONE):
            _settle(over, False)

    async def _write(self, data: bytes, over: asyncio.Future[bool]) -> None:
        """Writes all of `data`, unless it is over before."""
        loop = asyncio.get_running_loop()
        view = memoryview(data)
        while view and not over.done():
            with contextlib.suppress(BlockingIOError):
                view = view[os.write(self._in, view) :]
                continue
            room: asyncio.Future[None] = loop.create_future()
            loop.add_writer(self._in, _settle, room, None)
            try:
                await asyncio.wait((room, over), return_when=asyncio.FIRST_COMPLETED)
            finally:
                loop.remove_writer(self._in)

    async def end(self) -> None:
        """Kills the process group and waits until nothing of it is left: what was started with it, and its files."""
        _kill(self._process)
        try:
            # Each process of the tree holds the pipe. The first to hear of its end is whoever reads it.
            await self._until(self._out, self._drained)
            await self._reaped()
        finally:
            self._abandon()

    def _drained(self) -> bool:
        try:
            while os.read(self._out, _CHUNK):
                pass
        except BlockingIOError:
            return False
        return True

    async def _reaped(self) -> None:
        if self._process.poll() is not None:
            return
        if not hasattr(os, "pidfd_open"):
            await asyncio.get_running_loop().run_in_executor(None, self._process.wait)
            return
        ended = os.pidfd_open(self._process.pid)
        try:
            await self._until(ended, lambda: self._process.poll() is not None)
        finally:
            os.close(ended)

    async def _until(self, descriptor: int, is_so: Callable[[], bool]) -> None:
        """Waits, within bounds, until `is_so` answers yes; looks again whenever `descriptor` can be read."""
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()

        def look() -> None:
            if is_so():
                _settle(over, None)

        loop.add_reader(descriptor, look)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_END_SECONDS):
                    await over
        finally:
            loop.remove_reader(descriptor)


def _widen(pipe: int) -> None:
    """Has the pipe take the whole inner program at once, before anyone reads it; where it may not, it goes in parts."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _ROOM)


def _settle(future: asyncio.Future[Any], value: object) -> None:
    if not future.done():
        future.set_result(value)


def _kill(process: subprocess.Popen[bytes]) -> None:
    # Not yet waited for, so the number is still this process's own.
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _abandon(process: subprocess.Popen[bytes], base: Base | None) -> None:
    """Ends whatever is left at once; safe to do twice."""
    _kill(process)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.wait()
    if base:
        base.remove()

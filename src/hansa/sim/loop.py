"""An event loop without a clock: when nothing is left to do, time jumps to the next timer.

No threads, no sockets, no selector. Calls run one after the other: those that are ready in the order in which they
were handed in, timers by their time and then in the order in which they were set. How fast the machine is changes
nothing.

Calls belong to a `Process`, the simulated process that they were made in. A process can be paused, and what is due
waits until it goes on; and it can be killed: its timers never fire again, and its tasks are cancelled.

>>> loop = VirtualLoop()
>>> loop.run_until_complete(loop.sleep(86_400_000))
>>> loop.now_ms, loop.steps < 10
(86400000, True)
"""

from __future__ import annotations

import asyncio
import heapq
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from hansa.kernel.errors import Fault

T = TypeVar("T")

MS = 1_000
"""Microseconds in a millisecond; the loop counts microseconds."""

STANDSTILL = 1_000_000
"""Calls at one instant after which time counts as standing still."""


class Stuck(Fault):
    """Nothing will ever happen that is waited for, or time does not move on."""


class Process:
    """One simulated process: whose calls they are.

    Attributes:
        alive: False once it was killed.
        held: what is due while it is paused; None while it runs.
        context: what its calls run in.
    """

    def __init__(self, name: str) -> None:
        """Makes a running process."""
        self.name = name
        self.alive = True
        self.held: list[_Call] | None = None
        self.tasks: dict[asyncio.Task[Any], None] = {}  # a set would be gone through by address
        self.context = copy_context()
        self.context.run(_PROCESS.set, self)


_PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class _Call(asyncio.TimerHandle):
    """One call that is to be made."""

    __slots__ = ("args", "ctx", "function", "process", "timed")

    def __init__(self, function: Callable[..., object], args: tuple[Any, ...], ctx: Context, timed: int) -> None:
        # The base class is for those who ask for the type; each of its fields costs time and nobody reads it.
        self.function: Callable[..., object] | None = function
        self.args = args
        self.ctx = ctx
        self.process = ctx.get(_PROCESS)
        self.timed = timed

    def cancel(self) -> None:
        """Has it not made."""
        self.function = None
        self.args = ()

    def cancelled(self) -> bool:
        """Says whether it will not be made."""
        return self.function is None

    def when(self) -> float:
        """Returns its time in seconds."""
        return self.timed / 1_000_000

    def __repr__(self) -> str:
        """Shows what is called."""
        return f"<call {self.function!r} at {self.timed} us>"


if TYPE_CHECKING:
    _Loop = Any  # its stub has 23 more methods as abstract, which nobody calls here and which say so when called
else:
    _Loop = asyncio.AbstractEventLoop


class VirtualLoop(_Loop):  # type: ignore[misc]
    """Runs calls in virtual time.

    Attributes:
        steps: calls made.
        unhandled: what went wrong where nobody was told: a task that ended in an error, say.
    """

    def __init__(self) -> None:
        """Begins at time 0 with nothing to do."""
        self._us = 0
        self._ready: deque[_Call] = deque()
        self._timers: list[tuple[int, int, _Call]] = []
        self._set = 0
        self._closed = False
        self._running = False
        self.steps = 0
        self.unhandled: list[str] = []

    # ---- time

    @property
    def now_us(self) -> int:
        """Virtual microseconds since the beginning."""
        return self._us

    @property
    def now_ms(self) -> int:
        """Virtual milliseconds since the beginning."""
        return self._us // MS

    def time(self) -> float:
        """Returns virtual seconds since the beginning."""
        return self._us / 1_000_000

    async def sleep(self, ms: int) -> None:
        """Returns after so many virtual milliseconds."""
        done = self.create_future()
        self.post(ms * MS, copy_context(), _wake, done)
        await done

    # ---- handing in

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> _Call:
        """Has something called as soon as what was handed in before is done."""
        call = _Call(callback, args, context if context is not None else copy_context(), 0)
        self._ready.append(call)
        return call

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> _Call:
        """Has something called after `delay` seconds."""
        return self.post(round(delay * 1_000_000), context if context is not None else copy_context(), callback, *args)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> _Call:
        """Has something called at a time in seconds."""
        return self.call_later(when - self.time(), callback, *args, context=context)

    def post(self, delay_us: int, context: Context, callback: Callable[..., object], *args: Any) -> _Call:
        """Has something called in `context` after so many microseconds; the cheapest way to set a timer."""
        at = self._us + max(0, delay_us)
        call = _Call(callback, args, context, at or 1)
        self._set += 1
        heapq.heappush(self._timers, (at, self._set, call))
        return call

    def create_future(self) -> asyncio.Future[Any]:
        """Returns a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Generator[Any, None, T] | Coroutine[Any, Any, T], *, name: object = None,
        context: Context | None = None, **_: Any,
    ) -> asyncio.Task[T]:  # fmt: skip
        """Begins a task; it belongs to the process that it is begun in."""
        process = (context or copy_context()).get(_PROCESS)
        task = asyncio.Task(coro, loop=self, name=str(name) if name else "task", context=context)
        if process is not None:
            process.tasks[task] = None
            task.add_done_callback(process.tasks.pop)
        return task

    def spawn(self, process: Process, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begins a task in a process."""
        return process.context.copy().run(self.create_task, coro)

    # ---- processes

    def pause(self, process: Process) -> None:
        """Stops a process: what is due for it waits (SIGSTOP)."""
        if process.held is None:
            process.held = []

    def resume(self, process: Process) -> None:
        """Has a paused process go on with what was due, in its order (SIGCONT)."""
        held, process.held = process.held, None
        self._ready.extend(held or ())

    def kill(self, process: Process) -> None:
        """Ends a process. Its ports must be dead by now: what its cancelled tasks still do is for nobody."""
        process.alive = False
        self.resume(process)
        for task in list(process.tasks):
            task.cancel()

    # ---- running

    def run_until(self, ms: int) -> None:
        """Runs up to a time in virtual milliseconds, whether or not anything happens.

        Raises:
            Stuck: time stands still.
        """
        self._run(ms * MS, None)
        self._us = max(self._us, ms * MS)

    def run_until_complete(self, future: Awaitable[T]) -> T:
        """Runs until a future is done, and returns its result.

        Raises:
            Stuck: nothing is left to do, and it is not done: it waits for what will never come.
        """
        waited = asyncio.ensure_future(future, loop=self)
        self._run(None, waited)
        if not waited.done():
            waited.cancel()
            raise Stuck(f"nothing will ever happen: {len(self._timers)} timers, and what is waited for is not done")
        return waited.result()

    def _run(self, until: int | None, future: asyncio.Future[Any] | None) -> None:
        if self._running:
            raise RuntimeError("this loop is running already")
        before = asyncio._get_running_loop()
        self._running = True
        asyncio._set_running_loop(self)
        try:
            ready, timers, pop = self._ready, self._timers, heapq.heappop
            last = sys.maxsize if until is None else until
            while future is None or not future.done():
                if ready:
                    self._work(ready, future)
                elif timers and timers[0][0] <= last:
                    self._us, _, call = pop(timers)
                    process, function = call.process, call.function
                    if function is None or (process is not None and not process.alive):
                        continue
                    if process is not None and process.held is not None:
                        process.held.append(call)
                        continue
                    self.steps += 1
                    call.ctx.run(function, *call.args)
                else:
                    break
        finally:
            self._running = False
            asyncio._set_running_loop(before)

    def _work(self, ready: deque[_Call], future: asyncio.Future[Any] | None) -> None:
        left = STANDSTILL
        while ready:
            call = ready.popleft()
            if call.function is None:
                continue
            process = call.process
            if process is not None:
                if process.held is not None:
                    process.held.append(call)
                    continue
                if call.timed and not process.alive:
                    continue
            self.steps += 1
            call.ctx.run(call.function, *call.args)
            left -= 1
            if left <= 0:
                raise Stuck(f"time stands still at {self.now_ms} ms: {call!r}")
            if future is not None and future.done():
                return

    # ---- what else asyncio asks of a loop

    def is_running(self) -> bool:
        """Says whether it runs."""
        return self._running

    def is_closed(self) -> bool:
        """Says whether it was closed."""
        return self._closed

    def close(self) -> None:
        """Forgets what is left to do."""
        self._ready.clear()
        self._timers.clear()
        self._closed = True

    def get_debug(self) -> bool:
        """Says no: nothing here is measured by the machine's clock."""
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Remembers what went wrong where nobody was told."""
        if not self._closed:
            self.unhandled.append(f"{context.get('message')}: {context.get('exception')!r}")

    def run_in_executor(self, executor: object, func: object, *args: object) -> NoReturn:
        """Refuses: a thread would make a run depend on the machine."""
        raise NotImplementedError("no threads under virtual time: a port that needs one must be simulated")

    def call_soon_threadsafe(self, callback: object, *args: object, context: object = None) -> NoReturn:
        """Refuses: there are no threads."""
        raise NotImplementedError("no threads under virtual time")

    async def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise NotImplementedError("no sockets and no child processes under virtual time: use the simulated ports")

    getaddrinfo = getnameinfo = create_connection = create_server = create_datagram_endpoint = _refuse
    create_unix_connection = create_unix_server = subprocess_exec = subprocess_shell = _refuse
    sock_recv = sock_sendall = sock_connect = sock_accept = _refuse


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)

"""Proxies on loopback through which nodes reach each other, where no network can be made: they cut, delay and tear.

Each node has one, whose address is the only one that the others know. From where a connection comes is read from
Linux's table of sockets: the process whose port it is. The proxies run in a thread with a loop of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from enum import Enum, auto
from pathlib import Path
from random import Random
from typing import Any

CHUNK = 64 * 1024
TORN_PER_MILLE = 10
LATE_SHARE = 0.25
LATE_S = (0.2, 0.8)
"""What a lost packet costs a TCP connection: a retransmission, after at least 200 ms."""


class Way(Enum):
    """What becomes of what goes from one node to another."""

    OPEN = auto()
    SILENT = auto()  # it waits, as behind a cable that is pulled
    REFUSED = auto()  # connections are torn, and none is made
    LOSSY = auto()  # some of it is late, and now and then a connection is torn


Ways = Callable[[int, int], Way]


def everything_open(_source: int, _target: int) -> Way:
    """Lets everything through."""
    return Way.OPEN


class Proxies:
    """The proxies of a field.

    Attributes:
        torn, late: connections that were torn, and pieces that were held up, for loss.
    """

    def __init__(self, whose: Callable[[int], int | None], random: Random) -> None:
        """Starts a thread, and no proxy yet.

        Args:
            whose: which node a port of this machine belongs to; None for no node.
        """
        self._whose = whose
        self._random = random
        self._ways: Ways = everything_open
        self._loop = asyncio.new_event_loop()
        self._changed = asyncio.Event()
        self._flows: dict[asyncio.Task[None], tuple[int, int]] = {}
        self._servers: list[asyncio.Server] = []
        self.torn = self.late = 0
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies")
        self._thread.start()

    def open(self, number: int, port: int) -> int:
        """Returns the port of a new proxy before the port of node `number`."""
        return self._do(self._open(number, port))

    def let(self, ways: Ways) -> None:
        """Lets through from now on what `ways` says."""
        self._do(self._let(ways))

    def close(self) -> None:
        """Ends all connections and the thread."""
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _open(self, number: int, port: int) -> int:
        async def came(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(number, port, reader, writer)

        server = await asyncio.start_server(came, "127.0.0.1", 0)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _let(self, ways: Ways) -> None:
        self._ways = ways
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        for task, (source, target) in list(self._flows.items()):
            if ways(source, target) is Way.REFUSED:
                task.cancel()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        flows = list(self._flows)
        for task in flows:
            task.cancel()
        await asyncio.gather(*flows, return_exceptions=True)

    async def _serve(self, target: int, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        peer = writer.get_extra_info("peername")
        found = await asyncio.to_thread(self._whose, peer[1]) if peer else None
        source = -1 if found is None else found
        self._flows[task] = source, target
        writers = [writer]
        try:
            if self._ways(source, target) is not Way.REFUSED:
                await self._passes(source, target)
                near, far = await asyncio.open_connection("127.0.0.1", port)
                writers.append(far)
                both = [self._carry(source, target, reader, far), self._carry(target, source, near, writer)]
                await asyncio.gather(*both)
        except (OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            del self._flows[task]
            for one in writers:
                one.transport.abort()

    async def _carry(
        self, source: int, target: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(CHUNK):
            await self._passes(source, target)
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError  # one end is gone: so is the whole

    async def _passes(self, source: int, target: int) -> None:
        """Returns when a piece may go on."""
        while (way := self._ways(source, target)) is Way.SILENT:
            await self._changed.wait()
        if way is Way.REFUSED:
            raise ConnectionResetError
        if way is Way.LOSSY:
            if self._random.randrange(1000) < TORN_PER_MILLE:
                self.torn += 1
                raise ConnectionResetError
            if self._random.random() < LATE_SHARE:
                self.late += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), self._random.uniform(*LATE_S))


def process_of(port: int, processes: dict[int, int]) -> int | None:
    """Returns what is said in `processes` (by process id) of the one that has a port of this machine open.

    The table has one line per end of a connection; the local end with that port is the one that dialled.
    """
    wanted = f"0100007F:{port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[1] == wanted and words[9] != "0":
            name = f"socket:[{words[9]}]"
            for pid, number in processes.items():
                if name in _open_by(pid):
                    return number
    return None


def _open_by(pid: int) -> list[str]:
    found = []
    with contextlib.suppress(OSError):
        for one in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(str(one.readlink()))
    return found

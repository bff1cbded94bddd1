"""A field on loopback: every node listens on this machine, and is known to the others by a proxy alone."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

from tests.cluster.field import Field, Node
from tests.cluster.proxy import Proxies, Way, everything_open, process_of


def may_be_made() -> bool:
    """Says whether it can be told here from which process a connection comes."""
    return sys.platform == "linux"


class Loopback(Field):
    """Nodes behind proxies."""

    lan = "127.0.0.0/8"

    def __init__(self, root: Path, size: int = 9, harsh: bool = False) -> None:
        """Makes homes below `root`.

        Args:
            harsh: a cut refuses connections, rather than to leave them without an answer.
        """
        super().__init__(size)
        self._root = root
        self._cut = Way.REFUSED if harsh else Way.SILENT
        self._side: dict[int, int] = {}
        self._lossy: dict[int, None] = {}
        self._proxies: Proxies | None = None
        self._ports: list[int] = []

    @property
    def dropped(self) -> int:
        """Pieces that were held up, and connections that were torn."""
        return self._proxies.late + self._proxies.torn if self._proxies else 0

    def _make(self) -> None:
        self._proxies = Proxies(self._whose, Random("proxies"))
        own = _free_ports(self._size)
        self._ports = [self._proxies.open(number, port) for number, port in enumerate(own)]
        for number, port in enumerate(own):
            self.nodes.append(Node(self, number, self._root, "127.0.0.1", port, self.address(number)))

    def _unmake(self) -> None:
        if self._proxies is not None:
            self._proxies.close()
            self._proxies = None

    def address(self, number: int) -> str:
        """Returns the address of a node's proxy."""
        return f"http://127.0.0.1:{self._ports[number]}"

    def _whose(self, port: int) -> int | None:
        running = {one.process.process.pid: one.number for one in self.nodes if one.process.process is not None}
        return process_of(port, running)

    def cut(self, sides: Sequence[Sequence[int]]) -> None:
        """Lets nothing through between the sides; who is in none of them is alone."""
        self._side = {number: -1 - number for number in range(self._size)}
        self._side |= {number: place for place, side in enumerate(sides) for number in side}
        self._let()

    def narrow(self, numbers: Iterable[int]) -> str:
        """Holds up and tears what goes from and to these nodes."""
        self._lossy |= dict.fromkeys(numbers)
        self._let()
        return "proxies that hold up and tear"

    def heal(self) -> None:
        """Lets everything through again."""
        self._side, self._lossy = {}, {}
        self._let()

    def _let(self) -> None:
        side, lossy, cut = self._side, self._lossy, self._cut

        def way(source: int, target: int) -> Way:
            if side.get(source) != side.get(target):
                return cut
            return Way.LOSSY if source in lossy or target in lossy else Way.OPEN

        assert self._proxies is not None
        self._proxies.let(way if side or lossy else everything_open)


def _free_ports(count: int) -> list[int]:
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in taken]
    for one in taken:
        one.close()
    return ports

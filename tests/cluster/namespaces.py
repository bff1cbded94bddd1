"""A field of network namespaces: a node in each, on a bridge that is in a namespace of its own.

The machine's own network is not touched: bridges, cables and addresses are in namespaces that are made here, named
after this process, and taken away by name. A cut moves cables to further bridges; a node that is alone has its cable
pulled. Loss is made by the kernel: `netem` where there is one, else links so narrow that their queues run over.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.cluster.field import Field, Node

NET = "10.73.91."
PORT = 8470
LOSSY = "netem loss 20% delay 15ms 10ms"
NARROW = "tbf rate 384kbit burst 2000 limit 4500"
_CLONE_NEWNET = 0x40000000
_numbers = count(1)


def run(*words: str) -> str:
    """Runs a command; returns what it prints."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
    return done.stdout


def may_be_made() -> bool:
    """Says whether this user may make network namespaces, bridges and cables here."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    name = f"hansa-{os.getpid()}-try"
    commands = ["netns add {0}", "-n {0} link add cable type veth peer name end", "-n {0} link add wire type bridge"]
    try:
        return all(
            subprocess.run(["ip", *one.format(name).split()], capture_output=True, timeout=60).returncode == 0
            for one in commands
        )
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, timeout=60)


class Namespaces(Field):
    """Nodes in network namespaces."""

    lan = f"{NET}0/24"

    def __init__(self, root: Path, size: int = 9) -> None:
        """Makes homes below `root`."""
        super().__init__(size)
        self._root = root
        self._name = f"hansa-{os.getpid()}-{next(_numbers)}"
        self._hub = f"{self._name}-wire"
        self._made: list[str] = []
        self._bridges = 0
        self._shaped: list[int] = []
        self.dropped = 0

    def _make(self) -> None:
        self._add(self._hub)
        self._bridge()
        for number in range(self._size):
            where = self._space(number)
            self._add(where)
            run(
                "ip",
                "-n",
                where,
                "link",
                "add",
                "eth0",
                "type",
                "veth",
                "peer",
                self._cable(number),
                "netns",
                self._hub,
            )
            run("ip", "-n", where, "address", "add", f"{NET}{number + 1}/24", "dev", "eth0")
            run("ip", "-n", where, "link", "set", "eth0", "up")
            self._plug(number, 0)
            node = Node(self, number, self._root, f"{NET}{number + 1}", PORT, self.address(number))
            node.process.within = ["ip", "netns", "exec", where]
            self.nodes.append(node)

    def _unmake(self) -> None:
        while self._made:
            subprocess.run(["ip", "netns", "del", self._made.pop()], capture_output=True, timeout=60)

    def _add(self, name: str) -> None:
        run("ip", "netns", "add", name)
        self._made.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")

    def _bridge(self) -> None:
        run("ip", "-n", self._hub, "link", "add", f"wire{self._bridges}", "type", "bridge")
        run("ip", "-n", self._hub, "link", "set", f"wire{self._bridges}", "up")
        self._bridges += 1

    def _space(self, number: int) -> str:
        return f"{self._name}-{number}"

    def _cable(self, number: int) -> str:
        return f"cable{number}"

    def _plug(self, number: int, bridge: int) -> None:
        run("ip", "-n", self._hub, "link", "set", self._cable(number), "master", f"wire{bridge}", "up")

    def address(self, number: int) -> str:
        """Returns where other nodes dial a node."""
        return f"http://{NET}{number + 1}:{PORT}"

    @contextmanager
    def inside(self, number: int) -> Iterator[None]:
        """Lets this thread make sockets where a node is; those stay there."""
        with (
            Path(f"/proc/self/task/{threading.get_native_id()}/ns/net").open() as home,
            Path(f"/run/netns/{self._space(number)}").open() as there,
        ):
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(home.fileno())

    def cut(self, sides: Sequence[Sequence[int]]) -> None:
        """Moves the cables of all sides but the first to bridges of their own, and pulls those of who is alone."""
        alone = [number for number in range(self._size) if not any(number in side for side in sides)]
        for bridge, side in enumerate(sides):
            while bridge >= self._bridges:
                self._bridge()
            for number in side:
                self._plug(number, bridge)
        for number in alone:
            run("ip", "-n", self._hub, "link", "set", self._cable(number), "down")

    def narrow(self, numbers: Iterable[int]) -> str:
        """Has the kernel lose packets in both directions of these nodes' cables."""
        how = LOSSY
        for number in numbers:
            self._shaped.append(number)
            for space, device in self._ends(number):
                if not _shape(space, device, how):
                    how = NARROW
                    assert _shape(space, device, how), f"neither {LOSSY} nor {NARROW} works here"
        return how

    def _ends(self, number: int) -> list[tuple[str, str]]:
        return [(self._hub, self._cable(number)), (self._space(number), "eth0")]

    def heal(self) -> None:
        """Puts every cable back, and takes away what loses packets; counts what was lost."""
        for number in self._shaped:
            for space, device in self._ends(number):
                told = run("tc", "-n", space, "-s", "qdisc", "show", "dev", device)
                self.dropped += sum(map(int, re.findall(r"dropped (\d+)", told)))
                run("tc", "-n", space, "qdisc", "del", "dev", device, "root")
        self._shaped.clear()
        for number in range(self._size):
            self._plug(number, 0)


def _shape(space: str, device: str, how: str) -> bool:
    words = ["tc", "-n", space, "qdisc", "replace", "dev", device, "root", *how.split()]
    return subprocess.run(words, capture_output=True, timeout=60).returncode == 0


def _enter(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")

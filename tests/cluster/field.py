"""A field: nodes as processes, and the network between them, which the test cuts and narrows.

Two networks do the same: `namespaces.Namespaces`, where this user may make network namespaces, and `loopback.Loopback`,
everywhere else. Nodes are numbered from 0. Whatever a field makes is gone when it is closed, also after a failure.
"""

from __future__ import annotations

import http.client
import json
import signal
import socket
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests.e2e.processes import Process

ANSWER_S = 15.0
"""How long a node may take to answer the test itself, on a machine that has other work."""

SETTINGS = """\
role = "hub"
log_level = "warning"
host = "{host}"

[admission]
records_per_minute = 1000000

[outbound]
lan = ["{lan}"]

[overlay]
open = true
addresses = ["{address}"]
seeds = {seeds}

"""
"""A hub takes what invited authors push and proves nothing, so that the time goes into the network."""


class Unreached(Exception):
    """A node gave no answer: what it was asked may have been done or not."""


class Node:
    """One node of a field.

    Attributes:
        number: its place in the field.
        address: where other nodes dial it.
        paused: its process was told to stand still.
        ready: it was started, and looked at since.
        disturbed: how often it was killed or paused.
    """

    def __init__(self, field: Field, number: int, root: Path, host: str, port: int, address: str) -> None:
        """Makes its home; it is not started."""
        self._field = field
        self.number = number
        self.address = address
        self.paused = self.ready = False
        self.disturbed = 0
        seeds = json.dumps([field.address(one) for one in field.seeds_of(number)])
        written = SETTINGS.format(host=host, lan=field.lan, address=address, seeds=seeds)
        self.process = Process(root, f"node-{number}", written)
        self.process.port = port
        self._at = (host, port)

    @property
    def id(self) -> str:
        """Its node id."""
        return self.process.id

    @property
    def home(self) -> Path:
        """Its data directory."""
        return self.process.home

    @property
    def is_up(self) -> bool:
        """Whether its process was started and not killed since."""
        return self.process.process is not None

    def kill(self) -> None:
        """kill -9."""
        self.disturbed += 1
        self.ready = False
        self.process.kill()
        self.paused = False

    def pause(self) -> None:
        """SIGSTOP: it stands still, with all its connections."""
        self.disturbed += 1
        self.paused = True
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)
        self.disturbed += 1
        self.paused = False

    def _signal(self, number: signal.Signals) -> None:
        assert self.process.process is not None
        self.process.process.send_signal(number)

    def request(self, method: str, path: str, body: bytes = b"", timeout: float = ANSWER_S, **headers: str) -> Any:
        """Returns status and JSON of an answer, over a connection of its own from where the node is.

        Raises:
            Unreached: there was none, or not all of it.
        """
        host, port = self._at
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
        try:
            with self._field.inside(self.number):
                connection.sock = socket.create_connection((host, port), timeout)
            connection.request(method, path, body, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreached(f"node {self.number}: {error!r}") from None
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """Returns the JSON at a path."""
        status, body = self.request("GET", path)
        assert status == 200, body
        return json.loads(body)

    def ask(self, operation: str, timeout: float = ANSWER_S, **arguments: Any) -> Any:
        """Runs an operation as this user's commands do; returns its result.

        Raises:
            Unreached: see `request`.
        """
        token = (self.home / "admin.token").read_text().strip()
        _, body = self.request(
            "POST", f"/admin/operations/{operation}", json.dumps(arguments).encode(), timeout,
            Authorization=f"Bearer {token}",
        )  # fmt: skip
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        if not lines or lines[-1].get("result") is None:
            raise Unreached(f"node {self.number}, {operation}: {body[:300]!r}")
        return lines[-1]["result"]


class Field(ABC):
    """Nodes and the network between them.

    Attributes:
        nodes: by number.
        lan: the network that their addresses are in.
    """

    lan: str

    def __init__(self, size: int) -> None:
        """Has no nodes yet."""
        self._size = size
        self._before: Any = signal.SIG_DFL
        self.nodes: list[Node] = []

    def __enter__(self) -> Self:
        """Is closed at the end of the block, also when making it fails, and when this process is asked to end."""
        self._before = signal.signal(signal.SIGTERM, _interrupted)
        try:
            self._make()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Ends all processes and takes the network away."""
        self.close()

    def close(self) -> None:
        """Ends all processes and takes the network away."""
        for node in self.nodes:
            if node.is_up:
                node.kill()
        self._unmake()
        signal.signal(signal.SIGTERM, self._before)

    def seeds_of(self, number: int) -> tuple[int, int]:
        """Returns which two others a node is told of: the next ones, round in a ring."""
        return (number + 1) % self._size, (number + 2) % self._size

    def start(self, numbers: Iterable[int]) -> None:
        """Starts nodes side by side, and returns when all of them answer."""
        nodes = [self.nodes[number] for number in numbers]
        for node in nodes:
            node.process.launch()
        for node in nodes:
            node.process.await_ready()

    def each(self, do: Any) -> list[Any]:
        """Returns what `do` returns for each node; all of them at once, in threads."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            return list(pool.map(do, self.nodes))

    @abstractmethod
    def _make(self) -> None:
        """Makes the network and the nodes' homes."""

    @abstractmethod
    def _unmake(self) -> None:
        """Takes away what `_make` made, as far as it came."""

    @abstractmethod
    def address(self, number: int) -> str:
        """Returns where other nodes dial a node."""

    @contextmanager
    def inside(self, number: int) -> Iterator[None]:
        """Lets this thread make sockets where a node is."""
        yield

    @abstractmethod
    def cut(self, sides: Sequence[Sequence[int]]) -> None:
        """Lets nothing through between the sides; who is in none of them is alone."""

    @abstractmethod
    def narrow(self, numbers: Iterable[int]) -> str:
        """Makes the links of these nodes lossy; returns how, in words."""

    @abstractmethod
    def heal(self) -> None:
        """Lets everything through again."""


def _interrupted(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt

"""Servers as processes of their own, on free ports of the loopback interface, ended with the block that starts them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hansa.adapters.keys import MemoryKeys
from hansa.entrypoints.home import KEY
from hansa.entrypoints.identities import create_identity

HANSA = [sys.executable, "-m", "hansa.entrypoints.cli.main"]
PER_MINUTE = 100_000_000
"""What the authors of a run may send; an operator sets it with `hansa peer add --per-minute`."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is up.

    Attributes:
        port: where it listens.
        pid: its process.
    """

    port: int
    pid: int

    def processor_seconds(self) -> float:
        """Returns the processor time that it has used so far; 0 where the system has no /proc."""
        stat = Path(f"/proc/{self.pid}/stat")
        if not stat.exists():
            return 0.0
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def reference(folder: Path, authors: Sequence[MemoryKeys]) -> Iterator[Server]:
    """Runs `reference_server`."""
    port = _free_port()
    keys = [f"{one.node_id}={one.key.public.raw.hex()}" for one in authors]
    command = [sys.executable, "-m", "benchmarks.reference_server", str(folder / "reference.db"), str(port), *keys]
    with _running(command) as process:
        _await(port)
        yield Server(port, process.pid)


@contextmanager
def hub(folder: Path, authors: Sequence[MemoryKeys], settings: str = "") -> Iterator[Server]:
    """Runs `hansa up --role hub` with the authors as invited peers.

    Args:
        settings: what stands in config.toml, beside the role.
    """
    home = folder / "hub"
    if not (home / KEY).exists():
        create_identity(home)
    (home / "config.toml").write_text(f'role = "hub"\n{settings}')
    for one in authors:
        invite = ["peer", "add", one.node_id, "--per-minute", str(PER_MINUTE), "--home", str(home)]
        subprocess.run([*HANSA, *invite], check=True, stdout=subprocess.DEVNULL, env=_environment())
    port = _free_port()
    up = ["up", "--role", "hub", "--port", str(port), "--home", str(home), "--log-level", "error", "--json"]
    with _running([*HANSA, *up]) as process:
        assert process.stdout is not None
        text = ""
        while not text.endswith("}\n") and (line := process.stdout.readline()):
            text += line
        assert json.loads(text)["url"].endswith(f":{port}")
        yield Server(port, process.pid)


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment())
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("HANSA_")}


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _await(port: int) -> None:
    for _ in range(400):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.025)
    raise TimeoutError("the server did not come up")

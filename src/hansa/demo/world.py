"""The demonstration's world: real processes of real nodes, each in its own data directory, on free loopback ports."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hansa.entrypoints.cli.client import call
from hansa.entrypoints.identities import create_identity
from hansa.entrypoints.steps import Result
from hansa.kernel.errors import Unavailable

STOP_SECONDS = 10.0


@dataclass(slots=True)
class Resident:
    """A node of the world.

    Attributes:
        process: its `hansa up`; None for one that never runs a node.
    """

    name: str
    home: Path
    id: str
    url: str = ""
    process: subprocess.Popen[str] | None = None

    def ask(self, operation: str, **arguments: Any) -> Result:
        """Runs an operation on this node, as its owner's command line does."""
        return call(self.home, operation, **arguments)


@dataclass(slots=True)
class World:
    """Every node of the demonstration."""

    root: Path
    residents: list[Resident] = field(default_factory=list)

    def settle(self, name: str, settings: str = "") -> Resident:
        """Makes a data directory and an identity."""
        home = self.root / name
        node_id = create_identity(home)
        if settings:
            (home / "config.toml").write_text(settings, encoding="utf-8")
        resident = Resident(name, home, node_id)
        self.residents.append(resident)
        return resident

    def start(self, *residents: Resident) -> None:
        """Starts nodes, at once, and waits until all answer.

        Raises:
            Unavailable: one ended instead; its log says why.
        """
        for resident in residents:
            self._launch(resident)
        for resident in residents:
            self._await(resident)

    def _launch(self, resident: Resident) -> None:
        command = [sys.executable, "-m", "hansa.entrypoints.cli.main", "up", "--home", str(resident.home)]
        port = resident.url.rpartition(":")[2] or "0"  # one that was up before comes back where it was
        log = (resident.home / "log").open("w", encoding="utf-8")
        with log:
            resident.process = subprocess.Popen(
                [*command, "--port", port, "--name", resident.name, "--json"],
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                text=True,
            )

    def _await(self, resident: Resident) -> None:
        text, process = "", resident.process
        while process and process.stdout and (line := process.stdout.readline()):
            text += line
            if line.startswith("}"):
                break
        if not text:
            said = (resident.home / "log").read_text(encoding="utf-8")
            raise Unavailable(f"{resident.name} did not start: {said.strip()[-300:]}")
        resident.url = json.loads(text)["url"]

    def stop(self, *residents: Resident) -> None:
        """Ends nodes, every one if none is named, and waits until they are gone."""
        running = []
        for one in residents or self.residents:
            if one.process is not None:
                running.append(one.process)
                one.process.terminate()
                one.process = None
        for process in running:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()


@contextlib.contextmanager
def world(keep: bool) -> Iterator[World]:
    """Gives a world in a temporary directory; ends its nodes and removes it afterwards, unless it is to be kept."""
    root = Path(tempfile.mkdtemp(prefix="hansa-demo-"))
    made = World(root)
    kept = False
    try:
        yield made
        kept = keep
    finally:
        if not kept:
            made.stop()
            with contextlib.suppress(OSError):
                _remove(root)


def _remove(root: Path) -> None:
    for path in sorted(root.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
    root.rmdir()

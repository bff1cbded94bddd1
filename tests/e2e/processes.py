"""Nodes as processes of their own, which may be killed and started again on the same data and port."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from hansa.entrypoints.cli.client import call
from hansa.entrypoints.identities import create_identity
from hansa.kernel.ids import chain

SETTINGS = "[skills]\nimport_trials = 1\n"


class Process:
    """A node as a process, which may be killed and started again on the same data and port.

    Attributes:
        within: command that the node's own is run by, if any: one that enters a network namespace, say.
    """

    def __init__(self, root: Path, name: str, settings: str = "") -> None:
        self.home = root / name
        self.id = create_identity(self.home)
        (self.home / "config.toml").write_text(settings + SETTINGS)
        self.port = 0
        self.url = ""
        self.within: list[str] = []
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts the node and waits until it answers."""
        self.launch()
        self.await_ready()

    def launch(self) -> None:
        """Starts the node and waits for nothing."""
        given = {name: value for name, value in os.environ.items() if not name.startswith("HANSA_")}
        command = [*self.within, sys.executable, "-m", "hansa.entrypoints.cli.main", "up", "--json"]
        command += ["--port", str(self.port), "--home", str(self.home)]
        with (self.home / "log").open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=given)

    def await_ready(self) -> None:
        """Returns when the node says that it is up."""
        text = ""
        assert self.process is not None
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            text += line
            if line.startswith("}"):
                break
        assert text, (self.home / "log").read_text()
        self.url = json.loads(text)["url"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.gone()

    def gone(self) -> int:
        """Waits until the process, which was told to end, is gone; returns its exit code."""
        assert self.process is not None
        assert self.process.stdout is not None
        code = self.process.wait(20)
        self.process.stdout.close()
        self.process = None
        return code

    def ask(self, operation: str, **arguments: Any) -> Any:
        return call(self.home, operation, **arguments).value

    def get(self, path: str) -> Any:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.url + path, timeout=40) as answer:
            return json.load(answer)


def is_skill(item: dict[str, Any]) -> bool:
    """Says whether an item of a feed passes a skill on; root metadata is the other thing that these feeds hold."""
    return str(json.loads(base64.b64decode(json.loads(item["envelope"])["payload"]))["kind"]) == "skill"


def feed_of(node: Process) -> list[str]:
    """Returns the ids of a feed's skill records; the chain over all its records must end in its head."""
    ids: list[str] = []
    skills: list[str] = []
    while items := node.get(f"/feed?after={len(ids)}")["items"]:
        ids += [item["id"] for item in items]
        skills += [item["id"] for item in items if is_skill(item)]
    head = ""
    for one in ids:
        head = chain(head, one)
    assert node.ask("status")["feed"] == {"length": len(ids), "head": head}
    return skills


def no_bug_in(log: str) -> bool:
    """Says whether a node's log tells of no error but of clients that hung up; see tests/http/test_waiting.py."""
    return log.count("Traceback") == log.count("ClientDisconnect\n")

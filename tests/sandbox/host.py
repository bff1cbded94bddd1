"""What the tests watch on the host's side while hostile code runs: a secret, a folder, listeners, a victim."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import threading
from pathlib import Path

from hansa.adapters.sandbox import BUBBLEWRAP, LANDLOCK, NAMESPACES, SEATBELT, ProcessSandbox, Tier

VARIABLE = "HANSA_TEST_SECRET"


class Host:
    """A host with something to lose. `facts` tells the code where everything is, so that it need not search.

    Attributes:
        secret: what must not get out.
        reached: how often a listener was reached.
    """

    def __init__(self, folder: Path) -> None:
        self.secret = "secret-" + secrets.token_hex(16)
        self.reached = 0
        self.folder = folder
        self.file = folder / "canary"
        self._ends: list[socket.socket] = []
        # Readable and writable by every user: only the sandbox may be what stops the code.
        folder.chmod(0o777)
        self.file.write_text(self.secret, encoding="utf-8")
        self.file.chmod(0o666)
        self._before = self._state()
        os.environ[VARIABLE] = self.secret
        self._victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        self._listen()

    def _listen(self) -> None:
        stream = socket.create_server(("127.0.0.1", 0))
        port = stream.getsockname()[1]
        datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagram.bind(("127.0.0.1", port))
        local = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        local.bind(str(self.folder / "socket"))
        (self.folder / "socket").chmod(0o777)
        local.listen()
        abstract = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        name = "hansa-" + secrets.token_hex(4)
        if sys.platform == "linux":
            abstract.bind("\0" + name)
            abstract.listen()
        self._ends = [stream, datagram, local, abstract]
        for end in (stream, local, abstract):
            threading.Thread(target=self._accept, args=(end,), daemon=True).start()
        threading.Thread(target=self._receive, args=(datagram,), daemon=True).start()
        self.facts: dict[str, object] = {
            "file": str(self.file), "folder": str(self.folder), "variable": VARIABLE, "pid": self._victim.pid,
            "home": str(Path.home()), "port": port, "socket": str(self.folder / "socket"), "abstract": name,
            "packages": str(Path(contextlib.__file__).parent),
        }  # fmt: skip
        import msgspec

        self.facts["packages"] = str(Path(msgspec.__file__).parent.parent)

    def _accept(self, end: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = end.accept()
                self.reached += 1
                connection.close()

    def _receive(self, end: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                end.recv(10)
                self.reached += 1

    def _state(self) -> object:
        about = self.file.stat()
        return about.st_mode, about.st_uid, about.st_size, about.st_mtime_ns, about.st_nlink

    def harm(self) -> list[str]:
        """Returns what has happened to the host so far."""
        found = []
        if self.reached:
            found.append(f"a listener was reached {self.reached} times")
        if {path.name for path in self.folder.iterdir()} != {"canary", "socket"}:
            found.append(f"files came or went: {sorted(path.name for path in self.folder.iterdir())}")
        elif self._state() != self._before or self.file.read_text(encoding="utf-8") != self.secret:
            found.append("the file was changed")
        if os.listxattr(self.file) if hasattr(os, "listxattr") else False:
            found.append("the file was marked")
        if self._victim.poll() is not None:
            found.append("a process was killed")
        return found

    def close(self) -> None:
        """Ends the listeners and the victim."""
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._victim.communicate(b"\n")
        del os.environ[VARIABLE]


def sandbox(tier: Tier) -> ProcessSandbox:
    """Returns the tier's sandbox, whether or not a stronger one is available."""
    return ProcessSandbox(tier)


ALL = (BUBBLEWRAP, NAMESPACES, LANDLOCK, SEATBELT)


def descendants() -> set[int]:
    """Returns every process below this one (Linux)."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}

"""The unit that `hansa service install` writes, in the hands of a real systemd of a user's own.

The manager runs in process and mount namespaces of its own, which end with the test, and only where no systemd has
booted the machine: where one has, somebody's own manager may be at work, and it is not ours to try things on.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hansa.entrypoints.cli.client import call

MANAGER = "/lib/systemd/systemd"
HANSA = [sys.executable, "-m", "hansa.entrypoints.cli.main"]
GROUPS = [Path("/sys/fs/cgroup", name) for name in ("systemd", "unified", "")]
BEGIN = """
set -e
mount -t tmpfs tmpfs /run/systemd
mkdir /run/systemd/system
for group in "$@"; do mkdir "$group"; echo $$ > "$group/cgroup.procs"; done
"$MANAGER" --user --log-target=console  # not exec: as process 1 it would take itself for the system's
"""
SECONDS = 30


class Manager:
    """A systemd of a user's own, which runs in namespaces of its own."""

    def __init__(self, root: Path) -> None:
        self.home = root / "node"
        folders = {"XDG_RUNTIME_DIR": root / "run", "XDG_CONFIG_HOME": root / "config", "HOME": root / "home"}
        for folder in folders.values():
            folder.mkdir(mode=0o700)
        self.drop_in = root / "config" / "systemd" / "user" / "hansa.service.d"
        given = {name: value for name, value in os.environ.items() if not name.startswith(("HANSA_", "XDG_", "DBUS_"))}
        self._environment = given | {name: str(folder) for name, folder in folders.items()} | {"MANAGER": MANAGER}
        self._groups = [base / f"hansa-test-{os.getpid()}" for base in GROUPS if (base / "cgroup.procs").exists()]
        self._log = root / "manager.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it is up; skips the test where it can't be."""
        command = ["unshare", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child", "sh", "-c", BEGIN, "sh"]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready, self._log.open("wb") as log:
            ready.bind("\0" + f"hansa-test-{os.getpid()}")
            ready.settimeout(0.1)
            environment = self._environment | {"NOTIFY_SOCKET": f"@hansa-test-{os.getpid()}"}
            self._process = subprocess.Popen(
                [*command, *map(str, self._groups)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )
            while self._process.poll() is None:
                with suppress(TimeoutError):
                    if b"READY=1" in ready.recv(4096).split(b"\n"):
                        return
        pytest.skip(f"systemd --user can't be started here: {self._log.read_text()[-400:]}")

    def systemctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Has systemd do something, from within its namespaces: it talks to nobody else."""
        assert self._process is not None
        number = self._process.pid
        inside = Path(f"/proc/{number}/task/{number}/children").read_text().split()[0]
        command = ["nsenter", "--pid", "--mount", "--target", inside, "systemctl", "--user", "--quiet", *words]
        return subprocess.run(
            command, env=self._environment, timeout=SECONDS, check=False, capture_output=True, text=True
        )

    def shown(self, name: str) -> str:
        """Returns a property of the unit."""
        return self.systemctl("show", "hansa", "--value", "--property", name).stdout.strip()

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + SECONDS
        while not holds():
            assert time.monotonic() < end, self._log.read_text()[-2000:]

    def hansa(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [*HANSA, *words, "--home", str(self.home)]
        return subprocess.run(
            command, env=self._environment, timeout=SECONDS, check=False, capture_output=True, text=True
        )

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()  # and with it all that it has started
            self._process.wait(SECONDS)
        for group in (one for one in self._groups if one.exists()):
            self.until(lambda group=group: not any(path.read_text() for path in group.rglob("cgroup.procs")))  # type: ignore[misc]
            for below in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
                below.rmdir()
            group.rmdir()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    if lacking := [name for name in (MANAGER, "systemctl", "nsenter", "unshare") if shutil.which(name) is None]:
        pytest.skip(f"no {', '.join(lacking)} here")
    made = Manager(tmp_path)
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="the namespaces that the manager is kept in take root")
@pytest.mark.skipif(Path("/run/systemd/system").exists(), reason="a systemd has booted this machine")
def test_systemd_starts_the_node_keeps_it_up_and_stops_it(manager: Manager) -> None:
    assert manager.hansa("init").returncode == 0
    (manager.home / "config.toml").write_text("port = 0\n")
    assert manager.hansa("service", "install").returncode == 0
    manager.drop_in.mkdir()
    (manager.drop_in / "quick.conf").write_text("[Service]\nRestartSec=0\n")
    manager.start()
    assert manager.systemctl("enable", "--now", "hansa").returncode == 0
    process = call(manager.home, "status").value["process"]
    assert manager.shown("ActiveState") == "active"
    assert manager.shown("StatusText") == f"node at {process['url']}"
    first = manager.shown("MainPID")
    assert str(process["pid"]) == first

    assert manager.systemctl("kill", "--signal", "KILL", "--kill-who", "main", "hansa").returncode == 0
    manager.until(lambda: manager.shown("MainPID") not in ("0", first) and manager.shown("ActiveState") == "active")
    assert manager.shown("NRestarts") == "1"
    assert call(manager.home, "status").value["process"]["running"]

    refused = manager.hansa("restart")
    assert refused.returncode == 2
    assert "systemctl --user restart hansa" in refused.stderr
    assert manager.shown("ActiveState") == "active"

    assert manager.systemctl("stop", "hansa").returncode == 0
    assert (manager.shown("ActiveState"), manager.shown("Result")) == ("inactive", "success")

    (manager.home / "key").rename(manager.home / "away")  # starting again would change nothing, so it is not tried
    assert manager.systemctl("start", "hansa").returncode == 1
    assert (manager.shown("ActiveState"), manager.shown("ExecMainStatus")) == ("failed", "2")

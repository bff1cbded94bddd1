"""The service manager hears of a node what it asked for, and a node does without one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.adapters import systemd
from hansa.adapters.notify import READY, notify, wants_signs_of_life
from hansa.kernel.errors import NotFound, UsageError


@pytest.fixture
def manager() -> Iterator[tuple[str, socket.socket]]:
    folder = tempfile.mkdtemp(prefix="hansa-")  # short: a socket's path has 108 characters at most
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"{folder}/notify")
        sock.settimeout(5)
        yield f"{folder}/notify", sock
    shutil.rmtree(folder)


def test_what_is_told_arrives_in_one_piece(manager: tuple[str, socket.socket]) -> None:
    path, sock = manager
    assert notify(READY, "STATUS=up", environment={"NOTIFY_SOCKET": path})
    assert sock.recv(4096) == b"READY=1\nSTATUS=up"


@pytest.mark.parametrize("address", ["", "nonsense", "/nowhere/at/all", "@nobody-listens-here", "/dev/null"])
def test_without_a_manager_nothing_happens(address: str) -> None:
    assert notify(READY, environment={"NOTIFY_SOCKET": address}) is False


def test_signs_of_life_are_for_the_process_that_was_asked() -> None:
    assert not wants_signs_of_life({})
    assert wants_signs_of_life({"WATCHDOG_USEC": "60000000"})
    assert wants_signs_of_life({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())})
    assert not wants_signs_of_life({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"})


# ---- the unit


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@pytest.mark.parametrize("home", ["node", "my node 100% $HOME \"x\" 'y' \\ z"])
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path, home: str) -> None:
    path = tmp_path / "hansa.service"
    path.write_text(systemd.unit(tmp_path / home, ("--port", "8471", "--name", "a b")), encoding="utf-8")
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    done = subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "verify", str(path)], capture_output=True, text=True, timeout=60,
        env=os.environ | {"XDG_RUNTIME_DIR": str(run)},
    )  # fmt: skip
    if "Failed to initialize manager" in done.stderr:
        pytest.skip("systemd-analyze can't work here")
    assert done.returncode == 0, done.stderr
    assert "hansa.service" not in done.stderr, done.stderr


def test_the_unit_leaves_the_sandbox_its_namespaces(tmp_path: Path) -> None:
    names = {line.partition("=")[0] for line in systemd.unit(tmp_path).splitlines()}
    assert "NoNewPrivileges" in names
    assert not names & {"RestrictNamespaces", "PrivateUsers", "ProtectProc", "ProtectSystem", "ProtectKernelTunables",
                        "SystemCallFilter", "MemoryDenyWriteExecute", "ProcSubset"}  # fmt: skip


def test_a_unit_of_somebody_else_is_neither_replaced_nor_removed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = systemd.path_of("hansa")
    path.parent.mkdir(parents=True)
    path.write_text("[Unit]\n")
    for work in (lambda: systemd.install("hansa", systemd.unit(tmp_path)), lambda: systemd.uninstall("hansa")):
        with pytest.raises(UsageError, match="not written by hansa"):
            work()
    assert path.read_text() == "[Unit]\n"


def test_ours_is_replaced_and_removed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    systemd.install("hansa", systemd.unit(tmp_path / "a"))
    path = systemd.install("hansa", systemd.unit(tmp_path / "b"))
    assert f"--home {tmp_path / 'b'}" in path.read_text()
    assert [one.name for one in path.parent.iterdir()] == ["hansa.service"]
    assert systemd.uninstall("hansa") == path
    with pytest.raises(NotFound):
        systemd.uninstall("hansa")


ME, GROUP = str(os.getpid()), "1:name=systemd:/user.slice/user@7.service/app.slice/hub.service\n"


@pytest.mark.parametrize(
    ("told", "group", "command"),
    [
        ({}, GROUP, ""),
        ({"SYSTEMD_EXEC_PID": "1", "WATCHDOG_PID": "1", "MANAGERPID": "1"}, GROUP, ""),  # a terminal's, inherited
        ({"SYSTEMD_EXEC_PID": ME, "MANAGERPID": "1"}, GROUP, "systemctl --user restart hub"),
        ({"WATCHDOG_PID": ME}, "0::/system.slice/hansa.service\n", "systemctl restart hansa"),
        ({"SYSTEMD_EXEC_PID": ME}, "0::/\n", "systemctl restart UNIT"),
    ],
)
def test_a_node_knows_the_unit_that_keeps_it(tmp_path: Path, told: dict[str, str], group: str, command: str) -> None:
    (tmp_path / "cgroup").write_text(group)
    assert systemd.keeper(told, tmp_path / "cgroup") == command


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "a\nb"])
def test_a_name_that_would_lead_elsewhere(name: str) -> None:
    with pytest.raises(UsageError, match="no name for a unit"):
        systemd.path_of(name)

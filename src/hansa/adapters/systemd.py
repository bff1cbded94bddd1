"""A systemd unit of the user's own for a node, written by us, with only such limits as leave the sandbox whole.

The node's own sandbox makes user, mount, pid and network namespaces and mounts /proc in them. Options that forbid
namespaces, or that put read-only mounts over /proc, would break it, and systemd can't set them up for a user's unit
without a user namespace around everything: RestrictNamespaces, PrivateUsers, ProtectSystem, ProtectProc.
What stands in the unit was run with the sandbox's self-test within (docs/adr/0020-running-a-node.md).
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from hansa.kernel.errors import NotFound, Unavailable, UsageError

MARK = "# Written by hansa service install."

_UNIT = """{mark} `hansa service uninstall` takes it away.
[Unit]
Description=Hansa node in {home}
Documentation=man:systemd.service(5)
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
Restart=on-failure
RestartSec=5
# Settings, a missing key or another node: starting again would change nothing.
RestartPreventExitStatus=2 5
TimeoutStartSec=60
TimeoutStopSec=30
# The node tells of itself once a second from its event loop.
WatchdogSec=60
KillMode=mixed
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
LimitCORE=0
TasksMax=512

[Install]
WantedBy=default.target
"""


def unit(home: Path, flags: Sequence[str] = ()) -> str:
    """Returns the unit for the node in `home`."""
    program = shutil.which("hansa", path=str(Path(sys.executable).parent))
    start = [program] if program else [sys.executable, "-m", "hansa.entrypoints.cli.main"]
    words = [*start, "up", "--home", str(home.absolute()), *flags]
    return _UNIT.format(mark=MARK, home=_escaped(str(home.absolute())), command=" ".join(map(_quoted, words)))


def folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Returns where a user's units lie."""
    base = environment.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "systemd" / "user"


def path_of(name: str) -> Path:
    """Returns where the unit of that name lies.

    Raises:
        UsageError: the name makes no good file name.
    """
    if not name or not all(char.isalnum() or char in "-_." for char in name) or name.startswith("."):
        raise UsageError(f"{name!r} is no name for a unit: use letters, digits, - and _")
    return folder() / f"{name}.service"


def install(name: str, text: str) -> Path:
    """Writes a unit; one that is ours is replaced.

    Raises:
        UsageError: something else has that name. Unavailable: it can't be written.
    """
    path = path_of(name)
    _ours(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise Unavailable(f"can't write {path} ({error.strerror}): make the folder and give this user rights") from None
    return path


def uninstall(name: str) -> Path:
    """Takes a unit of ours away.

    Raises:
        NotFound: there is none. UsageError: it is not ours. Unavailable: it can't be removed.
    """
    path = path_of(name)
    if not path.exists():
        raise NotFound(f"there is no unit {path}: hansa service install makes one")
    _ours(path)
    try:
        path.unlink()
    except OSError as error:
        raise Unavailable(f"can't remove {path} ({error.strerror}): see who owns it") from None
    return path


def keeper(environment: Mapping[str, str] = os.environ, groups: Path = Path("/proc/self/cgroup")) -> str:
    """Returns the command that restarts the unit whose main process this very process is; "" when it is none's.

    What systemd tells a unit's process is inherited by whatever that starts, a terminal for one: so the number counts.
    """
    if str(os.getpid()) not in (environment.get("SYSTEMD_EXEC_PID"), environment.get("WATCHDOG_PID")):
        return ""
    try:
        lines = groups.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    units = [name for line in lines if (name := line.rpartition("/")[2]).endswith(".service")]
    manager = "systemctl --user" if "MANAGERPID" in environment else "systemctl"
    return f"{manager} restart {units[0].removesuffix('.service') if units else 'UNIT'}"


def _ours(path: Path) -> None:
    if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(MARK):
        raise UsageError(f"{path} was not written by hansa: move it away, or choose another name with --unit")


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    """Returns a word as systemd reads it: `%` and `$` stand for themselves only when doubled."""
    made = _escaped(word).replace("$", "$$")
    if made and all(char.isalnum() or char in "-_./:=%$,+@" for char in made):
        return made
    return '"' + made.replace("\\", "\\\\").replace('"', '\\"') + '"'

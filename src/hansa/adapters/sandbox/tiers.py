"""The tiers: which layers each promises and how its inner program is started.

| tier | files hidden by | who counts threads | needs |
|---|---|---|---|
| bubblewrap | mounts made by `bwrap`, and Landlock | the kernel; the supervisor when we are root | `bwrap` |
| namespaces | mounts made by us, and Landlock | the kernel | user namespaces |
| landlock | Landlock alone (ABI 3 and later) | the supervisor, every 20 ms | neither |
| seatbelt | a `sandbox-exec` profile (macOS; written without a Mac to run it on) | the address space | macOS |
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass

from hansa.adapters.sandbox.cargo import START
from hansa.adapters.sandbox.inside.runtime import DEVICES
from hansa.adapters.sandbox.layout import layout, own

# Like -I, but leaves PYTHONHASHSEED in force, so that sets are reported in the same order everywhere.
_FLAGS = ("-P", "-s", "-S", "-B")

ENVIRONMENT = {"LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "MALLOC_ARENA_MAX": "2"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a start command is built from.

    Attributes:
        python: the real interpreter, never a virtual environment's.
        base: host directory below which the trials' scratch directories are made; empty for tiers with a tmpfs.
        scratch_bytes: size of that tmpfs.
    """

    python: str
    base: str
    scratch_bytes: int


@dataclass(frozen=True, slots=True)
class Tier:
    """One way to build the sandbox.

    Attributes:
        name: what the inner program is told to build.
        layers: what has to be in force before code runs.
        advice: what an operator can do to make this tier available.
        command: builds the start command, or returns None where the tier cannot exist.
        host_base: whether trials write below a directory of the host.
        inner_base: where they write when the start command itself provides the place.
    """

    name: str
    layers: tuple[str, ...]
    advice: str
    command: Callable[[Surroundings], list[str] | None]
    host_base: bool = False
    inner_base: str = ""


def interpreter() -> str:
    """Returns the path of the interpreter that runs jobs: the base of this one."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def _plain(place: Surroundings) -> list[str] | None:
    if not sys.platform.startswith("linux"):
        return None
    return [place.python, *_FLAGS, "-c", START]


def _bubblewrap(place: Surroundings) -> list[str] | None:
    program = shutil.which("bwrap")
    if program is None or not sys.platform.startswith("linux"):
        return None
    command = [program, "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL",
               "--hostname", "sandbox"]  # fmt: skip
    here = layout()
    for path in here.mounted:
        command += ["--ro-bind", path, path]
    for path, target in here.links.items():
        command += ["--symlink", target, path]
    for path in here.hidden:
        command += ["--tmpfs", path, "--remount-ro", path]
    command += ["--ro-bind", place.python, "/sandbox/python"]
    for path in DEVICES:
        command += ["--dev-bind", path, path]
    # /proc is for the supervisor, which counts threads there; Landlock does not let a trial read it.
    command += ["--proc", "/proc", "--size", str(place.scratch_bytes), "--tmpfs", "/scratch", "--remount-ro", "/"]
    home = ["--setenv", "PYTHONHOME", f"{sys.base_prefix}:{sys.base_exec_prefix}"]
    return [*command, *home, *_own_library(), "--chdir", "/", "--", "/sandbox/python", *_FLAGS, "-c", START]


def _own_library() -> list[str]:
    """Returns what tells the linker where the interpreter's own library lies.

    A program with a shared library looks for it beside itself (the official images: `$ORIGIN/../lib`) or in the
    linker's cache; here it has moved, and there is no cache. Trials don't see the variable: they get none of these.
    """
    if not sysconfig.get_config_var("Py_ENABLE_SHARED") or sys.base_prefix == "/usr":
        return []
    return ["--setenv", "LD_LIBRARY_PATH", ":".join(own())]


_SEATBELT = """(version 1)
(deny default)
(allow file-read* (subpath "{library}") (subpath "/usr/lib") (subpath "/System/Library")
  (literal "{python}") (literal "/") (literal "/dev/null") (literal "/dev/urandom"))
(allow file-read-metadata)
(allow file-read* file-write* (subpath "{base}"))
(allow process-exec (literal "{python}"))
(allow process-fork (with no-report))
(allow signal (target children))
(allow sysctl-read)
"""


def _seatbelt(place: Surroundings) -> list[str] | None:
    """Builds the macOS command. Not run on a Mac so far: only its self-test can say whether it holds there."""
    program = shutil.which("sandbox-exec")
    if program is None or platform.system() != "Darwin":
        return None
    profile = _SEATBELT.format(
        library=os.path.realpath(sys.base_prefix),
        python=place.python,
        base=os.path.realpath(place.base),
    )
    return [program, "-p", profile, place.python, *_FLAGS, "-c", START]


BUBBLEWRAP = Tier(
    "bubblewrap",
    ("bubblewrap", "landlock", "seccomp", "rlimits"),
    "Install bubblewrap: apt-get install bubblewrap (or your system's package of that name). Where it is installed, "
    "something forbids it what it does, in a container mostly: docs/how-to/run-in-a-container.md",
    _bubblewrap,
    inner_base="/scratch",
)
NAMESPACES = Tier(
    "namespaces",
    ("namespaces", "landlock", "seccomp", "rlimits"),
    "Enable unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1 and, on Ubuntu, "
    "kernel.apparmor_restrict_unprivileged_userns=0.",
    _plain,
)
LANDLOCK = Tier(
    "landlock",
    ("landlock", "seccomp", "rlimits"),
    "Use a kernel of version 6.2 or later with Landlock enabled.",
    _plain,
    host_base=True,
)
SEATBELT = Tier(
    "seatbelt",
    ("seatbelt", "rlimits"),
    "This tier needs macOS with sandbox-exec.",
    _seatbelt,
    host_base=True,
)

TIERS = (BUBBLEWRAP, NAMESPACES, LANDLOCK, SEATBELT)

"""Which files are the Python runtime: what the sandbox mounts and lets code read.

Shared libraries and the standard library; never installed packages. The list is the same on both sides of the wall
because both sides run the same interpreter.
"""

from __future__ import annotations

import os
import sys

_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo")
_PACKAGES = ("site-packages", "dist-packages")
DEVICES = ("/dev/null", "/dev/urandom")
# Where mounts do not hide it, `mimetypes` finds that it exists and fails if it may not read it. It holds no secret.
PUBLIC = ("/etc/mime.types",)


def standard_library() -> str:
    """Returns the folder of the standard library."""
    return os.path.dirname(os.path.abspath(os.__file__))


def own() -> list[str]:
    """Returns where the interpreter's own libraries may lie, beside those of the system."""
    return [os.path.join(sys.base_prefix, name) for name in ("lib", "lib64")] if sys.base_prefix != "/usr" else []


def folders() -> list[str]:
    """Returns the folders to mount, none inside another, each of them present."""
    found: list[str] = []
    for path in (*_SYSTEM, *own(), standard_library()):
        if os.path.isdir(path) and not any(path == other or path.startswith(other + "/") for other in found):
            found.append(path)
    return found


def readable(mounted: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Returns what may be read: whole folders, single files, and folders of which only the names may be read.

    Folders that hold Python (`/usr/lib/python3`) and installed packages are taken apart, because Landlock can only
    grant: what must not be read has to be left unmentioned.
    """
    whole: list[str] = []
    files = list(PUBLIC)
    listed: list[str] = []
    library = os.path.realpath(standard_library())
    pending = sorted({os.path.realpath(path) for path in mounted} | {library})
    for folder in pending:
        entries = list(os.scandir(folder))
        granted = [one for one in entries if not _is_apart(one.name, folder == library)]
        if len(granted) == len(entries):
            whole.append(folder)
            continue
        listed.append(folder)
        for entry in granted:
            # A link is not granted: it may lead anywhere, and a target inside these folders has its own entry.
            if not entry.is_symlink():
                (whole if entry.is_dir() else files).append(entry.path)
    return whole, files, listed


def _is_apart(name: str, in_library: bool) -> bool:
    return name in _PACKAGES or (not in_library and name.startswith("python"))

"""Where the Python runtime lies on this host: what a tier mounts, what it covers, and what code may read.

Shared libraries and the standard library; never installed packages, nor other Pythons. Two ways to keep those from
code. Landlock can only grant: where it is alone, each neighbour of such a folder is named (`readable`, hundreds of
rules). Where there are mounts, the folder itself is covered (`hidden`) and what is around it granted whole: that takes
a few rules, and neither names nor sizes can be seen.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import lru_cache

from hansa.adapters.sandbox.inside.runtime import PUBLIC

_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo")
_SPOTS = ("/tmp", "/mnt", "/run", "/var", "/home")
_PACKAGES = ("site-packages", "dist-packages")

Grants = tuple[list[str], list[str], list[str]]
"""Whole folders, single files, and folders of which only the names may be read."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The runtime's places, as of one moment.

    Attributes:
        folders: all of them, none inside another.
        mounted: those that a tier with mounts mounts.
        links: the others, which lead into one that is mounted, and where to.
        hidden: folders in the mounted ones to cover with an empty one.
        named: what code may read where nothing is covered.
        granted: what code may read where `hidden` is covered.
    """

    folders: list[str]
    mounted: list[str]
    links: dict[str, str]
    hidden: list[str]
    named: Grants
    granted: Grants


def layout() -> Layout:
    """Returns the layout; looks again when a name has come or gone in one of the folders."""
    found = folders()
    return _layout(tuple(found), _state(found))


@lru_cache(maxsize=2)
def _layout(found: tuple[str, ...], _: object) -> Layout:
    links = links_among(found)
    mounted = [path for path in found if path not in links]
    named = readable(found)
    covered, whole = hidden(mounted)
    return Layout(list(found), mounted, links, covered, named, (mounted, list(PUBLIC), []) if whole else named)


def _state(found: list[str]) -> tuple[tuple[int, int], ...]:
    """Returns what changes whenever a name comes or goes in the folders, or in that of the standard library."""
    about = (os.stat(path) for path in (*found, standard_library()))
    return tuple((one.st_ino, one.st_mtime_ns) for one in about)


def standard_library() -> str:
    """Returns the folder of the standard library."""
    return os.path.dirname(os.path.abspath(os.__file__))


def own() -> list[str]:
    """Returns where the interpreter's own libraries may lie, beside those of the system."""
    return [os.path.join(sys.base_prefix, name) for name in ("lib", "lib64")] if sys.base_prefix != "/usr" else []


def folders() -> list[str]:
    """Returns the runtime's folders, none inside another, each of them present."""
    found: list[str] = []
    for path in (*_SYSTEM, *own(), standard_library()):
        if os.path.isdir(path) and not any(_is_in(path, other) for other in found):
            found.append(path)
    return found


def links_among(found: tuple[str, ...]) -> dict[str, str]:
    """Returns which of `found` are links to, or into, another of them, and where they lead.

    A link must stay one: mounted, it would be a second way into the same folder, on which nothing is covered.
    """
    real = [path for path in found if os.path.realpath(path) == path]
    targets = {path: os.path.realpath(path) for path in found if os.path.islink(path)}
    return {path: target for path, target in targets.items() if any(_is_in(target, other) for other in real)}


def hidden(mounted: list[str]) -> tuple[list[str], bool]:
    """Returns which folders to cover, and whether these are all that must not be read.

    Not covered: a file, and a folder in which the standard library lies. Links are not followed: where they lead to is
    covered on its own, or not mounted.
    """
    library = os.path.realpath(standard_library())
    real = {path: os.path.realpath(path) for path in mounted}
    apart: list[str] = []
    whole = True
    for folder in sorted({*real.values(), library}):
        for entry in os.scandir(folder):
            if not _is_apart(entry.name, folder == library) or entry.is_symlink() or entry.path == library:
                continue
            if entry.is_dir() and not _is_in(library, entry.path):
                apart.append(entry.path)
            else:
                whole = False
    # A folder that is mounted at two places is covered at both.
    return sorted({at + one[len(path) :] for at, path in real.items() for one in apart if _is_in(one, path)}), whole


def readable(found: tuple[str, ...]) -> Grants:
    """Returns what may be read where nothing is covered: all but what lies apart, by its name."""
    whole: list[str] = []
    files = list(PUBLIC)
    listed: list[str] = []
    library = os.path.realpath(standard_library())
    for folder in sorted({os.path.realpath(path) for path in found} | {library}):
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


def spot(mounted: list[str]) -> str:
    """Returns a folder on which a new root can be built, since nothing to be mounted lies in it; empty if none is."""
    needed = {*mounted, *map(os.path.realpath, mounted)}
    free = (at for at in _SPOTS if os.path.isdir(at) and not any(path.startswith(at + "/") for path in needed))
    return next(free, "")


def enterable(found: list[str]) -> bool:
    """Returns whether every user may reach the runtime; else trials that root starts keep its uid."""
    for folder in found:
        path = os.path.realpath(folder)
        while path != "/":
            if not os.stat(path).st_mode & 0o001:
                return False
            path = os.path.dirname(path)
    return True


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def _is_apart(name: str, in_library: bool) -> bool:
    return name in _PACKAGES or (not in_library and name.startswith("python"))

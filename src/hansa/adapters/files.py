"""Reads skills from disk, for `hansa skill add`: finds what is there, and hands bytes to the pure importers.

A path is a `.jsonl` file of traces, a `.py` file (with `test_<name>.py` beside it, if there is one), a folder with a
SKILL.md, or a folder of any of these. Links are not followed, and what is not read is said. What a node keeps in its
data directory is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from hansa.adapters import beneath
from hansa.kernel.errors import UsageError
from hansa.skills.importing.draft import Draft, Rejected
from hansa.skills.importing.python_file import read_python
from hansa.skills.importing.skill_folder import read_skill_folder
from hansa.skills.importing.traces import LIMITS, read_traces
from hansa.skills.licenses import of_license_file

MAX_FILE = 1024 * 1024
MAX_FOLDER_FILES = 200
MAX_RECORDS = 64 * 1024 * 1024
_SKIPPED = frozenset({".git", ".venv", "__pycache__", "node_modules"})
_ROOTS = "roots.jsonl"
_LICENSE_NAMES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "COPYING")


@dataclass(frozen=True, slots=True)
class Source:
    """Something that skills can be read from.

    Attributes:
        kind: "traces", "python" or "folder".
        folder: where it lies below the path that was named; "" for right there.
    """

    kind: str
    path: Path
    folder: str = ""

    def below(self, name: str) -> str:
        """Returns a name from what was read, with the folder, for people who look for it."""
        return f"{self.folder}/{name}" if self.folder else name


def sources(paths: Iterable[Path]) -> list[Source]:
    """Returns what can be read below `paths`, in a fixed order.

    Raises:
        UsageError: a path does not exist, may not be read, or is nothing that skills are read from.
    """
    found: dict[Path, Source] = {}
    for path in paths:
        try:
            if not path.exists():
                raise UsageError(f"{path} does not exist")
            below = list(_below(path))
        except PermissionError as error:
            raise UsageError(f"no permission to read {error.filename or path}: ask its owner for it") from None
        if not below:
            raise UsageError(f"{path}: nothing to add here: give a .jsonl, a .py, or a folder with a SKILL.md")
        found.update({source.path: replace(source, folder=_between(path, source.path)) for source in below})
    return list(found.values())


def count(source: Source) -> int:
    """Returns how many skills a source may hold, for a progress bar."""
    if source.kind != "traces":
        return 1
    with source.path.open("rb") as file:
        return sum(1 for line in _lines(file) if line.strip())


def read(source: Source, license_id: str = "") -> Iterator[Draft | Rejected]:
    """Yields what a source holds; a part that can't be taken is named, and the rest goes on.

    Args:
        license_id: SPDX identifier for what names no licence itself; by default that of a licence file nearby.
    """
    license_id = license_id or _license_near(source.path)
    try:
        if source.kind == "traces":
            with source.path.open("rb") as file:
                yield from read_traces(source.path.name, _lines(file), license_id)
        elif source.kind == "python":
            yield from read_python(source.path.name, _text(source.path), _tests_of(source.path), license_id)
        else:
            yield read_skill_folder(source.path.name, _files_below(source.path), license_id)
    except UnicodeDecodeError:
        yield Rejected(source.path.name, "is not UTF-8 text: convert it")
    except OSError as error:
        yield Rejected(source.path.name, f"can't be read: {error.strerror}")
    except UsageError as error:
        yield Rejected(source.path.name, str(error))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yields lines; of one that is longer than any trace may be, only so much that this shows, the rest is skipped."""
    while line := file.readline(LIMITS.max_bytes + 1):
        yield line
        while len(line) > LIMITS.max_bytes and not line.endswith(b"\n"):
            line = file.readline(LIMITS.max_bytes + 1)


def lines_of(path: Path) -> list[bytes]:
    """Returns the lines of a file of records.

    Raises:
        UsageError: it is no file, may not be read, or is larger than `MAX_RECORDS` bytes.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_RECORDS + 1)
    except OSError as error:
        raise UsageError(f"can't read {path} ({error.strerror}): name another file") from None
    if len(data) > MAX_RECORDS:
        raise UsageError(f"{path} is larger than {MAX_RECORDS} bytes: split it")
    return data.splitlines()


def _between(named: Path, path: Path) -> str:
    return "" if named in (path, path / "SKILL.md") else path.parent.relative_to(named).as_posix().removeprefix(".")


def _below(path: Path) -> Iterator[Source]:
    if path.is_file():
        if path.suffix == ".jsonl":
            yield Source("traces", path)
        elif path.suffix == ".py" and not path.name.startswith("test_") and path.name != "__init__.py":
            yield Source("python", path)
        elif path.name == "SKILL.md":
            yield Source("folder", path.parent)
        return
    if (path / "SKILL.md").is_file():
        yield Source("folder", path)
        return
    for child in sorted(path.iterdir()):
        nodes_own = _is_a_nodes(child) or (child.name == _ROOTS and _is_a_nodes(path))
        if not child.is_symlink() and child.name not in _SKIPPED and not nodes_own:
            yield from _below(child)


def _is_a_nodes(folder: Path) -> bool:
    """Says whether a folder is the data directory of a node."""
    return (folder / "key").is_file() and any((folder / name).is_file() for name in ("hansa.db", _ROOTS))


def _text(path: Path) -> str:
    return _bytes(path).decode("utf-8")


def _bytes(path: Path) -> bytes:
    """Returns a file's bytes; the size is bounded by what is read, not by what the file system says."""
    with path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise UsageError(f"is larger than {MAX_FILE} bytes: split it")
    return data


def _tests_of(path: Path) -> str:
    beside = path.with_name(f"test_{path.name}")
    return _text(beside) if beside.is_file() and not beside.is_symlink() else ""


def _files_below(folder: Path) -> dict[str, bytes]:
    return beneath.read_tree(folder, MAX_FOLDER_FILES, MAX_FILE, _SKIPPED)


def _license_near(path: Path) -> str:
    """Returns the licence that a file beside or just above a source states, as an SPDX identifier."""
    for folder in (path if path.is_dir() else path.parent, path.parent, path.parent.parent):
        for name in _LICENSE_NAMES:
            beside = folder / name
            if beside.is_file() and not beside.is_symlink():
                return of_license_file(beside.read_text(encoding="utf-8", errors="replace")[:4_000])
    return ""

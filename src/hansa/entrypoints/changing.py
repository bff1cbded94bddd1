"""Applying a diff to a folder: exactly the voted bytes, on exactly the voted base, or nothing."""

from __future__ import annotations

from pathlib import Path

from hansa.adapters.patching import Written, read_files, write_files
from hansa.governance import diff
from hansa.governance.diff import FileDiff
from hansa.kernel.errors import Refused, UsageError
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason


def base_in(folder: Path, text: str) -> ContentId:
    """Returns the digest of the files that a diff touches, as they are in a folder.

    Raises:
        diff.BadDiff. UsageError: see `read_files`. Refused: BAD_BODY: it does not fit them.
    """
    files = diff.read(text)
    held = read_files(folder, _paths(files))
    _after(files, held)
    return diff.base_of(held)


def apply(folder: Path, text: str, base: str) -> list[str]:
    """Applies a diff, and returns the paths that it changed.

    Raises:
        diff.BadDiff. UsageError: see `write_files`. Refused: NOT_APPROVED: the files are not the base.
    """
    files = diff.read(text)
    held = read_files(folder, _paths(files))
    if diff.base_of(held) != base:
        raise Refused(Reason.NOT_APPROVED, "the files here are not the ones that were voted on")
    after = _after(files, held)
    write_files(folder, after, lambda now: diff.base_of(now) == base)
    return list(after)


def _paths(files: tuple[FileDiff, ...]) -> tuple[str, ...]:
    return tuple(sorted(dict.fromkeys(path for one in files for path in one.paths)))


def _after(files: tuple[FileDiff, ...], held: dict[str, bytes | None]) -> dict[str, Written | None]:
    after: dict[str, Written | None] = {}
    for one in files:
        before = held[one.old] if one.old else held[one.new]
        try:
            text = before.decode() if before is not None else None
        except UnicodeDecodeError:
            raise UsageError(f"{one.path} is not UTF-8 text: a diff can't change it here") from None
        new = diff.patched(one, text)
        if one.new and one.new != one.old and held[one.new] is not None:
            raise Refused(Reason.BAD_BODY, f"{one.new} is there already")
        if one.old and one.old != one.new:
            after[one.old] = None
        if new is not None:
            after[one.new] = Written(new.encode(), one.new_mode == "100755" if one.new_mode else None)
    return after

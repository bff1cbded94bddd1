"""Changing files of a folder together, never outside of it: all of them, or none (threats 14, 62).

Every step goes by one name from an open folder and follows no link. New contents are written beside their places first;
right before they take them, the files are read once more, and must be what the change was made from. If a step fails,
what was done is undone. A machine that stops between two renames leaves the old files beside the new ones, under names
that end in `.hansa-old`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hansa.kernel.errors import UsageError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
MAX_BYTES = 16 * 1024 * 1024
"""Of one file that is changed."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a file is to be: its bytes, and whether it is a program; None leaves that as it is."""

    data: bytes
    executable: bool | None = None


def read_files(root: Path, paths: tuple[str, ...]) -> dict[str, bytes | None]:
    """Returns the bytes of files below a folder; None for one that is not there.

    Raises:
        UsageError: a path leads over a link, is no ordinary file, or is too large; the folder can't be read.
    """
    with _root(root) as folder:
        return {path: _read(folder, path) for path in paths}


@contextlib.contextmanager
def _root(root: Path) -> Iterator[int]:
    try:
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(f"can't read the folder {root} ({error.strerror})") from None
    try:
        yield folder
    finally:
        os.close(folder)


@contextlib.contextmanager
def _above(root: int, path: str, make: bool = False) -> Iterator[int]:
    """Opens the folder that a path's file is in.

    Raises:
        FileNotFoundError. UsageError: the way leads over something that is no folder.
    """
    with contextlib.ExitStack() as held:
        at = root
        for part in path.split("/")[:-1]:
            if part in ("", ".", ".."):
                raise UsageError(f"{path[:80]!r} does not stay in the folder")
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=at)
            try:
                at = os.open(part, _FOLDER, dir_fd=at)
            except OSError as error:
                if error.errno == errno.ENOENT:
                    raise
                raise UsageError(f"{path[:80]!r} leads over a link, or over what is no folder") from None
            held.callback(os.close, at)
        yield at


def _read(root: int, path: str) -> bytes | None:
    name = path.rsplit("/", 1)[-1]
    try:
        with _above(root, path) as folder:
            handle = os.open(name, _READ, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path[:80]!r} is a link, or can't be read ({error.strerror})") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UsageError(f"{path[:80]!r} is no ordinary file")
    with os.fdopen(handle, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path[:80]!r} is larger than {MAX_BYTES} bytes")
    return data


def write_files(
    root: Path, files: Mapping[str, Written | None], is_as_was: Callable[[Mapping[str, bytes | None]], bool]
) -> None:
    """Writes files below a folder, and removes those that are None: all, or none.

    Args:
        is_as_was: says of the files, read right before, whether they are what the change was made from.

    Raises:
        UsageError: they are not, or a step failed; nothing was changed.
    """
    with _root(root) as folder, contextlib.ExitStack() as undo:
        tag = secrets.token_hex(6)
        try:
            for path, written in files.items():
                if written is not None:
                    _stage(folder, path, written, tag, undo)
            if not is_as_was({path: _read(folder, path) for path in files}):
                raise UsageError(f"the files in {root} are not what was voted on: nothing was changed")
            for path, written in files.items():
                _put(folder, path, written is not None, tag, undo)
        except OSError as error:
            raise UsageError(f"can't write to {root} ({error.strerror}): nothing was changed") from None
        undo.pop_all()
        for path in files:
            with contextlib.suppress(OSError), _above(folder, path) as above:
                os.unlink(_beside(path, tag, "old"), dir_fd=above)


def _beside(path: str, tag: str, what: str) -> str:
    return f".{path.rsplit('/', 1)[-1][:60]}.{tag}.hansa-{what}"


def _stage(root: int, path: str, written: Written, tag: str, undo: contextlib.ExitStack) -> None:
    name, fresh = path.rsplit("/", 1)[-1], _beside(path, tag, "new")
    with _above(root, path, make=True) as above:
        try:
            mode = stat.S_IMODE(os.lstat(name, dir_fd=above).st_mode) & 0o777
        except FileNotFoundError:
            mode = 0o644
        if written.executable is not None:
            mode = mode | (mode & 0o444) >> 2 if written.executable else mode & ~0o111
        undo.callback(_forget, root, path, fresh)
        with os.fdopen(os.open(fresh, _WRITE, 0o600, dir_fd=above), "wb") as file:
            file.write(written.data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())


def _put(root: int, path: str, there: bool, tag: str, undo: contextlib.ExitStack) -> None:
    name, old = path.rsplit("/", 1)[-1], _beside(path, tag, "old")
    with contextlib.suppress(FileNotFoundError), _above(root, path) as above:
        with contextlib.suppress(FileNotFoundError):
            os.rename(name, old, src_dir_fd=above, dst_dir_fd=above)
            undo.callback(_rename, root, path, old, name)
        if there:
            os.rename(_beside(path, tag, "new"), name, src_dir_fd=above, dst_dir_fd=above)
            undo.callback(_forget, root, path, name)
        os.fsync(above)


def _rename(root: int, path: str, before: str, after: str) -> None:
    with contextlib.suppress(OSError), _above(root, path) as above:
        os.rename(before, after, src_dir_fd=above, dst_dir_fd=above)


def _forget(root: int, path: str, name: str) -> None:
    with contextlib.suppress(OSError), _above(root, path) as above:
        os.unlink(name, dir_fd=above)

"""Reading and writing a folder of files without ever leaving it (threat 14).

Every step goes by one name from an open folder, and no step follows a link: `openat` with O_NOFOLLOW. A path has no
part that leads up, for `importing.paths` allows none. So there is no moment between a look and an opening in which
somebody could put a link there: what is opened is what was looked at, or the opening fails.

What is no ordinary file (a pipe, a device) is not read; opening it does not wait.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from hansa.kernel.errors import UsageError
from hansa.skills.importing.paths import check_bundle_path, check_bundle_paths

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
MAX_DEPTH = 64


def read_tree(root: Path, max_files: int, max_bytes: int, skipped: frozenset[str] = frozenset()) -> dict[str, bytes]:
    """Returns the bytes of every ordinary file below `root` by its path, in order; links are left out.

    Raises:
        UsageError: more than `max_files`, one larger than `max_bytes`, or folders nested too deep. OSError.
    """
    found: dict[str, bytes] = {}
    with _opened(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as folder:
        for path, data in _walk(folder, "", max_bytes, skipped, 0):
            found[path] = data
            if len(found) > max_files:
                raise UsageError(f"holds more than {max_files} files: leave out what the skill does not need")
    return found


def _walk(folder: int, above: str, max_bytes: int, skipped: frozenset[str], depth: int) -> Iterator[tuple[str, bytes]]:
    if depth > MAX_DEPTH:
        raise UsageError(f"has folders nested more than {MAX_DEPTH} deep: flatten it")
    with os.scandir(folder) as entries:
        known = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    for name, is_folder in known:
        if is_folder:
            if name not in skipped:
                with contextlib.suppress(FileNotFoundError, NotADirectoryError), _opened(_step(name, folder)) as inner:
                    yield from _walk(inner, f"{above}{name}/", max_bytes, skipped, depth + 1)
        else:
            data = _ordinary(name, folder, max_bytes)
            if data is not None:
                yield f"{above}{name}", data


def _step(name: str, folder: int) -> int:
    return os.open(name, _FOLDER, dir_fd=folder)


def _ordinary(name: str, folder: int, max_bytes: int) -> bytes | None:
    """Returns the bytes of a file, or None when it is a link, gone, or no ordinary file."""
    try:
        handle = os.open(name, _READ, dir_fd=folder)
    except (FileNotFoundError, PermissionError) as error:
        if isinstance(error, PermissionError):
            raise
        return None
    except OSError:  # ELOOP: a link; ENXIO: a socket or a pipe
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise UsageError(f"is larger than {max_bytes} bytes: split it")
    return data


def write_tree(parent: Path, name: str, files: Mapping[str, bytes]) -> Path:
    """Makes the folder `name` in `parent` with these files, whole or not at all; returns where it is.

    Raises:
        UsageError: a path would not be a file below the folder on every system; `name` is there already; the place
            can't be written to.
    """
    problem = check_bundle_path(name) or ("has a slash" if "/" in name else None)
    bad = (name, problem) if problem else check_bundle_paths(files)
    if bad:
        raise UsageError(f"nothing was written: the path {bad[0][:80]!r} {bad[1]}")
    fresh = f".{name[:40]}.{secrets.token_hex(8)}"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with _opened(os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as above:
            os.mkdir(fresh, 0o755, dir_fd=above)
            try:
                with _opened(_step(fresh, above)) as root:
                    for path, data in files.items():
                        _write(root, path, data)
                _take_place(fresh, name, above)
            except BaseException:
                _clear(fresh, above)
                raise
    except FileExistsError:
        raise UsageError(f"{parent / name} is there already: remove it, or choose another folder") from None
    except OSError as error:
        raise UsageError(f"can't write to {parent} ({error.strerror}): choose another folder") from None
    return parent / name


def _take_place(fresh: str, name: str, above: int) -> None:
    """Moves the finished folder to its name, which must be free: an empty folder would be replaced silently."""
    try:
        os.lstat(name, dir_fd=above)
    except FileNotFoundError:
        os.rename(fresh, name, src_dir_fd=above, dst_dir_fd=above)
        return
    raise FileExistsError(name)


def _write(root: int, path: str, data: bytes) -> None:
    *folders, last = path.split("/")
    with contextlib.ExitStack() as held:
        at = root
        for part in folders:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o755, dir_fd=at)
            at = held.enter_context(_opened(_step(part, at)))
        with os.fdopen(os.open(last, _WRITE, 0o644, dir_fd=at), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def _clear(name: str, above: int) -> None:
    """Removes a folder that was not finished; follows no link."""
    with contextlib.suppress(OSError):
        with _opened(_step(name, above)) as folder, os.scandir(folder) as entries:
            for entry in list(entries):
                if entry.is_dir(follow_symlinks=False):
                    _clear(entry.name, folder)
                else:
                    os.unlink(entry.name, dir_fd=folder)
        os.rmdir(name, dir_fd=above)


@contextlib.contextmanager
def _opened(handle: int) -> Iterator[int]:
    try:
        yield handle
    finally:
        os.close(handle)

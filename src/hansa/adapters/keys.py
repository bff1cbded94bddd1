"""The node's secret key: a file that only its owner can read, or a seed in memory.

The file holds one line, `hansa-key-v1 <seed in base64>`.

1. It is made with mode 0600 from the first moment, and never over something that is there.
2. It is on the disk, with its folder entry, before anybody learns of the node id.
3. It is not read when others could have read or replaced it: wrong mode, a link, not a plain file.
4. Neither `repr` nor an error ever shows the secret.
"""

from __future__ import annotations

import base64
import binascii
import errno
import os
import secrets
import stat
from pathlib import Path

from hansa.identity.keys import KEY_BYTES, SigningKey
from hansa.kernel.errors import UsageError
from hansa.kernel.ids import NodeId

FORMAT = "hansa-key-v1"
MODE = 0o600
_MAX_BYTES = 256


class MemoryKeys:
    """Implements `node.ports.Keys` with a seed in memory."""

    def __init__(self, seed: bytes) -> None:
        """Makes the keys of a 32-byte secret seed."""
        self._key = SigningKey(seed)

    @property
    def node_id(self) -> NodeId:
        """The node's id."""
        return self._key.public.did

    @property
    def key(self) -> SigningKey:
        """What signs for the node."""
        return self._key

    def __repr__(self) -> str:
        """Shows the public half only."""
        return f"{type(self).__name__}({self.node_id})"


class FileKeys(MemoryKeys):
    """Implements `node.ports.Keys` with a file; made by `create` or `load`."""

    @classmethod
    def create(cls, path: Path) -> FileKeys:
        """Makes a new secret key and the file for it.

        Raises:
            UsageError: something is at `path` already, or the folder can't be written to.
        """
        seed = secrets.token_bytes(KEY_BYTES)
        _write_new(path, f"{FORMAT} {base64.b64encode(seed).decode()}\n".encode())
        return cls(seed)

    @classmethod
    def load(cls, path: Path) -> FileKeys:
        """Reads the secret key from a file.

        Raises:
            UsageError: no file, a link, readable by others, or not written by `create`; says what to do.
        """
        return cls(_seed(_read_private(path), path))


def _write_new(path: Path, content: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, MODE)
    except FileExistsError:
        raise UsageError(f"{path} exists: a key is never overwritten; move it away to make a new node") from None
    except OSError as error:
        raise UsageError(f"can't write {path} ({error.strerror}): make the folder and give this user rights") from None
    try:
        try:
            os.fchmod(handle, MODE)  # whatever the umask took away
            _write_all(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)
        _sync_folder(path.parent)
    except OSError as error:
        path.unlink()
        raise UsageError(f"can't write {path} ({error.strerror}): no key was made") from None


def _write_all(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_private(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise UsageError(f"there is no key at {path}: run hansa init") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise UsageError(f"{path} is a symbolic link: put the key file itself there") from None
        raise UsageError(f"can't read {path} ({error.strerror}): run hansa as the user who owns it") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{path} is no plain file: put the key file there")
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise UsageError(f"{path} can be read or written by other users: run chmod 600 {path}")
        return os.read(handle, _MAX_BYTES)
    finally:
        os.close(handle)


def _seed(content: bytes, path: Path) -> bytes:
    name, _, text = content.partition(b" ")
    try:
        seed = base64.b64decode(text.removesuffix(b"\n"), validate=True)
    except binascii.Error:
        seed = b""
    if name != FORMAT.encode() or len(seed) != KEY_BYTES:
        raise UsageError(f"{path} holds no key in the form {FORMAT}: restore it from a backup, or move it away")
    return seed

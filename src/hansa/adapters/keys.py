"""The node's secret keys: files that only their owner can read, or seeds in memory.

A file holds one line:

    hansa-key-v1 <seed in base64>             a node's only key: its id is this key's, and it signs day to day
    hansa-key-v2 <node id> <seed in base64>   a signing key of the node with that id
    hansa-root-v1 <node id> <seed in base64>  a root key of that node: names signing keys, and is kept elsewhere

1. It is made with mode 0600 from the first moment, and never over something that is there.
2. It is on the disk, with its folder entry, before anybody learns of the node id.
3. It is not read when others could have read or replaced it: wrong mode, a link, not a plain file.
4. Neither `repr` nor an error ever shows the secret.
5. The next signing key is written beside, as `key.next`, and renamed when it is in force: a crash leaves old or new.
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
SIGNING = "hansa-key-v2"
ROOT = "hansa-root-v1"
NEXT = ".next"
MODE = 0o600
_MAX_BYTES = 256
_START = b"hansa-"


class MemoryKeys:
    """Implements `node.ports.Keys` with a seed in memory."""

    def __init__(self, seed: bytes | None, node_id: NodeId | None = None) -> None:
        """Makes the keys of a 32-byte secret seed.

        Args:
            seed: the signing key's; None where it was lost.
            node_id: the node it signs for; by default the one whose id is this key.
        """
        self._key = SigningKey(seed) if seed is not None else None
        self._prepared: SigningKey | None = None
        if node_id is None and self._key is not None:
            node_id = self._key.public.did
        if node_id is None:
            raise UsageError("a node without a key has no id: run hansa init")
        self._node_id = node_id

    @property
    def node_id(self) -> NodeId:
        """The node's id."""
        return self._node_id

    @property
    def key(self) -> SigningKey:
        """What signs for the node."""
        if self._key is None:
            raise UsageError("this node's signing key is not here: hansa key recover --root-key FILE makes a new one")
        return self._key

    @property
    def present(self) -> bool:
        """Says whether there is a signing key."""
        return self._key is not None

    @property
    def prepared(self) -> SigningKey | None:
        """A signing key that lies ready and is not in use yet."""
        return self._prepared

    def prepare(self) -> SigningKey:
        """Makes a signing key that `adopt` will put in use."""
        self._prepared = SigningKey(secrets.token_bytes(KEY_BYTES))
        return self._prepared

    def adopt(self) -> None:
        """Puts the prepared key in the place of the present one."""
        if self._prepared is None:
            raise UsageError("no signing key was prepared")
        self._key, self._prepared = self._prepared, None

    def discard(self) -> None:
        """Throws the prepared key away."""
        self._prepared = None

    def __repr__(self) -> str:
        """Shows the public half only."""
        return f"{type(self).__name__}({self.node_id})"


class FileKeys(MemoryKeys):
    """Implements `node.ports.Keys` with a file; made by `create` or `load`."""

    def __init__(self, path: Path, seed: bytes | None, node_id: NodeId | None = None) -> None:
        """Keeps keys at `path`; `create` and `load` make and read the file."""
        super().__init__(seed, node_id)
        self._path = path
        self._beside = path.with_name(path.name + NEXT)

    @classmethod
    def create(cls, path: Path, node_id: NodeId | None = None) -> FileKeys:
        """Makes a new secret key and the file for it.

        Args:
            node_id: the node it signs for; by default a new one, whose id is this key.

        Raises:
            UsageError: something is at `path` already, or the folder can't be written to.
        """
        seed = secrets.token_bytes(KEY_BYTES)
        _write_new(path, _line(FORMAT, "", seed) if node_id is None else _line(SIGNING, node_id, seed))
        return cls(path, seed, node_id)

    @classmethod
    def load(cls, path: Path, node_id: NodeId | None = None) -> FileKeys:
        """Reads the secret key from a file, and the one that lies ready beside it.

        Args:
            node_id: where it is known, a file that is not there is a key that was lost.

        Raises:
            UsageError: no file, a link, readable by others, or not written by `create`; says what to do.
        """
        if node_id is not None and not os.path.lexists(path):
            keys = cls(path, None, node_id)
        else:
            content = _read_private(path)
            kind, owner, seed = _parts(content)
            if seed is None or kind not in (FORMAT, SIGNING):
                raise UsageError(f"{path} holds no key in the form {FORMAT}: restore it from a backup, or move it away")
            keys = cls(path, seed, owner)
        keys._load_beside()
        return keys

    def prepare(self) -> SigningKey:
        """Makes a signing key beside the present one; it is on the disk when this returns.

        Raises:
            UsageError: the folder can't be written to.
        """
        self.discard()
        seed = secrets.token_bytes(KEY_BYTES)
        _write_new(self._beside, _line(SIGNING, self.node_id, seed))
        self._prepared = SigningKey(seed)
        return self._prepared

    def adopt(self) -> None:
        """Renames the prepared key's file over the present one's."""
        if self._prepared is None:
            raise UsageError("no signing key was prepared")
        try:
            self._beside.replace(self._path)
            _sync_folder(self._path.parent)
        except OSError as error:
            raise UsageError(f"can't write {self._path} ({error.strerror}): give this user rights, try again") from None
        super().adopt()

    def discard(self) -> None:
        """Removes the prepared key's file."""
        self._beside.unlink(missing_ok=True)
        super().discard()

    def _load_beside(self) -> None:
        """Reads the key that lies ready; one that a crash left half written was never in force."""
        if self._beside.is_file():
            _, owner, seed = _parts(_read_private(self._beside))
            self._prepared = SigningKey(seed) if seed is not None and owner == self.node_id else None


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


def _begins_as_key(path: Path) -> bool:
    """Says whether a file begins as key files do, is empty or can't be read: whoever reads it whole says the rest."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        return not stat.S_ISREG(os.fstat(handle).st_mode) or _START.startswith(os.read(handle, len(_START)))
    finally:
        os.close(handle)


def _line(kind: str, node_id: str, seed: bytes) -> bytes:
    parts = [kind, node_id, base64.b64encode(seed).decode()] if node_id else [kind, base64.b64encode(seed).decode()]
    return f"{' '.join(parts)}\n".encode()


def _parts(content: bytes) -> tuple[str, NodeId | None, bytes | None]:
    """Returns a key file's kind, whose it is where it says so, and its seed; None for a seed that is none."""
    try:
        words = content.decode("ascii").removesuffix("\n").split(" ")
        seed = base64.b64decode(words[-1], validate=True)
    except (UnicodeDecodeError, binascii.Error):
        return "", None, None
    owner = NodeId(words[1]) if len(words) == 3 else None
    whole = len(seed) == KEY_BYTES and len(words) == (2 if words[0] == FORMAT else 3)
    return words[0], owner, seed if whole else None


def write_root_key(path: Path, node_id: NodeId, seed: bytes) -> None:
    """Writes a root key's file.

    Raises:
        UsageError: something is at `path` already, or it can't be written.
    """
    _write_new(path, _line(ROOT, node_id, seed))


def read_root_key(path: Path) -> tuple[NodeId, bytes]:
    """Returns whose root key a file holds, and its seed; a node's only key is its root key.

    Raises:
        UsageError: no such file, a link, readable by others, or no root key; says what to do.
    """
    if not os.path.lexists(path):
        raise UsageError(f"there is no root key at {path}: name its file with --root-key; hansa key move-root moved it")
    if not _begins_as_key(path):
        raise UsageError(f"{path} holds no root key: give the file that hansa init made as root.key")
    kind, owner, seed = _parts(_read_private(path))
    if seed is None or kind not in (ROOT, FORMAT):
        what = "a signing key" if kind == SIGNING else "no root key"
        raise UsageError(f"{path} holds {what}: give the file that hansa init made as root.key")
    return owner or SigningKey(seed).public.did, seed

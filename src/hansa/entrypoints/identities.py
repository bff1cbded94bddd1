"""The node's keys as they lie in the data directory: made, read, and the root key moved elsewhere."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from hansa.adapters.clock import SystemClock
from hansa.adapters.keys import NEXT, FileKeys, read_root_key, write_root_key
from hansa.admission.versions import SUPPORTED
from hansa.entrypoints.home import KEY, ROOT_KEY, ROOTS, STORE, STORE_AT, make_home, write_whole
from hansa.identity import envelope, roots
from hansa.identity.envelope import Roster, root_only
from hansa.identity.keys import KEY_BYTES, SigningKey
from hansa.kernel.errors import Refused, UsageError
from hansa.kernel.ids import NodeId


def create_identity(home: Path) -> NodeId:
    """Makes the data directory, a root key, a signing key and version 1 of the metadata; returns the node's id.

    The signing key's file comes last: a directory without one is not taken for a node, and `hansa init` starts again.

    Raises:
        UsageError: there is a key already. Unavailable: the directory can't be written.
    """
    make_home(home)
    if os.path.lexists(home / KEY):
        FileKeys.create(home / KEY)  # refuses, and says why
    seed = _first_root_seed(home)
    root = SigningKey(seed)
    node_id = root.public.did
    (home / (KEY + NEXT)).unlink(missing_ok=True)
    keys = FileKeys.load(home / KEY, node_id)
    signing = Roster(frozenset({keys.prepare().public}))
    first = roots.compose(
        node_id, 1, (root_only(node_id), signing), {}, [root], protocol=SUPPORTED[-1], now=SystemClock().now()
    )
    write_roots(home, [first.raw])
    keys.adopt()
    return node_id


def _first_root_seed(home: Path) -> bytes:
    """Returns the seed of the root key, made unless an `init` that was cut short had made it."""
    if not os.path.lexists(home / ROOT_KEY):
        seed = secrets.token_bytes(KEY_BYTES)
        write_root_key(home / ROOT_KEY, SigningKey(seed).public.did, seed)
    node_id, seed = read_root_key(home / ROOT_KEY)
    if SigningKey(seed).public.did != node_id or any((home / one).exists() for one in (STORE, STORE_AT)):
        raise UsageError(f"there is a node in {home} whose signing key is gone: hansa key recover makes a new one")
    return seed


def load_keys(home: Path) -> FileKeys:
    """Returns the node's keys; without a signing key where that was lost and the node's metadata is still there.

    Raises:
        UsageError: there is no key yet, or its file is readable by others.
    """
    known = read_roots(home)
    return FileKeys.load(home / KEY, _author(known[0], home) if known else None)


def identity(home: Path) -> NodeId:
    """Returns the node's id.

    Raises:
        UsageError: there is no key yet, or its file is readable by others.
    """
    return load_keys(home).node_id


def read_roots(home: Path) -> list[bytes]:
    """Returns the envelopes of the node's root metadata as far as the directory has them, the older one first.

    Raises:
        UsageError: the file can't be read.
    """
    path = home / ROOTS
    try:
        return path.read_bytes().splitlines() if path.is_file() else []
    except OSError as error:
        raise UsageError(f"can't read {path} ({error.strerror}): run hansa as the user who owns it") from None


def write_roots(home: Path, envelopes: list[bytes]) -> None:
    """Writes the node's root metadata beside its place and moves it there.

    Raises:
        Unavailable: no permission, or no room; the file is as before.
    """
    write_whole(home / ROOTS, b"".join(one + b"\n" for one in envelopes))


def move_root(home: Path, to: Path) -> Path:
    """Moves the root key's file away: copied, read again, and only then removed here. Returns where it lies.

    Raises:
        UsageError: there is no root key here, or something is in its way.
    """
    path = to / ROOT_KEY if to.is_dir() else to
    node_id, seed = read_root_key(home / ROOT_KEY)
    write_root_key(path, node_id, seed)
    if read_root_key(path) != (node_id, seed):
        raise UsageError(f"{path} does not hold what was written: the root key stays in {home / ROOT_KEY}")
    (home / ROOT_KEY).unlink()
    return path


def _author(data: bytes, home: Path) -> NodeId:
    try:
        message = roots.read_root(envelope.read(data))
    except Refused:
        message = None
    if message is None:
        raise UsageError(f"{home / ROOTS} is damaged: restore it from a backup")
    return message.author
